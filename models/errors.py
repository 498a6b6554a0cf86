"""What can go wrong, and what follows.

    StudioError
    ├── Refused      the caller's: a rule says no (409). Shown, never retried.
    │   ├── Missing    there is no such thing (404)
    │   ├── Invalid    the input cannot be read (422)
    │   ├── HandedBack the client is support's for good; the attempt is written down (409)
    │   └── InInbox    a check's word on what the error inbox shows under headings of its own
    ├── Unavailable  the world's: a vendor is away (503). Retried, then waited for.
    ├── Uncertain    the world may or may not have acted. Never guessed: a person decides.
    └── BadSetup     the owner's: a setting or a file of `company/` is wrong. Nothing starts.

Every message is a sentence for its reader.
"""


class StudioError(Exception):
    """Any error of ours; `str()` of it is a sentence for the reader."""


class Refused(StudioError):
    """A rule says no. The caller is told why (409); trying again changes nothing."""


class Missing(Refused):
    """There is no such thing (404)."""


class Invalid(Refused):
    """The input cannot be read as what it should be (422)."""


class HandedBack(Refused):
    """Somebody tried to take back a client who was handed over to support (409); the attempt is written down."""


class InInbox(Refused):
    """A check found what the error inbox shows by itself, each under its own heading: the check is no trouble besides."""


class Unavailable(StudioError):
    """A vendor is away. Nothing has happened out there; it is tried again."""


class Uncertain(StudioError):
    """The vendor may have acted before the line went dead. A person decides."""


class BadSetup(StudioError):
    """Settings or set-up files are wrong; each problem names file, key and reason."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
