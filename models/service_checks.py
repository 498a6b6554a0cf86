"""Checks of one service and its brief against each other: roles, phases, drivers, conditions, blanks, circles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from models.rates import Branch, Service
from models.setup import Condition
from models.terms import PaymentStep
from models.wording import BLANK

if TYPE_CHECKING:
    from models.company import Company
    from models.questionnaire import Question

PROPOSAL_WORDS = {"client_name", "client_company", "salesperson", "low", "high", "days", "days_to_launch", "valid_until"}
NUMERIC = ("number", "choices")
TEXTS = ("task", "result", "materials", "exclusions", "assumptions")
WHOLE = 100


def service_problems(company: Company, service: Service, questions: dict[str, Question]) -> Iterator[str]:
    """What is wrong with a service, as "key: reason"."""
    yield from _components(company, service, questions)
    yield from _phases(company, service, questions)
    yield from _cycles(service)
    yield from payment_problems(service.payments) if service.payments else ()
    words = {*questions, *PROPOSAL_WORDS}
    yield from blank_problems("title", service.title, words)
    yield from blank_problems("price_note", service.price_note, words)
    for name in TEXTS:
        for place, sentence in enumerate(getattr(service, name)):
            yield from blank_problems(f"{name}.{place}", sentence.text, words)
            yield from _condition(f"{name}.{place}.when", sentence.when, questions)
    yield from _branches("structure", service.structure, questions)


def _components(company: Company, service: Service, questions: dict[str, Question]) -> Iterator[str]:
    slugs = [part.slug for part in service.components]
    phases = [phase.slug for phase in service.phases]
    taken = [*(rule.slug for rule in company.rates.overheads), "minimum"]
    for place, part in enumerate(service.components):
        key = f"components.{place}"
        if part.role not in company.rates.roles:
            yield f'{key}.role: there is no role "{part.role}"; roles are {", ".join(company.rates.roles)}'
        if part.phase not in phases:
            yield f'{key}.phase: there is no phase "{part.phase}"; phases are {", ".join(phases)}'
        if slugs.count(part.slug) > 1 or part.slug in taken:
            yield f'{key}.slug: "{part.slug}" is taken'
        yield from (f"{key}.driver: {problem}" for problem in _number(part.driver, questions))
        yield from (f"{key}.times: {problem}" for problem in _number(part.times, questions))
        yield from (f'{key}.needs: there is no component "{need}"' for need in part.needs if need not in slugs)
        for name, condition in (("when", part.when), ("asked_if", part.asked_if)):
            yield from _condition(f"{key}.{name}", condition, questions)


def _phases(company: Company, service: Service, questions: dict[str, Question]) -> Iterator[str]:
    phases = [phase.slug for phase in service.phases]
    overheads = [rule.slug for rule in company.rates.overheads]
    for place, rule in enumerate(company.rates.overheads):
        if rule.phase and rule.phase not in phases and (service.overheads is None or rule.slug in service.overheads):
            yield f'phases: there is no phase "{rule.phase}", which overheads.{place} works in'
    for place, phase in enumerate(service.phases):
        yield from (f"phases.{place}.months: {problem}" for problem in _number(phase.months, questions))
    yield from (f'overheads: rates.toml has no overhead "{slug}"' for slug in service.overheads or [] if slug not in overheads)


def _branches(key: str, branches: Iterable[Branch], questions: dict[str, Question]) -> Iterator[str]:
    for place, branch in enumerate(branches):
        here = f"{key}.{place}"
        yield from blank_problems(f"{here}.title", branch.title, {*questions, *PROPOSAL_WORDS})
        yield from blank_problems(f"{here}.note", branch.note, {*questions, *PROPOSAL_WORDS})
        yield from _condition(f"{here}.when", branch.when, questions)
        if branch.drawn_from and branch.drawn_from not in questions:
            yield f'{here}.drawn_from: the brief has no question "{branch.drawn_from}"'
        yield from _branches(f"{here}.children", branch.children, questions)


def brief_problems(company: Company, slug: str) -> Iterator[str]:
    """What is wrong with a brief, as "key: reason"."""
    brief, questions = company.briefs[slug], company.briefs[slug].by_slug()
    earlier: set[str] = set()
    fed = fed_questions(company, slug)
    for place, question in enumerate(brief.questions):
        key = f"questions.{place} ({question.slug})"
        if question.slug in earlier:
            yield f"{key}: this question is there twice"
        if question.section not in brief.sections:
            yield f'{key}.section: there is no section "{question.section}"; sections are {", ".join(brief.sections)}'
        if question.shown_if and question.shown_if.question not in earlier:
            yield f'{key}.shown_if: "{question.shown_if.question}" must be asked before it'
        yield from _condition(f"{key}.shown_if", question.shown_if, questions)
        for feed in question.feeds:
            yield from blank_problems(f"{key}.feeds", feed.text, {*questions, *PROPOSAL_WORDS, "answer"})
        if question.slug not in fed:
            yield f"{key}: the answer feeds nothing; let it feed price, texts or materials, or ask it no more"
        earlier.add(question.slug)


def fed_questions(company: Company, slug: str) -> set[str]:
    """The questions of a brief whose answers reach price, structure, texts, VAT or approval."""
    service, brief = company.rates.services[slug], company.briefs[slug]
    fed = {q.slug for q in brief.questions if q.feeds or any(option.flag or option.vat for option in q.options)}
    fed |= {name for part in service.components for name in (part.driver, part.times)} | {phase.months for phase in service.phases}
    fed.add(company.rates.approval.budget_question)
    conditions = [condition for part in service.components for condition in (part.when, part.asked_if)]
    texts = [s for name in TEXTS for s in getattr(service, name)]
    conditions += [sentence.when for sentence in texts]
    blanks = [service.title, service.price_note, *(sentence.text for sentence in texts)]
    waiting = list(service.structure)
    while waiting:
        branch = waiting.pop()
        waiting += branch.children
        conditions.append(branch.when)
        blanks += [branch.title, branch.note]
        fed.add(branch.drawn_from)
    fed |= {condition.question for condition in conditions if condition}
    return fed | {blank for text in blanks for blank in BLANK.findall(text)}


def _condition(key: str, condition: Condition | None, questions: dict[str, Question]) -> Iterator[str]:
    if condition is None:
        return
    question = questions.get(condition.question)
    if question is None:
        yield f'{key}: the brief has no question "{condition.question}"'
        return
    offered = [option.value for option in question.options]
    for value in condition.values if offered else []:
        if value not in offered:
            yield f'{key}: {question.slug} has no option "{value}"; options are {", ".join(offered)}'
    bounded = condition.at_least is not None or condition.at_most is not None
    if bounded and question.type != "number":
        yield f"{key}: {question.slug} is no number"
    if not condition.values and not bounded and condition.answered is None:
        yield f"{key}: it names no answer; give equals, any, none, at_least, at_most or answered"


def _cycles(service: Service) -> Iterator[str]:
    needs = {part.slug: part.needs for part in service.components}

    def path_back(slug: str, seen: tuple[str, ...]) -> tuple[str, ...] | None:
        """The circle that needs lead round in from here; None where there is none."""
        if slug in seen:
            return (*seen[seen.index(slug) :], slug)
        return next((found for need in needs.get(slug, []) if (found := path_back(need, (*seen, slug)))), None)

    for place, slug in enumerate(needs):
        circle = path_back(slug, ())
        if circle and circle[0] == slug:
            yield f"components.{place}.needs: they go round in a circle: {' → '.join(circle)}"


def payment_problems(steps: list[PaymentStep]) -> Iterator[str]:
    """Whether a payment plan sums to the whole."""
    percents = sum(step.percent for step in steps)
    if percents != WHOLE:
        yield f"payments: the percents sum to {percents}, not to {WHOLE}"


def _number(name: str, questions: dict[str, Question]) -> Iterator[str]:
    if name and (name not in questions or questions[name].type not in NUMERIC):
        yield f'the brief has no question "{name}" that gives a number'


def blank_problems(key: str, text: str, words: Collection[str]) -> Iterator[str]:
    """The blanks of a text that nothing can fill."""
    for blank in BLANK.findall(text):
        if blank not in words:
            yield f"{key}: nothing fills the blank {{{blank}}}"
