"""Deals that a studio had before they were kept here: taken up at every stage where that can be honest, and nothing is sent about the past."""

from datetime import date
from decimal import Decimal

import pytest
from sqlmodel import select

from models import adopted, cash, contract_state, documents, facts, ledger, projects, wanted
from models.adopted import ORDER, REFUSED, Past
from models.adoption import ADOPTED, MUTED
from models.answers import ClosedAsLost
from models.cash_tables import Invoice
from models.errors import Invalid, Refused
from models.stages import RunState, Stage
from models.tables import Client, Deal, Document, Effect, Fact, StageRun
from models.tracks import Sales
from tasks import adoptions, corrections, deals, productions
from tasks.world import World
from tests.factories import told
from tests.fakes import MONDAY
from tests.studio import answers_for, the_company
from tests.tasks.played import Player, without_engine
from tests.tasks.scenarios import FLOWS
from tests.tasks.stages import carrying

SERVICE = "landing-page"
ORLA = {"name": "Orla Byrne", "email": "orla@acme.example", "company": "Acme", "salesperson": "conor@northlight.example"}
PARTY = {"legal_name": "Acme Instruments Limited", "street": "5 Quay Street", "postcode": "H91 X0Y1", "city": "Galway", "country": "IE"}
EVERYTHING = {
    "answers": answers_for(SERVICE) | {the_company().rates.approval.budget_question: 900_000}, "net": "9800.00", "agreed_on": "2025-11-03", "details": PARTY, "signed_on": "2025-11-10",
    "signed_by": "Orla Byrne", "paid": 1, "began_on": "2025-11-17", "materials": ["*"], "accepted": ["text"], "url": "https://acme.example",
    "finished_on": "2026-02-20", "ticket": "77",
}  # fmt: skip
SINCE = {name: stage for name, (stage, _) in adopted._SINCE.items()} | {
    "materials": Stage.PRODUCTION, "accepted": Stage.PRODUCTION, "url": Stage.HANDOVER, "ticket": Stage.REVIEW,
}  # fmt: skip
STANDS = {
    Stage.BRIEF: ("briefing", "none", "none"), Stage.ESTIMATE: ("estimating", "none", "none"), Stage.PROPOSAL: ("estimating", "none", "none"),
    Stage.CONTRACT: ("contracting", "none", "none"), Stage.INVOICE: ("signed", "none", "none"), Stage.KICKOFF: ("won", "kickoff", "deposit_paid"),
    Stage.MATERIALS: ("won", "materials", "deposit_paid"), Stage.PRODUCTION: ("won", "production", "deposit_paid"),
    Stage.LAUNCH: ("won", "launch", "deposit_paid"), Stage.HANDOVER: ("won", "completed", "deposit_paid"),
    Stage.REVIEW: ("won", "handed_over", "paid"), Stage.CLOSING: ("won", "handed_over", "paid"),
}  # fmt: skip


def past_at(stage: Stage, **over) -> dict:
    """What a stage needs of the past, and nothing more."""
    told = {name: said for name, said in EVERYTHING.items() if adopted.reached(stage, SINCE[name])}
    told |= {"paid": 2} if adopted.reached(stage, Stage.REVIEW) else {}
    if adopted.reached(stage, Stage.LAUNCH):
        told.pop("accepted")
    return told | over


def take_up(stage: Stage, run: str = "run/1", client: dict = ORLA, **over) -> int:
    deal_id = adoptions.adopt.fn(stage.value, SERVICE, client, past_at(stage, **over), "Conor", "It is from last year.", run)
    adoptions.mute_past.fn(deal_id, stage.value)
    adoptions.begin.fn(deal_id, stage.value)
    return deal_id


def kept(here: World, model) -> list:
    with here.db.reading() as session:
        return list(session.exec(select(model)).all())


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_is_offered_and_works_or_says_what_to_do_instead(here_sqlite: World, stage: Stage, monkeypatch, clock) -> None:
    if stage in REFUSED:
        with pytest.raises(Refused, match=REFUSED[stage][:40]):
            adoptions.adopt.fn(stage.value, SERVICE, ORLA, {}, "Conor", "Old.", "run/1")
        assert kept(here_sqlite, Deal) == kept(here_sqlite, Fact) == []
        return
    deal_id = take_up(stage)
    with here_sqlite.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        assert (deal.sales, deal.work, deal.money) == STANDS[stage]
        rows = wanted.live_of(session, deal_id)
        assert [row.stage for row in rows if row.stage != Stage.INVOICE or stage == Stage.INVOICE] == [stage]
        muted = session.exec(select(Effect)).all()
        assert {(effect.state, effect.said) for effect in muted} == {("skipped", MUTED)}
        [word] = facts.of_deal(session, deal_id, ADOPTED)
        assert (word.actor, word.payload["stage"], word.payload["reason"]) == ("staff:Conor", stage, "It is from last year.")
        assert {fact.actor for fact in facts.of_deal(session, deal_id)} == {"staff:Conor"}
        assert ledger.check(session) == []
    assert here_sqlite.mail.sent == []
    player = Player(here_sqlite, clock)
    with without_engine(player, monkeypatch):
        assert player.runs(FLOWS[stage], player.taken(next(row.id for row in rows if row.stage == stage))) in {"waits", "done"}
    assert {effect.key for effect in muted}.isdisjoint(here_sqlite.mail.letters())


def test_the_letters_of_the_past_are_left_out_under_the_keys_of_their_own_steps(here_sqlite: World) -> None:
    deal_id = take_up(Stage.CLOSING)
    keys = {effect.key for effect in kept(here_sqlite, Effect)}
    assert {f"deal/{deal_id}/{key}" for key in (
        "intake/thanks", "intake/assigned", "r1/brief/mail", "proposal/v1/mail", "proposal/v1/accepted", "contract/v1/mail", "contract/v1/signed",
        "r1/kickoff/welcome", "r1/kickoff/start", "r1/stage/text/accepted", "r1/stage/design/accepted", "r1/launch/due", "act/v1/mail",
        "act/v1/accepted", "r1/handover/training", "r1/review/request",
    )} <= keys  # fmt: skip
    assert any(effect.kind == "tracker" for effect in kept(here_sqlite, Effect)), "no project is made where one was"


def test_a_form_that_is_tried_again_takes_up_the_same_deal_once(here: World) -> None:
    first, again = take_up(Stage.PRODUCTION), take_up(Stage.PRODUCTION)
    assert first == again
    assert (len(kept(here, Deal)), len(kept(here, Client)), len([row for row in kept(here, StageRun) if row.state == RunState.WANTED])) == (1, 1, 1)
    with pytest.raises(Refused, match=f"has deal {first} for this work already"):
        adoptions.adopt.fn("brief", SERVICE, ORLA, {}, "Conor", "Old.", "run/2")


@pytest.mark.parametrize(("stage", "name"), [(stage, name) for stage in ORDER for name, (since, _) in adopted._SINCE.items() if adopted.reached(stage, since)])
def test_what_a_stage_needs_and_nobody_said_is_asked_for_by_name(stage: Stage, name: str) -> None:
    told = past_at(stage)
    told.pop(name)
    [words] = adopted.missing(stage, Past.model_validate(told))
    assert words == adopted._SINCE[name][1]


def test_a_refused_form_keeps_nothing(here_sqlite: World) -> None:
    with pytest.raises(Refused, match="To take a deal up at contract say also: the answers of the brief; the price agreed"):
        adoptions.adopt.fn("contract", SERVICE, ORLA, {}, "Conor", "Old.", "run/1")
    assert kept(here_sqlite, Deal) == kept(here_sqlite, Client) == kept(here_sqlite, Fact) == kept(here_sqlite, Document) == []


@pytest.mark.parametrize(
    ("stage", "over", "words"),
    [
        (Stage.BRIEF, {"net": "100"}, "has no net yet"), (Stage.CONTRACT, {"signed_on": "2025-11-10"}, "has no signed_on yet"),
        (Stage.KICKOFF, {"ticket": "7"}, "has no ticket yet"), (Stage.INVOICE, {"signed_on": "2026-05-01"}, "still to come"),
        (Stage.INVOICE, {"signed_on": "2025-11-01"}, "out of order"), (Stage.KICKOFF, {"paid": 9}, "payments, not 9"),
        (Stage.REVIEW, {"paid": 1}, "is paid: all"), (Stage.PRODUCTION, {"accepted": ["design"]}, "in their order"),
        (Stage.PRODUCTION, {"materials": ["gold"]}, "no gold"), (Stage.PRODUCTION, {"materials": []}, "cannot have begun without"),
        (Stage.ESTIMATE, {"answers": {"colour": "red"}}, "does not ask colour"), (Stage.ESTIMATE, {"answers": {"name": "x"}}, "lacks answers|does not ask"),
        (Stage.INVOICE, {"details": {"legal_name": "Acme"}}, "details"), (Stage.INVOICE, {"details": PARTY | {"vat_id": "IE1"}}, "no valid VAT number"),
    ],
)  # fmt: skip
def test_a_past_that_cannot_be_is_refused_in_a_sentence(here_sqlite: World, stage: Stage, over: dict, words: str) -> None:
    with pytest.raises(Refused, match=words):
        take_up(stage, **over)
    assert kept(here_sqlite, Deal) == kept(here_sqlite, Fact) == []


@pytest.mark.parametrize(
    ("client", "words"), [({"email": "nobody"}, "no e-mail address"), ({"salesperson": "x@y.example"}, "does not name x@y.example")]
)
def test_a_client_or_a_salesperson_that_cannot_be_is_refused(here_sqlite: World, client: dict, words: str) -> None:
    with pytest.raises(Refused, match=words):
        take_up(Stage.BRIEF, client=ORLA | client)


def test_a_service_that_is_not_sold_is_refused_with_those_that_are(here_sqlite: World) -> None:
    with pytest.raises(Refused, match="spaceship.*landing-page"):
        adoptions.adopt.fn("brief", "spaceship", ORLA, {}, "Conor", "Old.", "run/1")
    assert issubclass(Invalid, Refused)


def test_the_price_is_the_one_that_was_agreed_and_the_days_are_those_of_the_past(here_sqlite: World) -> None:
    deal_id = take_up(Stage.INVOICE)
    with here_sqlite.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        contract = cash.contract(session, deal)
        assert (contract.net.major, contract.accepted_on, contract.buyer.name) == (Decimal(9800), date(2025, 11, 3), PARTY["legal_name"])
        assert "on paper on 2025-11-10" in contract.intro[0]
        document = contract_state.of_round(session, deal)
        assert document.body_hash == documents.fingerprint(document.body)
        signed, word = contract_state.signature(session, document)
        assert (signed.happened_at.date(), word.on, word.name) == (date(2025, 11, 10), date(2025, 11, 10), "Orla Byrne")


def test_what_other_books_were_paid_is_not_asked_for_again_and_the_rest_is_when_it_falls_due(here_sqlite: World, clock, monkeypatch) -> None:
    deal_id = take_up(Stage.HANDOVER)
    with here_sqlite.db.reading() as session:
        plan = cash.contract(session, session.get_one(Deal, deal_id)).schedule
        asked = [row for row in wanted.live_of(session, deal_id) if row.stage == Stage.INVOICE]
    assert [one.settled for one in plan] == [True] + [False] * (len(plan) - 1)
    assert [row.part for row in asked] == [one.part for one in plan[1:]]
    player = Player(here_sqlite, clock)
    with without_engine(player, monkeypatch):
        assert player.runs(FLOWS["invoice"], player.taken(asked[0].id)) == "done"
    [invoice] = kept(here_sqlite, Invoice)
    assert (invoice.part, invoice.gross) == (2, plan[1].gross.amount)
    with here_sqlite.db.writing() as session:
        row = wanted.want(session, Stage.INVOICE, deal=session.get_one(Deal, deal_id), part=1, now=MONDAY)
    with without_engine(player, monkeypatch), pytest.raises(Refused, match="paid before the deal was kept here"):
        player.runs(FLOWS["invoice"], player.taken(row.id))


def test_a_project_goes_on_at_the_stage_after_those_that_were_accepted(here_sqlite: World) -> None:
    deal_id = take_up(Stage.PRODUCTION)
    with here_sqlite.db.reading() as session:
        stand = projects.stand(session, session.get_one(Deal, deal_id))
        assert ([stage.slug for stage in stand.accepted], stand.current.slug, stand.project.begins_on) == (["text"], "design", date(2025, 11, 17))
    assert productions.look.fn(deal_id, 0)["place"] == "working"


def test_a_flagged_estimate_is_taken_up_where_a_manager_sees_it(here_sqlite: World) -> None:
    flagged = {"answers": {**answers_for("shop")}}
    with pytest.raises(Refused, match="project manager has to see"):
        adoptions.adopt.fn("proposal", "shop", ORLA, flagged, "Conor", "Old.", "run/1")


@pytest.mark.parametrize("stage", [Stage.BRIEF, Stage.PROPOSAL])
def test_a_deal_that_is_closed_while_it_is_taken_up_stays_closed_and_nothing_of_it_begins(here_sqlite: World, stage: Stage) -> None:
    deal_id = adoptions.adopt.fn(stage.value, SERVICE, ORLA, past_at(stage), "Conor", "It is from last year.", "run/1")
    with here_sqlite.db.writing() as session:
        told(session, session.get_one(Deal, deal_id), ClosedAsLost(reason="They went elsewhere."), actor="staff:Conor")
    adoptions.mute_past.fn(deal_id, stage.value)
    assert adoptions.begin.fn(deal_id, stage.value) == []


def test_work_that_is_cancelled_while_its_deal_is_taken_up_does_not_begin(here_sqlite: World) -> None:
    deal_id = adoptions.adopt.fn(Stage.PRODUCTION, SERVICE, ORLA, past_at(Stage.PRODUCTION), "Conor", "It is from last year.", "run/1")
    corrections.cancel_work.fn(deal_id, "Their budget was cut.", "0", "Conor", "run/2")
    adoptions.mute_past.fn(deal_id, Stage.PRODUCTION)
    assert adoptions.begin.fn(deal_id, Stage.PRODUCTION) == [f"deal-{deal_id}/closing/r1/g1"]


def test_a_form_that_is_tried_again_after_its_stage_has_gone_on_begins_it_no_second_time(here: World) -> None:
    deal_id = take_up(Stage.ESTIMATE)
    with here.db.reading() as session:
        [row] = wanted.live_of(session, deal_id)
    with here.db.writing() as session:
        carried_out = wanted.begin(session, row.key, "run", "w", now=here.now())
    with carrying(carried_out):
        deals.conclude.fn(deal_id, Sales.ESTIMATING, Stage.PROPOSAL, "the estimate stands")
    assert take_up(Stage.ESTIMATE) == deal_id
    with here.db.reading() as session:
        assert [row.stage for row in wanted.live_of(session, deal_id)] == [Stage.PROPOSAL]
