"""Steps of the launch: the rest of the plan asked for once, the end reached in whatever order signature and money come."""

from decimal import Decimal
from itertools import permutations

import pytest
from sqlmodel import select

from models import act_state, cash, changes, facts, issued, projects, wanted
from models.act import ActBody
from models.delivery_answers import ActFaults, ActSigned, ChangeAnswered, ChangeOffered, LaunchChecked
from models.errors import Refused
from models.stages import RunState, Stage
from models.tables import Deal, Document, Fact, Move, StageRun, Wait
from models.tracks import Work
from tasks import acts, corrections, payments
from tasks import launches as steps
from tasks.world import World
from tests.factories import a_payment, a_wait, an_invoice, told
from tests.fakes import MONDAY
from tests.launching import MANAGER, a_deemed_act, a_launch, a_signed_act, an_act, an_act_on_paper, some_faults
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, comments
from tests.tasks.stages import inside

SITE = "corporate-site"


def launched(here: World, **values) -> Deal:
    with here.db.writing() as session:
        return a_launch(session, **{"service": SITE} | values)


def with_a_change(here: World) -> Deal:
    """A launch whose client took a change on the way: its invoice is not out yet."""
    with here.db.writing() as session:
        deal = a_project(session, service=SITE, accepted=1)
        a_shown_stage(session, deal, "prototype")
        comments(session, deal, "prototype")
        offer = told(session, deal, ChangeOffered(stage="prototype", text="A calculator.", price=Decimal(400), days=3), actor=MANAGER)
        told(session, deal, ChangeAnswered(stage="prototype", offer=offer.id or 0, decision="accept", total=49_200, name="Orla"))
        for stage in projects.stand(session, deal).stages[1:]:
            an_accepted_stage(session, deal, stage.slug)
        deal.work = Work.LAUNCH.value
        told(session, deal, LaunchChecked(), actor=MANAGER)
        return deal


def rows(here: World, deal: Deal, *stages: Stage) -> list[StageRun]:
    with here.db.reading() as session:
        mine = select(StageRun).where(StageRun.deal_id == deal.id).order_by(StageRun.id)
        return [row for row in session.exec(mine) if Stage(row.stage) in stages]


def stands(here: World, deal: Deal) -> tuple[str, str]:
    with here.db.reading() as session:
        fresh = session.get_one(Deal, deal.id)
        return fresh.work, fresh.money


def sign(here: World, deal: Deal, how=a_signed_act) -> None:
    with here.db.writing() as session:
        document = act_state.newest(session, session.get_one(Deal, deal.id))
        assert document is not None
        how(session, document)


def pay(here: World, deal: Deal) -> None:
    """Every payment of the plan issued, paid and concluded, as its own stages do it."""
    with here.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        for one in cash.agreed(session, fresh).schedule:
            if issued.of_part(session, fresh, one.part) is None:
                a_payment(session, an_invoice(session, fresh, part=one.part))
        parts = [one.part for one in cash.agreed(session, fresh).schedule]
    for part in parts[1:]:
        with inside(here, Stage.PAYMENT, deal, part=part, flow_run_id=f"payment-{deal.id}-{part}"):
            payments.conclude_payment.fn(deal.id, part, "paid")


def conclude(here: World, deal: Deal) -> str:
    with inside(here, Stage.LAUNCH, deal, flow_run_id=f"launch-{deal.id}"):
        return steps.conclude_launch.fn(deal.id)


# Before the act


def test_the_manager_is_told_of_the_launch_once_with_the_checklist(here: World) -> None:
    deal = launched(here)
    assert [steps.tell_manager.fn(deal.id) for _ in range(2)] == ["done", "done"]
    (letter,) = here.mail.sent
    assert (letter.key, letter.to.name) == (f"deal/{deal.id}/r1/launch/due", "Tomasz Zielinski")
    assert "/w/" in letter.text


def test_the_rest_of_the_plan_is_asked_for_once(here: World) -> None:
    deal = launched(here)
    assert steps.ask_payments.fn(deal.id) == [2, 3]
    assert steps.ask_payments.fn(deal.id) == []
    assert [(row.part, row.state) for row in rows(here, deal, Stage.INVOICE)] == [(2, "wanted"), (3, "wanted")]


def test_what_was_asked_for_before_is_not_asked_for_again_and_a_change_is_a_payment_too(here_sqlite: World) -> None:
    deal = with_a_change(here_sqlite)
    with here_sqlite.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        an_invoice(session, fresh, part=2)
        changes.want_invoice(session, fresh, 3, fact=None, now=MONDAY)
    assert steps.ask_payments.fn(deal.id) == [4]


# The end, in every order


@pytest.mark.parametrize("how", [a_signed_act, an_act_on_paper, a_deemed_act])
def test_an_accepted_act_completes_the_work_and_the_hand_over_follows(here_sqlite: World, how) -> None:
    deal = launched(here_sqlite)
    acts.publish_act.fn(deal.id, 1)
    sign(here_sqlite, deal, how)
    assert conclude(here_sqlite, deal) == "completed"
    assert [(row.stage, row.state) for row in rows(here_sqlite, deal, Stage.LAUNCH, Stage.HANDOVER, Stage.REVIEW)] == [
        ("launch", "done"), ("handover", "wanted")
    ]  # fmt: skip
    with here_sqlite.db.reading() as session:
        move = session.exec(select(Move).where(Move.deal_id == deal.id, Move.to == "completed")).one()
        fact = session.get_one(Fact, move.fact_id)
    assert fact.kind in {"act.signed", "act.deemed"}
    assert move.why.startswith(f"act A-{deal.id:04d}-1 is")


@pytest.mark.parametrize("order", list(permutations(["sign", "pay"])))
@pytest.mark.parametrize("make", [launched, with_a_change])
def test_signed_and_paid_in_whatever_order_the_review_is_asked_for_once(here_sqlite: World, order: tuple[str, ...], make) -> None:
    deal = make(here_sqlite)
    acts.publish_act.fn(deal.id, 1)
    for place, what in enumerate(order):
        if what == "pay":
            pay(here_sqlite, deal)
        else:
            sign(here_sqlite, deal)
            conclude(here_sqlite, deal)
        if place == 0:
            assert rows(here_sqlite, deal, Stage.REVIEW) == []
            assert stands(here_sqlite, deal) == (("launch", "paid") if what == "pay" else ("completed", "deposit_paid"))
    assert stands(here_sqlite, deal) == ("completed", "paid")
    assert [row.state for row in rows(here_sqlite, deal, Stage.REVIEW)] == ["wanted"]
    assert len(rows(here_sqlite, deal, Stage.HANDOVER)) == 1


def test_the_money_in_while_the_act_is_out_changes_nothing_of_it(here_sqlite: World) -> None:
    deal = launched(here_sqlite)
    acts.publish_act.fn(deal.id, 1)
    pay(here_sqlite, deal)
    with here_sqlite.db.reading() as session:
        document = act_state.newest(session, session.get_one(Deal, deal.id))
        assert document is not None and document.state == "frozen"
        assert [one.open.amount > 0 for one in ActBody.model_validate(document.body).payments] == [True, True], "as it was when it was sent"
    assert rows(here_sqlite, deal, Stage.REVIEW) == []


def test_a_changes_invoice_that_is_open_keeps_the_review_waiting(here_sqlite: World) -> None:
    deal = with_a_change(here_sqlite)
    with here_sqlite.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        for part in (2, 3):
            a_payment(session, an_invoice(session, fresh, part=part))
        an_invoice(session, fresh, part=4)
        cash.settle(session, fresh, why="two of three", fact=None, now=MONDAY)
    acts.publish_act.fn(deal.id, 1)
    sign(here_sqlite, deal)
    conclude(here_sqlite, deal)
    assert stands(here_sqlite, deal)[0] == "completed"
    assert rows(here_sqlite, deal, Stage.REVIEW) == []
    with here_sqlite.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        a_payment(session, issued.of_part(session, fresh, 4))
    with inside(here_sqlite, Stage.PAYMENT, deal, part=4):
        payments.conclude_payment.fn(deal.id, 4, "paid")
    assert [row.state for row in rows(here_sqlite, deal, Stage.REVIEW)] == ["wanted"]


def test_nothing_is_completed_before_the_client_accepts(here_sqlite: World) -> None:
    deal = launched(here_sqlite)
    with pytest.raises(Refused, match="not accepted"):
        conclude(here_sqlite, deal)
    with here_sqlite.db.writing() as session:
        some_faults(session, an_act(session, session.get_one(Deal, deal.id)))
    with pytest.raises(Refused, match="not accepted"):
        steps.conclude_launch.fn(deal.id)
    assert stands(here_sqlite, deal)[0] == "launch"


def test_a_replay_of_the_end_wants_no_second_hand_over(here: World) -> None:
    deal = launched(here)
    acts.publish_act.fn(deal.id, 1)
    sign(here, deal)
    conclude(here, deal)
    with here.db.writing() as session:
        wanted.begin(session, rows(here, deal, Stage.HANDOVER)[0].key, "handover-run", here.worker, now=MONDAY)
        wanted.mark(session, session.get_one(StageRun, rows(here, deal, Stage.HANDOVER)[0].id), RunState.DONE, now=MONDAY)
    assert steps.conclude_launch.fn(deal.id) == "completed"
    assert len(rows(here, deal, Stage.HANDOVER)) == 1


# Cancelled


def test_work_that_is_cancelled_while_the_act_is_out_makes_it_void_and_credits_what_is_open(here: World) -> None:
    deal = launched(here)
    with here.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        an_act(session, fresh)
        last = an_invoice(session, fresh, part=3)
        a_wait(session, fresh, ActSigned, stage=Stage.LAUNCH, key="act#1", ladder="act")
        wanted.want(session, Stage.LAUNCH, deal=fresh, now=MONDAY)
        paid = issued.of_part(session, fresh, 1)
        assert paid is not None
    notes = corrections.cancel_work.fn(deal.id, "The firm is sold.", str(Decimal(paid.gross) / 100), "conor", "run/1")
    assert stands(here, deal)[0] == "cancelled"
    with here.db.reading() as session:
        document = act_state.newest(session, session.get_one(Deal, deal.id))
        assert document is not None and document.state == "void"
        assert issued.is_credited(session, last) and not issued.is_credited(session, paid)
        assert [wait.closed_at is not None for wait in session.exec(select(Wait).where(Wait.stage == "launch"))] == [True]
    assert len(notes) == 1
    assert [row.state for row in rows(here, deal, Stage.LAUNCH)] == ["withdrawn"]
    assert [row.state for row in rows(here, deal, Stage.CLOSING)] == ["wanted"]
    assert rows(here, deal, Stage.REVIEW) == []
    with pytest.raises(Refused, match="is cancelled"), here.db.writing() as session:
        told(session, session.get_one(Deal, deal.id), ActFaults(version=1, text="Too late."))


def test_work_that_the_client_has_accepted_is_not_cancelled(here: World) -> None:
    deal = launched(here)
    acts.publish_act.fn(deal.id, 1)
    sign(here, deal)
    with pytest.raises(Refused, match="has accepted the work"):
        corrections.cancel_work.fn(deal.id, "The firm is sold.", "0", "conor", "run/1")
    assert stands(here, deal)[0] == "launch"
    with here.db.reading() as session:
        assert facts.of_deal(session, deal.id or 0, "work.cancelled") == []
    assert conclude(here, deal) == "completed"


def test_a_launch_that_was_cancelled_ends_nothing(here_sqlite: World) -> None:
    deal = launched(here_sqlite)
    with here_sqlite.db.writing() as session:
        an_act(session, session.get_one(Deal, deal.id))
    corrections.cancel_work.fn(deal.id, "The firm is sold.", "0", "conor", "run/1")
    with pytest.raises(Refused, match="not accepted"):
        steps.conclude_launch.fn(deal.id)


# Every step again, from the first line


def test_a_replay_from_the_first_line_makes_nothing_twice(here: World) -> None:
    deal = launched(here)

    def everything() -> None:
        steps.tell_manager.fn(deal.id)
        steps.ask_payments.fn(deal.id)
        version = acts.publish_act.fn(deal.id, 1)
        acts.print_act.fn(deal.id, version)
        acts.mail_act.fn(deal.id, version)

    everything()
    sent, made = here.mail.letters(), _documents(here, deal)
    everything()
    sign(here, deal)
    everything()
    for _ in range(2):
        acts.seal_act.fn(deal.id, 1)
        acts.mail_accepted.fn(deal.id, 1)
        acts.tell_accepted.fn(deal.id, 1)
    conclude(here, deal)
    everything()
    assert here.mail.letters()[: len(sent)] == sent
    assert len(here.mail.letters()) == len(set(here.mail.letters())) == len(sent) + 3
    assert _documents(here, deal) == made
    assert len(rows(here, deal, Stage.INVOICE)) == 2


def _documents(here: World, deal: Deal) -> list[tuple[str, int]]:
    with here.db.reading() as session:
        return [(one.kind, one.version) for one in session.exec(select(Document).where(Document.deal_id == deal.id).order_by(Document.id))]
