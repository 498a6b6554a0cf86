"""Which letters the facts call for: counted from what is known of a deal, whoever was killed on the way.

A stage owes its letters once it has said all that it had to say so far: it waits, or is done. Deals that a test begins in the middle owe
nothing for what lies before. What is owed to a single word stands in `debts.py`.

Nobody owes reminders (a scene that keeps silent lets them pass), the letters of the course (they go by a clock of their own), those of refunds
(only the order of a refund knows its payment), and what was shown or asked in between and answered before the stage looked.
"""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from models import cash, course_state, projects
from models.answers import ProposalAnswer
from models.cash_tables import Invoice, SignCode
from models.stages import RunState, Stage
from models.tables import Deal, Document, Fact, Move, StageRun
from models.tracks import Sales, Work
from tests.faults.debts import Owed, of_answers, of_estimate, of_facts, of_work

CALM = frozenset({RunState.WAITING, RunState.DONE})
SIGNED = {"contract": "signed", "act": "accepted"}
"""The letter with which both get the sealed document."""
STAFF = {"contract": "-staff", "act": "/project-manager"}
"""The end of the key of the letter that tells staff of it."""
OF = {"proposal": Stage.PROPOSAL, "contract": Stage.CONTRACT, "act": Stage.LAUNCH}
"""The stage that sends a document."""


def owed(session: Session) -> list[Owed]:
    """Every letter that is owed by now."""
    found: list[Owed] = []
    for deal in session.exec(select(Deal).order_by(col(Deal.id))).all():
        calm = _calm(session, deal)
        stages = {stage for stage, _ in calm}
        found += [*_of_moves(session, deal, stages), *_of_ends(session, deal, stages)]
        found += [*_of_documents(session, deal, stages), *_of_answers(session, deal, stages)]
        found += [*_of_invoices(session, deal, calm), *of_facts(session, deal)]
        found += [*of_answers(session, deal, calm), *of_estimate(session, deal, calm), *of_work(session, deal, calm)]
    codes = session.exec(select(SignCode).order_by(col(SignCode.id))).all()
    return found + [Owed(f"deal/{one.deal_id}/{one.kind}/v{one.version}/code/{one.number}", "a code was asked for") for one in codes]


def _calm(session: Session, deal: Deal) -> set[tuple[str, int]]:
    """Stages (and parts) of a deal's round whose newest run waits or is done."""
    rows = session.exec(select(StageRun).where(StageRun.deal_id == deal.id, StageRun.round == deal.round).order_by(col(StageRun.id))).all()
    newest = {(row.stage, row.part): row.state for row in rows}
    return {place for place, state in newest.items() if state in CALM}


def _of_moves(session: Session, deal: Deal, stages: set[str]) -> Iterator[Owed]:
    went = {move.to for move in session.exec(select(Move).where(Move.deal_id == deal.id)).all()}
    whose, here = f"deal/{deal.id}", f"deal/{deal.id}/r{deal.round}"
    if Stage.INTAKE in stages:
        asked = "thanks" if Sales.BRIEFING in went else "declined" if Sales.DECLINED in went else "minimum"
        yield Owed(f"{whose}/intake/{asked}", "an application was taken")
        if Sales.BRIEFING in went:
            yield Owed(f"{whose}/intake/assigned", "an application was taken")
    if Stage.BRIEF in stages:
        yield Owed(f"{here}/brief/mail", "the deal is in briefing")
    if Stage.KICKOFF in stages and projects.find(session, deal):
        yield Owed(f"{here}/kickoff/welcome", "there is a project")
        yield Owed(f"{here}/kickoff/start", "there is a project")
        yield Owed(f"{here}/tracker", "there is a project")
    if Stage.REVIEW in stages:
        yield Owed(f"{here}/review/request", "the project is completed and paid")


def _of_ends(session: Session, deal: Deal, stages: set[str]) -> Iterator[Owed]:
    went = {move.to for move in session.exec(select(Move).where(Move.deal_id == deal.id)).all()}
    here = f"deal/{deal.id}/r{deal.round}"
    if Stage.CONTRACT in stages:
        yield Owed(f"{here}/contract/word", "the proposal was accepted")
    if Stage.LAUNCH in stages:
        yield Owed(f"{here}/launch/due", "every stage is accepted")
    if Stage.NEXT_STEPS in stages:
        yield Owed(course_state.key_of(deal, course_state.INVITATION), "the end of the work is near")
    if Stage.HANDOVER in stages:
        yield from (Owed(f"{here}/handover/{one}", "the work is completed") for one in ("training", "access"))
        if Work.HANDED_OVER in went:
            yield from (Owed(f"{here}/handover/{one}", "the client was handed over") for one in ("ticket", "done", "staff"))


def _of_documents(session: Session, deal: Deal, stages: set[str]) -> Iterator[Owed]:
    made = select(Document).where(Document.deal_id == deal.id, Document.round == deal.round, col(Document.kind).in_(OF))
    for one in session.exec(made.order_by(col(Document.id))).all():
        if OF[one.kind] not in stages:
            continue
        yield Owed(f"deal/{deal.id}/{one.kind}/v{one.version}/mail", f"{one.kind} v{one.version} was made")
        concluded = deal.sales in {Sales.SIGNED, Sales.WON} if one.kind == "contract" else deal.work in {Work.COMPLETED, Work.HANDED_OVER}
        if one.state in {"signed", "deemed"} and concluded:
            key, why = f"deal/{deal.id}/{one.kind}/v{one.version}/{SIGNED[one.kind]}", f"{one.kind} v{one.version} is {one.state}"
            yield from (Owed(letter, why) for letter in (key, f"{key}{STAFF[one.kind]}"))


def _of_answers(session: Session, deal: Deal, stages: set[str]) -> Iterator[Owed]:
    if Stage.PROPOSAL not in stages or deal.sales == Sales.LOST:
        return
    told = session.exec(select(Fact).where(Fact.deal_id == deal.id, Fact.kind == ProposalAnswer.kind)).all()
    for fact in told:
        if fact.payload["decision"] == "accept":
            yield Owed(f"deal/{deal.id}/proposal/v{fact.payload['version']}/accepted", "the proposal was accepted")


def _of_invoices(session: Session, deal: Deal, calm: set[tuple[str, int]]) -> Iterator[Owed]:
    for invoice in session.exec(select(Invoice).where(Invoice.deal_id == deal.id, Invoice.kind == "invoice")).all():
        if (Stage.INVOICE, invoice.part) in calm:
            yield Owed(f"invoice/{invoice.id}/mail", f"invoice {invoice.number} was issued")
        if (Stage.PAYMENT, invoice.part) in calm:
            for payment, _ in cash.received(session, invoice):
                why = f"payment {payment.id} came for invoice {invoice.number}"
                yield from (Owed(f"invoice/{invoice.id}/payment/{payment.id}/{one}", why) for one in ("receipt", "staff"))
                if cash.too_much(session, payment).amount:
                    yield Owed(f"payment/{payment.id}/over", f"payment {payment.id} is too much")
    for note in session.exec(select(Invoice).where(Invoice.deal_id == deal.id, Invoice.kind == "credit_note")).all():
        yield Owed(f"invoice/{note.id}/mail", f"credit note {note.number} was issued")
