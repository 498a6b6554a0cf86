"""What machines watch, counted from facts, waits and effects, on both databases."""

from datetime import timedelta

from models import facts, leases, vitals, waiting
from models.tables import Effect, StageRun, Wait
from models.tracks import Sales
from models.waiting import Question, Spot
from tests.factories import a_deal, a_fact
from tests.fakes import MONDAY

MINUTE = timedelta(minutes=1)


def an_effect(session, key: str, state: str, kind: str = "letter", at=MONDAY) -> None:
    session.add(Effect(key=key, kind=kind, state=state, planned_at=at, settled_at=at))


def a_wait(session, deal, *, at=MONDAY, deadline=None, run: str = "", state: str = "waiting") -> None:
    run = run or f"run-{deal.id}-{at}"
    session.add(
        StageRun(key=run, stage="proposal", deal_id=deal.id, round=deal.id, state=state, flow_run_id=run, wanted_at=MONDAY, touched_at=MONDAY)
    )
    question = Question(kinds=["deal.noted"], subject=facts.subject(deal.id, 1, "deal"), whose="client", what="w", deadline=deadline)
    waiting.reach(session, Spot(deal.id, "proposal", 1, f"answer-{at}", run), question, now=at)


def test_deals_effects_waits_and_runs_are_counted_by_where_they_stand(here) -> None:
    with here.db.writing() as session:
        deals = [a_deal(session, sales=place) for place in (Sales.PROPOSED, Sales.PROPOSED, Sales.WON)]
        a_wait(session, deals[0])
        a_wait(session, deals[1], state="failed")
        for number, (state, kind) in enumerate([("done", "letter"), ("done", "letter"), ("unknown", "errand"), ("failed", "refund")]):
            an_effect(session, f"e{number}", state, kind, MONDAY + number * MINUTE)
        session.flush()
        assert vitals.deals(session)["sales", "proposed"] == 2
        assert vitals.deals(session)["money", "none"] == 3
        assert vitals.runs(session) == {("proposal", "waiting"): 1, ("proposal", "failed"): 1}
        assert vitals.open_waits(session) == {("proposal", "client"): 2}
        assert {(one.state, one.kind): one.count for one in vitals.effects(session)} == {
            ("done", "letter"): 2, ("unknown", "errand"): 1, ("failed", "refund"): 1,
        }  # fmt: skip
        assert vitals.letters(session) == vitals.Letters(MONDAY + MINUTE, failed=0, unknown=1)


def test_a_wait_is_overdue_only_where_the_waker_should_have_woken_it(here) -> None:
    with here.db.writing() as session:
        assert vitals.overdue(session, MONDAY) == timedelta()
        late, later, failed, held = (a_deal(session) for _ in range(4))
        a_wait(session, later, deadline=MONDAY + 40 * MINUTE)
        a_wait(session, failed, deadline=MONDAY + MINUTE, state="failed")
        a_wait(session, held, deadline=MONDAY + MINUTE)
        held.held_since = MONDAY
        session.flush()
        assert vitals.overdue(session, MONDAY + 30 * MINUTE) == timedelta()
        a_wait(session, late, deadline=MONDAY + 10 * MINUTE)
        assert vitals.overdue(session, MONDAY + 60 * MINUTE) == 50 * MINUTE


def test_a_wake_takes_from_the_answer_or_the_question_whichever_came_last_to_its_consumption(here) -> None:
    with here.db.writing() as session:
        for known, opened, closed in ((5, 0, 7), (0, 10, 10), (20, 11, 20.5), (-90, -95, -85)):
            deal = a_deal(session)
            fact = a_fact(session, deal, at=MONDAY + known * MINUTE)
            a_wait(session, deal, at=MONDAY + opened * MINUTE)
            wait = session.exec(vitals.select(Wait).where(Wait.deal_id == deal.id)).one()
            wait.fact_id, wait.closed_at = fact.id, MONDAY + closed * MINUTE
            session.add(wait)
        session.flush()
        assert vitals.wakes(session, MONDAY + 30 * MINUTE) == [0.0, 30.0, 120.0]


def test_quantiles_are_values_that_were_measured() -> None:
    assert [vitals.quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.5, 0.9, 1.0)] == [3.0, 4.0, 4.0]
    assert vitals.quantile([], 0.5) == 0.0


def test_a_workers_heartbeat_is_as_old_as_its_lease_is_used_up(here) -> None:
    with here.db.writing() as session:
        leases.take(session, "worker/a", "a", length=leases.WORKER, now=MONDAY)
        leases.take(session, "worker/b", "b", length=leases.WORKER, now=MONDAY + timedelta(seconds=4))
        leases.take(session, "waker", "a", length=leases.WORKER, now=MONDAY)
        session.flush()
        assert leases.heartbeats(session, now=MONDAY + timedelta(seconds=5)) == {"a": timedelta(seconds=5), "b": timedelta(seconds=1)}
        assert set(leases.heartbeats(session, now=MONDAY + timedelta(seconds=21))) == {"b"}
