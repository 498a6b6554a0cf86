"""The contract's page: the details it is made from, then the contract in the state it is in."""

from dataclasses import dataclass, field
from typing import Literal

import pycountry
from babel import Locale
from sqlmodel import Session

from api.door import Door
from api.links import Opened
from api.signer_view import signing_parts
from models import contract_state, contracts, documents, issued, links
from models.cash_answers import CodeAsked
from models.cash_pages import ContractDetailsPage, ContractPage, DetailsForm
from models.errors import Missing
from models.money import Money
from models.pages import Choice, Form
from models.tables import Client, Deal, Document
from models.tracks import CLOSED, Sales

State = Literal["open", "change_asked", "countersigning", "signed", "void", "closed", "on_hold"]
About = Literal["", "code", "sign", "change"]


@dataclass(frozen=True)
class Asked:
    """What a request brought along: a form with problems, a word to be said. `is_late`: it answered what is gone."""

    about: About = ""
    form: Form = field(default_factory=Form)
    notice: str = ""
    is_late: bool = False


def newest(session: Session, deal_id: int) -> Document | None:
    """The contract as it is now; None as long as the round has none. A signed one stays to be read whatever follows."""
    document = documents.latest(session, deal_id, "contract")
    if document is None or document.state == "signed":
        return document
    return document if document.round == session.get_one(Deal, deal_id).round else None


def there(session: Session, deal_id: int) -> Document:
    """The contract as it is now. Raises Missing before there is one."""
    document = newest(session, deal_id)
    if document is None:
        raise Missing("There is no contract yet; we write to you as soon as there is.")
    return document


def details_page(session: Session, here: Door, link: Opened, form: Form | None = None) -> ContractDetailsPage:
    """Who the contracting party is: asked, or being worked in. Raises Missing before a proposal was accepted."""
    deal = session.get_one(Deal, link.deal_id)
    client, proposal = session.get_one(Client, deal.client_id), documents.latest(session, link.deal_id, "proposal")
    if proposal is None or not proposal.totals:
        raise Missing("There is no contract yet; it follows when a proposal has been accepted.")
    known = client.details or {"legal_name": client.company or client.name, "country": here.company.studio.country}
    shown = form if form and form.given else Form(given=known)
    choices = countries(deal.locale or here.company.studio.locale)
    return ContractDetailsPage(
        chrome=here.chrome, token=link.token, state=details_state(session, deal), client_name=client.name, service_name=here.service(deal.service),
        total=Money.model_validate(proposal.totals["gross"]), read_only=link.is_staff, details=DetailsForm(countries=choices, form=shown),
    )  # fmt: skip


def details_state(session: Session, deal: Deal) -> Literal["open", "making", "closed"]:
    """Where the details stand, for their reader."""
    if deal.sales != Sales.CONTRACTING:
        return "closed"
    return "making" if contract_state.has_details(session, deal) else "open"


def countries(locale: str) -> list[Choice]:
    """Every country by its name in the reader's language."""
    names = Locale.parse(locale.replace("-", "_")).territories
    found = [Choice(value=one.alpha_2, label=names.get(one.alpha_2, one.name)) for one in pycountry.countries]
    return sorted(found, key=lambda choice: choice.label)


def page(session: Session, here: Door, link: Opened, document: Document, asked: Asked) -> ContractPage:
    """The newest version, with whatever its reader may do."""
    deal = session.get_one(Deal, link.deal_id)
    client, now_is = session.get_one(Client, deal.client_id), state(session, deal, document)
    whole, signed = f"{here.address}/c/{link.token}", contract_state.signature(session, document)
    is_first, is_out = contract_state.is_first(session, document), now_is in {"open", "change_asked", "on_hold"}
    told = " ".join(document.changes) if is_first and is_out else ""
    shown = contracts.shown(session, here.company, document, link=whole)
    return ContractPage(
        chrome=here.chrome, token=link.token, document=shown, state=now_is,
        **signing_parts(session, here, link, document, client, CodeAsked),
        signed_by=signed[1].name if signed else "", signed_at=signed[0].happened_at if signed else None,
        changes=document.changes if is_out and not is_first else [], about=asked.about, form=asked.form, notice=asked.notice or told,
        changed=asked.is_late and now_is in {"open", "change_asked"}, read_only=link.is_staff, invoice_link=invoice_link(session, here, link),
        in_a_moment=now_is == "countersigning" and here.company.contract.countersign == "at once",
    )  # fmt: skip


def state(session: Session, deal: Deal, document: Document) -> State:
    """Where the contract stands, for its reader."""
    if document.state == "signed":
        told = contract_state.countersignature(session, document)
        return "signed" if told else "closed" if deal.sales in CLOSED else "countersigning"
    if deal.sales != Sales.CONTRACTING:
        return "closed"
    if document.state != "frozen":
        return "void"
    if deal.held_since is not None:
        return "on_hold"
    return "change_asked" if contract_state.change_asked(session, document) else "open"


def invoice_link(session: Session, here: Door, link: Opened) -> str:
    """The page of the newest invoice that its reader was given; "" without one."""
    mine, kind = issued.of_deal(session, session.get_one(Deal, link.deal_id)), "invoice-staff" if link.is_staff else "invoice"
    return links.given(session, here.secret, f"{kind}:{mine[-1].id}", link.deal_id) if mine else ""
