"""What a mail server tells of a letter: at which address it failed, whether it will ever arrive, and which letter it was."""

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_DEAD_WORDS = re.compile(
    r"user (?:is )?unknown|unknown user|(?:no|not a) (?:such|valid) (?:user|mailbox|recipient|address|person)|no mailbox here"
    r"|does(?:n['’]t| not) exist|(?:mailbox|recipient|user|account|address)(?: address)?(?: was)? not found"
    r"|(?:invalid|unknown) (?:recipient|mailbox|address)|unrouteable (?:mail )?(?:address|domain)"
    r"|(?:account|mailbox|user)(?: (?:is|has been|that you tried to reach is))? (?:disabled|closed|inactive|suspended)|domain (?:name )?not found",
    re.IGNORECASE,
)
_DEAD_CODES = frozenset({(1, 0), (1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1), (4, 1), (4, 4)})
"""X.subject.detail that say that nobody is there (RFC 3463; 5.4.1 as Exchange uses it). A full mailbox or a refused text says nothing of the kind."""


class Action(StrEnum):
    """What became of a letter at one address."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"
    COMPLAINED = "complained"


class Recipient(BaseModel):
    """One address that a report tells of; `status` is RFC 3463's (`5.1.1`), `said` the server's own sentence. Each may be empty."""

    model_config = ConfigDict(frozen=True)

    address: str
    original: str = ""
    action: Action
    status: str = ""
    said: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the letter will not arrive there: the server has given up."""
        return self.action == Action.FAILED

    @property
    def is_dead(self) -> bool:
        """Whether no letter will: nobody is there. False for a full mailbox, a refused text, an outage: the address is good."""
        found = STATUS.fullmatch(self.status)
        if not self.has_failed or (found and found[1] != "5"):
            return False
        code = (int(found[2]), int(found[3])) if found else (0, 0)
        return code in _DEAD_CODES or (code[0] in {0, 5} and bool(_DEAD_WORDS.search(self.said)))


class Report(BaseModel):
    """What a report tells, and of which letter: its Message-ID, and our key where its head came back with it.

    `is_ours`: the letter has an id in the shape of ours, or a key. Whether we sent it, and to whom, only the ledger knows.
    """

    model_config = ConfigDict(frozen=True)

    recipients: tuple[Recipient, ...] = ()
    message_id: str = ""
    key: str = ""
    is_ours: bool = False

    @property
    def has_failed(self) -> bool:
        """Whether the letter will not arrive at one of the addresses at least."""
        return any(one.has_failed for one in self.recipients)

    @property
    def is_dead(self) -> bool:
        """Whether one of the addresses is nobody's."""
        return any(one.is_dead for one in self.recipients)

    @property
    def said(self) -> str:
        """The first sentence of a server that gave up, or of any."""
        ordered = sorted(self.recipients, key=lambda one: not one.has_failed)
        return next((one.said for one in ordered if one.said), "")
