"""Cross-checks over the whole set-up: what one file says must fit what the others say. Lines read "file: key: reason"."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from models.service_checks import PROPOSAL_WORDS, blank_problems, brief_problems, payment_problems, service_problems
from models.studio import OFFICE_ROLES
from models.worktime import knows

if TYPE_CHECKING:
    from models.company import Company


def problems_of(company: Company, letters: Collection[str]) -> list[str]:
    """Every problem found, as sentences."""
    found = [*_studio(company), *_people(company), *_roles(company), *_ladders(company, letters)]
    for slug, service in company.rates.services.items():
        if slug not in company.briefs:
            found.append(f"briefs/{slug}.toml: the service {slug} has no brief")
            continue
        questions = company.briefs[slug].by_slug()
        found += [f"rates.toml: services.{slug}.{problem}" for problem in service_problems(company, service, questions)]
        found += [f"briefs/{slug}.toml: {problem}" for problem in brief_problems(company, slug)]
    for slug in company.briefs.keys() - company.rates.services.keys():
        found.append(f"briefs/{slug}.toml: rates.toml has no service {slug}")
    return found


def _studio(company: Company) -> Iterator[str]:
    studio = company.studio
    yield from (f"studio.toml: {problem}" for problem in payment_problems(studio.payments))
    if not knows(studio.holidays):
        yield f'studio.toml: region: public holidays of "{studio.holidays}" are not known'
    if studio.currency != company.rates.currency:
        yield f"rates.toml: currency: it is {company.rates.currency}, but studio.toml says {studio.currency}"
    if studio.brand.logo and not _inside(company, studio.brand.logo):
        yield f'studio.toml: brand.logo: there is no file "{studio.brand.logo}" in the company folder'
    texts = {"greeting": studio.proposal.greeting, **{f"price_notes.{k}": v for k, v in studio.proposal.price_notes.items()}}
    texts |= {f"next_step.{place}": text for place, text in enumerate(studio.proposal.next_step)}
    for key, text in texts.items():
        yield from (f"studio.toml: proposal.{problem}" for problem in blank_problems(key, text, PROPOSAL_WORDS))


def _people(company: Company) -> Iterator[str]:
    studio, services = company.studio, company.rates.services
    emails = [person.email.casefold() for person in studio.people]
    yield from (f"studio.toml: people: {email} is there twice" for email in sorted({e for e in emails if emails.count(e) > 1}))
    for role in ("salesperson", "project_manager", "director"):
        if not studio.with_role(role):
            yield f"studio.toml: people: nobody has the role {role}"
    for name, entries in (("people", studio.people), ("proof", studio.proof)):
        for place, entry in enumerate(entries):
            for service in entry.services:
                if service not in services:
                    yield f'studio.toml: {name}.{place}.services: there is no service "{service}"; services are {", ".join(services)}'
    for service in services:
        if not studio.with_role("salesperson", service):
            yield f"studio.toml: people: nobody sells {service}"


def _roles(company: Company) -> Iterator[str]:
    roles = [*dict.fromkeys([*company.rates.roles, *OFFICE_ROLES])]
    for place, person in enumerate(company.studio.people):
        if person.role not in roles:
            yield f'studio.toml: people.{place}.role: there is no role "{person.role}"; roles are {", ".join(roles)}'
    for place, rule in enumerate(company.rates.overheads):
        if rule.role not in company.rates.roles:
            yield f'rates.toml: overheads.{place}.role: there is no role "{rule.role}"; roles are {", ".join(company.rates.roles)}'
    for name, ladder in company.ladders.items():
        for role in [*(role for rung in ladder.rungs for role in rung.tell), *ladder.tell_at_end]:
            if role not in roles:
                yield f'ladders.toml: {name}: there is no role "{role}" to tell; roles are {", ".join(roles)}'


def _ladders(company: Company, letters: Collection[str]) -> Iterator[str]:
    for name, ladder in company.ladders.items():
        for letter in ladder.letters:
            own = company.folder / "templates" / "mail" / letter
            if letters and letter not in letters and not own.is_dir():
                yield f'ladders.toml: {name}: there is no letter "{letter}"'


def _inside(company: Company, name: str) -> bool:
    path = (company.folder / name).resolve()
    return path.is_relative_to(company.folder.resolve()) and path.is_file()
