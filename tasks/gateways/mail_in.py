"""Mail that comes in: what a mailbox does, and which one an address chooses."""

from pathlib import Path
from typing import Protocol

from models.incoming_mail import Arrived
from tasks.gateways.imap import ImapMailbox
from tasks.gateways.mail_folder import FolderMailbox

FILES = "files"


class Mailbox(Protocol):
    """Letters that wait to be read. One that is neither done nor refused comes again: its fact's id makes that harmless."""

    def fetch(self, limit: int) -> list[Arrived]:
        """At most `limit` letters that nobody has put away yet, oldest first; fewer where they are large. Nothing is marked by it.

        Raises Unavailable (the server is away; retried), BadSetup (it refuses the sign-in, or has no such folder; the owner's to mend).
        """
        ...

    def done(self, arrived: Arrived) -> None:
        """Put a letter away, its fact being kept; one that has been put away already, or is gone, is left alone.

        Raises Unavailable (retried) and BadSetup as `fetch` does; the letter then comes again.
        """
        ...

    def refused(self, arrived: Arrived, why: str) -> None:
        """Put a letter aside that cannot be taken in, where a person finds it with the reason. Raises as `done` does."""
        ...


def from_url(url: str, folder: Path) -> Mailbox | None:
    """The mailbox for `STUDIO_MAILBOX_URL`: `files` watches `folder` for `.eml` files; None for an empty one.

    Raises BadSetup with a sentence that never repeats the address, since it holds a password.
    """
    if url == FILES:
        return FolderMailbox(folder)
    return ImapMailbox(url) if url else None
