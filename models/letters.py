"""A letter as an order: which one, about which deal, to whom, with which words. It is written when it is sent."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session

from models import effects
from models.delivery_letters import DELIVERY_BUTTONS
from models.tables import Effect

BUTTONS: dict[str, str] = {
    "application-assigned": "brief-staff", "application-below-minimum": "qualify", "application-minimum-reminder": "qualify",
    "brief-invitation": "brief", "brief-reminder": "brief", "brief-last-call": "brief", "brief-farewell": "comeback",
    "brief-edited-late": "proposal-staff", "welcome-back": "brief",
    "estimate-approval": "approve", "estimate-approval-reminder": "approve", "estimate-refused": "proposal-staff",
    "proposal-ready": "proposal", "proposal-updated": "proposal", "proposal-reminder-opened": "proposal",
    "proposal-reminder-unopened": "proposal", "proposal-expiring": "proposal", "proposal-farewell": "comeback",
    "proposal-accepted": "proposal", "proposal-accepted-staff": "proposal-staff", "proposal-change-asked": "proposal-staff",
    "proposal-change-reminder": "proposal-staff", "proposal-declined": "comeback", "proposal-declined-staff": "proposal-staff",
    "proposal-forwarded": "proposal", "contract-word": "contract-word",
    "contract-details": "contract", "contract-details-reminder": "contract", "contract-ready": "contract", "contract-updated": "contract",
    "contract-reminder": "contract", "contract-signed": "contract", "contract-signed-staff": "contract-staff",
    "contract-change-asked": "contract-staff", "contract-change-reminder": "contract-staff", "contract-countersign": "countersign",
    "contract-countersign-reminder": "countersign", "contract-refused-staff": "contract-staff", "payment-unknown": "deal",
    "work-may-start": "work",
    "address-refused": "deal", "client-silent": "deal", "deal-lost-staff": "deal", "deal-resumed": "brief",
    **DELIVERY_BUTTONS,
}  # fmt: skip
"""The kind of link behind each letter's button; an order may name another. Letters about an invoice name it: `invoice:7`."""


class LetterOrder(BaseModel):
    """A letter to be written and sent once.

    `to` is client, colleague (at `address`) or a role of the studio's people; the deal's own salesperson is meant by salesperson.
    `invoice` is the id of the invoice it is about, if it is. `links` are kinds of links by the name the letter has for them; `facts`
    are its own words; `calendar` holds files to be put into a calendar (.ics), by name.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    deal_id: int
    to: str
    address: str = ""
    invoice: int = 0
    links: dict[str, str] = {}
    facts: dict[str, str] = {}
    calendar: dict[str, str] = {}
    is_reminder: bool = False


def plan(session: Session, key: str, order: LetterOrder, *, now: datetime) -> Effect:
    """Order a letter that belongs to no stage; the waker sends it, visible in the ledger until then."""
    return effects.plan(session, key, effects.ERRAND, deal_id=order.deal_id, what=order.name, now=now, args=order.model_dump())
