"""Our own Message-IDs, found again in a letter that came: the deal by the id of its root, the letter by its key.

They follow from keys by a public rule: an id of ours proves that somebody knows the rule, not that we wrote to them.
"""

import re
from collections.abc import Iterable

from models.message import message_id, thread_root

_OURS = re.compile(r"<([0-9a-f]{16})\.([a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?)@([^@<>\s]{1,190})>", re.IGNORECASE)
_OF_DEAL = re.compile(r"deal-(\d{1,9})(?:-.*)?")


def is_id_of_ours(message: str, domain: str) -> bool:
    """Whether a Message-ID has the shape of ours, at our domain. It may still be made up."""
    found = _OURS.fullmatch(message)
    return bool(domain and found and found[3].casefold() == domain.casefold())


def deal_of_root(message: str, domain: str) -> int | None:
    """The deal whose thread has this root id, found by its slug and proved by computing the id anew; None for any other id."""
    deal = deal_hint(message, domain)
    return deal if deal and thread_root(deal, domain).casefold() == message.casefold() else None


def deal_hint(message: str, domain: str) -> int | None:
    """The deal that the slug of an id of ours names: where to look for the letter, not yet that there is one."""
    found = _OURS.fullmatch(message) if is_id_of_ours(message, domain) else None
    named = _OF_DEAL.fullmatch(found[2].lower()) if found else None
    return int(named[1]) or None if named else None


def letter_of(message: str, keys: Iterable[str], *, domain: str) -> str | None:
    """The key among `keys` of the letter with this Message-ID; None when it is none of them."""
    return next((key for key in keys if message_id(key, domain).casefold() == message.casefold()), None)
