"""A stage and a material, folded from their facts: every way through them, and none beside them."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.delivery_answers import ChangeAnswered, ChangeOffered, MaterialReviewed, MaterialSent, StageAnswered, StageDeemed, StageReady
from models.project_plan import MaterialPlan, StagePlan
from models.stage_state import StageStand, material_stand, stage_stand
from models.tables import Fact
from tests.fakes import MONDAY


def a_stage(*, rounds: int = 2, approval: bool = True) -> StagePlan:
    return StagePlan(
        slug="design", title="Design", told=["Look."], asks="", approval=approval, rounds=rounds, days=5, hours=Decimal(20),
        starts_on=date(2026, 3, 2), ends_on=date(2026, 3, 6),
    )  # fmt: skip


def facts_of(*answers) -> list[Fact]:
    """The answers as facts that came one after the other."""
    return [
        Fact(id=number, kind=answer.kind, source="t", external_id=str(number), actor="t", payload=answer.model_dump(mode="json"),
             happened_at=MONDAY + timedelta(hours=number), known_at=MONDAY + timedelta(hours=number))
        for number, answer in enumerate(answers, start=1)
    ]  # fmt: skip


def stand_after(*answers, rounds: int = 2, approval: bool = True) -> StageStand:
    return stage_stand(a_stage(rounds=rounds, approval=approval), facts_of(*answers))


READY = StageReady(stage="design", url="https://t.example")
MORE = ChangeOffered(stage="design", text="A further round", price=Decimal(480), days=2)


def yes(version: int = 1) -> StageAnswered:
    return StageAnswered(stage="design", version=version, decision="approve", name="Orla")


def but(version: int = 1, text: str = "Bigger.") -> StageAnswered:
    return StageAnswered(stage="design", version=version, decision="comment", text=text)


def offered(number: int, decision: str) -> ChangeAnswered:
    return ChangeAnswered(stage="design", offer=number, decision=decision, total=1, name="Orla")


@pytest.mark.parametrize(
    ("told", "place", "version", "rounds"),
    [
        ([], "working", 0, 0),
        ([READY], "shown", 1, 0),
        ([READY, READY], "shown", 2, 0),
        ([READY, yes()], "accepted", 1, 0),
        ([READY, StageDeemed(stage="design", version=1)], "accepted", 1, 0),
        ([READY, but()], "changes", 1, 1),
        ([READY, but(), READY], "shown", 2, 1),
        ([READY, but(), READY, but(2)], "changes", 2, 2),
        ([READY, but(), READY, but(2), READY, but(3)], "beyond", 3, 3),
        ([READY, but(), MORE], "priced", 1, 1),
        ([READY, but(), MORE, offered(3, "accept")], "changes", 1, 1),
        ([READY, but(), MORE, offered(3, "decline")], "shown", 1, 0),
        ([READY, but(), MORE, offered(3, "lapse")], "shown", 1, 0),
        ([READY, but(), MORE, offered(2, "accept")], "priced", 1, 1),
        ([READY, but(), MORE, READY], "priced", 1, 1),
        ([READY, yes(2)], "shown", 1, 0),
        ([READY, READY, yes(1)], "shown", 2, 0),
        ([READY, READY, but(1)], "shown", 2, 0),
        ([yes()], "working", 0, 0),
        ([MORE], "working", 0, 0),
        ([READY, MORE], "shown", 1, 0),
        ([READY, yes(), READY], "accepted", 1, 0),
        ([READY, yes(), but()], "accepted", 1, 0),
    ],
)
def test_a_stage_stands_where_its_facts_put_it(told: list, place: str, version: int, rounds: int) -> None:
    stand = stand_after(*told)
    assert (stand.place, stand.version, stand.rounds) == (place, version, rounds)


def test_a_stage_without_approval_ends_by_the_managers_word() -> None:
    stand = stand_after(READY, approval=False)
    assert (stand.place, stand.is_deemed, stand.accepted_at) == ("accepted", False, MONDAY + timedelta(hours=1))


def test_acceptance_by_silence_is_told_from_a_yes() -> None:
    assert stand_after(READY, StageDeemed(stage="design", version=1)).is_deemed
    assert not stand_after(READY, yes()).is_deemed


@pytest.mark.parametrize(("rounds", "asked"), list(product(range(4), range(1, 6))))
def test_the_round_beyond_the_included_ones_has_its_price(rounds: int, asked: int) -> None:
    told = [one for number in range(1, asked + 1) for one in (READY, but(number))]
    stand = stand_after(*told, rounds=rounds)
    assert stand.place == ("changes" if asked <= rounds else "beyond")
    assert stand.rounds_left == max(0, rounds - asked)


def test_a_change_that_was_paid_for_is_a_round_more() -> None:
    stand = stand_after(READY, but(), MORE, offered(3, "accept"), READY, but(2), rounds=0)
    assert (stand.place, stand.bought, [offer.taken for offer in stand.offers]) == ("beyond", 1, [True])
    again = stand_after(READY, but(), MORE, offered(3, "accept"), READY, but(2), rounds=1)
    assert again.place == "changes"


def test_a_declined_change_leaves_the_list_of_changes_uncounted() -> None:
    stand = stand_after(READY, but(), MORE, offered(3, "decline"), but(1, "Only this."), rounds=1)
    assert (stand.place, stand.comments, stand.rounds_left) == ("changes", "Only this.", 0)


def test_what_brought_a_stage_where_it_stands_is_known() -> None:
    stand = stand_after(READY, but(), MORE, offered(3, "accept"))
    assert (stand.moved_by, stand.moved_fact, stand.changed_at) == ("change.answered", 4, MONDAY + timedelta(hours=4))


EVENTS = some.sampled_from([READY, yes(1), yes(2), but(1), but(2), but(3), MORE, *(offered(n, d) for n in range(1, 8) for d in ("accept", "decline"))])


@given(some.lists(EVENTS, max_size=25), some.integers(0, 3))
def test_whatever_comes_in_whatever_order_a_stage_stays_sound(told: list, rounds: int) -> None:
    stand = stand_after(*told, rounds=rounds)
    assert stand.version <= sum(isinstance(one, StageReady) for one in told)
    assert 0 <= stand.rounds <= sum(isinstance(one, StageAnswered) for one in told)
    assert stand.bought == sum(offer.taken for offer in stand.offers)
    assert (stand.place == "working") == (stand.version == 0)
    assert (stand.place == "accepted") == (stand.accepted_at is not None)
    if stand.place == "changes":
        assert stand.rounds <= rounds + stand.bought
    if stand.place == "beyond":
        assert stand.rounds > rounds + stand.bought


@given(some.lists(EVENTS, max_size=20), EVENTS)
def test_what_is_accepted_stays_accepted(told: list, further) -> None:
    if stand_after(*told).place == "accepted":
        assert stand_after(*told, further) == stand_after(*told)


LOGO = MaterialPlan(slug="logo", title="The logo")
SENT = MaterialSent(item="logo", text="Here.")


def word(decision: str) -> MaterialReviewed:
    return MaterialReviewed(item="logo", decision=decision, reason="Too small.")


@pytest.mark.parametrize(
    ("told", "place", "asked"),
    [
        ([], "missing", 1),
        ([SENT], "sent", 1),
        ([SENT, SENT], "sent", 1),
        ([SENT, word("accept")], "accepted", 1),
        ([SENT, word("reject")], "missing", 2),
        ([SENT, word("reject"), SENT, word("reject")], "missing", 3),
        ([SENT, word("reject"), SENT, word("accept")], "accepted", 2),
        ([word("waive")], "waived", 1),
        ([SENT, word("waive")], "waived", 1),
        ([word("accept")], "missing", 1),
        ([word("reject")], "missing", 1),
        ([SENT, word("accept"), SENT], "accepted", 1),
        ([word("waive"), SENT], "waived", 1),
    ],
)
def test_a_material_stands_where_its_facts_put_it(told: list, place: str, asked: int) -> None:
    stand = material_stand(LOGO, facts_of(*told))
    assert (stand.place, stand.asked, stand.is_settled) == (place, asked, place in {"accepted", "waived"})


def test_a_material_that_was_sent_back_says_why() -> None:
    stand = material_stand(LOGO, facts_of(SENT, word("reject")))
    assert stand.reason == "Too small."
