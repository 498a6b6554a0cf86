"""`[act]` of contract.toml: the words of the act of acceptance, with blanks that are filled from the contract and the project."""

import re
from collections.abc import Iterator

from pydantic import Field

from models.service_checks import blank_problems
from models.setup import SetUp
from models.wording import BLANK

WORDS = frozenset({"number", "date", "contract", "contract_date", "client_name", "client_contact", "studio", "service", "manager"})
"""The blanks that `models.act_body` fills; the sentence about the warranty has {clause} besides."""

INTRO = (
    "{studio} has done the work agreed in contract {contract} of {contract_date} and hands it over to {client_name}. This act says what was "
    "delivered and when. By signing it {client_name} accepts the work."
)


class ActTexts(SetUp):
    """The act's words. `warranty` opens the section that quotes the contract's clause of the title `warranty_clause`; without one there is none.

    `silence` stands in acts whose contract says that silence accepts.
    """

    intro: list[str] = Field([INTRO], min_length=1)
    warranty: str = (
        "The warranty of clause {clause} of the contract begins on the day on which this act is signed, or on which the work counts as accepted."
    )
    warranty_clause: str = "Warranty"
    silence: str = (
        "Should {client_name} neither sign this act nor name faults, the studio reminds them twice. The work then counts as accepted, "
        "as the contract says."
    )
    consent: str = Field(
        "I have checked the work that act {number} names, I accept it for {client_name} under contract {contract}, and I am entitled to do so. "
        "I sign electronically and want it to bind like a signature on paper.",
        min_length=20,
        max_length=1500,
    )


def problems_of(texts: ActTexts) -> Iterator[str]:
    """What is wrong with the act's words, as "key: reason"."""
    every = {f"act.intro.{place}": text for place, text in enumerate(texts.intro)}
    every |= {f"act.{name}": getattr(texts, name) for name in ("warranty", "silence", "consent")}
    for key, text in every.items():
        yield from blank_problems(key, text, WORDS | {"clause"} if key == "act.warranty" else WORDS)
        if re.search(r"[{}]", BLANK.sub("", text)):
            yield f"{key}: a brace stands alone; blanks are written like {{number}}"
