"""Letters: written from the facts at the moment of sending, handed over once, told by the ledger."""

from collections.abc import Callable
from typing import Any

from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from sqlmodel import Session

import templates
from models import links
from models.effects import EffectState
from models.errors import StudioError, Uncertain
from models.letter_views import LETTER_NEEDS, LetterView, Needs
from models.letters import BUTTONS, LetterOrder, plan
from models.message import Mailbox, Message, Receipt
from models.proposal import Person
from models.studio import Staff
from models.tables import Client, Deal, Effect
from tasks import effects
from tasks.effects import Act, Done
from tasks.words import About, word
from tasks.world import World, world

Guard = Callable[[Session], str | None]


def send(key: str, order: LetterOrder, *, guard: Guard | None = None, kind: str = "letter") -> Effect:
    """Write and hand over a letter, once per key; return what the ledger says of it.

    Skipped when there is no address, the client wants no reminders, or `guard` gives a reason. Raises Unavailable (retried).
    """
    here = world()
    effect = effects.once(
        Act(
            key=key, kind=kind, what=order.name, deal_id=order.deal_id, args=order.model_dump(mode="json"),
            act=lambda: _hand_over(here, key, order),
            guard=lambda session: _reason_not_to(here, session, order) or (guard(session) if guard else None),
            ask=(lambda: _asked(here, key)) if here.mail.can_ask else None,
        )
    )
    if effect.state == EffectState.FAILED and order.to == "client":
        _tell_refused(here, key, order, effect.said)
    if FlowRunContext.get():
        get_run_logger().info("letter %s to the %s: %s. %s", order.name, order.to.replace("_", " "), effect.state, effect.said)
    return effect


def _tell_refused(here: World, key: str, order: LetterOrder, said: str) -> None:
    """A client's address that refuses mail is told to the salesperson, once a letter: no reminder will reach the client either."""
    told = LetterOrder(name="address-refused", deal_id=order.deal_id, to="salesperson", facts={"said": said})
    with here.db.writing() as session:
        plan(session, f"{key}/refused", told, now=here.now())
    here.nudge()


def _hand_over(here: World, key: str, order: LetterOrder) -> Done:
    message = write(here, key, order)
    try:
        receipt = here.mail.send(message)
    except StudioError:
        raise
    except Exception as error:
        raise Uncertain(f"The mailer broke off: {type(error).__name__}: {error}") from error
    return _done(receipt, message.to.address)


def _asked(here: World, key: str) -> Done | None:
    receipt = here.mail.ask(key)
    return _done(receipt, "") if receipt else None


def _done(receipt: Receipt, to: str) -> Done:
    return Done(said=receipt.said, result={"message_id": receipt.message_id, "to": to})


def _reason_not_to(here: World, session: Session, order: LetterOrder) -> str | None:
    deal = session.get_one(Deal, order.deal_id)
    client = session.get_one(Client, deal.client_id)
    if not _mailbox(here, deal, client, order).address:
        return "There is no e-mail address to write to."
    if order.is_reminder and order.to == "client" and client.reminders_off_at:
        return "The client asked for no more reminders."
    return None


def write(here: World, key: str, order: LetterOrder) -> Message:
    """The letter as it would go out now. Links are handed out as they are named."""
    needs, studio = LETTER_NEEDS[order.name], here.company.studio
    with here.db.writing() as session:
        deal = session.get_one(Deal, order.deal_id)
        client = session.get_one(Client, deal.client_id)
        locale = studio.locale if needs.staff else (deal.locale or studio.locale)
        about = About(session, here.company, deal, client, locale, here.now(), order)
        to, sender = _mailbox(here, deal, client, order), sender_of(here, deal, staff=needs.staff)
        view = LetterView(
            studio=studio.card(), sender=sender, recipient_name=to.name, deal_id=deal.id,
            service_name=here.company.rates.services[deal.service].name, client_name=client.name, client_company=client.company, locale=locale,
            link=_link(here, session, deal, _button(order, needs)) if needs.link else "",
            links={name: _link(here, session, deal, order.links.get(name) or _named(name, order, needs)) for name in needs.links},
            facts={name: order.facts.get(name) or word(name, about) for name in needs.facts},
            unsubscribe=_link(here, session, deal, "unsubscribe") if order.is_reminder and order.to == "client" else "",
        )  # fmt: skip
    letter = templates.letter(order.name, view.model_dump(mode="json"), company=here.settings.company, locale=locale)
    return Message(
        key=key, deal=deal.id, to=to, sender=Mailbox(address=studio.mail.from_address, name=_signed(sender.name, studio.name)),
        reply_to=Mailbox(address=sender.email, name=sender.name) if sender.email else None, subject=letter.subject, text=letter.text,
        html=letter.html, unsubscribe=view.unsubscribe, sent_at=here.now(),
    )  # fmt: skip


def _signed(name: str, studio: str) -> str:
    return name if name == studio else f"{name}, {studio}"


def sender_of(here: World, deal: Deal, *, staff: bool = False) -> Person:
    """In whose name letters of a deal go out: its salesperson's; the studio's to its own people and before there is one."""
    studio = here.company.studio
    person = None if staff else studio.person(deal.salesperson)
    if person is None:
        return Person(name=studio.mail.from_name, role=studio.name, email=studio.mail.from_address, phone=studio.phone)
    return as_person(person)


def as_person(staff: Staff) -> Person:
    """Somebody of the studio as clients meet them."""
    return Person(name=staff.name, role=staff.role.replace("_", " ").capitalize(), email=staff.email, phone=staff.phone, about=staff.about)


def _mailbox(here: World, deal: Deal, client: Client, order: LetterOrder) -> Mailbox:
    if order.to == "client":
        return Mailbox(address=client.email, name=client.name)
    if order.to == "colleague":
        return Mailbox(address=order.address)
    studio = here.company.studio
    if order.to == "salesperson":
        person = studio.person(deal.salesperson)
    else:
        person = next(iter(studio.with_role(order.to, deal.service) or studio.with_role(order.to)), None)
    person = person or next(iter(studio.with_role("director")), studio.people[0])
    return Mailbox(address=person.email, name=person.name)


def _button(order: LetterOrder, needs: Needs) -> str:
    """The kind of link behind a letter's button."""
    known = order.links.get("link") or BUTTONS.get(order.name, "")
    return known or (f"invoice{'-staff' if needs.staff else ''}:{order.invoice}" if order.invoice else "")


def _named(name: str, order: LetterOrder, needs: Needs) -> str:
    """The kind of link that a letter means by a name: `pdf` is its own page on paper, or the proposal's."""
    if name != "pdf":
        return name
    page = _button(order, needs)
    return f"{page if links.base(page) in links.PRINTED else 'proposal-staff' if needs.staff else 'proposal'}.pdf"


def _link(here: World, session: Session, deal: Deal, kind: str) -> str:
    if kind in {"", "deal"}:
        return f"{here.settings.prefect_ui}/runs?tag=deal:{deal.id}"
    page, dot, ending = kind.partition(".")
    return here.address + links.hand_out(session, here.secret, page, deal.id or 0, now=here.now()) + dot + ending


def address_of(here: World, session: Session, deal_id: int, kind: str) -> str:
    """The whole address of a deal's page of this kind."""
    return _link(here, session, session.get_one(Deal, deal_id), kind)


def order_of(args: dict[str, Any]) -> LetterOrder:
    """The order that a planned errand was written down with."""
    return LetterOrder.model_validate(args)
