"""A deal that the studio had before it was kept here, taken up at a stage: the past told by the rules, as facts of whoever says so.

Nothing is written round the rules: brief, estimate, proposal, contract, project and act are made and answered as they always are, each fact by
the operator and with the day on which it happened. What the rules order to be sent meanwhile is left out, with the reason.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from pydantic import ValidationError
from sqlmodel import Session, select

from models import (
    adopted,
    adoption_work,
    contract_parties,
    contract_texts,
    contracts,
    documents,
    effects,
    facts,
    intake,
    pricing,
    proposals,
    questionnaire,
    wanted,
)
from models.adoption import ADOPTED, MUTED, Order, Way, noon
from models.answers import Application, ContractWord, ProposalAnswer
from models.cash_answers import ContractDetails, Countersigned
from models.company import Company
from models.effects import EffectState
from models.errors import Invalid, Refused
from models.facts import News
from models.money import Money
from models.proposal import PriceLine, Snapshot
from models.stages import Stage
from models.tables import Brief, Client, Deal, Document, Effect
from models.totals import totals
from models.tracks import Sales


def adopt(session: Session, company: Company, order: Order, *, now: datetime) -> Deal:
    """The deal of this order, with everything behind it that its stage needs, once per key; no run is wanted and nothing is sent.

    Raises Refused for a stage that no deal is taken up at, for a client who has an open deal for this work, and, naming it, where something
    is missing or was said that cannot have happened yet; Invalid for what cannot be read.
    """
    known = facts.find(session, "operator", order.key)
    if known:
        return session.get_one(Deal, known.deal_id)
    _check(company, order, company.studio.today(now))
    way = _begin(session, company, order, now)
    for since, tell in _WAY.items():
        if way.has(since):
            tell(way)
    _mute(way)
    return way.deal


def _check(company: Company, order: Order, today: date) -> None:
    if order.stage in adopted.REFUSED:
        raise Refused(adopted.REFUSED[order.stage])
    if order.service not in company.rates.services:
        raise Refused(f'We do not offer "{order.service}"; services are {", ".join(company.rates.services)}.')
    if lacks := adopted.missing(order.stage, order.past):
        raise Refused(f"To take a deal up at {order.stage} say also: {'; '.join(lacks)}.")
    if early := adopted.too_early(order.stage, order.past):
        raise Refused(f"A deal at {order.stage} has no {', '.join(early)} yet. Leave that out, or choose a later stage.")
    days = [day for name in ("agreed_on", "signed_on", "began_on", "finished_on") if (day := getattr(order.past, name))]
    if days and max(days) > today:
        raise Refused("A day of the past is still to come.")
    if days != sorted(days):
        raise Refused("The days are out of order: accepted, signed, begun, finished.")
    if order.client.salesperson and company.studio.person(order.client.salesperson) is None:
        raise Refused(f"studio.toml does not name {order.client.salesperson}; leave it empty, or choose one of its people.")


def _begin(session: Session, company: Company, order: Order, now: datetime) -> Way:
    """Client and deal, by the application that it would have been; the operator's word with everything that they said."""
    studio, actor = company.studio, f"staff:{order.who}"
    client = order.client
    application = Application(
        service=order.service, name=client.name, email=client.email, phone=client.phone, company=client.company, locale=client.locale,
        source={"channel": "adopted"},
    )  # fmt: skip
    who = intake.contact(application, studio.country)
    if client.email and not who.email:
        raise Invalid(f'"{client.email}" is no e-mail address.')
    news = News(kind=Application.kind, source="operator", external_id=f"{order.key}/application", actor=actor, payload=application.model_dump())
    came = facts.keep(session, news, now=now)[0]
    admitted = intake.admit(session, came, who, application, currency=studio.currency, locale=studio.locale, now=now)
    if not admitted.is_new:
        raise Refused(f"This client has deal {admitted.deal.id} for this work already.")
    deal, said = admitted.deal, order.past.model_dump(mode="json", exclude_defaults=True)
    deal.salesperson = client.salesperson or _seller(session, company, deal)
    payload = {"stage": order.stage.value, "reason": order.reason, "past": said}
    about = facts.subject(deal.id or 0, deal.round, "deal")
    told = News(kind=ADOPTED, source="operator", external_id=order.key, actor=actor, deal_id=deal.id, subject=about, payload=payload)
    way = Way(session, company, order, now, deal, facts.keep(session, told, now=now)[0])
    way.move(Sales.BRIEFING)
    return way


def _seller(session: Session, company: Company, deal: Deal) -> str:
    load, last = intake.loads(session)
    person = intake.choose(company.studio.people, deal.service, deal.locale.split("_")[0], load, last)
    return (person or company.studio.people[0]).email


def _fill_brief(way: Way) -> None:
    questions = way.company.briefs[way.deal.service]
    raw = {slug: [str(one) for one in (said if isinstance(said, list) else [said])] for slug, said in way.order.past.answers.items()}
    if unknown := sorted(raw.keys() - questions.by_slug().keys()):
        raise Invalid(f"The brief of {way.deal.service} does not ask {', '.join(unknown)}; it asks {', '.join(questions.by_slug())}.")
    answers, problems = questionnaire.read(questions, raw, partial=False)
    if problems:
        raise Invalid(f"The brief of {way.deal.service} lacks answers: {'; '.join(f'{slug}: {said}' for slug, said in problems.items())}")
    way.session.add(Brief(deal_id=way.deal.id or 0, answers=answers, revision=1, saved_at=way.now, sent_at=way.now))
    documents.add_version(way.session, way.deal, "brief", {"answers": answers}, made_by=way.order.who, now=way.now)
    way.move(Sales.ESTIMATING)


def _count(way: Way) -> None:
    """The estimate; before a price is agreed it stands by itself only where no manager has to look."""
    company, deal = way.company, way.deal
    brief = documents.latest(way.session, deal.id or 0, "brief")
    answers = brief.body["answers"] if brief else {}
    counted = pricing.estimate(company.rates, deal.service, answers, company.briefs[deal.service])
    if way.order.stage == Stage.PROPOSAL and counted.needs_approval:
        raise Refused(f"A project manager has to see this estimate: take the deal up at estimate. {' '.join(counted.flags)}")
    documents.add_version(
        way.session, deal, "estimate", counted.model_dump(mode="json"), made_by=way.order.who, why="adopted", now=way.now, made_from={"brief": 1}
    )


def _agree(way: Way) -> None:
    """The proposal at the price that was agreed, in one line, accepted by the operator's word."""
    past, deal = way.order.past, way.deal
    document = proposals.publish(way.session, way.company, deal, now=way.now, made_by=way.order.who, changes=[])
    snapshot = Snapshot.model_validate(document.body)
    line = PriceLine(title=f"{snapshot.service_name}, as agreed", net=Money.of_major(past.net or 0, deal.currency))
    nothing = Money(amount=0, currency=deal.currency)
    snapshot = snapshot.model_copy(update={"lines": [line], "options": [], "discount": nothing, "discount_reason": ""})
    _rewrite(document, snapshot.model_dump(mode="json"))
    way.session.flush()
    client = way.session.get_one(Client, deal.client_id)
    total = totals(snapshot, []).gross.amount
    way.move(Sales.PROPOSED)
    way.tell(ProposalAnswer(decision="accept", version=document.version, total=total, name=past.signed_by or client.name), past.agreed_on)
    document.frozen_at = noon(past.agreed_on or way.company.studio.today(way.now))
    way.move(Sales.CONTRACTING)


def _sign(way: Way) -> None:
    """The contract's particulars as our own stages need them, signed on paper; the paper itself is what counts, and the contract says so."""
    past, session, deal = way.order.past, way.session, way.deal
    client = session.get_one(Client, deal.client_id)
    try:
        client.details = contract_parties.tidy(ContractDetails.model_validate(past.details))
    except ValidationError as wrong:
        problem = wrong.errors()[0]
        raise Invalid(f"details.{'.'.join(map(str, problem['loc']))}: {problem['msg']}.") from wrong
    intro = f"This is a record of what both sides signed on paper on {past.signed_on}, before the deal was kept here. The paper counts."
    document = contracts.publish(session, way.company, deal, now=way.now, made_by=way.order.who, texts={"intro": intro}, reason="adopted")
    schedule = document.body["schedule"]
    if past.paid > len(schedule):
        raise Refused(f"The plan has {len(schedule)} payments, not {past.paid}.")
    if adopted.reached(way.order.stage, Stage.REVIEW) and past.paid < len(schedule):
        raise Refused(f"A deal at {way.order.stage} is paid: all {len(schedule)} payments of the plan, not {past.paid}.")
    settled = [one | {"settled": one["part"] <= past.paid} for one in schedule]
    _rewrite(document, {**document.body, "schedule": settled})
    session.flush()
    way.tell(ContractWord(outcome="signed", on=past.signed_on, name=past.signed_by), past.signed_on)
    ours = contract_texts.signatory(way.company, deal.service).name
    way.tell(Countersigned(version=document.version, decision="sign", name=ours), past.signed_on)
    way.move(Sales.SIGNED)


def _mute(way: Way) -> None:
    """Leave out what the rules have ordered meanwhile, and want no run of what is past."""
    way.session.flush()
    ordered = select(Effect).where(Effect.deal_id == way.deal.id, Effect.state == EffectState.PLANNED.value)
    for effect in way.session.exec(ordered).all():
        effects.skip(way.session, effect, MUTED, now=way.now)
    wanted.withdraw_all(way.session, way.deal.id or 0, why="adopted", now=way.now)


_WAY: dict[Stage, Callable[[Way], None]] = {
    Stage.ESTIMATE: _fill_brief, Stage.PROPOSAL: _count, Stage.CONTRACT: _agree, Stage.INVOICE: _sign, Stage.KICKOFF: adoption_work.win,
    Stage.MATERIALS: adoption_work.work, Stage.LAUNCH: adoption_work.launch, Stage.HANDOVER: adoption_work.complete,
    Stage.REVIEW: adoption_work.hand_over,
}  # fmt: skip
"""What has happened by the time a stage begins, besides what the stages before it need."""


def _rewrite(document: Document, body: Mapping[str, object]) -> None:
    """Give a document that nobody has seen yet its body."""
    document.body, document.body_hash = dict(body), documents.fingerprint(dict(body))
