"""The support desk: the seam between us and whoever takes a client over after the launch, and the desk that is a mailbox."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from models.message import Mailbox, Message, mark_of
from models.tracking import Ticket, TicketRef
from tasks.gateways.mail import Mailer


class Desk(Protocol):
    """Whoever takes tickets.

    Both methods raise Unavailable when the desk is away (retried), Refused when it says no. `can_ask`: whether `find` knows.
    """

    @property
    def can_ask(self) -> bool:
        """Whether the desk can tell later that a ticket was opened."""
        ...

    def open_ticket(self, ticket: Ticket) -> TicketRef:
        """The ticket with this key; one that is there already is left as it is. A desk that cannot be asked may raise Uncertain."""
        ...

    def find(self, key: str) -> TicketRef | None:
        """The ticket with this key; None when it was never opened, or `can_ask` is False."""
        ...


class MailDesk:
    """A letter to the support mailbox, answered straight to the client. Its Message-ID follows from the ticket's key."""

    def __init__(self, mailer: Mailer, support: Mailbox, sender: Mailbox, now: Callable[[], datetime], secret: str = "") -> None:
        self._mailer = mailer
        self._secret = secret
        self._support = support
        self._sender = sender
        self._now = now

    @property
    def can_ask(self) -> bool:
        """As the mailer."""
        return self._mailer.can_ask

    def open_ticket(self, ticket: Ticket) -> TicketRef:
        """Mail the ticket; its id is the letter's Message-ID.

        Raises Unavailable (nothing went out; retried), Refused (never will), Uncertain (it may have gone out; a person decides).
        """
        return self.find(ticket.key) or TicketRef(id=self._mailer.send(self._letter(ticket)).message_id)

    def find(self, key: str) -> TicketRef | None:
        """The letter with this key, where the mailer can be asked."""
        receipt = self._mailer.ask(key) if self._mailer.can_ask else None
        return TicketRef(id=receipt.message_id) if receipt else None

    def _letter(self, ticket: Ticket) -> Message:
        head = [f"Client: {ticket.client}"] if ticket.client else []
        head += [f"Priority: {ticket.priority}"] if ticket.priority != "normal" else []
        return Message(
            key=ticket.key, mark=mark_of(ticket.key, self._secret), to=self._support, sender=self._sender, subject=ticket.subject,
            text="\n".join([*head, "", ticket.body]).lstrip(),
            reply_to=Mailbox(address=ticket.client_email, name=ticket.client_name) if ticket.client_email else None, sent_at=self._now(),
            by_machine=False,
        )  # fmt: skip
