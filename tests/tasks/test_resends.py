"""A client's letter once more: an effect of its own, the same words as things stand now, and only while it makes sense."""

from datetime import timedelta

import pytest
from sqlmodel import select

from models import contracts, documents, facts, links, resending, silence
from models.after_answers import ReturnRefused, TrainingAnswered
from models.answers import BriefSent, ClosedAsLost, Noted, ProposalAnswer
from models.cash_answers import ContractSigned
from models.delivery_answers import ActSigned, StageAnswered
from models.effects import EffectState
from models.errors import HandedBack, Missing, Refused
from models.letter_views import LETTER_NEEDS
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Client, Deal, Effect, Wait
from tasks import letters, resends, waker
from tasks.world import World
from tests.aftermath import a_handed_over_project
from tests.factories import a_contract, a_deal, a_payment, a_wait, an_agreed_deal, an_invoice, told
from tests.fakes import MONDAY, FakeEngine
from tests.projecting import a_project, a_shown_stage, plan_of
from tests.tasks.places import at

WHY = "She deleted it."


def sent(here: World, deal: Deal, name: str, key: str, **order) -> str:
    """A letter that went out."""
    assert letters.send(key, LetterOrder(**{"name": name, "deal_id": deal.id, "to": "client"} | order)).state == "done"
    return key


def again(here: World, deal: Deal, key: str, run: str = "run/1") -> str:
    return resends.resend.fn(deal.id, key, WHY, "Conor", run)


def briefed(here: World) -> tuple[Deal, str]:
    """A deal whose client was asked for the brief."""
    with here.db.writing() as session:
        deal = at(session, "briefing")
    return deal, sent(here, deal, "brief-invitation", f"deal/{deal.id}/r1/brief/mail")


def test_a_letter_goes_out_once_more_under_a_key_of_its_own_once_a_form(here: World) -> None:
    deal, key = briefed(here)
    ordered = [again(here, deal, key) for _ in range(2)]
    other = again(here, deal, key, run="run/2")
    waker.tick(FakeEngine().talk)
    assert here.mail.letters() == [key, ordered[0], other]
    assert len({*ordered, other, key}) == 3
    assert len({message.message_id for message in here.mail.sent}) == 3
    assert here.mail.sent[1].text == here.mail.sent[0].text
    with here.db.reading() as session:
        notes = facts.of_deal(session, deal.id, Noted.kind)
        assert [(note.actor, note.payload["text"]) for note in notes] == [("staff:Conor", f"brief-invitation ({key}) is sent once more. {WHY}")] * 2
        assert session.get_one(Effect, other).state == "done"
    with pytest.raises(Refused, match="itself sent once more"):
        again(here, deal, other, run="run/3")


@pytest.mark.parametrize(
    ("state", "words"), [(EffectState.PLANNED, "on its way"), (EffectState.CLAIMED, "on its way"), (EffectState.UNKNOWN, "settle-effect")]
)
def test_a_letter_whose_fate_is_open_is_not_sent_beside_itself(here_sqlite: World, state: EffectState, words: str) -> None:
    deal, key = briefed(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.get_one(Effect, key).state = state.value
    with pytest.raises(Refused, match=words):
        again(here_sqlite, deal, key)


@pytest.mark.parametrize("state", [EffectState.FAILED, EffectState.SKIPPED])
def test_a_letter_that_never_went_out_may_go_out_once_its_address_is_right(here_sqlite: World, state: EffectState) -> None:
    deal, key = briefed(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.get_one(Effect, key).state = state.value
        client = session.get_one(Client, deal.client_id)
        client.bounced_at, client.bounce_said = MONDAY, "no such user"
    with pytest.raises(Refused, match="come back .no such user.*change-address"):
        again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        client = session.get_one(Client, deal.client_id)
        client.bounced_at, client.email = None, ""
    with pytest.raises(Refused, match="no e-mail address"):
        again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        session.get_one(Client, deal.client_id).email = "new@acme.example"
    assert again(here_sqlite, deal, key)


def test_only_a_letter_of_this_deal_to_its_client_can_be_chosen(here_sqlite: World) -> None:
    deal, key = briefed(here_sqlite)
    with here_sqlite.db.writing() as session:
        other = a_deal(session)
        session.add(Effect(key="tracker/1", deal_id=deal.id, kind="tracker", what="project", planned_at=MONDAY))
    staff = sent(here_sqlite, deal, "application-assigned", "deal/1/intake/assigned", to="salesperson")
    for deal_id, wrong, words in [
        (other.id, key, "has no effect"), (deal.id, "deal/1/nothing", "has no effect"), (deal.id, "tracker/1", "no letter"), (99, key, "no deal 99"),
    ]:  # fmt: skip
        with pytest.raises(Missing, match=words):
            resends.resend.fn(deal_id, wrong, WHY, "Conor", "run/1")
    with pytest.raises(Refused, match="went to the salesperson"):
        again(here_sqlite, deal, staff)


def test_what_was_answered_is_not_asked_again(here_sqlite: World) -> None:
    deal, key = briefed(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.exec(select(Wait)).one().closed_at = MONDAY
    with pytest.raises(Refused, match="nobody waits for any more"):
        again(here_sqlite, deal, key)


def test_a_closed_deal_is_written_to_only_to_say_goodbye(here_sqlite: World) -> None:
    deal, key = briefed(here_sqlite)
    farewell = sent(here_sqlite, deal, "brief-farewell", f"deal/{deal.id}/r1/brief/farewell")
    with here_sqlite.db.writing() as session:
        told(session, deal, ClosedAsLost(reason="postponed"), actor="staff:Conor")
    with pytest.raises(Refused, match="is lost: brief-invitation would lead nowhere. Run reopen"):
        again(here_sqlite, deal, key)
    assert again(here_sqlite, deal, farewell)


def test_a_withdrawn_link_is_not_sent_again(here_sqlite: World) -> None:
    deal, key = briefed(here_sqlite)
    with here_sqlite.db.writing() as session:
        links.revoke(session, "brief", deal.id, now=MONDAY)
    with pytest.raises(Refused, match="link to the brief page was withdrawn. Run renew-link"):
        again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        links.hand_out(session, here_sqlite.secret, "brief", deal.id, now=MONDAY)
    assert again(here_sqlite, deal, key)


def test_a_letter_about_an_older_version_is_not_sent_again(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = an_agreed_deal(session)
        a_contract(session, deal)
        a_wait(session, deal, ContractSigned, stage=Stage.CONTRACT)
    key = sent(here_sqlite, deal, "contract-ready", f"deal/{deal.id}/contract/v1/mail", facts={"version": "1"})
    assert again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        contracts.revise(session, here_sqlite.company, session.get_one(Deal, deal.id), contracts.Revision(texts={"title": "Ours"}), who="C", now=MONDAY, keep=True)
        assert documents.latest(session, deal.id, "contract").version == 2
    with pytest.raises(Refused, match="about version 1; the newest contract is version 2"):
        again(here_sqlite, deal, key, run="run/2")


def test_a_stage_that_was_shown_anew_is_told_of_by_its_newest_letter(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        stage = plan_of(session, deal).production[0].slug
        assert a_shown_stage(session, deal, stage) == 1
        a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION)
        wait = session.exec(select(Wait)).one()
        wait.subject = f"{wait.subject}/{stage}"
    key = sent(here_sqlite, deal, "stage-shown", f"deal/{deal.id}/r1/stage/{stage}/v1/shown", facts={"stage": stage, "version": "1"})
    assert again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        a_shown_stage(session, deal, stage)
    with pytest.raises(Refused, match="choose the letter of showing 2"):
        again(here_sqlite, deal, key, run="run/2")


def test_money_that_is_in_is_not_asked_for_again_but_its_receipt_may_be_sent(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session)
        deal = session.get_one(Deal, invoice.deal_id)
    key = sent(here_sqlite, deal, "invoice-ready", f"invoice/{invoice.id}/mail", invoice=invoice.id)
    assert again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        payment = a_payment(session, session.merge(invoice))
    with pytest.raises(Refused, match="Nothing is open"):
        again(here_sqlite, deal, key, run="run/2")
    words = {"payment": str(payment.id)}
    receipt = sent(here_sqlite, deal, "payment-received", f"invoice/{invoice.id}/payment/{payment.id}/receipt", invoice=invoice.id, facts=words)
    assert again(here_sqlite, deal, receipt, run="run/3")


def test_a_reminder_is_over_with_its_question_and_goes_to_nobody_who_wants_none(here_sqlite: World) -> None:
    deal, _ = briefed(here_sqlite)
    with here_sqlite.db.reading() as session:
        wait = session.exec(select(Wait)).one()
    key = sent(here_sqlite, deal, "brief-reminder", f"deal/{deal.id}/r1/brief/wait-{wait.id}/rung-1", is_reminder=True)
    assert again(here_sqlite, deal, key)
    with here_sqlite.db.writing() as session:
        session.get_one(Client, deal.client_id).reminders_off_at = MONDAY
    with pytest.raises(Refused, match="no more reminders"):
        again(here_sqlite, deal, key, run="run/2")
    with here_sqlite.db.writing() as session:
        session.get_one(Client, deal.client_id).reminders_off_at = None
        session.get_one(Wait, wait.id).closed_at = MONDAY + timedelta(days=1)
    with pytest.raises(Refused, match="reminds of the filled brief, and that is over"):
        again(here_sqlite, deal, key, run="run/2")


def test_a_warning_sent_once_more_does_not_count_as_a_second_one(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "act out")
        wait = a_wait(session, deal, ActSigned, stage=Stage.LAUNCH, key="act#2", ladder="act")
    key = sent(here_sqlite, deal, "act-warning", f"deal/{deal.id}/r1/launch/wait-{wait.id}/rung-1", is_reminder=True, facts={"version": "1"})
    copy = again(here_sqlite, deal, key)
    waker.tick(FakeEngine().talk)
    assert {key, copy} <= set(here_sqlite.mail.letters())
    with here_sqlite.db.reading() as session:
        assert len(silence.warned(session, session.get_one(Deal, deal.id), Stage.LAUNCH, "act", "act-warning")) == 1


def test_who_was_handed_over_gets_no_letter_of_the_project_and_the_attempt_is_written_down(here: World) -> None:
    with here.db.writing() as session:
        deal = a_handed_over_project(session)
    welcome = sent(here, deal, "project-welcome", f"deal/{deal.id}/r1/kickoff/welcome")
    with pytest.raises(HandedBack, match="handed over to support for good"):
        again(here, deal, welcome)
    with here.db.reading() as session:
        [attempt] = facts.of_deal(session, deal.id, ReturnRefused.kind)
        assert (attempt.payload["what"], attempt.actor) == (f"resend {welcome}", "staff:Conor")
    done = sent(here, deal, "handover-done", f"deal/{deal.id}/r1/handover/done")
    assert again(here, deal, done)


def test_a_letter_that_cannot_be_written_any_more_is_refused_at_once(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        session.add(Effect(key="deal/1/x", deal_id=deal.id, kind="letter", what="contract-signed", state="done", planned_at=MONDAY, args={"name": "contract-signed", "deal_id": deal.id, "to": "client"}))
    with pytest.raises(Refused):
        again(here_sqlite, deal, "deal/1/x")
    with here_sqlite.db.reading() as session:
        assert facts.of_deal(session, deal.id) == []


def test_every_letter_that_asks_is_known_and_asks_for_an_answer_there_is() -> None:
    assert set(resending.ASKS) | resending.DEMANDS | resending.PARTINGS | set(resending.PASSING) <= set(LETTER_NEEDS)
    assert {BriefSent, ProposalAnswer, TrainingAnswered} <= set(resending.ASKS.values())
