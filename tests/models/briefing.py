"""Filled-in briefs of the example studio, for tests."""

from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from models import company as set_up
from models.company import Company
from models.compose import compose
from models.estimates import Estimate
from models.pricing import estimate
from models.proposal import Snapshot
from models.questionnaire import Question
from models.setup import Answer, Answers

FOLDER = Path(__file__).resolve().parents[2] / "company"
SERVICES = ("landing-page", "corporate-site", "shop", "mobile-app", "marketing-site", "support-plan")


@lru_cache(maxsize=1)
def the_company() -> Company:
    return set_up.load(FOLDER)


def an_answer(question: Question) -> Answer:  # noqa: PLR0911 - one a type
    """A plain answer: the first option, the least number but one, a short text."""
    match question.type:
        case "choice":
            return question.options[0].value
        case "choices":
            return [question.options[0].value]
        case "number":
            return (question.min or 0) + 3
        case "date":
            return "2027-05-03"
        case "link":
            return "https://acme.example"
        case "file":
            return ["plan.pdf"]
        case _:
            return f"Our {question.slug}"


def other_answers(question: Question) -> list[Answer]:  # noqa: PLR0911 - one a type
    """All other answers worth trying: every option, a greater number, another text, none."""
    match question.type:
        case "choice":
            return [option.value for option in question.options[1:]]
        case "choices":
            return [[question.options[0].value, option.value] for option in question.options[1:]]
        case "number":
            return [min((question.min or 0) + 40, question.max or 0)]
        case "date":
            return ["2028-01-31", None]
        case "link":
            return ["https://other.example", None]
        case "file":
            return [["plan.pdf", "logo.svg"], None]
        case _:
            return ["Something else"]


def answers_for(service: str, **over: Answer) -> dict[str, Answer]:
    """A complete brief of `service`; keyword slugs have _ for -."""
    questions = the_company().briefs[service].questions
    return {question.slug: an_answer(question) for question in questions} | {k.replace("_", "-"): v for k, v in over.items()}


def shown(service: str, question: Question) -> dict[str, Answer]:
    """A brief in which `question` is asked."""
    answers, condition = answers_for(service), question.shown_if
    if condition is None:
        return answers
    asked = the_company().briefs[service].by_slug()[condition.question]
    value: Answer = condition.values[0] if condition.values else condition.at_least
    return answers | {asked.slug: [str(value)] if asked.type == "choices" else value}


def an_estimate(service: str = "corporate-site", answers: Answers | None = None) -> Estimate:
    studio = the_company()
    return estimate(studio.rates, service, answers_for(service) if answers is None else answers, studio.briefs[service])


def a_snapshot(service: str = "corporate-site", answers: Answers | None = None, done: Estimate | None = None, **over: Any) -> Snapshot:
    given = answers_for(service) if answers is None else answers
    wanted: dict[str, Any] = {
        "deal_id": 7,
        "version": 1,
        "number": "P-7-1",
        "client_name": "Ann Hill",
        "client_company": "Acme",
        "salesperson_email": the_company().studio.with_role("salesperson")[0].email,
        "today": date(2026, 11, 23),
        "locale": "en_IE",
    }
    return compose(the_company(), done or an_estimate(service, given), given, **(wanted | over))
