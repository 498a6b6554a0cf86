"""Wanted runs: one live row per deal, stage and round, whoever wants it and how often."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from models import due, wanted
from models.db import Database
from models.errors import Missing, Refused
from models.stages import LIVE, RunState, Stage
from models.tables import Deal, Fact, StageRun
from models.tracks import Sales, Work
from models.wanted import STARTS_FROM, WORKS_FROM
from tests.factories import a_deal, a_fact, a_run, an_application
from tests.fakes import MONDAY
from tests.models.threads import at_once, meanwhile


def test_eight_who_want_the_same_stages_at_once_share_one_live_row_of_each(db: Database) -> None:
    with db.writing() as session:
        ids = [a_deal(session, sales=Sales.BRIEFING).id for _ in range(10)]

    def want(_: int) -> list[str]:
        keys = []
        for deal_id in ids:
            with db.writing() as session:
                keys.append(wanted.want(session, Stage.BRIEF, deal=session.get_one(Deal, deal_id), now=MONDAY).key)
        return keys

    assert at_once(8, want) == [[f"deal-{deal_id}/brief/r1/g1" for deal_id in ids]] * 8
    with db.reading() as session:
        assert len(session.exec(select(StageRun).where(col(StageRun.state).in_(LIVE))).all()) == len(ids)


def test_eight_successors_of_one_dead_run_are_one(db: Database) -> None:
    with db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, owner="w")
        row_id = row.id

    def succeed(_: int) -> str:
        with db.writing() as session:
            row = session.exec(select(StageRun).where(StageRun.id == row_id).with_for_update()).one()
            if row.state == RunState.SUPERSEDED:
                return wanted.live_of(session, row.deal_id)[0].key
            return wanted.succeed(session, row, now=MONDAY, why="died").key

    assert len(set(at_once(8, succeed))) == 1


def test_a_run_that_begins_while_its_deal_is_closed_has_lost_its_row(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.CREATED, flow_run_id="mine")

    def begin() -> StageRun | None:
        with db.writing() as session:
            return wanted.begin(session, row.key, "mine", "w", now=MONDAY)

    assert meanwhile(db, lambda session: wanted.withdraw_all(session, deal.id, why="so", now=MONDAY), begin) is None
    with db.reading() as session:
        assert session.get_one(StageRun, row.id).state == RunState.WITHDRAWN


def test_the_database_itself_refuses_a_second_live_row(db: Database) -> None:
    with pytest.raises(IntegrityError), db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session))
        session.add(StageRun(key="another", stage="brief", deal_id=row.deal_id, round=1, generation=2, wanted_at=MONDAY, touched_at=MONDAY))
        session.flush()


@pytest.mark.parametrize("state", [state for state in RunState if state not in LIVE])
def test_after_an_ended_run_the_next_generation_is_wanted(here_sqlite, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first = a_run(session, Stage.BRIEF, deal)
        first.state = state.value
        second = wanted.want(session, Stage.BRIEF, deal=deal, now=MONDAY)
        assert (second.generation, second.key) == (2, f"deal-{deal.id}/brief/r1/g2")


@pytest.mark.parametrize("state", LIVE)
def test_while_a_run_lives_no_other_is_wanted(here_sqlite, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first = a_run(session, Stage.BRIEF, deal)
        first.state = state.value
        assert wanted.want(session, Stage.BRIEF, deal=deal, now=MONDAY) is first


def test_each_round_begins_with_its_first_generation(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING)
        deal.round = 2
        assert wanted.want(session, Stage.BRIEF, deal=deal, now=MONDAY).key == f"deal-{deal.id}/brief/r2/g1"


def test_payments_of_the_plan_have_runs_side_by_side_and_one_live_run_each(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.SIGNED)
        rows = [wanted.want(session, Stage.PAYMENT, deal=deal, part=part, now=MONDAY) for part in (1, 2, 1, 2)]
        assert [row.key for row in rows] == [f"deal-{deal.id}/payment/r1/p{part}/g1" for part in (1, 2, 1, 2)]
        assert len(wanted.live_of(session, deal.id)) == 2


@pytest.mark.parametrize("part", [1, 2])
def test_the_database_itself_refuses_a_second_live_row_of_a_part(db: Database, part: int) -> None:
    with pytest.raises(IntegrityError), db.writing() as session:
        row = a_run(session, Stage.PAYMENT, a_deal(session, sales=Sales.SIGNED), part=part)
        session.add(StageRun(key="another", stage="payment", deal_id=row.deal_id, round=1, part=part, generation=2, wanted_at=MONDAY, touched_at=MONDAY))
        session.flush()


def test_generations_are_counted_by_part_and_a_successor_keeps_its_part(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.SIGNED)
        a_run(session, Stage.INVOICE, deal, part=1)
        second = a_run(session, Stage.INVOICE, deal, part=2, state=RunState.RUNNING, flow_run_id="mine")
        heir = wanted.succeed(session, second, now=MONDAY, why="died")
        assert (heir.part, heir.key) == (2, f"deal-{deal.id}/invoice/r1/p2/g2")


def test_an_operator_starts_one_part_beside_another_that_is_under_way(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.SIGNED)
        live = a_run(session, Stage.PAYMENT, deal, part=1)
        row = wanted.adopt(session, Stage.PAYMENT, deal.id, "mine", "w", now=MONDAY, part=2)
        assert (row.part, row.flow_run_id) == (2, "mine")
        with pytest.raises(Refused, match=live.key):
            wanted.adopt(session, Stage.PAYMENT, deal.id, "other", "w", now=MONDAY, part=1)


def test_a_run_takes_up_its_row_by_the_key_even_before_its_creator_wrote_it_down(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session))
        begun = wanted.begin(session, row.key, "run-1", "worker", now=MONDAY)
        wanted.created(session, row.id, "run-1", now=MONDAY)
        assert begun is row
        assert (row.state, row.flow_run_id, row.owner) == ("running", "run-1", "worker")


@pytest.mark.parametrize("state", RunState)
def test_only_a_live_row_can_be_begun(here_sqlite, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session))
        row.state, row.flow_run_id = state.value, "run-1"
        session.flush()
        begun = wanted.begin(session, row.key, "run-1", "worker", now=MONDAY)
        assert (begun is row) == (state in LIVE)


def test_a_superseded_run_and_a_stranger_get_nothing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        old = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="old")
        new = wanted.succeed(session, old, now=MONDAY, why="its worker died")
        assert wanted.begin(session, old.key, "old", "w", now=MONDAY) is None
        assert not wanted.owns(old, "old", old.touched_at)
        assert wanted.begin(session, new.key, "new", "w", now=MONDAY) is new
        assert wanted.begin(session, new.key, "stranger", "w", now=MONDAY) is None
        assert wanted.begin(session, "no such key", "new", "w", now=MONDAY) is None
        assert wanted.owns(new, "new", new.touched_at)
        assert not wanted.owns(new, "stranger", new.touched_at)


def test_a_successor_keeps_what_the_run_was_about(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        application = an_application(session)
        row = session.exec(select(StageRun)).one()
        wanted.begin(session, row.key, "run-1", "w", now=MONDAY)
        row.deal_id = a_deal(session).id
        heir = wanted.succeed(session, row, now=MONDAY, why="died")
        assert (heir.application_id, heir.fact_id, heir.generation) == (application.id, application.id, 2)
        assert (row.state, row.why) == ("superseded", "died")


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage != Stage.INTAKE])
@pytest.mark.parametrize("sales", Sales)
def test_an_operator_starts_a_stage_only_where_the_deal_needs_it(here_sqlite, stage: Stage, sales: Sales) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=sales, work=min(WORKS_FROM.get(stage, ["none"])))
        if sales in STARTS_FROM[stage]:
            row = wanted.adopt(session, stage, deal.id, "mine", "w", now=MONDAY)
            assert (row.state, row.flow_run_id) == ("running", "mine")
            assert wanted.adopt(session, stage, deal.id, "mine", "w", now=MONDAY) is row
        else:
            with pytest.raises(Refused, match=f"is {sales}; a {stage} starts from"):
                wanted.adopt(session, stage, deal.id, "mine", "w", now=MONDAY)


@pytest.mark.parametrize("stage", WORKS_FROM)
@pytest.mark.parametrize("work", Work)
def test_an_operator_starts_a_stage_of_delivery_only_where_the_work_needs_it(here_sqlite, stage: Stage, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON, work=work.value)
        if work in WORKS_FROM[stage]:
            assert wanted.adopt(session, stage, deal.id, "mine", "w", now=MONDAY).state == "running"
        else:
            with pytest.raises(Refused, match=f"is {work}; a {stage} starts from"):
                wanted.adopt(session, stage, deal.id, "mine", "w", now=MONDAY)


def test_a_stage_that_was_wanted_once_is_known_to_have_been_whatever_became_of_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON)
        assert not wanted.was_wanted(session, Stage.REVIEW, deal)
        a_run(session, Stage.REVIEW, deal, state=RunState.DONE)
        assert wanted.was_wanted(session, Stage.REVIEW, deal)
        deal.round += 1
        assert not wanted.was_wanted(session, Stage.REVIEW, deal)


@pytest.mark.parametrize("state", LIVE)
def test_an_operator_is_told_which_run_is_under_way(here_sqlite, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal)
        row.state = state.value
        with pytest.raises(Refused, match=row.key):
            wanted.adopt(session, Stage.BRIEF, deal.id, "mine", "w", now=MONDAY)


def test_an_operator_who_names_no_deal_is_told_so(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Missing, match="no deal 99"):
        wanted.adopt(session, Stage.BRIEF, 99, "mine", "w", now=MONDAY)


def test_withdrawing_leaves_the_run_alone_that_ends_the_deal(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        mine = a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING, flow_run_id="mine")
        others = [a_run(session, Stage.ESTIMATE, deal), a_run(session, Stage.PROPOSAL, deal, state=RunState.WAITING)]
        elsewhere = a_run(session, Stage.BRIEF, a_deal(session))
        wanted.withdraw_all(session, deal.id, why="lost", now=MONDAY, but="mine")
        assert mine.state == "running"
        assert {row.state for row in others} == {"withdrawn"}
        assert elsewhere.state == "wanted"


def test_a_run_names_the_fact_that_it_follows_from(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        fact = a_fact(session, deal)
        row = wanted.want(session, Stage.BRIEF, deal=deal, fact=fact, now=MONDAY)
        assert session.get_one(Fact, row.fact_id) is fact


@pytest.mark.parametrize("state", [RunState.WANTED, RunState.CREATED])
def test_a_run_that_begins_while_it_is_put_behind_the_others_keeps_the_moment_at_which_it_began(db: Database, state: RunState) -> None:
    with db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=state, flow_run_id="mine")

    def put_behind() -> None:
        with db.writing() as session:
            if state == RunState.WANTED:
                wanted.touch(session, row.id, now=MONDAY + timedelta(minutes=1))
            else:
                due.looked_at(session, [row], now=MONDAY + timedelta(minutes=1))

    meanwhile(db, lambda session: wanted.begin(session, row.key, "mine", "w", now=MONDAY), put_behind)
    with db.reading() as session:
        assert wanted.owns(session.get_one(StageRun, row.id), "mine", MONDAY)
