"""How each stage may go, as plays: where a deal begins, and what is said whenever its stage waits. Together they call every step there is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from prefect import Flow
from sqlmodel import Session

from deployments.serve import STAGES
from models import act_state, completion, contract_state, contracts, documents, issued, ledger, projects, proposals, tracks, wanted
from models.after_answers import CourseAnswered, ReviewGiven, TrainingAnswered
from models.answer import Answer
from models.answers import BriefSent, ContractWord, EstimateReview, ProposalRevised, QualifyAnswer
from models.cash_answers import ContractChangeAsked, ContractRevised, Countersigned
from models.company import Company
from models.delivery_answers import ActFaults, FaultsMended, LaunchChecked, MaterialReviewed, StageAnswered, StageReady
from models.proposals import Revision
from models.stages import Stage
from models.tables import Brief, Deal, Document, StageRun
from models.tracks import Cash, Sales, Work
from tests import launching
from tests.aftermath import ACCESSES, a_completed_project, handed_over
from tests.coursing import a_mail
from tests.factories import (
    a_brief,
    a_deal,
    a_payment,
    a_refusal,
    a_signature,
    a_signed_deal,
    a_wish,
    an_acceptance,
    an_agreed_deal,
    an_application,
    an_estimate,
    an_invoice,
    the_details,
    told,
)  # fmt: skip
from tests.fakes import MONDAY, ManualClock
from tests.projecting import a_material, a_project, a_won_deal, an_accepted_stage, comments, plan_of
from tests.studio import the_company
from tests.tasks.played import Say, silence

FLOWS: dict[str, Flow] = {one.name: one for one in STAGES}
STAFF = "staff:tomasz@northlight.example"


@dataclass(frozen=True)
class Play:
    """One way of a stage: `begin` makes its row, `script` answers each suspension."""

    stage: Stage
    name: str
    begin: Callable[[Session], StageRun]
    script: tuple[Say, ...] = ()
    company: Company = field(default_factory=the_company)

    def __str__(self) -> str:
        return f"{self.stage}: {self.name}"


def say(answer: Answer | Callable[[Session, Deal], Answer], actor: str = "client") -> Say:
    """Somebody tells a fact."""

    def line(session: Session, deal: Deal, clock: ManualClock) -> None:
        told(session, deal, answer(session, deal) if callable(answer) else answer, at=clock.at, actor=actor)

    return line


def on(stage: Stage, deal: Callable[[Session], Deal], part: int = 0) -> Callable[[Session], StageRun]:
    """A deal whose stage is wanted."""
    return lambda session: wanted.want(session, stage, deal=deal(session), part=part, now=MONDAY)


def with_ends(*names: str) -> Company:
    """A studio whose questions to its own people and about money come to an end, as its owner may have it."""
    studio = the_company()
    ended = {name: studio.ladders[name].model_copy(update={"deadline": "60 days"}) for name in names}
    return studio.model_copy(update={"ladders": studio.ladders | ended})


def with_director() -> Company:
    """A studio whose director signs each contract."""
    studio = the_company()
    return studio.model_copy(update={"contract": studio.contract.model_copy(update={"countersign": "director"})})


def newest(session: Session, deal: Deal, kind: str) -> Document:
    document = documents.latest(session, deal.id, kind)
    assert document
    return document


def applied(**payload) -> Callable[[Session], StageRun]:
    return lambda session: wanted.want(session, Stage.INTAKE, application=an_application(session, **payload), now=MONDAY)


def complex_deal(session: Session) -> Deal:
    """A deal whose estimate a manager has to see."""
    deal = a_deal(session, sales=Sales.ESTIMATING)
    a_brief(session, deal)
    deal.budget = 1
    answers = dict(session.get_one(Brief, deal.id).answers)
    question = next(one for one in the_company().briefs[deal.service].questions if any(option.flag for option in one.options))
    flagged = next(option.value for option in question.options if option.flag)
    a_brief(session, deal, answers | {question.slug: [flagged] if question.type == "choices" else flagged})
    return deal


def reviewed(session: Session, deal: Deal) -> Answer:
    line = newest(session, deal, "estimate").body["lines"][0]["slug"]
    return EstimateReview(decision="approve", hours={line: 12.0}, reason="Less of it.")


def revised(session: Session, deal: Deal, clock: ManualClock) -> None:
    """The salesperson publishes the next version of the proposal."""
    proposals.revise(session, the_company(), deal, Revision(texts={"title": "Leaner"}), who="Conor", now=clock.at, keep=True)
    told(session, deal, ProposalRevised(version=newest(session, deal, "proposal").version), at=clock.at, actor=STAFF)


def contract_revised(session: Session, deal: Deal, clock: ManualClock) -> None:
    """An hour later the salesperson publishes the next version of the contract."""
    now = clock.pass_(hours=1)
    contracts.revise(session, the_company(), deal, contracts.Revision(texts={"title": "Ours"}), who="Conor", now=now, keep=True)
    told(session, deal, ContractRevised(version=newest(session, deal, "contract").version), at=now, actor=STAFF)


def contract_signed(session: Session, deal: Deal, clock: ManualClock) -> None:
    a_signature(session, newest(session, deal, "contract"), at=clock.at)


def act_signed(session: Session, deal: Deal, clock: ManualClock) -> None:
    launching.an_act_on_paper(session, act_state.newest(session, deal), at=clock.at)


def estimated(session: Session) -> Deal:
    deal = a_deal(session, sales=Sales.ESTIMATING)
    an_estimate(session, deal)
    return deal


def countersigned(decision: str) -> Say:
    def word(session: Session, deal: Deal) -> Answer:
        version = contract_state.of_round(session, deal).version
        return Countersigned(version=version, decision=decision, name="Aoife Brennan", reason="Too long." if decision == "refuse" else "")

    return say(word, actor="staff:aoife")


def a_part_paid(session: Session, deal: Deal, clock: ManualClock) -> None:
    """Some of the money comes."""
    a_payment(session, issued.of_part(session, deal, 1), 10_000, at=clock.at)


def the_rest_paid(session: Session, deal: Deal, clock: ManualClock) -> None:
    """All that is open comes."""
    invoice = issued.of_part(session, deal, 1)
    a_payment(session, invoice, ledger.open_of(session, invoice).amount, at=clock.at)


def unpaid(session: Session) -> Deal:
    return session.get_one(Deal, an_invoice(session).deal_id)


def everything_sent(session: Session, deal: Deal, clock: ManualClock) -> None:
    for item in projects.stand(session, deal).materials:
        if not item.is_settled:
            a_material(session, deal, item.slug, at=clock.at, decision="")


def everything_accepted(session: Session, deal: Deal, clock: ManualClock) -> None:
    for item in projects.stand(session, deal).materials:
        if not item.is_settled:
            told(session, deal, MaterialReviewed(item=item.slug, decision="accept" if item.place == "sent" else "waive"), at=clock.at, actor=STAFF)


def shown(session: Session, deal: Deal, clock: ManualClock) -> None:
    """The current stage can be shown."""
    told(session, deal, StageReady(stage=projects.stand(session, deal).current.slug, url="https://test.example"), at=clock.at, actor=STAFF)


def approved(session: Session, deal: Deal, clock: ManualClock) -> None:
    stage = projects.stand(session, deal).current
    told(session, deal, StageAnswered(stage=stage.slug, version=stage.version, decision="approve", name="Orla"), at=clock.at)


def changed(session: Session, deal: Deal, clock: ManualClock) -> None:
    comments(session, deal, projects.stand(session, deal).current.slug, at=clock.at)


def the_rest_accepted(session: Session, deal: Deal, clock: ManualClock) -> None:
    """Every stage that is left is shown and accepted in one go."""
    while stage := projects.stand(session, deal).current:
        an_accepted_stage(session, deal, stage.slug, at=clock.at)


def in_production(session: Session) -> Deal:
    deal = a_project(session, accepted=1)
    assert len(plan_of(session, deal).production) > 2
    return deal


def many_staged(session: Session) -> Deal:
    return a_project(session, accepted=1, service="corporate-site")


def launching_deal(session: Session) -> Deal:
    return a_project(session, work=Work.LAUNCH, accepted=20)


def course_deal(session: Session) -> Deal:
    deal = a_project(session, accepted=20)
    told(session, deal, CourseAnswered(decision="yes"))
    return deal


def replied_and_completed(session: Session, deal: Deal, clock: ManualClock) -> None:
    a_mail(session, deal, at=clock.at)
    deal.work = Work.LAUNCH.value
    tracks.move(session, deal, Work.COMPLETED, why="accepted", fact=None, now=clock.at)
    completion.follow(session, deal, fact=None, now=clock.at)


def days(count: float) -> Say:
    return lambda _session, _deal, clock: clock.pass_(days=count)


def a_closed_project(session: Session) -> Deal:
    deal = handed_over(session, a_completed_project(session))
    deal.money = Cash.PAID.value
    return deal


S = Stage
PLAYS: tuple[Play, ...] = (
    Play(S.INTAKE, "thanked and asked for the brief", applied()),
    Play(S.INTAKE, "too small, and silent", applied(budget=100), (silence,)),
    Play(S.INTAKE, "too small, and willing", applied(budget=100), (say(QualifyAnswer(decision="talk")),)),
    Play(S.BRIEF, "sent", on(S.BRIEF, lambda session: a_deal(session, sales=Sales.BRIEFING)), (
        lambda session, deal, clock: a_brief_sent(session, deal, clock),
    )),
    Play(S.BRIEF, "silence", on(S.BRIEF, lambda session: a_deal(session, sales=Sales.BRIEFING)), (silence,)),
    Play(S.ESTIMATE, "approved with other hours", on(S.ESTIMATE, complex_deal), (say(reviewed, STAFF),)),
    Play(S.ESTIMATE, "refused", on(S.ESTIMATE, complex_deal), (say(EstimateReview(decision="refuse", reason="Not ours."), STAFF),)),
    Play(S.ESTIMATE, "seen at last", on(S.ESTIMATE, complex_deal), (silence, say(reviewed, STAFF)), with_ends("estimate-approval")),
    Play(S.PROPOSAL, "changed, lying untouched, revised, accepted", on(S.PROPOSAL, estimated), (
        say(lambda session, deal: a_wish(newest(session, deal, "proposal"))), silence, revised,
        say(lambda session, deal: an_acceptance(newest(session, deal, "proposal"))),
    ), with_ends("proposal-revision")),
    Play(S.PROPOSAL, "declined", on(S.PROPOSAL, estimated), (say(lambda session, deal: a_refusal(newest(session, deal, "proposal"))),)),
    Play(S.PROPOSAL, "silence", on(S.PROPOSAL, estimated), (silence,)),
    Play(S.CONTRACT, "details, a change, signed by code", on(S.CONTRACT, lambda session: an_agreed_deal(session, details=False)), (
        say(the_details()), say(ContractChangeAsked(version=1, text="A longer warranty.")), contract_revised, contract_signed,
    )),
    Play(S.CONTRACT, "lost", on(S.CONTRACT, an_agreed_deal), (say(ContractWord(outcome="lost", reason="Their budget was cut."), STAFF),)),
    Play(S.CONTRACT, "the director refuses, and signs the next", on(S.CONTRACT, an_agreed_deal), (
        contract_signed, countersigned("refuse"), contract_revised, contract_signed, countersigned("sign"),
    ), with_director()),
    Play(S.INVOICE, "issued", on(S.INVOICE, a_signed_deal, part=1)),
    Play(S.PAYMENT, "long silent, paid in two parts", on(S.PAYMENT, unpaid, part=1), (silence, a_part_paid, the_rest_paid), with_ends("payment")),
    Play(S.KICKOFF, "begun", on(S.KICKOFF, a_won_deal)),
    Play(S.MATERIALS, "silent, sent, accepted", on(S.MATERIALS, lambda session: a_project(session, work=Work.MATERIALS, materials=False)), (
        silence, everything_sent, everything_accepted,
    )),
    Play(S.PRODUCTION, "shown, changed, shown again, silent, approved", on(S.PRODUCTION, in_production), (
        shown, changed, shown, silence, approved, the_rest_accepted,
    )),
    Play(S.PRODUCTION, "silent over the second stage, back with changes, shown again", on(S.PRODUCTION, many_staged), (
        shown, approved, shown, silence, changed, shown, approved, the_rest_accepted,
    )),
    Play(S.LAUNCH, "faulty, mended, silent, signed", on(S.LAUNCH, launching_deal), (
        say(LaunchChecked(url="https://acme.example"), STAFF), say(ActFaults(version=1, text="It is slow.")), say(FaultsMended(), STAFF), silence,
        act_signed,
    )),
    Play(S.NEXT_STEPS, "a letter, a reply, then the offer", on(S.NEXT_STEPS, course_deal), (days(3), replied_and_completed)),
    Play(S.HANDOVER, "booked and listed", on(S.HANDOVER, a_completed_project), (
        say(TrainingAnswered(decision="book", slot=MONDAY + timedelta(days=2), name="Orla Byrne")), say(ACCESSES, STAFF),
    )),
    Play(S.REVIEW, "given", on(S.REVIEW, a_closed_project), (say(ReviewGiven(stars=5, text="Quick and kind.", publish=True, name="Orla")),)),
    Play(S.CLOSING, "counted", on(S.CLOSING, a_closed_project)),
)  # fmt: skip


def a_brief_sent(session: Session, deal: Deal, clock: ManualClock) -> None:
    """The client sends their brief."""
    a_brief(session, deal, sent=False, at=clock.at)
    told(session, deal, BriefSent(), at=clock.at)
