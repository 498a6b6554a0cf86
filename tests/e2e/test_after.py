"""From the launch to the review on the real engine, and the bad days of delivery. Longer than 200: one half of a deal's life."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlmodel import col, select

from models import keys, ledger, project_clock, sent_mail
from models.after_answers import CourseAnswered, TrainingAnswered
from models.cash_tables import Invoice
from models.delivery_answers import MaterialReviewed, MaterialSent, StageAnswered
from models.delivery_tables import Performance, Project
from models.message import message_id
from models.stages import Stage
from models.tables import Deal, Document, Effect, Fact, StageRun, Wait
from models.tracking import issue_key
from models.tracks import Work
from tests.aftermath import ACCESSES, a_completed_project, a_handed_over_project
from tests.coursing import a_course
from tests.e2e.delivery import MANAGER, Customer
from tests.e2e.forms import runs_form
from tests.e2e.outside import Redmine
from tests.e2e.post import Held, Post
from tests.e2e.system import System, eventually, free_port
from tests.launching import a_launch
from tests.models.test_arrivals import mail, report
from tests.performing import hours_on
from tests.projecting import a_project, a_won_deal
from tests.redmine import KEY
from tests.studio import the_company

STAFF = "staff:tomasz@northlight.example"
SUPPORT = the_company().studio.mail.support_address
SUPPORT_PERSON = the_company().studio.with_role("support")[0].email
DOMAIN = the_company().studio.mail.from_address.rpartition("@")[2]
CALENDAR = project_clock.calendar(the_company())
LETTERS = the_company().delivery.course.letters


@pytest.fixture
def customer(system: System) -> Customer:
    return Customer(system)


def rows_of(customer: Customer) -> list[Performance]:
    with customer.system.db.reading() as session:
        return list(session.exec(select(Performance).where(Performance.deal_id == customer.deal)))


def reported(customer: Customer) -> dict:
    """The project's row as another system reads it."""
    [kept] = eventually(lambda: rows_of(customer), lambda: customer.told() + customer.system.log("worker"))
    with customer.system.db.writing() as session:
        key = keys.add(session, f"reports-{uuid4().hex[:8]}", ["reports:read"], now=customer.system.now())
    with customer.http as http:
        answer = http.get("/api/reports/performance", params={"month": kept.month}, headers={"Authorization": f"Bearer {key}"})
    [row] = [one for one in answer.json()["now"]["projects"] if one["deal"] == customer.deal]
    return row


def all_ended(customer: Customer) -> None:
    """Every run of the deal is over, in our table and in Prefect's."""
    tagged = {"flow_runs": {"tags": {"all_": [f"deal:{customer.deal}"]}}, "limit": 200}

    def states() -> dict[str, str]:
        runs = customer.system.prefect("POST", "/flow_runs/filter", tagged)
        return {run["id"]: run["state_type"] for run in runs if any(tag.startswith("stage:") for tag in run["tags"])}

    ended = {"COMPLETED", "CANCELLED"}
    eventually(lambda: set(states().values()) <= ended, lambda: f"{states()}\n{customer.told()}\n{customer.system.log('worker')}")
    with customer.system.db.reading() as session:
        rows = session.exec(select(StageRun).where(StageRun.deal_id == customer.deal)).all()
        assert ledger.check(session) == []
    assert {row.flow_run_id for row in rows} == set(states())
    assert {row.state for row in rows} <= {"done", "cancelled"}


def follows_course(customer: Customer, until: str = LETTERS[-1]) -> None:
    """Jump from one look of the course to the next until this letter is out."""
    for _ in range(12):
        moment = customer.looks_again()
        if f"deal/{customer.deal}/r1/next-steps/{until}" in customer.letters():
            return
        customer.system.advance(minutes=(moment - customer.system.now()) / timedelta(minutes=1))
    raise AssertionError(f"{until} does not come:\n{customer.told()}")


def course_of(customer: Customer) -> list[str]:
    """The letters of the course that are out, and that they kept their pace: in office hours, two whole working days apart."""
    with customer.system.db.reading() as session:
        effects = [session.get(Effect, f"deal/{customer.deal}/r1/next-steps/{name}") for name in ("invitation", *LETTERS)]
    out = [(effect.what, effect.settled_at) for effect in effects if effect and effect.state == "done"]
    for (_, one), (name, other) in pairwise(out):
        first, last = CALENDAR.day_of(one), CALENDAR.day_of(other)
        days = sum(CALENDAR.works(first + timedelta(days=ahead)) for ahead in range((last - first).days))
        assert days >= the_company().delivery.course.gap, (name, one, other)
        assert CALENDAR.works(last), (name, other)
        assert other < CALENDAR.closes(last)
    return [name for name, _ in out[1:]]


def test_a_launch_ends_with_a_ticket_a_published_review_a_row_and_an_offer(system: System, customer: Customer):
    customer.begins(a_project, work=Work.LAUNCH, accepted=9)
    customer.wants(Stage.LAUNCH, Stage.NEXT_STEPS)
    customer.gets("r1/launch/due")
    customer.is_launched()
    customer.gets("r1/next-steps/invitation")
    customer.sends(customer.form("project", "/course"), {}, decision="yes")
    invoice = customer.is_billed(2)
    customer.pays_online(invoice)
    customer.money("paid")

    customer.is_asked("launch")  # the client's move: the course waits as well
    system.advance(days=9)
    assert CALENDAR.works(CALENDAR.day_of(customer.looks_again()))
    assert course_of(customer) == []
    customer.signs_act()
    customer.work("completed")
    with customer.http as http:
        assert http.get(f"{customer.link('act')}.pdf").headers["content-type"] == "application/pdf"

    customer.gets("r1/handover/training")
    training = customer.form("project", "/training")
    customer.sends(training, {"slot": training.choices["slot"][-1], "name": "Ada Byron"}, decision="book")
    customer.gets("r1/handover/training/booked")
    customer.lists_accesses()
    customer.work("handed_over")
    customer.gets("r1/handover/ticket")
    ticket = sent_mail.read(system.home / "outbox", sent_mail.file_name(f"deal/{customer.deal}/r1/handover/ticket"))
    assert SUPPORT in ticket["To"]
    assert "registrar.example" in ticket.get_body(("plain",)).get_content()
    customer.gets("r1/handover/done")

    customer.gets("r1/review/request")
    words = f"They asked the right questions first ({customer.email})."
    customer.sends(customer.form("review", customer.link("review")), {"stars": "4", "text": words, "publish": "yes", "name": "Ada Byron"})
    with customer.http as http:
        assert words in http.get("/reviews").text
        [told] = [one for one in http.get("/reviews.json").json()["items"] if one["text"] == words]
    assert told["stars"] == 4
    row = reported(customer)
    assert (row["outcome"], row["review"], row["manager"]) == ("completed", 4, MANAGER)

    offer = customer.fact("next-step.offered").payload["deal"]
    customer.sees(f"deal/{offer}/proposal/v1/mail")
    follows_course(customer)
    assert course_of(customer) == LETTERS
    all_ended(customer)
    assert set(customer.letters().values()) == {"done"}


def test_paid_before_signed_and_signed_before_paid_end_alike_however_often_the_money_toggles(system: System):
    payer, signer = Customer(system), Customer(system)
    for one in (payer, signer):
        one.begins(a_launch)
        one.wants(Stage.LAUNCH)
    for one in (payer, signer):
        one.gets("act/v1/mail")
    bills = {one.deal: one.is_billed(2) for one in (payer, signer)}
    payer.pays_online(bills[payer.deal])
    signer.signs_act()
    assert payer.money("paid").work == "launch"
    assert signer.work("completed").money == "final_due"
    payer.signs_act()
    signer.pays_online(bills[signer.deal])
    for one in (payer, signer):
        one.work("completed")
        one.money("paid")
        one.gets("r1/review/request")
        one.takes_money_back(bills[one.deal])
    for one in (payer, signer):
        one.money("final_due")
        one.tells(TrainingAnswered(decision="decline"))
        one.lists_accesses()
        assert one.work("handed_over").money == "final_due"
        assert one.runs("closing") == [], "its money is not in"
        one.pays_again(bills[one.deal])
    for one in (payer, signer):
        one.money("paid")
        one.has_ended("closing")
        one.takes_money_back(bills[one.deal])
    for one in (payer, signer):
        one.money("final_due")
        one.pays_again(bills[one.deal])
    for one in (payer, signer):
        one.money("paid")
        assert (len(one.runs("review")), len(one.runs("closing")), len(rows_of(one))) == (1, 1, 1)
        assert sum("review/request" in key for key in one.letters()) == 1
        assert one.is_billed(2).id == bills[one.deal].id
    with system.db.reading() as session:
        assert ledger.check(session) == []


def test_a_project_cancelled_half_way_is_credited_and_counted_and_left_in_peace(system: System, customer: Customer):
    customer.begins(a_project, work=Work.PRODUCTION, accepted=2)
    with system.db.writing() as session:
        hours_on(session, session.get_one(Deal, customer.deal), "Hanna Lindqvist", 480, on=system.now().date())
    customer.wants(Stage.PRODUCTION, Stage.NEXT_STEPS)
    customer.tells(CourseAnswered(decision="yes"))
    assert runs_form(system, "payment-due", deal_id=customer.deal, who=MANAGER, text="Agreed on the telephone.") == "Completed"
    second = customer.is_billed(2)
    customer.is_asked("payment")
    customer.is_asked("production")
    customer.looks_again()
    assert runs_form(system, "cancel-work", deal_id=customer.deal, who="Aoife Brennan", reason="They closed the shop.", keep="500.00") == "Completed"
    customer.work("cancelled")
    customer.has_ended("closing")
    all_ended(customer)
    row = reported(customer)
    assert (row["outcome"], row["hours"], row["review"]) == ("cancelled", 8.0, None)
    assert customer.runs("review") == []
    with system.db.reading() as session:
        notes = session.exec(select(Invoice).where(Invoice.deal_id == customer.deal, col(Invoice.corrects_id).is_not(None))).all()
        assert session.get_one(Deal, customer.deal).sales == "won"
    assert [note.gross for note in notes if note.corrects_id == second.id] == [second.gross]
    assert len(notes) == 2
    before = customer.letters()
    assert "planned" not in before.values()
    system.advance(days=35)
    witness = Customer(system)
    witness.begins(a_launch)
    witness.wants(Stage.LAUNCH)
    witness.gets("act/v1/mail")
    assert customer.letters() == before


def test_whoever_was_handed_over_stays_so_and_every_attempt_is_written_down(system: System, customer: Customer):
    customer.begins(a_handed_over_project)
    stage = customer.project().stages[-1]
    with system.db.writing() as session:
        key = keys.add(session, f"facts-{uuid4().hex[:8]}", ["facts:write"], now=system.now())
    word = {"kind": "stage.ready", "external_id": uuid4().hex, "payload": {"stage": stage.plan.slug, "url": "https://test.example/x"}}
    with customer.http as http:
        said = http.post(f"{customer.link('project')}/stage", data={"stage": stage.plan.slug, "version": "1", "decision": "comment", "text": "Once more.", "name": "Ada"})
        listed = http.post(f"{customer.link('work')}/access", data={"what_0": "Domain", "where_0": "Here", "held_by_0": "Ada", "who": MANAGER})
        told = http.post(f"/api/deals/{customer.deal}/facts", json=word, headers={"Authorization": f"Bearer {key}"})
    assert (said.status_code, listed.status_code, told.status_code) == (409, 409, 409), told.text
    assert runs_form(system, "production", deal_id=customer.deal) == "Failed"
    with system.db.reading() as session:
        tried = session.exec(select(Fact).where(Fact.deal_id == customer.deal, Fact.kind == "handover.refused").order_by(col(Fact.id))).all()
        assert session.get_one(Deal, customer.deal).work == "handed_over"
    assert [fact.payload["what"] for fact in tried][:3] == [f"stage.answered {stage.plan.slug}", "access.listed", f"stage.ready {stage.plan.slug}"]
    assert len(tried) == 4, [fact.payload for fact in tried]
    assert customer.runs("production") == []


# Bad days: what lies outside goes away, the worker dies, letters come back


@pytest.fixture(scope="module")
def post() -> Iterator[Post]:
    one = Post(free_port())
    one.open()
    yield one
    one.close()


@pytest.fixture(scope="module")
def redmine() -> Iterator[Redmine]:
    one = Redmine()
    one.open()
    yield one
    one.close()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, post: Post, redmine: Redmine) -> Iterator[System]:
    """A system whose letters, tracker and desk are other people's, and that reads its mail."""
    over = {
        "STUDIO_MAIL_URL": post.url, "STUDIO_TRACKER": "redmine", "STUDIO_DESK": "redmine", "STUDIO_REDMINE_URL": redmine.url,
        "STUDIO_REDMINE_KEY": KEY, "STUDIO_MAILBOX_URL": "files", "STUDIO_MAILBOX_SECONDS": "1",
    }  # fmt: skip
    system = System(tmp_path_factory.mktemp("outside"), over)
    try:
        system.start()
        yield system
    finally:
        system.stop()


def comes_in(system: System, raw: bytes) -> None:
    """Put a letter into the folder of incoming mail, whole and not just written."""
    folder = system.home / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / f".{uuid4().hex}"
    scratch.write_bytes(raw)
    os.utime(scratch, (time.time() - 60, time.time() - 60))
    scratch.rename(folder / f"{scratch.name[1:]}.eml")


def hold(post: Post, start: str) -> Held:
    """Hold the first letter whose key begins so."""
    return post.holds.setdefault(f".{start.replace('/', '-')}", Held())


def letters_of(customer: Customer) -> dict[str, str]:
    """What became of the deal's letters, once none is on its way any more."""

    def settled() -> dict[str, str]:
        with customer.system.db.reading() as session:
            mine = session.exec(select(Effect).where(Effect.deal_id == customer.deal, col(Effect.kind).in_(["letter", "errand"]))).all()
        states = {effect.key: effect.state for effect in mine}
        return {} if {"planned", "claimed"} & set(states.values()) else states

    return eventually(settled, lambda: customer.told() + customer.system.log("worker"))


def loses_worker_and_letters(system: System, redmine: Redmine, *writers: Customer) -> None:
    """The worker dies, and the mail server loses its letters with the line; another worker has come upon each of them when this ends.

    An answer that came before that would let a stage go on without its letter, whose fate only `reconcile` would tell.
    """
    system.kill("worker")
    redmine.goes_on()
    system.start("worker")
    eventually(lambda: all("unknown" in letters_of(one).values() for one in writers), lambda: system.log("worker"))


def test_with_tracker_and_desk_away_for_a_day_stages_wait_and_go_on_by_themselves(outside: System, redmine: Redmine):
    starts, leaves = Customer(outside), Customer(outside)
    starts.begins(a_won_deal)
    leaves.begins(a_completed_project)
    leaves.tells(TrainingAnswered(decision="decline"))
    leaves.tells(ACCESSES, actor=STAFF)
    redmine.close()
    starts.wants(Stage.KICKOFF)
    leaves.wants(Stage.HANDOVER)
    for one in (starts, leaves):
        wait = one.outage()
        assert redmine.url in wait.what
        eventually(lambda run=wait.flow_run_id: outside.prefect("GET", f"/flow_runs/{run}")["state_name"] == "Suspended", one.told)
    outside.advance(days=1)
    tries = {one.deal: one.outage().suspensions for one in (starts, leaves)}
    assert min(tries.values()) == 2, "it has tried again, and still waits"
    redmine.open()
    outside.advance(minutes=10)
    starts.gets("r1/kickoff/welcome")
    leaves.work("handed_over")
    assert len(redmine.projects_of(starts.deal)) == 1
    assert Counter(redmine.issues_of(starts.deal)) == Counter(issue_key(starts.deal, 1, stage.slug) for stage in starts.project().plan.stages)
    assert redmine.issues_of(leaves.deal) == [f"deal/{leaves.deal}/r1/handover/ticket"]
    for one in (starts, leaves):
        one.has_ended("kickoff" if one is starts else "handover")
        with outside.db.reading() as session:
            mine = select(Wait).where(Wait.deal_id == one.deal, col(Wait.key).startswith("outage"))
            assert [wait.outcome for wait in session.exec(mine)] == ["over"]

    starts.work("materials")
    starts.sends_everything()
    starts.work("production")
    redmine.is_resolved(issue_key(starts.deal, 1, "text"))
    assert runs_form(outside, "read-tracker") == "Completed", outside.log("worker")
    starts.gets("r1/stage/text/v1/shown")
    assert starts.fact("stage.ready").actor == "machine:redmine"


def test_a_worker_killed_with_every_stage_in_its_hands_leaves_nothing_twice_and_nothing_out(outside: System, post: Post, redmine: Redmine):
    """Each of five deals is in the middle of something: the tracker, the desk or the mail server has it and does not answer."""
    starts, sends, looks, signs, leaves = crowd = [Customer(outside) for _ in range(5)]
    starts.begins(a_won_deal)
    sends.begins(a_project, work=Work.MATERIALS, materials=False)
    looks.begins(a_project)
    signs.begins(a_launch)
    leaves.begins(a_completed_project)
    leaves.tells(TrainingAnswered(decision="decline"))
    leaves.tells(ACCESSES, actor=STAFF)
    sends.wants(Stage.MATERIALS)
    looks.wants(Stage.PRODUCTION)
    sends.is_asked("materials")
    looks.is_asked("production")
    held = [
        redmine.hold(f"deal/{starts.deal}/r1/tracker"), hold(post, f"deal/{sends.deal}/r1/material"), hold(post, f"deal/{looks.deal}/r1/stage/text/v1"),
        hold(post, f"deal/{signs.deal}/act/v1/mail"), redmine.hold(f"deal/{leaves.deal}/r1/handover/ticket"),
    ]  # fmt: skip
    starts.wants(Stage.KICKOFF)
    sends.tells(MaterialSent(item=sends.project().materials[0].slug, text="Here it is."))
    looks.is_shown("text")
    signs.wants(Stage.LAUNCH)
    leaves.wants(Stage.HANDOVER)
    for one, what in zip(crowd, held, strict=True):
        assert what.there.wait(60), f"{one.told()}\n{outside.log('worker')}"
    signs.is_billed(2)
    signs.is_asked("payment")  # so that no letter is under way but those held
    loses_worker_and_letters(outside, redmine, sends, looks, signs)

    starts.work("materials")
    sends.tells(MaterialReviewed(item=sends.project().materials[0].slug, decision="accept"), actor=STAFF)
    sends.sends_everything()
    sends.work("production")
    looks.tells(StageAnswered(stage="text", version=1, decision="approve", name="Ada Byron"))
    looks.gets("r1/stage/text/accepted")
    signs.signs_act()
    signs.work("completed")
    leaves.work("handed_over")
    leaves.gets("r1/handover/done")
    letters = {key: state for one in crowd for key, state in letters_of(one).items()}
    unknown = [key for key, state in letters.items() if state == "unknown"]
    assert set(letters.values()) == {"done", "unknown"}
    assert {int(key.split("/")[1]) for key in unknown} >= {one.deal for one in (sends, looks, signs)}
    for key in unknown:  # nobody guesses; whoever has asked the client says it
        assert runs_form(outside, "settle-effect", key=key, who=MANAGER, outcome="send it again") == "Completed"
    letters = {key: state for one in crowd for key, state in letters_of(one).items()}
    taken = Counter(post.taken)
    assert set(letters.values()) == {"done"}
    assert {key: taken[message_id(key, DOMAIN, outside.settings.secret.get_secret_value())] for key in letters} == dict.fromkeys(letters, 1)
    assert len(redmine.projects_of(starts.deal)) == 1
    assert Counter(redmine.issues_of(starts.deal)) == Counter(issue_key(starts.deal, 1, stage.slug) for stage in starts.project().plan.stages)
    assert redmine.issues_of(leaves.deal) == [f"deal/{leaves.deal}/r1/handover/ticket"]
    with outside.db.reading() as session:
        assert len(session.exec(select(Document).where(Document.deal_id == signs.deal, Document.kind == "act")).all()) == 1
        assert len(session.exec(select(Project).where(Project.deal_id == starts.deal)).all()) == 1


def test_a_reply_is_told_and_stops_the_course_and_a_letter_that_comes_back_stops_the_letters(outside: System):
    customer, gone = Customer(outside), Customer(outside)
    customer.begins(a_course, whole=True)
    gone.begins(a_handed_over_project)
    customer.wants(Stage.NEXT_STEPS)
    follows_course(customer, "course-1")
    letter = customer.gets("r1/next-steps/course-1").result["message_id"]
    comes_in(outside, mail(customer.email, refers=letter, number=customer.deal))
    comes_in(outside, mail(gone.email, number=gone.deal))
    told = customer.gets(f"mail/{customer.fact('mail.came').id}")
    assert told.result["to"] == "tomasz@northlight.example"
    assert gone.gets(f"mail/{gone.fact('mail.came').id}").result["to"] == SUPPORT_PERSON
    outside.advance(days=10)
    customer.looks_again()
    assert course_of(customer) == ["course-1"]

    comes_in(outside, report(customer.email, letter))
    back = customer.fact("mail.bounced")
    customer.gets(f"mail/bounced/{back.id}")
    assert customer.gets("r1/next-steps/course-1").result["bounced"]["status"] == "5.1.1"
    customer.wants(Stage.PRODUCTION)
    customer.is_shown("testing")
    customer.gets("r1/stage/testing/v1/shown", state="skipped")
    moved = f"moved.{customer.email}"
    assert runs_form(outside, "change-address", deal_id=customer.deal, who=MANAGER, email=moved) == "Completed"
    customer.is_shown("testing")
    assert customer.gets("r1/stage/testing/v2/shown").result["to"] == moved
