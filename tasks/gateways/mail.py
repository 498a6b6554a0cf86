"""Mail: what a mailer does, and which one an address chooses."""

from pathlib import Path
from typing import Protocol

from models.message import Message, Receipt
from tasks.gateways.outbox import FileMailer
from tasks.gateways.smtp import SmtpMailer


class Mailer(Protocol):
    """Hands letters over. `can_ask`: whether it can tell later that a letter went out."""

    @property
    def can_ask(self) -> bool:
        """Whether `ask` knows."""
        ...

    def send(self, message: Message) -> Receipt:
        """Hand the letter over and return what the vendor said.

        Raises Unavailable (nothing went out; retried), Refused (never will; not retried),
        Uncertain (it may have gone out; a person decides).
        """
        ...

    def ask(self, key: str) -> Receipt | None:
        """The receipt of the letter with this key; None when it never went out, or `can_ask` is False."""
        ...


def from_url(url: str, folder: Path) -> Mailer:
    """The mailer for `STUDIO_MAIL_URL`; an empty one writes files into `folder`.

    Raises BadSetup with a sentence that never repeats the address, since it may hold a password.
    """
    return SmtpMailer(url) if url else FileMailer(folder)
