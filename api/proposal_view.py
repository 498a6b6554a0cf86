"""The proposal as its live page shows it, in the state it is in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from api.door import Door
from api.links import Opened
from models import documents, facts, proposal_facts, proposals
from models.answers import ProposalAnswer
from models.errors import Missing
from models.pages import Choice, Difference, Form, ProposalPage
from models.proposal import Snapshot
from models.tables import Deal, Document
from models.tracks import CLOSED

State = Literal["open", "change_asked", "accepted", "declined", "expired", "on_hold"]
Decision = Literal["accept", "change", "decline"]
About = Literal["", "accept", "change", "decline", "forward"]
OPEN = frozenset({"open", "change_asked"})
DECLINE_REASONS = [
    Choice(value="price", label="The price"), Choice(value="timing", label="The time it takes"),
    Choice(value="another studio", label="We chose another studio"), Choice(value="postponed", label="Our plans changed"),
    Choice(value="other", label="Something else"),
]  # fmt: skip


def newest(session: Session, deal_id: int) -> Document:
    """The proposal as it is now. Raises Missing before there is one."""
    document = documents.latest(session, deal_id, "proposal")
    if document is None:
        raise Missing("There is no proposal yet; we write to you as soon as there is.")
    return document


@dataclass(frozen=True)
class Asked:
    """What a request brought along: ticked options, a form with problems, a word to be said. `is_late`: it answered what is gone."""

    selection: Sequence[str] = ()
    about: About = ""
    form: Form = field(default_factory=Form)
    notice: str = ""
    is_late: bool = False


def page(session: Session, here: Door, link: Opened, asked: Asked) -> ProposalPage:
    """The newest version, with the options ticked as far as they are offered."""
    document = newest(session, link.deal_id)
    deal = session.get_one(Deal, link.deal_id)
    offered = {option.slug for option in Snapshot.model_validate(document.body).options}
    ticked = [slug for slug in asked.selection if slug in offered]
    now_is = state(session, here, deal, document)
    whole = f"{here.address}/p/{link.token}"
    return ProposalPage(
        chrome=here.chrome, token=link.token, state=now_is, changed=asked.is_late and now_is in OPEN,
        stale=document.stale_since is not None,
        document=proposals.shown(session, here.company, document, selection=ticked, link=whole),
        differences=[difference(sentence) for sentence in document.changes if now_is in OPEN], decline_reasons=DECLINE_REASONS,
        about=asked.about, form=asked.form, notice=asked.notice, read_only=link.is_staff,
    )  # fmt: skip


def state(session: Session, here: Door, deal: Deal, document: Document) -> State:
    """Where the proposal stands, for its reader."""
    if document.state == "frozen" and document.round == deal.round:
        return "accepted"
    if document.state == "declined":
        return "declined"
    if document.state != "live" or document.round != deal.round or deal.sales in CLOSED:
        return "expired"
    if deal.held_since is not None:
        return "on_hold"
    if (here.now() - proposal_facts.LAST_PLACE_ON_EARTH).date() > Snapshot.model_validate(document.body).valid_until:
        return "expired"
    told = [fact.payload for fact in facts.of_deal(session, deal.id or 0, ProposalAnswer.kind)]
    return "change_asked" if told and told[-1]["version"] == document.version else "open"


def difference(sentence: str) -> Difference:
    """A sentence on what changed, as what was and what is: "Filling: €2,300 instead of €1,900."."""
    title, colon, rest = sentence.partition(": ")
    if not colon:
        return Difference(title="Changed", before="", after=sentence)
    if title in {"Gone", "No longer an option"}:
        return Difference(title=rest.removesuffix("."), before="", after="")
    if title.endswith(", removed"):
        return Difference(title=title.removesuffix(", removed"), before=rest, after="")
    after, _, before = rest.removesuffix(".").partition(" instead of ")
    return Difference(title=title, before=before, after=after)
