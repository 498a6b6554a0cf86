"""Whether a letter may go out once more: it is a client's, its fate is known, what it asks is still open and what it tells still holds."""

import re

from sqlmodel import Session

from models import documents, ledger, links, projects, waiting
from models.after_answers import ReviewGiven, TrainingAnswered
from models.answer import Answer
from models.answers import BriefSent, ProposalAnswer, QualifyAnswer
from models.cash_answers import ContractDetails, ContractSigned
from models.cash_tables import Invoice
from models.delivery_answers import ActSigned, ChangeAnswered, MaterialSent, StageAnswered
from models.delivery_letters import MANAGER
from models.effects import EffectState
from models.errors import HandedBack, Missing, Refused
from models.letter_views import LETTER_NEEDS
from models.letters import BUTTONS, LetterOrder
from models.tables import Client, Deal, Effect, Wait
from models.tracks import CLOSED, Work

ASKS: dict[str, type[Answer]] = {
    "application-below-minimum": QualifyAnswer, "brief-invitation": BriefSent, "welcome-back": BriefSent, "proposal-ready": ProposalAnswer,
    "proposal-updated": ProposalAnswer, "next-step-offer": ProposalAnswer, "contract-details": ContractDetails, "contract-ready": ContractSigned,
    "contract-updated": ContractSigned, "materials-rejected": MaterialSent, "stage-shown": StageAnswered, "stage-shown-again": StageAnswered,
    "change-offer": ChangeAnswered, "act-ready": ActSigned, "act-updated": ActSigned, "training-offer": TrainingAnswered,
    "review-request": ReviewGiven,
}  # fmt: skip
"""The answer that a letter asks for: it goes out again only while somebody waits for that."""
DEMANDS = frozenset({"invoice-ready", "payment-reminder", "payment-overdue", "payment-last-call"})
PARTINGS = frozenset({"application-declined", "estimate-declined", "proposal-declined", "brief-farewell", "proposal-farewell"})
PASSING = {
    "contract-code": "A code is good for minutes: the client asks for a fresh one on the contract's page.",
    "act-code": "A code is good for minutes: the client asks for a fresh one on the act's page.",
    "link-renewed": "Run renew-link: it ends the link that is out and sends another.",
    "link-replaced": "Run renew-link: it ends the link that is out and sends another.",
}
_VERSION = re.compile(r"/(proposal|contract|act)/v(\d+)/")
_WAIT = re.compile(r"/wait-(\d+)/")


def again(deal_id: int) -> str:
    """How the keys of a deal's letters begin that were sent once more."""
    return f"deal/{deal_id}/resent/"


def order_of(session: Session, deal: Deal, key: str) -> LetterOrder:
    """The order of a deal's letter, if it may go out once more; `key` is its effect's.

    Raises Missing for what is no letter of this deal, HandedBack for one that would lead back from support, Refused with the reason otherwise.
    """
    effect = session.get(Effect, key)
    if effect is None or effect.deal_id != deal.id:
        raise Missing(f"Deal {deal.id} has no effect {key}. ./studio deal {deal.id} shows its keys.")
    if effect.what not in LETTER_NEEDS or effect.args.get("name") != effect.what:
        raise Missing(f"{key} is no letter, but {effect.what or effect.kind}.")
    order = LetterOrder.model_validate(effect.args)
    if key.startswith(again(deal.id or 0)):
        raise Refused(f"{key} was itself sent once more: choose the letter as it first went out.")
    if order.to != "client":
        raise Refused(f"{key} went to the {order.to.replace('_', ' ')}; only a client's letter is sent once more.")
    if why := _undecided(effect) or PASSING.get(order.name):
        raise Refused(why)
    _check_deal(session, deal, order)
    _check_question(session, deal, key, order)
    return order


def _undecided(effect: Effect) -> str:
    match EffectState(effect.state):
        case EffectState.PLANNED | EffectState.CLAIMED:
            return f"{effect.key} is on its way: it is {effect.state}. {effect.said}".strip()
        case EffectState.UNKNOWN:
            return f"Nobody knows whether {effect.key} went out. Run settle-effect for it: it went out, or send it again."
        case _:
            return ""


def _check_deal(session: Session, deal: Deal, order: LetterOrder) -> None:
    """Raises Refused where nobody of this deal may be written to so, HandedBack where it is support's to write."""
    client, page = session.get_one(Client, deal.client_id), page_of(order)
    if deal.work == Work.HANDED_OVER and LETTER_NEEDS[order.name].sender == MANAGER:
        raise HandedBack(f"The client of deal {deal.id} was handed over to support for good: {order.name} leads back to the project.")
    if deal.sales in CLOSED and order.name not in PARTINGS and not order.invoice:
        raise Refused(f"Deal {deal.id} is {deal.sales}: {order.name} would lead nowhere. Run reopen first.")
    if not client.email:
        raise Refused("There is no e-mail address to write to. Run change-address first.")
    if client.bounced_at:
        raise Refused(f"Letters to {client.email} come back ({client.bounce_said}). Run change-address first.")
    if order.is_reminder and client.reminders_off_at:
        raise Refused("The client asked for no more reminders.")
    if order.name.startswith("course-") and client.course_off_at:
        raise Refused("The client wants no more letters of the course.")
    if page and links.is_withdrawn(session, page, deal.id or 0):
        raise Refused(f"The link to the {links.base(page)} page was withdrawn. Run renew-link: it sends the new one.")


def _check_question(session: Session, deal: Deal, key: str, order: LetterOrder) -> None:
    """Raises Refused where what a letter asks is answered, what it shows is outdated, or the money it asks for is in."""
    asked = ASKS.get(order.name)
    if asked and not any(_is_about(wait, asked, order) for wait in waiting.open_waits(session, deal.id or 0)):
        raise Refused(f"{order.name} asks for what nobody waits for any more: it was answered, or came to nothing.")
    wait = session.get(Wait, int(found[1])) if (found := _WAIT.search(key)) else None
    if order.is_reminder and wait and wait.closed_at:
        raise Refused(f"{order.name} reminds of {wait.what}, and that is over.")
    if order.name in DEMANDS and not ledger.open_of(session, session.get_one(Invoice, order.invoice)).amount:
        raise Refused("Nothing is open on this invoice any more.")
    if order.name == "deal-on-hold" and deal.held_since is None:
        raise Refused(f"Deal {deal.id} is not on hold any more.")
    if order.name == "project-paused" and deal.work != Work.PAUSED:
        raise Refused(f"The project of deal {deal.id} goes on: it is not paused any more.")
    _check_version(session, deal, key, order)


def _check_version(session: Session, deal: Deal, key: str, order: LetterOrder) -> None:
    if found := _VERSION.search(key):
        document = documents.latest(session, deal.id or 0, found[1])
        if document is None or document.version != int(found[2]):
            raise Refused(f"This is a letter about version {found[2]}; the newest {found[1]} is version {document.version if document else 0}.")
    if order.name.startswith("stage-shown"):
        stage = projects.stand(session, deal).stage(order.facts["stage"])
        if order.facts.get("version") != str(stage.version):
            raise Refused(f"{stage.plan.title} was shown anew since: choose the letter of showing {stage.version}.")


def _is_about(wait: Wait, asked: type[Answer], order: LetterOrder) -> bool:
    """Whether an open question is the one that the letter asks, about the same item where it names one."""
    item = order.facts.get("stage") or order.facts.get("item") or ""
    return asked.kind in wait.kinds and (not item or wait.subject.endswith(f"/{item}"))


def page_of(order: LetterOrder) -> str:
    """The kind of link behind the button of a client's letter; "" without one."""
    if not LETTER_NEEDS[order.name].link:
        return ""
    return order.links.get("link") or BUTTONS.get(order.name, "") or (f"invoice:{order.invoice}" if order.invoice else "")
