"""An act of acceptance out of the contract, the project's facts and the launch: what was delivered, when, and what is still to be paid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date
from sqlmodel import Session

from models import changes, clocks, contract_parties, issued, ledger, project_clock
from models.act import Acceptance, ActBody, ChangeDelivered, FaultMended, OpenPayment, StageDelivered, WorkingTime
from models.answers import read
from models.company import Company
from models.contract import ContractBody
from models.delivery_answers import LaunchChecked, StageAnswered
from models.delivery_setup import LAUNCH
from models.errors import Invalid
from models.money import Money, total
from models.project_plan import LAUNCH_TITLE
from models.projects import Stand
from models.proposal import Person
from models.stage_state import StageStand
from models.tables import Client, Deal, Document, Fact
from models.wording import BLANK, fill


@dataclass(frozen=True)
class Launched:
    """What an act is made of: the contract that was signed, where the project stands, the launch's word, and what was put right since.

    `done` is the fact by which the work was done: the checklist's, or the one that the faults are mended.
    """

    contract: Document
    stand: Stand
    launch: Fact
    done: Fact
    note: str = ""
    faults: tuple[FaultMended, ...] = ()


def compose(session: Session, company: Company, launched: Launched, *, version: int, now: datetime) -> ActBody:
    """Version `version` of a deal's act, whole, as things stand at `now`. Raises Invalid for a blank that nothing fills."""
    deal, contract = launched.stand.deal, ContractBody.model_validate(launched.contract.body)
    client, number = session.get_one(Client, deal.client_id), f"A-{deal.id or 0:04d}-{version}"
    agreed = changes.with_changes(session, deal, contract)
    manager = _manager(company, launched.stand)
    words = _words(company, contract, client, number, now) | {"manager": manager.name}
    texts = company.contract.act
    return ActBody(
        number=number, version=version, deal_id=deal.id or 0, locale=contract.locale, currency=contract.currency,
        made_on=company.studio.today(now), title=contract.title, service_name=contract.service_name, studio=company.studio.card(),
        seller=contract_parties.seller(company), buyer=contract.buyer, manager=manager, contract=contract.number,
        contract_on=contract.made_on, contract_hash=launched.contract.body_hash,
        intro=[_filled("intro", text, words) for text in texts.intro], stages=list(_stages(company, launched, client)),
        options=[option.title for option in contract.options], changes=list(_changes(launched.stand, contract.currency)),
        url=LaunchChecked.model_validate(launched.launch.payload).url, note=launched.note, faults=list(launched.faults),
        time=_time(session, company, launched), gross=total([one.gross for one in agreed.schedule], contract.currency),
        payments=list(_open(session, deal, agreed)), warranty=_warranty(company, contract, words),
        silence=_filled("silence", texts.silence, words) if contract.terms.silence_accepts else "",
        consent=_filled("consent", texts.consent, words),
    )  # fmt: skip


def _manager(company: Company, stand: Stand) -> Person:
    """Who led the project; the studio's own card for one who has left it."""
    studio, person = company.studio, company.studio.person(stand.project.manager)
    if person is None:
        return Person(name=studio.name, role="", email=studio.email, phone=studio.phone)
    return Person(name=person.name, role=company.role_title(person.role), email=person.email, phone=person.phone, about=person.about)


def _words(company: Company, contract: ContractBody, client: Client, number: str, now: datetime) -> dict[str, str]:
    def day(on: date) -> str:
        """A day as the contract's language writes it."""
        return format_date(on, "long", locale=contract.locale)

    return {
        "number": number, "date": day(company.studio.today(now)), "contract": contract.number, "contract_date": day(contract.made_on),
        "client_name": contract.buyer.name, "client_contact": client.name, "studio": contract.seller.name, "service": contract.service_name,
    }  # fmt: skip


def _stages(company: Company, launched: Launched, client: Client) -> Iterator[StageDelivered]:
    """The stages in their order, the launch last."""
    for stage in launched.stand.accepted:
        if stage.accepted_at:
            on = company.studio.today(stage.accepted_at)
            yield StageDelivered(title=stage.plan.title, on=on, how=_how(stage), by=_approved_by(launched.stand, stage, client))
    plan = launched.stand.plan.stage(LAUNCH)
    yield StageDelivered(title=plan.title if plan else LAUNCH_TITLE, on=company.studio.today(launched.launch.known_at), how="done")


def _how(stage: StageStand) -> Acceptance:
    if stage.is_deemed:
        return "silence"
    return "approved" if stage.plan.approval else "done"


def _approved_by(stand: Stand, stage: StageStand, client: Client) -> str:
    """Whoever approved the stage as it was shown last; the client, where they gave no name."""
    if _how(stage) != "approved":
        return ""
    told = (read(fact.kind, fact.payload) for fact in stand.facts if fact.kind == StageAnswered.kind)
    said = (one for one in told if isinstance(one, StageAnswered) and one.stage == stage.slug and one.version == stage.version)
    return next((one.name for one in said if one.decision == "approve" and one.name), client.name)


def _changes(stand: Stand, currency: str) -> Iterator[ChangeDelivered]:
    for offer in stand.changes:
        yield ChangeDelivered(text=offer.offered.text, net=Money.of_major(offer.offered.price, currency), days=offer.offered.days)


def _time(session: Session, company: Company, launched: Launched) -> WorkingTime:
    """The project's days up to the moment by which the work was done: what was waited for after it cost nobody a day."""
    stand, at = launched.stand, launched.done.known_at
    begins, today = stand.plan.begins_on, company.studio.today(at)
    spans, calendar = project_clock.spans(session, stand.deal, at), project_clock.calendar(company)
    promised = project_clock.promise(session, company, stand.deal, at)
    return WorkingTime(
        agreed=stand.days, worked=clocks.working_days(begins, today, spans, calendar, at),
        waited=clocks.waiting_days(begins, today, spans, calendar, at), planned_on=promised.planned, promised_on=promised.day, done_on=today,
    )  # fmt: skip


def _open(session: Session, deal: Deal, agreed: ContractBody) -> Iterator[OpenPayment]:
    """What is not paid of the plan, whether it was asked for yet or not; what was credited is not owed."""
    for one in agreed.schedule:
        invoice = issued.of_part(session, deal, one.part)
        rest = ledger.open_of(session, invoice) if invoice else one.gross
        if rest.amount > 0 and not one.settled:
            yield OpenPayment(part=one.part, title=one.title, number=(invoice.number or "") if invoice else "", open=rest)


def _warranty(company: Company, contract: ContractBody, words: Mapping[str, str]) -> list[str]:
    """When the warranty begins, and the clause itself as it was signed."""
    texts = company.contract.act
    for place, clause in enumerate(contract.clauses, start=1):
        if clause.title.casefold() == texts.warranty_clause.casefold():
            return [_filled("warranty", texts.warranty, {**words, "clause": str(place)}), *clause.paragraphs]
    return []


def _filled(key: str, text: str, words: Mapping[str, str]) -> str:
    if unknown := [blank for blank in BLANK.findall(text) if not words.get(blank)]:
        raise Invalid(f"act.{key}: nothing fills the blank {{{unknown[0]}}}.")
    return fill(text, words) or ""
