"""`contract.toml`: the words of every contract, with blanks that are filled from the accepted proposal and the client's details."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from models import act_texts
from models.act_texts import ActTexts
from models.service_checks import blank_problems
from models.setup import SetUp, Slug
from models.wording import BLANK

if TYPE_CHECKING:
    from models.company import Company

FILE = "contract.toml"
WORDS = frozenset({
    "client_name", "client_contact", "client_address", "client_registration", "client_vat_id", "studio", "studio_address",
    "studio_registration", "studio_tax_id", "salesperson", "service", "number", "date", "proposal", "accepted_by", "accepted_on", "net", "vat",
    "vat_note", "total", "price_note", "payments", "first_payment", "due_days", "days", "interest", "interest_law",
})  # fmt: skip
"""The blanks that `models.contract_words` fills."""
MAY_BE_EMPTY = frozenset({"client_registration", "client_vat_id", "price_note", "interest", "interest_law", "vat_note"})
"""Blanks that have no words in some contracts; a title or the consent may not rest on them."""
LADDERS = ("contract-details", "contract", "contract-change", "countersign")
PriceModel = Literal["", "fixed", "tm"]


class ClauseText(SetUp):
    """A clause as it is written; `price_model` names the one kind of contract that it stands in, "" for all."""

    title: str = Field(min_length=1, max_length=100)
    paragraphs: list[str] = Field(min_length=1)
    price_model: PriceModel = ""

    @field_validator("paragraphs")
    @classmethod
    def _paragraphs_speak(cls, value: list[str]) -> list[str]:
        if any(not text.strip() for text in value):
            raise ValueError("a paragraph is empty")
        return value


class Signatory(SetUp):
    """Who signs for the studio; without a name it is the first director of studio.toml."""

    name: str = Field("", max_length=200)
    role: str = Field("", max_length=200)


class Terms(SetUp):
    """What the clauses mean in figures; frozen into each contract. `rounds` by delivery stage, `rounds_else` for every other.

    `warranty_months` count from acceptance; 0: the clauses name none.
    """

    rounds: dict[Slug, int] = {}
    rounds_else: int = Field(1, ge=0, le=20)
    silence_accepts: bool = False
    silence_pauses: bool = True
    warranty_months: int = Field(0, ge=0, le=120)


class ContractTexts(SetUp):
    """`contract.toml`, whole."""

    title: str = Field(min_length=1, max_length=200)
    intro: list[str] = Field(min_length=1)
    clauses: list[ClauseText] = Field(min_length=1)
    consent: str = Field(min_length=20, max_length=1500)
    countersign: Literal["at once", "director"]
    signatory: Signatory = Signatory()
    terms: Terms = Terms()
    act: ActTexts = ActTexts()

    def clauses_for(self, price_model: str) -> list[ClauseText]:
        """The clauses of a contract with this price model, in the order of the file."""
        return [clause for clause in self.clauses if clause.price_model in {"", price_model}]


def signatory(company: Company, service: str) -> Signatory:
    """Who signs for the studio: the one named, else the director of this service."""
    named = company.contract.signatory
    director = (company.studio.with_role("director", service) or company.studio.with_role("director"))[0]
    role = company.role_title(director.role)
    return Signatory(name=named.name or director.name, role=named.role or role)


def problems_of(company: Company) -> Iterator[str]:
    """What is wrong with the contract's words, as "file: key: reason"."""
    texts = company.contract
    always = {"title": texts.title, "consent": texts.consent} | {f"clauses.{place}.title": one.title for place, one in enumerate(texts.clauses)}
    optional = {f"intro.{place}": text for place, text in enumerate(texts.intro)}
    optional |= {f"clauses.{i}.paragraphs.{j}": text for i, clause in enumerate(texts.clauses) for j, text in enumerate(clause.paragraphs)}
    for key, text in (always | optional).items():
        yield from (f"{FILE}: {problem}" for problem in blank_problems(key, text, WORDS))
        if re.search(r"[{}]", BLANK.sub("", text)):
            yield f"{FILE}: {key}: a brace stands alone; blanks are written like {{total}}"
    for key, text in always.items():
        yield from (
            f"{FILE}: {key}: the blank {{{blank}}} has no words in some contracts"
            for blank in sorted(MAY_BE_EMPTY)
            if f"{{{blank}}}" in text
        )  # fmt: skip
    yield from (f"{FILE}: {problem}" for problem in act_texts.problems_of(texts.act))
    for model in ("fixed", "tm"):
        titles = [clause.title.casefold() for clause in texts.clauses_for(model)]
        for title in sorted({title for title in titles if titles.count(title) > 1}):
            yield f'{FILE}: clauses: "{title}" is there twice in contracts with price_model {model}'
    yield from (f"ladders.toml: {name}: this ladder is missing" for name in LADDERS if name not in company.ladders)
