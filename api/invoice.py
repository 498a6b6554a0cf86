"""The invoice: shown with its money, on paper, as XML; a day promised; a fresh pay page asked for."""

from datetime import date
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api import invoice_view
from api.door import Door, Here
from api.links import InvoiceLink, Opened, ReadOnly
from api.paper import printed
from api.posted import Form, Posted
from models import facts, inbox, issued, payment_facts, payments, ubl, waiting
from models import invoice as invoice_body
from models.cash_answers import PaymentPromised
from models.errors import Invalid, Refused
from models.pages import Form as FormView

pages = APIRouter(include_in_schema=False)


@pages.get("/i/{token}.pdf")
def pdf(link: InvoiceLink, here: Here) -> Response:
    """The invoice on paper, its e-invoice inside. Unavailable while it is being printed."""
    with here.db.reading() as session:
        invoice = issued.invoice(session, link.item)
    return printed(here, invoice.pdf_path, f"{invoice.number or 'pro-forma'}.pdf")


@pages.get("/i/{token}.xml")
def xml(link: InvoiceLink, here: Here) -> Response:
    """The e-invoice (UBL, Peppol BIS Billing 3), to be saved."""
    with here.db.reading() as session:
        invoice = issued.invoice(session, link.item)
    if invoice.number is None:
        raise Refused("A pro-forma is no invoice: there is no XML of it.")
    content = ubl.xml(invoice_body.InvoiceBody.model_validate(invoice.body))
    named = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(f'{invoice.number}.xml')}"}
    return Response(content, media_type="application/xml", headers=named)


@pages.get("/i/{token}")
def show(link: InvoiceLink, here: Here, sent: int = 0) -> Response:
    """The invoice as its money stands. `sent` counts the looks of somebody who comes from having paid, until the provider's word is here."""
    return page(here, link, sent=sent)


@pages.post("/i/{token}/promise")
def promise(link: InvoiceLink, here: Here, posted: Form) -> Response:
    """Keep the day on which the client will pay; reminders rest until then."""
    check_is_client(link)
    said, problems = read(posted)
    if said is None:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems))
    try:
        tell(here, link, said)
    except Refused as refused:
        return page(here, link, 422, FormView(given=posted.given(), problems={"on": str(refused)}))
    here.nudge()
    return RedirectResponse(f"/i/{link.token}", 303)


@pages.post("/i/{token}/pay")
def pay(link: InvoiceLink, here: Here) -> Response:
    """Have a fresh pay page made, when the last one has run out or asks for another amount; the page offers it in a moment."""
    check_is_client(link)
    with here.db.writing() as session:
        invoice_view.order_pay_page(session, here, issued.invoice(session, link.item))
    here.nudge()
    return RedirectResponse(f"/i/{link.token}", 303)


def read(posted: Posted) -> tuple[PaymentPromised | None, dict[str, str]]:
    """The promise typed, or the problems by field."""
    try:
        day = date.fromisoformat(posted.one("on"))
    except ValueError:
        return None, {"on": "Please give the day as year-month-day."}
    try:
        return PaymentPromised(on=day, text=posted.one("text")), {}
    except ValidationError:
        return None, {"text": "Please keep this under 2,000 characters."}


def tell(here: Door, link: Opened, said: PaymentPromised) -> None:
    """Keep a promise about this invoice; the same day once more is not kept again."""
    with here.db.writing() as session:
        invoice, deal = issued.invoice(session, link.item), waiting.lock(session, link.deal_id)
        if not invoice.part or invoice.kind != "invoice":
            raise Invalid("For this invoice please write to us.")
        payment_facts.promise_day(said.on, now=here.now(), zone=here.company.studio.zone)
        stands = payments.standing(session, deal, invoice.part)
        if stands and stands.promised_on == said.on:
            return
        before = len(facts.of_deal(session, link.deal_id, PaymentPromised.kind))
        key = f"deal/{link.deal_id}/r{deal.round}/payment/{invoice.part}/promised/{before + 1}"
        told = said.model_copy(update={"part": invoice.part})
        inbox.tell(session, link.deal_id, told, source="client", external_id=key, actor="client", now=here.now())


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None, sent: int = 0) -> Response:
    """The page as things stand. While a pay page is being made, or a payment is on its way, it reloads by itself."""
    with here.db.reading() as session:
        record = invoice_view.page(session, here, link, form, sent)
        waits = invoice_view.is_being_made(session, issued.invoice(session, link.item))
    next_look = f"2; url=/i/{link.token}?sent={sent + 1}" if record.on_its_way == "soon" else "2" if waits else ""
    headers = {"Refresh": next_look} if next_look and status == HTTPStatus.OK else {}
    return here.page("pages/invoice.html", record, status, headers=headers, locale=record.document.body.locale)


def check_is_client(link: Opened) -> None:
    """Raises ReadOnly behind a staff link."""
    if link.is_staff:
        raise ReadOnly("This is the studio's own view of the invoice. Only the client can act here, by the link in their letter.")
