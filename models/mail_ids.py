"""Our own Message-IDs, found again in a letter that came: the deal by the id of its root, and by what a letter's id says of itself.

A root follows from the deal's number by a public rule: it proves that somebody knows the rule, not that we wrote to them. A letter's own id
proves it, where it is the one that the ledger keeps.
"""

import re

from models.message import thread_root

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
