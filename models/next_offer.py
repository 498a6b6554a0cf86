"""What comes after a service that was delivered: the brief of the next one, answered from what was built. Pure.

The answers come, each over the one before, from what is known of the client, from what they were asked the same way in the brief that was
built from, and from `next` in delivery.toml. There {pages} takes an answer of that brief, {launched_url} and {starts_on} what the launch
told.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from models import pricing
from models.company import Company
from models.delivery_setup import NextStep
from models.errors import StudioError
from models.estimates import Estimate
from models.proposal import Record
from models.questionnaire import Question, Questionnaire, prefill, read
from models.reading import FieldError, read_value
from models.setup import Answer, chosen
from models.wording import BLANK, fill, vocabulary

OF_THAT_WORK = frozenset({"budget", "message"})
"""What the application says of that one piece of work."""
AT_MOST_A_MONTH = timedelta(days=32)


class Built(Record):
    """What was delivered: the service, the answers it was counted from, where it runs ("" where nobody said), and when it was finished."""

    service: str
    answers: dict[str, Answer]
    url: str
    finished_on: date
    locale: str


class Offered(Record):
    """A service to be offered next, its brief filled in, and the words of its letter."""

    service: str
    answers: dict[str, Answer]
    note: str


def choose(company: Company, built: Built, known: Mapping[str, object], taken: Collection[str]) -> tuple[Offered | None, str]:
    """The first of what follows a service that the calculator can count, and why each one before it is not offered.

    `known` is what is known of the client by the names of `prefill`; `taken` are services that they have an open deal for.
    """
    reasons = []
    for step in company.delivery.services[built.service].next:
        if step.service in taken:
            reasons.append(f"There is an open deal for {step.service}.")
            continue
        answers = answer(company, step, built, known)
        problem = lacking(company, step.service, answers)
        if not problem:
            return Offered(service=step.service, answers=answers, note=step.note), " ".join(reasons)
        reasons.append(problem)
    return None, " ".join(reasons) or f"delivery.toml names nothing that follows {built.service}."


def answer(company: Company, step: NextStep, built: Built, known: Mapping[str, object]) -> dict[str, Answer]:
    """The brief of a next step as far as it can be answered; what does not fit its question is left open."""
    brief, was = company.briefs[step.service], company.briefs[built.service].by_slug()
    same = {q.slug: built.answers[q.slug] for q in brief.questions if q.slug in built.answers and _carries(q, was.get(q.slug))}
    own = {slug: taken(given, company, built) for slug, given in step.answers.items()}
    fitting = {slug: value for slug, value in (same | own).items() if _fits(brief, slug, value)}
    return prefill(brief, {name: value for name, value in known.items() if name not in OF_THAT_WORK}) | fitting


def taken(given: Answer, company: Company, built: Built) -> Answer:
    """An answer of delivery.toml with its blanks filled; None when one has no words. A blank alone is the answer itself, numbers and lists too."""
    if not isinstance(given, str):
        return given
    launched, alone = _launched(company, built), BLANK.fullmatch(given)
    if alone:
        return launched.get(alone.group(1)) or built.answers.get(alone.group(1))
    return fill(given, vocabulary(company.briefs[built.service].by_slug(), built.answers, built.locale) | launched)


def starts_on(company: Company, built: Built) -> str:
    """The first day of the month that begins after the offer has run out, in ISO form."""
    until = built.finished_on + timedelta(days=company.studio.proposal.valid_days)
    return (until.replace(day=1) + AT_MOST_A_MONTH).replace(day=1).isoformat()


def lacking(company: Company, service: str, answers: Mapping[str, Answer]) -> str:
    """Why the calculator cannot count a service from these answers, as a sentence; "" when it can."""
    brief = company.briefs[service]
    _, problems = read(brief, {slug: chosen(value) for slug, value in answers.items()}, partial=False)
    if problems:
        return f"The brief of {service} lacks an answer to “{brief.by_slug()[min(problems)].label}”."
    try:
        counted(company, service, answers)
    except StudioError as error:
        return f"{service} cannot be counted: {error}"
    return ""


def counted(company: Company, service: str, answers: Mapping[str, Answer]) -> Estimate:
    """What a service costs with these answers."""
    return pricing.estimate(company.rates, service, answers, company.briefs[service])


def note_of(company: Company, was: str, service: str) -> str:
    """The words with which `service` is offered after another; "" where delivery.toml has none."""
    step = _step(company, was, service)
    return step.note if step else ""


def texts_of(company: Company, was: str, service: str, answers: Mapping[str, Answer], words: Mapping[str, str], locale: str) -> dict[str, str]:
    """What the proposal of a next step says in place of thanks for a brief: its `greeting` and `task`, where delivery.toml has them.

    `words` are the client's and the salesperson's names; {built} is what was delivered. A sentence with an open blank is left out.
    """
    step = _step(company, was, service)
    if step is None:
        return {}
    known = {**vocabulary(company.briefs[service].by_slug(), answers, locale), **words, "built": company.rates.services[was].name}
    told = {"greeting": fill(step.greeting, known) or "", "task": "\n".join(text for line in step.task if (text := fill(line, known)))}
    return {name: text for name, text in told.items() if text}


def _step(company: Company, was: str, service: str) -> NextStep | None:
    follows = company.delivery.services.get(was)
    return next((step for step in follows.next if step.service == service), None) if follows else None


def _launched(company: Company, built: Built) -> dict[str, str]:
    """The words that the launch told: where it runs (the present site's address where nobody said), and when something new may start."""
    where = built.url or built.answers.get("website") or built.answers.get("site") or ""
    return {"launched_url": str(where), "starts_on": starts_on(company, built)}


def _carries(question: Question, was: Question | None) -> bool:
    """Whether an answer holds for the next piece of work: asked the same way, and not about that one alone (its date, files, free words)."""
    if was is None or was.type != question.type or question.type in {"file", "date"} or question.prefill in OF_THAT_WORK:
        return False
    return question.required or question.type != "longtext"


def _fits(brief: Questionnaire, slug: str, value: Answer) -> bool:
    question = brief.by_slug().get(slug)
    if question is None or not chosen(value):
        return False
    try:
        return read_value(question, chosen(value)) is not None
    except FieldError:
        return False
