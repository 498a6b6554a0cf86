"""The act of acceptance as its page shows it: the newest version, in the state it is in, with whatever its reader may do."""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from sqlmodel import Session

from api.door import Door
from api.links import Opened
from api.signer_view import signing_parts
from models import act_state, acts, documents, issued, ledger, links, waiting
from models.act_pages import ActPage
from models.cash_tables import Invoice
from models.delivery_answers import ActCodeAsked, ActSigned
from models.errors import Missing
from models.money import Money
from models.pages import Form
from models.project_facts import AT_WORK
from models.tables import Client, Deal, Document
from models.tracks import Work

State = Literal["open", "faults", "mending", "signed", "deemed", "closed", "on_hold"]
About = Literal["", "code", "sign", "faults"]


@dataclass(frozen=True)
class Asked:
    """What a request brought along: a form with problems; in `refused` why what it answered is gone."""

    about: About = ""
    form: Form = field(default_factory=Form)
    refused: str = ""


def there(session: Session, deal_id: int) -> Document:
    """The act as it is now; an accepted one stays to be read whatever follows. Raises Missing before there is one."""
    document = documents.latest(session, deal_id, act_state.NOUN)
    is_of_now = document is not None and document.round == session.get_one(Deal, deal_id).round
    if document is None or not (is_of_now or document.state in act_state.ACCEPTED):
        raise Missing("There is no act of acceptance yet; we write to you when the work is launched.")
    return document


def page(session: Session, here: Door, link: Opened, asked: Asked) -> ActPage:
    """The newest version, with whatever its reader may do."""
    document, deal = there(session, link.deal_id), session.get_one(Deal, link.deal_id)
    client, now_is = session.get_one(Client, deal.client_id), state(session, deal, document)
    signed, deemed, today = act_state.signature(session, document), act_state.deemed(session, document), here.company.studio.today
    asking = open_invoices(session, deal)
    return ActPage(
        chrome=here.chrome, token=link.token, state=now_is, document=acts.shown(here.company, document, link=f"{here.address}/t/{link.token}"),
        **signing_parts(session, here, link, document, client, ActCodeAsked), signed_by=signed[1].name if signed else "",
        signed_on=(signed[1].on or today(signed[0].happened_at)) if signed and not signed[1].code else None,
        signed_at=signed[0].happened_at if signed and signed[1].code else None, deemed_on=today(deemed.happened_at) if deemed else None,
        closes_on=closes_on(session, here, document) if now_is == "open" else None,
        named=[said.text for _, said in act_state.faults(session, document)], about=asked.about, form=asked.form, refused=asked.refused,
        read_only=link.is_staff,
        open=Money(amount=sum(rest.amount for _, rest in asking), currency=deal.currency), invoice_link=invoice_link(session, here, link, asking),
        project_link=links.given(session, here.secret, "project-staff" if link.is_staff else "project", link.deal_id),
    )  # fmt: skip


def state(session: Session, deal: Deal, document: Document) -> State:
    """Where the act stands, for its reader."""
    if document.state in act_state.ACCEPTED:
        return "signed" if document.state == "signed" else "deemed"
    if Work(deal.work) not in AT_WORK:
        return "closed"
    if document.state != "frozen":
        return "mending"
    if deal.held_since is not None:
        return "on_hold"
    return "faults" if act_state.faults(session, document) else "open"


def closes_on(session: Session, here: Door, document: Document) -> date | None:
    """The day on which silence accepts; None where it never does."""
    if not document.body["silence"]:
        return None
    asked = [wait.deadline for wait in waiting.open_waits(session, document.deal_id) if ActSigned.kind in wait.kinds and wait.deadline]
    return here.company.studio.today(max(asked)) if asked else None


def open_invoices(session: Session, deal: Deal) -> list[tuple[Invoice, Money]]:
    """The deal's invoices that ask for money, oldest first, each with what is open of it."""
    rows = [(invoice, ledger.open_of(session, invoice)) for invoice in issued.of_deal(session, deal)]
    return [(invoice, rest) for invoice, rest in rows if rest.amount > 0]


def invoice_link(session: Session, here: Door, link: Opened, asking: list[tuple[Invoice, Money]]) -> str:
    """The page of the newest open invoice that its reader was given; "" without one."""
    kind = "invoice-staff" if link.is_staff else "invoice"
    return links.given(session, here.secret, f"{kind}:{asking[-1][0].id}", link.deal_id) if asking else ""
