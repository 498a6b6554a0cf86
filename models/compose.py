"""A proposal out of an estimate and a brief: every section filled with the studio's sentences and the client's answers."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from babel.dates import format_date

from models.company import Company
from models.differences import differences
from models.errors import Invalid, Missing
from models.estimates import Estimate
from models.money import Money
from models.proposal import Option, PaymentTerm, Person, PriceLine, Proof, ScopeItem, Snapshot
from models.questionnaire import Questionnaire, Section, VatClass, visible
from models.setup import Answer, Answers, Sentences, chosen
from models.studio import Case, Staff
from models.wording import fed, fill, known_locale, quotes, sentences, structure, vocabulary

__all__ = ["OVERRIDES", "compose", "differences"]

LISTS = ("task", "result", "materials", "exclusions", "assumptions", "next_step")
OVERRIDES = ("title", "greeting", "price_note", "vat_note", *LISTS)


def compose(
    company: Company,
    estimate: Estimate,
    answers: Answers,
    *,
    deal_id: int,
    version: int,
    number: str,
    client_name: str,
    client_company: str,
    salesperson_email: str,
    today: date,
    locale: str,
    texts: Mapping[str, str] | None = None,
) -> Snapshot:
    """Version `version` of a proposal, whole. `texts` replaces sections by name (`OVERRIDES`); in lists a line is an item.

    A locale that is not known gives way to the studio's. Prices, days and phases are the estimate's, by the rules it was made
    with. Raises Invalid for an unknown text, Missing for a salesperson who is not there.
    """
    brief, locale = company.briefs[estimate.service], known_locale(locale, company.studio.locale)
    seller = _seller(company, salesperson_email)
    until = today + timedelta(days=company.studio.proposal.valid_days)
    given = _given(brief, answers)
    words = vocabulary(brief.by_slug(), given, locale) | {
        "client_name": client_name,
        "client_company": client_company or client_name,
        "salesperson": seller.name,
        "low": estimate.low.format(locale),
        "high": estimate.high.format(locale),
        "days": str(estimate.days),
        "days_to_launch": str(_days_to_launch(estimate)),
        "valid_until": format_date(until, format="long", locale=locale),
    }
    whole = {
        "number": number,
        "version": version,
        "deal_id": deal_id,
        "made_on": today,
        "valid_until": until,
        "locale": locale,
        "client_name": client_name,
        "client_company": client_company,
        "salesperson": _shown(company, seller),
        **_from_estimate(estimate),
        **_from_studio(company, estimate, given, words),
        **_from_brief(estimate, brief, given, words),
    }
    return Snapshot.model_validate(whole | _overrides(texts or {}))


def _from_estimate(estimate: Estimate) -> dict[str, object]:
    return {
        "service": estimate.service,
        "service_name": estimate.rules.service.name,
        "currency": estimate.currency,
        "scope": [
            ScopeItem(title=line.title, description=line.description, quantity=line.quantity, unit=line.counted)
            for line in estimate.lines
            if line.driver or line.phase
        ],
        "lines": [PriceLine(title=line.title, net=line.net) for line in estimate.lines],
        "options": [
            Option(slug=o.slug, title=o.title, description=o.description, price=o.net, days=o.days, needs=o.needs) for o in estimate.options
        ],
        "discount": estimate.discount,
        "discount_reason": estimate.inputs.discount_reason,
        "timeline": estimate.timeline,
        "days": estimate.days,
        "price_model": estimate.rules.service.price_model,
    }


def _from_studio(company: Company, estimate: Estimate, answers: Answers, words: Mapping[str, str]) -> dict[str, object]:
    studio, service, brief = company.studio, estimate.rules.service, company.briefs[estimate.service]
    percent, note = _vat(company, brief, answers)
    price_note = service.price_note or studio.proposal.price_notes.get(service.price_model, "")
    return {
        "studio": studio.card(),
        "greeting": fill(studio.proposal.greeting, words) or "",
        "team": _team(company, estimate),
        "payments": [PaymentTerm(title=s.title, percent=s.percent, when=s.when, after=s.after) for s in service.payments or studio.payments],
        "vat_percent": percent,
        "vat_note": note,
        "price_note": fill(price_note, words) or "",
        "proof": [Proof(title=c.title, text=c.text, source=c.source) for c in _proof(company, estimate.service)],
        "next_step": [text for text in (fill(step, words) for step in studio.proposal.next_step) if text],
    }


def _from_brief(estimate: Estimate, brief: Questionnaire, answers: Answers, words: Mapping[str, str]) -> dict[str, object]:
    service, shown = estimate.rules.service, visible(brief, answers)

    def section(name: Section, own: Sentences) -> list[str]:
        """The sentences of a section, each once: in the task the client's words come first, elsewhere ours."""
        studios, clients = sentences(own, answers, words), fed(shown, name, answers, words)
        return list(dict.fromkeys([*clients, *studios] if name == "task" else [*studios, *clients]))

    return {
        "title": fill(service.title, words) or service.name,
        "task": section("task", service.task),
        "quotes": quotes(shown, answers),
        "result": section("result", service.result),
        "structure": structure(service.structure, brief.by_slug(), answers, words),
        "materials": section("materials", service.materials),
        "exclusions": section("exclusions", service.exclusions),
        "assumptions": section("assumptions", service.assumptions),
    }


def _days_to_launch(estimate: Estimate) -> int:
    """The days before whatever runs by the month, such as a pilot or a support plan."""
    running = {phase.title for phase in estimate.rules.service.phases if phase.months}
    return min((bar.start for bar in estimate.timeline if bar.title in running), default=estimate.days)


def _given(brief: Questionnaire, answers: Answers) -> dict[str, Answer]:
    return {question.slug: answers[question.slug] for question in visible(brief, answers) if chosen(answers.get(question.slug))}


def _vat(company: Company, brief: Questionnaire, answers: Answers) -> tuple[str, str]:
    classes: list[VatClass] = [
        option.vat
        for question in brief.questions
        for option in question.options
        if option.vat and option.value in chosen(answers.get(question.slug))
    ]
    vat = company.studio.vat
    match classes[0] if classes else "standard":
        case "reverse_charge":
            return "0", vat.reverse_charge_note
        case "outside":
            return "0", vat.outside_note
        case _:
            return f"{vat.percent.normalize():f}", vat.note


def _seller(company: Company, email: str) -> Staff:
    person = company.studio.person(email)
    if person is None:
        raise Missing(f'There is nobody with the address "{email}" in studio.toml.')
    return person


def _team(company: Company, estimate: Estimate) -> list[Person]:
    roles = ["project_manager", *(line.role for line in estimate.lines if line.net != Money(amount=0, currency=estimate.currency))]
    found = [company.studio.with_role(role, estimate.service) for role in dict.fromkeys(roles)]
    return [_shown(company, people[0]) for people in found if people]


def _shown(company: Company, person: Staff) -> Person:
    return Person(name=person.name, role=company.role_title(person.role), email=person.email, phone=person.phone, about=person.about)


def _proof(company: Company, service: str) -> Sequence[Case]:
    cases = company.studio.proof
    fitting = [case for case in cases if service in case.services]
    return [*fitting, *(case for case in cases if case not in fitting)][:3]


def _overrides(texts: Mapping[str, str]) -> dict[str, object]:
    if unknown := set(texts) - set(OVERRIDES):
        raise Invalid(f'A proposal has no text "{min(unknown)}"; texts are {", ".join(OVERRIDES)}.')
    lines = {name: [line.strip() for line in text.splitlines() if line.strip()] for name, text in texts.items() if name in LISTS}
    return {**{name: text.strip() for name, text in texts.items() if name not in LISTS}, **lines}
