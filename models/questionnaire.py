"""A brief: the questions of one service, which of them are shown, and how their answers are read from a form."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from models.reading import FieldError, read_value
from models.setup import Answer, Answers, Condition, SetUp, Slug, chosen, holds

Kind = Literal["text", "longtext", "choice", "choices", "number", "date", "file", "link"]
Section = Literal["task", "quotes", "result", "materials", "exclusions", "assumptions"]
VatClass = Literal["standard", "reverse_charge", "outside"]


class Choice(SetUp):
    """An option of a question. `flag` is why an estimate with it needs a manager; `vat` which VAT it brings."""

    value: Slug
    label: str
    flag: str = ""
    vat: VatClass | None = None


class Feed(SetUp):
    """What an answer puts into a section of the proposal: `text`, where {answer} stands for the client's words.

    `when` limits it to some options; `missing` turns it round: it speaks when nothing was answered.
    Quotes need no text: they show the question and the answer.
    """

    to: Section
    text: str = ""
    when: list[str] = []
    missing: bool = False


class Question(SetUp):
    """One question of a brief. `prefill` names the field of the application that answers it."""

    slug: Slug
    section: str
    type: Kind
    label: str
    help: str = ""
    required: bool = False
    options: list[Choice] = []
    min: int | None = None
    max: int | None = None
    unit: str = ""
    shown_if: Condition | None = None
    prefill: Literal["", "name", "company", "email", "phone", "budget", "message", "website"] = ""
    feeds: list[Feed] = []

    @model_validator(mode="after")
    def _options_belong_to_choices(self) -> Self:
        if (self.type in ("choice", "choices")) != bool(self.options):
            raise ValueError("options belong to a choice or choices question, and each of those needs some")
        values = [option.value for option in self.options]
        if len(values) != len(set(values)):
            raise ValueError("an option is there twice")
        if self.type == "number" and (self.min is None or self.max is None or self.min > self.max):
            raise ValueError("a number needs min and max")
        if unknown := {value for feed in self.feeds for value in feed.when} - set(values):
            raise ValueError(f'feeds name the option "{min(unknown)}", which is not among the options')
        if any(not feed.text and feed.to != "quotes" for feed in self.feeds):
            raise ValueError("a feed without text can only go to quotes")
        return self

    def label_of(self, value: str) -> str:
        """The words of an option, or the value itself."""
        return next((option.label for option in self.options if option.value == value), value)


class Questionnaire(SetUp):
    """The questions of one service, in the order they are asked, in named sections."""

    service: Slug
    title: str
    intro: str
    sections: list[str] = Field(min_length=1)
    questions: list[Question] = Field(min_length=1)

    def by_slug(self) -> dict[str, Question]:
        """The questions by their slug."""
        return {question.slug: question for question in self.questions}


def visible(questionnaire: Questionnaire, answers: Answers) -> list[Question]:
    """The questions a client sees with these answers; one hangs on another only while that one is seen itself."""
    shown: dict[str, Question] = {}
    for question in questionnaire.questions:
        condition = question.shown_if
        if condition is None or (condition.question in shown and holds(condition, answers)):
            shown[question.slug] = question
    return list(shown.values())


def settled(questionnaire: Questionnaire, answers: Answers) -> dict[str, Answer]:
    """The answers that count: given, and to questions that are shown."""
    return {q.slug: answers[q.slug] for q in visible(questionnaire, answers) if chosen(answers.get(q.slug))}


def flags(questionnaire: Questionnaire, answers: Answers) -> list[str]:
    """Why these answers need a manager: the flags of the chosen options."""
    return [
        option.flag
        for question in visible(questionnaire, answers)
        for option in question.options
        if option.flag and option.value in chosen(answers.get(question.slug))
    ]


def read(questionnaire: Questionnaire, raw: Mapping[str, list[str]], partial: bool) -> tuple[dict[str, Answer], dict[str, str]]:
    """The answers of a posted form and, by question, a sentence on what is wrong with the rest.

    Unknown fields are ignored. `partial` (autosave) lets required questions stay open; an answer with a problem is never kept.
    Answers to hidden questions are kept, so that changing one's mind twice loses nothing, but are never complained of.
    """
    answers: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    for question in questionnaire.questions:
        try:
            answer = read_value(question, raw.get(question.slug, []))
        except FieldError as problem:
            problems[question.slug] = str(problem)
        else:
            answers |= {} if answer is None else {question.slug: answer}
    shown = visible(questionnaire, answers)
    for question in shown:
        if question.required and not partial and question.slug not in answers:
            problems.setdefault(question.slug, "Please answer this one; we need it for the estimate.")
    seen = {question.slug for question in shown}
    return answers, {slug: problem for slug, problem in problems.items() if slug in seen}


def prefill(questionnaire: Questionnaire, known: Mapping[str, object]) -> dict[str, Answer]:
    """Answers that the application already gave; whatever does not fit its question is left open."""
    raw = {q.slug: [str(known[q.prefill])] for q in questionnaire.questions if q.prefill and known.get(q.prefill)}
    return read(questionnaire, raw, partial=True)[0]
