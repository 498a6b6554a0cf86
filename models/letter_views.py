"""What a letter is given, and what each one asks for."""

from models.delivery_letters import DELIVERY_NEEDS
from models.needs import Needs
from models.proposal import Person, StudioCard
from models.views import Line, View

__all__ = ["LETTER_NEEDS", "LetterView", "Needs"]


class LetterView(View):
    """What every letter is given; LETTER_NEEDS says which `links` and `facts` each one asks for. Facts are written out already."""

    studio: StudioCard
    sender: Person
    recipient_name: Line
    deal_id: int | None
    service_name: Line
    client_name: Line
    client_company: Line
    locale: str = "en_GB"
    link: str = ""
    links: dict[str, str] = {}
    facts: dict[str, str] = {}
    unsubscribe: str = ""


LETTER_NEEDS: dict[str, Needs] = {
    "application-thanks": Needs(link=False),
    "application-assigned": Needs(("budget", "message", "source"), staff=True),
    "application-below-minimum": Needs(("minimum", "advice")),
    "application-minimum-reminder": Needs(("minimum",)),
    "application-declined": Needs(("advice",), link=False),
    "brief-invitation": Needs(("minutes",)),
    "brief-reminder": Needs(("progress",)),
    "brief-last-call": Needs(("closes_on",)),
    "brief-farewell": Needs(),
    "brief-edited-late": Needs(("changes",), staff=True),
    "welcome-back": Needs(),
    "estimate-approval": Needs(("total", "hours", "reasons"), staff=True),
    "estimate-approval-reminder": Needs(("total", "waiting"), staff=True),
    "estimate-declined": Needs(link=False),
    "estimate-refused": Needs(("who", "reason"), staff=True),
    "proposal-ready": Needs(("total", "valid_until"), ("pdf",)),
    "proposal-updated": Needs(("total", "valid_until", "changes"), ("pdf",)),
    "proposal-reminder-opened": Needs(("total", "valid_until")),
    "proposal-reminder-unopened": Needs(("total", "valid_until")),
    "proposal-expiring": Needs(("total", "valid_until")),
    "proposal-farewell": Needs(),
    "proposal-accepted": Needs(("total", "accepted_by", "accepted_on"), ("pdf",)),
    "proposal-accepted-staff": Needs(("total", "accepted_by", "options"), staff=True),
    "proposal-change-asked": Needs(("message",), staff=True),
    "proposal-change-reminder": Needs(("message", "waiting"), staff=True),
    "proposal-declined": Needs(),
    "proposal-declined-staff": Needs(("total", "reason", "message"), staff=True),
    "proposal-forwarded": Needs(("from_name", "note", "valid_until")),
    "link-renewed": Needs(("document",)),
    "link-replaced": Needs(("document",)),
    "link-replaced-staff": Needs(("document",), ("deal",), staff=True),
    "contract-details": Needs(("total",)),
    "contract-details-reminder": Needs(("total", "waiting")),
    "contract-ready": Needs(("number", "total"), ("pdf",)),
    "contract-updated": Needs(("number", "total", "changes"), ("pdf",)),
    "contract-reminder": Needs(("number", "total", "waiting"), ("pdf",)),
    "contract-code": Needs(("code", "code_until", "number"), link=False),
    "contract-signed": Needs(("number", "signed_by", "signed_on"), ("pdf",)),
    "contract-signed-staff": Needs(("number", "total", "signed_by", "signed_on"), ("pdf", "deal"), staff=True),
    "contract-change-asked": Needs(("number", "message"), ("deal",), staff=True),
    "contract-change-reminder": Needs(("number", "message", "waiting"), ("deal",), staff=True),
    "contract-countersign": Needs(("number", "total", "signed_by"), ("pdf",), staff=True),
    "contract-countersign-reminder": Needs(("number", "total", "signed_by", "waiting"), staff=True),
    "contract-refused-staff": Needs(("number", "who", "reason"), ("deal",), staff=True),
    "contract-word": Needs(("total", "waiting"), ("deal",), staff=True),
    "proforma-ready": Needs(("title", "total"), ("pdf",)),
    "invoice-ready": Needs(("number", "title", "amount", "due_on"), ("pdf",)),
    "payment-reminder": Needs(("number", "open", "due_on", "invoices"), ("pdf",)),
    "payment-overdue": Needs(("number", "open", "due_on", "days_late", "invoices"), ("pdf",)),
    "payment-last-call": Needs(("number", "open", "due_on", "days_late", "interest", "invoices"), ("pdf",)),
    "payment-received": Needs(("number", "title", "amount", "paid_on", "next"), ("pdf",)),
    "payment-part": Needs(("number", "amount", "open", "due_on"), ("pdf",)),
    "payment-over": Needs(("number", "amount", "over")),
    "payment-received-staff": Needs(("number", "title", "amount", "open", "payer"), ("deal",), staff=True),
    "payment-unknown": Needs(("amount", "payer", "reference", "said"), staff=True),
    "credit-note": Needs(("number", "amount", "corrects", "reason"), ("pdf",)),
    "payment-refunded": Needs(("number", "amount", "reason")),
    "work-may-start": Needs(("total", "days", "signed_on"), ("deal",), staff=True),
    "address-refused": Needs(("address", "said"), staff=True),
    "client-silent": Needs(("what", "waiting"), staff=True),
    "deal-lost-staff": Needs(("stage", "reason"), staff=True),
    "deal-on-hold": Needs(("until",), link=False),
    "deal-resumed": Needs(),
    **DELIVERY_NEEDS,
}
