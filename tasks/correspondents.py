"""Who writes a letter and who reads it: the studio's people by role, as a deal means them."""

from sqlmodel import Session

from models import projects
from models.letters import LetterOrder
from models.message import Mailbox
from models.needs import Needs
from models.proposal import Person
from models.studio import Staff
from models.tables import Client, Deal
from models.tracks import Work
from tasks.world import World

LEAD = "project_lead"


def sender_of(here: World, session: Session, deal: Deal, needs: Needs) -> Person:
    """In whose name letters of a deal go out: its salesperson's, or that of whoever leads the stage; support's after the hand-over.

    Letters about money stay the salesperson's, the review is the director's. The studio's own name goes to its own people, and before
    there is a salesperson.
    """
    studio = here.company.studio
    person = None if needs.staff else who(here, session, deal, needs.sender)
    if person is None:
        return Person(name=studio.mail.from_name, role=studio.name, email=studio.mail.from_address, phone=studio.phone)
    if person.role == "support":
        return as_person(person).model_copy(update={"email": studio.mail.support_address})
    return as_person(person)


def who(here: World, session: Session, deal: Deal, role: str) -> Staff | None:
    """Whom of the studio a role means in this deal; `project_lead` led the project, and is told so even after the hand-over."""
    studio = here.company.studio
    if role in {"", "salesperson"}:
        return studio.person(deal.salesperson)
    if role == "project_manager" and deal.work == Work.HANDED_OVER:
        role = "support"
    project = projects.find(session, deal) if role in {"project_manager", LEAD} else None
    own = studio.person(project.manager) if project else None
    role = "project_manager" if role == LEAD else role
    return own or next(iter(studio.with_role(role, deal.service) or studio.with_role(role)), None)


def reader_of(here: World, session: Session, deal: Deal, client: Client, order: LetterOrder) -> Mailbox:
    """Whom a letter goes to; the address may be empty."""
    if order.to == "client":
        return Mailbox(address=client.email, name=client.name)
    if order.to == "colleague":
        return Mailbox(address=order.address)
    studio = here.company.studio
    person = who(here, session, deal, order.to) or next(iter(studio.with_role("director")), studio.people[0])
    return Mailbox(address=person.email, name=person.name)


def reply_to(here: World, sender: Person, needs: Needs) -> Mailbox | None:
    """Where an answer goes: to the mailbox that we read, so that it finds its deal; else to whoever signs the letter."""
    if here.settings.mailbox_url and not needs.staff:
        return Mailbox(address=here.company.studio.mail.from_address, name=sender.name)
    return Mailbox(address=sender.email, name=sender.name) if sender.email else None


def as_person(staff: Staff) -> Person:
    """Somebody of the studio as clients meet them."""
    return Person(name=staff.name, role=staff.role.replace("_", " ").capitalize(), email=staff.email, phone=staff.phone, about=staff.about)
