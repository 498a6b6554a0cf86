"""Whose letter it is: the deal that its thread names, if its sender has a part in that deal; else the sender's own.

The id of a deal's root is public, and who was sent a letter may pass it on: the sender decides, the thread only says which.
A sender's address can be forged too; what follows from a letter is told to people and never a promise.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from models.incoming_mail import IncomingMail
from models.mail_ids import deal_hint, deal_of_root, is_id_of_ours
from models.mailboxes import are_colleagues


class Thread(BaseModel):
    """What a letter refers to, the latest first: deals by the ids of their roots, and ids that may be letters of ours.

    `hints` are deals whose letters those ids look like: whether we sent them is in the ledger.
    """

    model_config = ConfigDict(frozen=True)

    sender: str
    deals: tuple[int, ...] = ()
    letters: tuple[str, ...] = ()
    hints: tuple[int, ...] = ()


class Known(BaseModel):
    """A deal as matching sees it: its client's address, whether work or sale is open, and whom we wrote to about it, staff left out."""

    model_config = ConfigDict(frozen=True)

    deal: int
    client: str
    is_open: bool
    written_to: frozenset[str] = frozenset()


class By(StrEnum):
    """How a letter found its deal, or why it found none."""

    THREAD = "thread"
    ADDRESS = "address"
    STAFF = "staff"
    STRANGER = "stranger"
    NOBODY = "nobody"


class Match(BaseModel):
    """The deal of a letter. A stranger's letter has none; `near` is the deal whose thread they answered in."""

    model_config = ConfigDict(frozen=True)

    deal: int | None
    by: By
    near: int | None = None


def candidates(mail: IncomingMail, *, domain: str) -> Thread:
    """What a letter refers to; `domain` is that of our own letters, in ASCII."""
    ours = [one for one in reversed(mail.references) if is_id_of_ours(one, domain)]
    rooted = {one: deal for one in ours if (deal := deal_of_root(one, domain))}
    letters = [one for one in ours if one not in rooted]
    hints = (hint for one in letters if (hint := deal_hint(one, domain)))
    return Thread(sender=mail.address, deals=_once(rooted.values()), letters=tuple(letters), hints=_once(hints))


def deal_of(sender: str, named: Sequence[Known], theirs: Sequence[Known], *, ours: Collection[str]) -> Match:
    """Which deal a letter of `sender` belongs to.

    `named` are the deals of its thread, the latest first; `theirs` those whose client has the sender's address; `ours` the addresses of the
    studio and its people. Addresses are in normal form; an empty sender is nobody's.
    """
    first = named[0].deal if named else None
    if sender and sender in ours:
        return Match(deal=first, by=By.STAFF)
    threaded = next((one.deal for one in named if has_part(sender, one)), None)
    if threaded is not None:
        return Match(deal=threaded, by=By.THREAD)
    newest = max((one.deal for one in theirs if one.is_open), default=None) if sender else None
    if newest is not None:
        return Match(deal=newest, by=By.ADDRESS, near=first)
    return Match(deal=None, by=By.STRANGER if named else By.NOBODY, near=first)


def has_part(sender: str, known: Known) -> bool:
    """Whether somebody may speak in a deal's thread: its client, a colleague at the client's own domain, or whom we wrote to."""
    return bool(sender) and (sender == known.client or are_colleagues(sender, known.client) or sender in known.written_to)


def _once(deals: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(deals))
