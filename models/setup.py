"""What the files of `company/` are made of: strict records, slugs, conditions on answers, sentences with blanks."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Answer = str | int | list[str] | None
Answers = Mapping[str, Answer]


class SetUp(BaseModel):
    """A part of a set-up file: frozen, and an unknown key is an error, so that a typing slip is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(SetUp):
    """A condition on one answer: one of `any` (or `equals`), none of `none`, a number of `at_least` or `at_most`, or given at all.

    An unanswered question has no values: `any`, the bounds and `answered` do not hold, `none` does.
    """

    question: Slug
    equals: str = ""
    any: list[str] = []
    none: list[str] = []
    at_least: int | None = None
    at_most: int | None = None
    answered: bool | None = None

    @property
    def values(self) -> list[str]:
        """Every answer the condition names."""
        return [*([self.equals] if self.equals else []), *self.any, *self.none]

    def holds(self, answers: Answers) -> bool:
        """Whether `answers` meet the condition."""
        answer = answers.get(self.question)
        given = set(chosen(answer))
        wanted = {self.equals, *self.any} - {""}
        if wanted and not given & wanted:
            return False
        if given & set(self.none) or (self.answered is not None and self.answered != bool(given)):
            return False
        if self.at_least is None and self.at_most is None:
            return True
        low, high = self.at_least, self.at_most
        return isinstance(answer, int) and (low is None or answer >= low) and (high is None or answer <= high)


class Sentence(SetUp):
    """A text for a proposal with blanks like {pages}; left out when its condition fails or a blank has no answer."""

    text: str = Field(min_length=1)
    when: Condition | None = None


def _from_string(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


Sentences = list[Annotated[Sentence, BeforeValidator(_from_string)]]


def chosen(answer: Answer) -> list[str]:
    """The values of an answer as strings: none, one, or the chosen ones."""
    if answer is None or answer in ("", []):
        return []
    return list(answer) if isinstance(answer, list) else [str(answer)]


def holds(condition: Condition | None, answers: Answers) -> bool:
    """Whether there is no condition, or it is met."""
    return condition is None or condition.holds(answers)
