"""Letters: written from the facts at the moment of sending, handed over once, told by the ledger."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session

import templates
from models import links
from models.effects import EffectState
from models.errors import StudioError, Uncertain
from models.letter_views import LETTER_NEEDS, LetterView, Needs
from models.letters import BUTTONS, LetterOrder, plan
from models.message import Attachment, Mailbox, Message, Receipt, mark_of
from models.tables import Client, Deal, Effect
from tasks import diary, effects
from tasks.correspondents import reader_of, reply_to, sender_of
from tasks.effects import Act, Done
from tasks.words import About, word
from tasks.world import World, world

Guard = Callable[[Session], str | None]
COURSE = "course-"


def send(key: str, order: LetterOrder, *, guard: Guard | None = None, kind: str = "letter") -> Effect:
    """Write and hand over a letter, once per key; return what the ledger says of it.

    Skipped when there is no address, the client wants no reminders, or `guard` gives a reason. Raises Unavailable (retried).
    """
    here, handed = world(), list[Done]()

    def act() -> Done:
        """Hand the letter over; its receipt is kept for whoever asked."""
        handed.append(_hand_over(here, key, order))
        return handed[0]

    effect = effects.once(
        Act(
            key=key, kind=kind, what=order.name, deal_id=order.deal_id, args=order.model_dump(mode="json"), act=act,
            guard=lambda session: (guard(session) if guard else None) or _reason_not_to(here, session, order),
            ask=(lambda: _asked(here, key)) if here.mail.can_ask else None,
        )
    )
    if effect.state == EffectState.FAILED and order.to == "client":
        _tell_refused(here, key, order, effect.said)
    diary.write(_told(here, order, effect, is_new=bool(handed)))
    return effect


def _told(here: World, order: LetterOrder, effect: Effect, *, is_new: bool) -> str:
    """What became of a letter, for whoever reads the run: "letter brief-invitation for the client handed to smtp.example, 250 queued as …"."""
    letter = f"letter {order.name} for the {order.to.replace('_', ' ')}"
    match EffectState(effect.state):
        case EffectState.DONE if is_new:
            host = urlsplit(here.settings.mail_url).hostname
            return f"{letter} {f'handed to {host}' if host else 'put into the outbox'}, {effect.said}"
        case EffectState.DONE:
            return f"{letter} went out before, {effect.said}"
        case EffectState.SKIPPED:
            return f"{letter} was left out. {effect.said}"
        case EffectState.FAILED:
            return f"{letter} was refused. {effect.said}"
        case EffectState.UNKNOWN:
            return f"Nobody knows whether {letter} went out. {effect.said} Run settle-effect for {effect.key}."
        case _:
            return f"{letter} is {effect.state}. {effect.said}"


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
    if not reader_of(here, session, deal, client, order).address:
        return "There is no e-mail address to write to."
    if order.to == "client" and client.bounced_at:
        return f"Letters to {client.email} come back: {client.bounce_said}"
    if order.to == "client" and order.name.startswith(COURSE) and client.course_off_at:
        return "The client wants no more letters of the course."
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
        to, sender = reader_of(here, session, deal, client, order), sender_of(here, session, deal, needs)
        view = LetterView(
            studio=studio.card(), sender=sender, recipient_name=to.name, deal_id=deal.id,
            service_name=here.company.rates.services[deal.service].name, client_name=client.name, client_company=client.company, locale=locale,
            link=_link(here, session, deal, _button(order, needs)) if needs.link else "",
            links={name: _link(here, session, deal, order.links.get(name) or _named(name, order, needs)) for name in needs.links},
            facts={name: order.facts.get(name) or word(name, about) for name in needs.facts},
            unsubscribe=_way_out(here, session, deal, order),
        )  # fmt: skip
    letter = templates.letter(order.name, view.model_dump(mode="json"), company=here.settings.company, locale=locale)
    return Message(
        key=key, mark=mark_of(key, here.secret), deal=deal.id, to=to,
        sender=Mailbox(address=studio.mail.from_address, name=_signed(sender.name, studio.name)),
        reply_to=reply_to(here, sender, needs), subject=letter.subject, text=letter.text, html=letter.html,
        unsubscribe=view.unsubscribe, attachments=_enclosed(order), sent_at=here.now(),
    )  # fmt: skip


def _way_out(here: World, session: Session, deal: Deal, order: LetterOrder) -> str:
    """The link by which a client stops letters like this one; "" for those that a project cannot do without."""
    if order.to != "client" or not (order.is_reminder or order.name.startswith(COURSE)):
        return ""
    return _link(here, session, deal, "course-off" if order.name.startswith(COURSE) else "unsubscribe")


def _enclosed(order: LetterOrder) -> tuple[Attachment, ...]:
    """What goes with a letter: the calendar entry of a training, where its order has one."""
    return tuple(Attachment(name=name, media_type="text/calendar", content=text.encode()) for name, text in order.calendar.items())


def _signed(name: str, studio: str) -> str:
    return name if name == studio else f"{name}, {studio}"


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
