"""Steps of the hand-over: the accesses asked for, the ticket opened, the client handed over for good."""

from typing import Any

from sqlmodel import Session, col, select

from models import case_file, completion, documents, facts, inbox, letters, links, training, waiting
from models.after_answers import AccessListed, HandedOver, TrainingAnswered
from models.answer import Answer
from models.effects import EffectState
from models.errors import Refused
from models.letters import LetterOrder
from models.message import one_line
from models.stages import Stage
from models.tables import Client, Deal, Effect, Wait
from models.tracking import Ticket, TicketRef
from models.tracks import Work, move
from tasks import deals, effects, runs, trainings
from tasks import letters as mail
from tasks.correspondents import LEAD
from tasks.effects import Act, Done
from tasks.step import step
from tasks.world import World, world

ANSWERS: dict[str, type[Answer]] = {"training": TrainingAnswered, "access": AccessListed}
STAFF_LINKS = {"contract": "contract-staff", "act": "act-staff", "proposal": "proposal-staff", "project": "project-staff"}
LONGEST_SUBJECT = 200


@step
def ask_for_accesses(deal_id: int) -> str:
    """Ask the project manager where the client's accesses are, once a round; return the effect's state. Raises Unavailable (retried)."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    order = LetterOrder(name="access-due", deal_id=deal_id, to="project_manager")
    return mail.send(f"deal/{deal_id}/r{round_}/handover/access", order).state


@step
def look(deal_id: int, heard: int) -> dict[str, Any]:  # noqa: ARG001 (each look is another call)
    """What the hand-over still waits for: {asks: [{key, whose, what, ladder}]}, none once it may go on.

    It goes on when the accesses are listed and the client has answered about the training, or was silent to the end: until the manager
    has listed the accesses they may still book, unreminded.
    """
    here = world()
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        waits = {"training": _waits(session, deal, "training"), "access": _waits(session, deal, "access")}
        is_answered = training.answered(session, deal) is not None and not _is_open(waits["training"])
        is_silent = any(wait.outcome == "silent" for wait in waits["training"])
        is_listed = _listed(session, deal) and not _is_open(waits["access"])
    asks = []
    if not is_answered:
        ladder = "" if is_silent else "training"
        asks.append({"key": "training", "whose": "client", "what": "a slot for the training", "ladder": ladder})
    if not is_listed:
        asks.append({"key": "access", "whose": "studio", "what": "the inventory of accesses", "ladder": "access"})
    return {"asks": [] if is_listed and (is_answered or is_silent) else asks}


def _waits(session: Session, deal: Deal, key: str) -> list[Wait]:
    mine = (Wait.deal_id == deal.id, Wait.round == deal.round, Wait.stage == Stage.HANDOVER.value)
    return list(session.exec(select(Wait).where(*mine, col(Wait.key).startswith(f"{key}#"))))


def _is_open(waits: list[Wait]) -> bool:
    """Whether a question is open; its answer may have come, and is taken when the question is put once more."""
    return any(wait.closed_at is None for wait in waits)


def _listed(session: Session, deal: Deal) -> bool:
    about = facts.subject(deal.id or 0, deal.round, inbox.NOUNS[AccessListed])
    return any(fact.subject == about for fact in facts.of_deal(session, deal.id or 0, AccessListed.kind))


@step
def open_ticket(deal_id: int) -> str:
    """Open the client's ticket at the support desk with the case file, once a round; return its number there.

    Whoever finds it half done looks it up by our key. Raises Unavailable while the desk is away (retried), Refused where it says no for good.
    """
    here = world()
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        key = f"deal/{deal_id}/r{deal.round}/handover/ticket"
    effect = effects.once(
        Act(
            key=key, kind="ticket", what="ticket", deal_id=deal_id, act=lambda: _opened(here.desk.open_ticket(ticket(here, deal_id, key))),
            ask=(lambda: _found(here, key)) if here.desk.can_ask else None,
        )
    )
    if effect.state != EffectState.DONE:
        _refuse(effect)
    return str(effect.result.get("id", ""))


def ticket(here: World, deal_id: int, key: str) -> Ticket:
    """The ticket of a deal's hand-over as it stands now, with its case file; links are those for staff."""
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        client = session.get_one(Client, deal.client_id)
        there = [name for name in STAFF_LINKS if name == "project" or documents.latest(session, deal_id, name)]
        staff = {name: here.address + links.hand_out(session, here.secret, STAFF_LINKS[name], deal_id, now=here.now()) for name in there}
        body = case_file.case_file(session, here.company, deal, staff)
    whose = one_line(client.company or client.name)
    return Ticket(
        key=key, subject=f"{whose}: taken over from deal {deal_id}"[:LONGEST_SUBJECT], body=body, client_name=client.name, client_email=client.email
    )


def _opened(ref: TicketRef) -> Done:
    return Done(said=f"ticket {ref.id}", result={"id": ref.id, "url": ref.url})


def _found(here: World, key: str) -> Done | None:
    ref = here.desk.find(key)
    return _opened(ref) if ref else None


def _refuse(effect: Effect) -> None:
    state = "Nobody knows whether it was opened" if effect.state == EffectState.UNKNOWN else "The desk said no"
    raise Refused(f"{state}. {effect.said} Look at the desk, run settle-effect for {effect.key}, then Retry.")


@step
def hand_over(deal_id: int, number: str) -> str:
    """Hand the client over to support for good and end this stage, in one transaction; return where the work stands.

    What is due by now follows, both sides are told: the letters are owed from here on, whatever becomes of this worker.
    """
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        key = f"deal/{deal_id}/r{deal.round}/handover"
        answer = HandedOver(ticket=number)
        fact, _ = inbox.tell(session, deal_id, answer, source="system", external_id=f"{key}/done", actor="system", now=here.now())
        if move(session, deal, Work.HANDED_OVER, why=f"ticket {number or 'opened'}", fact=fact, now=here.now()):
            for name, order in trainings.confirmations(session, here, deal).items():  # who booked a moment ago
                letters.plan(session, name, order, now=here.now())
            letters.plan(session, f"{key}/done", LetterOrder(name="handover-done", deal_id=deal_id, to="client"), now=here.now())
            letters.plan(session, f"{key}/staff", LetterOrder(name="handover-staff", deal_id=deal_id, to=LEAD), now=here.now())
            completion.follow(session, deal, fact=fact, now=here.now())
        deals.finish(session, run)
        work = deal.work
    here.nudge()
    return work
