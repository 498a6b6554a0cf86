"""Steps of the act of acceptance: made, printed, sent, made anew when faults are mended, accepted by signature or silence, sealed."""

import hashlib
from collections.abc import Callable

from babel.dates import format_date
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from sqlmodel import Session

from models import act_state, acts, documents, inbox, projects, waiting
from models.act_state import NOUN
from models.answer import Answer
from models.delivery_answers import ActDeemed, WorkPaused
from models.errors import Missing, Refused
from models.letters import LetterOrder
from models.tables import Client, Deal, Document
from models.tracks import Work
from tasks import letters, printing
from tasks.correspondents import who
from tasks.gateways.pdf import NoLibraries
from tasks.step import step
from tasks.world import world

SILENCE = "nobody; silence accepted, as the contract says"


@step
def publish_act(deal_id: int, showing: int) -> int:
    """Make the act's `showing`-th version of the round, from 1, frozen; return its version. A replay gives the same ones again."""
    here = world()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        return acts.publish(session, here.company, deal, showing, now=here.now()).version


@step
def print_act(deal_id: int, version: int) -> str:
    """Print a version and keep the PDF under its SHA-256; return the hash. "" where this machine cannot print: the page is enough to go on."""
    with world().db.reading() as session:
        document = _document(session, deal_id, version)
    return _on_paper(lambda: printing.print_contract(document))


@step
def mail_act(deal_id: int, version: int) -> str:
    """Send the link to a version; return the effect's state. After an earlier one it says what was put right; a void one stays here."""

    def still_out(session: Session) -> str | None:
        """Why the letter is not wanted any more; None to send it."""
        return "This version is void by now." if _document(session, deal_id, version).state == "void" else None

    with world().db.reading() as session:
        faults = _document(session, deal_id, version).body["faults"]
    words = {"message": faults[-1]["text"], "note": faults[-1]["note"]} if faults else {}
    order = _order("act-updated" if faults else "act-ready", deal_id, version, "client", facts=words)
    return letters.send(act_state.letter(deal_id, version), order, guard=still_out).state


@step
def tell_faults(deal_id: int, version: int, text: str) -> str:
    """Tell the project manager what the client named in place of a signature; return the effect's state."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    order = _order("act-faults", deal_id, version, "project_manager", facts={"message": text})
    return letters.send(f"deal/{deal_id}/{NOUN}/v{version}/faults-{mark}", order).state


@step
def end_silence(deal_id: int, version: int) -> str:
    """What silence to the end of the ladder means: "deemed" where the contract says that it accepts, and its warnings have arrived.

    Otherwise the project is paused until the client is back ("paused"), where the contract says that. Each is a fact of the clock's, kept
    once. "" where neither holds, or the client was quicker.
    """
    here = world()
    with here.db.writing() as session:
        deal, document = waiting.lock(session, deal_id), _document(session, deal_id, version)
        if document.state == "deemed":
            return "deemed"
        if document.state != "frozen" or act_state.faults(session, document):
            return ""
        said = _silence(session, deal, version)
    here.nudge()
    return said


@step
def seal_act(deal_id: int, version: int) -> str:
    """Join act and evidence, seal them and keep the pack as the act's PDF; return its SHA-256. "" where this machine cannot print."""
    return _on_paper(lambda: printing.seal_act(deal_id, version))


@step
def mail_accepted(deal_id: int, version: int) -> list[str]:
    """Send the accepted act to the client, and to whoever signed by another address; return the effects' states."""
    key = f"deal/{deal_id}/{NOUN}/v{version}/accepted"
    with world().db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
        document = _document(session, deal_id, version)
        signed, words = act_state.signature(session, document), _how(session, document)
    name = "act-signed" if signed else "act-deemed"
    states = [letters.send(key, _order(name, deal_id, version, "client", facts=words)).state]
    if signed and signed[1].email not in {"", client.email}:
        states.append(letters.send(f"{key}/signer", _order(name, deal_id, version, "colleague", facts=words, address=signed[1].email)).state)
    return states


@step
def tell_accepted(deal_id: int, version: int) -> list[str]:
    """Tell the project manager and the salesperson that the work is accepted, one letter a person; return the effects' states."""
    here = world()
    with here.db.reading() as session:
        deal, words = session.get_one(Deal, deal_id), _how(session, _document(session, deal_id, version))
        people = {role: who(here, session, deal, role) for role in ("salesperson", "project_manager")}
    addresses = {person.email if person else role: role for role, person in people.items()}  # who is both is told as the manager
    return [
        letters.send(
            f"deal/{deal_id}/{NOUN}/v{version}/accepted/{role.replace('_', '-')}", _order("act-signed-staff", deal_id, version, role, facts=words)
        ).state
        for role in addresses.values()
    ]


def _silence(session: Session, deal: Deal, version: int) -> str:
    terms, key = projects.contract_of(session, deal).terms, f"deal/{deal.id}/r{deal.round}/{NOUN}/v{version}"
    if terms.silence_accepts and _is_told(session, deal, ActDeemed(version=version), f"{key}/deemed"):
        return "deemed"
    if terms.silence_pauses and deal.work != Work.PAUSED:
        return "paused" if _is_told(session, deal, WorkPaused(what="your word on the act of acceptance"), f"{key}/paused") else ""
    return ""


def _is_told(session: Session, deal: Deal, answer: Answer, key: str) -> bool:
    """Whether a fact of the clock's was kept; a rule may refuse it (too few warnings have arrived, say)."""
    here = world()
    try:
        inbox.tell(session, deal.id or 0, answer, source="clock", external_id=key, actor="system", now=here.now())
    except Refused as why:
        _log(f"Silence is not “{answer.kind}”. {why}")
        return False
    return True


def _how(session: Session, document: Document) -> dict[str, str]:
    """Who accepted a version, and when, as letters say it."""
    here, signed = world(), act_state.signature(session, document)
    if signed is None:
        return {"signed_by": SILENCE}
    fact, answer = signed
    locale = session.get_one(Deal, document.deal_id).locale or here.company.studio.locale
    on = answer.on or here.company.studio.today(fact.happened_at)
    return {"signed_by": answer.name, "signed_on": format_date(on, "full", locale=locale)}


def _on_paper(make: Callable[[], str]) -> str:
    try:
        return make()
    except NoLibraries as missing:
        _log(str(missing))
        return ""


def _log(said: str) -> None:
    """Tell an operator who reads the run."""
    if FlowRunContext.get():
        get_run_logger().warning("%s", said)


def _order(name: str, deal_id: int, version: int, to: str, *, facts: dict[str, str] | None = None, address: str = "") -> LetterOrder:
    """A letter about one version, whatever the newest is by the time it is written."""
    return LetterOrder(name=name, deal_id=deal_id, to=to, address=address, facts={"version": str(version)} | (facts or {}))


def _document(session: Session, deal_id: int, version: int) -> Document:
    document = documents.version(session, deal_id, NOUN, version)
    if document is None:
        raise Missing(f"Deal {deal_id} has no act {version}.")
    return document
