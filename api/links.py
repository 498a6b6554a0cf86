"""Links: the token in an address, turned into what it opens."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends

from api.door import Here
from models import links, logs
from models.errors import Missing, Refused
from models.links import STAFF


class LinkUnknown(Missing):
    """No such link was ever given out (404)."""


class LinkOutdated(LinkUnknown):
    """The link was replaced by a newer one (410)."""


class ReadOnly(Refused):
    """The link shows and does nothing (403)."""


@dataclass(frozen=True)
class Opened:
    """What a link opens: a deal's page of one kind."""

    token: str
    kind: str
    deal_id: int
    item: int = 0

    @property
    def is_staff(self) -> bool:
        """Whether it was given to the studio's own people."""
        return self.kind in STAFF


def opening(*kinds: str) -> Any:
    """The dependency of a page: its link, of one of these kinds. LinkUnknown or LinkOutdated otherwise."""

    def opened(token: str, here: Here) -> Opened:
        with here.db.reading() as session:
            try:
                found = links.find(session, token, *kinds)
            except Missing as missing:
                raise LinkUnknown(str(missing)) from None
        if not found.current:
            raise LinkOutdated("This link was replaced by a newer one.")
        logs.note(deal=found.link.deal_id)
        return Opened(token, links.base(found.link.kind), found.link.deal_id, links.item(found.link.kind))

    return Depends(opened)


QualifyLink = Annotated[Opened, opening("qualify")]
BriefLink = Annotated[Opened, opening("brief", "brief-staff", "brief-read")]
ProposalLink = Annotated[Opened, opening("proposal", "proposal-staff")]
ReviewLink = Annotated[Opened, opening("approve", "estimate-staff")]
WordLink = Annotated[Opened, opening("contract-word")]
ContractLink = Annotated[Opened, opening("contract", "contract-staff")]
CountersignLink = Annotated[Opened, opening("countersign")]
InvoiceLink = Annotated[Opened, opening("invoice", "invoice-staff")]
ProjectLink = Annotated[Opened, opening("project", "project-staff")]
WorkLink = Annotated[Opened, opening("work")]
ActLink = Annotated[Opened, opening("act", "act-staff")]
ClientReviewLink = Annotated[Opened, opening("review")]
CourseOffLink = Annotated[Opened, opening("course-off")]
ComebackLink = Annotated[Opened, opening("comeback")]
UnsubscribeLink = Annotated[Opened, opening("unsubscribe")]
