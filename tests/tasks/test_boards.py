"""Boards are drawn after the fact: what changed and nothing else, written in place, and no trouble with a page is a stage's trouble."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import select

from models import documents, effects, leases, links
from models.effects import EffectState
from models.errors import Unavailable
from models.stages import RunState, Stage
from models.tables import Effect, StageRun
from models.tracks import Sales
from tasks.boards import A_LOOK, Boards
from tasks.effects import decide
from tasks.world import World, real_now
from tests.factories import a_client, a_deal, a_fact, a_run, a_signed_deal, an_application

ALL = {"pipeline", "error-inbox", "month"}


@dataclass
class Wall:
    """Prefect's artifacts: texts by id, ids by key, and how often it was asked."""

    pages: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    @contextmanager
    def talk(self) -> Iterator["Wall"]:
        if self.away:
            raise Unavailable("The Prefect server is away.")
        yield self

    def shown(self, keys: list[str]) -> dict[str, str]:
        self.asked.append("shown")
        return {key: self.ids[key] for key in keys if key in self.ids}

    def show(self, key: str, text: str, says: str, artifact_id: str | None) -> str:
        self.asked.append(key)
        known = artifact_id if artifact_id in self.pages else f"{key}/{len(self.pages)}"
        self.pages[known], self.ids[key] = text, known
        return known

    def text(self, key: str) -> str:
        return self.pages[self.ids[key]]


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def drawer(here_sqlite: World, wall: Wall) -> Boards:
    """The boards of the process that holds the waker's lease."""
    lead(here_sqlite, here_sqlite.worker)
    return Boards(wall.talk, pause=0)


def lead(here: World, worker: str) -> None:
    with here.db.writing() as session:
        leases.give_back(session, "waker", leases.holder(session, "waker"))
        session.flush()
        leases.take(session, "waker", worker, length=timedelta(minutes=1), now=real_now())


def test_a_stage_that_ended_brings_its_deals_card_and_the_pages_about_all(here_sqlite: World, drawer: Boards, wall: Wall) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_run(session, Stage.BRIEF, deal)
        a_deal(session, client=a_client(session, company="Another"))
    assert drawer.refresh() == 4
    assert wall.asked == ["shown", f"deal-{deal.id}", "pipeline", "error-inbox", "month"]
    assert wall.text(f"deal-{deal.id}").startswith(f"# Deal {deal.id} · Acme")
    assert wall.text("pipeline").endswith("\n\n*As of 2026-03-02 10:00.*")
    assert "Another" in wall.text("pipeline")
    assert "https://office.example" not in wall.text("error-inbox")


def test_while_nothing_changes_prefect_is_not_asked(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
    drawer.refresh()
    wall.asked.clear()
    clock.pass_(minutes=1)
    assert [drawer.refresh() for _ in range(3)] == [0, 0, 0]
    drawer.is_stale = True
    assert drawer.refresh() == 0, "the same pages are not sent again"
    assert wall.asked == []


def test_a_fact_or_a_run_that_was_touched_costs_one_request_a_page(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        row = a_run(session, Stage.BRIEF, deal)
    drawer.refresh()
    clock.pass_(minutes=1)
    wall.asked.clear()
    with here_sqlite.db.writing() as session:
        a_fact(session, deal, "proposal.viewed", at=clock())
    drawer.refresh()
    assert wall.asked == [f"deal-{deal.id}"]
    clock.pass_(minutes=1)
    with here_sqlite.db.writing() as session:
        fresh = session.get_one(StageRun, row.id)
        fresh.state, fresh.why, fresh.touched_at = RunState.FAILED.value, "Refused: <no>.", clock()
        session.add(fresh)
    wall.asked.clear()
    drawer.refresh()
    assert wall.asked == [f"deal-{deal.id}", "pipeline", "error-inbox"]
    assert "Refused: &lt;no&gt;." in wall.text("error-inbox")
    assert len(wall.pages) == 4, "written in place"


def test_a_letter_that_no_stage_sent_brings_its_deals_card_up_to_date(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        deal, other = a_deal(session), a_deal(session)
        for one in (deal, other):
            effects.plan(session, f"deal/{one.id}/reminder", effects.LETTER, deal_id=one.id, what="brief-reminder", now=clock())
            a_run(session, Stage.BRIEF, one)
    drawer.refresh()
    clock.pass_(minutes=30)
    wall.asked.clear()
    with here_sqlite.db.writing() as session:
        reminder = session.get_one(Effect, f"deal/{deal.id}/reminder")
        effects.claim(session, reminder, "w", now=real_now())  # by a clock of its own
        effects.settle(session, reminder, EffectState.UNKNOWN, said="The line went dead.", now=clock())
    drawer.refresh()
    assert wall.asked == [f"deal-{deal.id}", "error-inbox"]
    assert "The line went dead." in wall.text("error-inbox")
    assert "unknown" in wall.text(f"deal-{deal.id}")
    clock.pass_(minutes=30)
    decide(f"deal/{deal.id}/reminder", went_out=True, who="Conor", run="run/1")
    drawer.refresh()
    assert "unknown" not in wall.text(f"deal-{deal.id}")
    assert wall.text("error-inbox").startswith("# Error inbox\n\nNothing waits for a person.")


def test_an_application_that_failed_before_it_had_a_deal_is_among_the_errors(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        fact = an_application(session)
    drawer.refresh()
    clock.pass_(minutes=1)
    with here_sqlite.db.writing() as session:
        row = session.exec(select(StageRun)).one()
        row.state, row.why, row.touched_at = RunState.FAILED.value, "Refused: no such service.", clock()
        session.add(row)
    drawer.refresh()
    assert f"intake of application {fact.id}" in wall.text("error-inbox")


def test_while_prefect_is_away_nothing_is_lost_and_the_log_says_so(here_sqlite: World, drawer: Boards, wall: Wall, caplog) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
    wall.away = True
    assert drawer.refresh() == 0
    assert "Boards wait: The Prefect server is away." in caplog.text
    wall.away = False
    assert drawer.refresh() == 4


def test_a_card_that_cannot_be_drawn_keeps_no_other_page_back(here_sqlite: World, drawer: Boards, wall: Wall, caplog) -> None:
    with here_sqlite.db.writing() as session:
        broken, whole = a_signed_deal(session), a_deal(session)
        for deal in (broken, whole):
            a_fact(session, deal)
            a_run(session, Stage.BRIEF, deal)
        estimate = documents.latest(session, broken.id, "estimate")
        estimate.body = {**estimate.body, "lines": "none"}
        session.add(estimate)
    with caplog.at_level(logging.ERROR):
        drawer.refresh()
    assert set(wall.ids) == {f"deal-{whole.id}", *ALL}
    assert f"The card of deal {broken.id} cannot be drawn." in caplog.text


def test_many_deals_are_drawn_some_at_a_time_and_all_in_the_end(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        client = a_client(session)
        deals = [a_deal(session, client=client) for _ in range(A_LOOK + 5)]
        for deal in deals:
            a_run(session, Stage.BRIEF, deal)
    assert drawer.refresh() == A_LOOK + len(ALL)
    clock.pass_(minutes=30)
    assert drawer.refresh() == 5
    assert set(wall.ids) == {*ALL, *(f"deal-{deal.id}" for deal in deals)}


def test_only_the_process_that_holds_the_wakers_lease_draws(here_sqlite: World, drawer: Boards, wall: Wall) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
    lead(here_sqlite, "another/1/2")
    assert drawer.refresh() == 0
    lead(here_sqlite, here_sqlite.worker)
    drawer.refresh()
    lead(here_sqlite, "another/1/2")
    drawer.refresh()
    assert (drawer.written, drawer.ids) == ({}, {}), "another one writes now; what it wrote is not known here"
    lead(here_sqlite, here_sqlite.worker)
    assert drawer.refresh() == 4
    assert len(wall.pages) == 4, "found again by their keys"


def test_what_an_emptied_prefect_has_lost_is_made_anew(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal)
    drawer.refresh()
    wall.pages.clear()
    clock.pass_(minutes=1)
    with here_sqlite.db.writing() as session:
        a_fact(session, deal)
    drawer.refresh()
    assert list(wall.pages) == [f"deal-{deal.id}/0"]


def test_a_clock_that_is_set_back_hides_nothing(here_sqlite: World, drawer: Boards, wall: Wall, clock) -> None:
    clock.pass_(days=30)
    drawer.refresh()
    clock.pass_(days=-30)
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal)
    drawer.refresh()
    assert f"deal-{deal.id}" in wall.ids


def test_no_page_holds_a_clients_link_or_the_secret(here_sqlite: World, drawer: Boards, wall: Wall) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        a_fact(session, deal)
        a_run(session, Stage.INVOICE, deal, part=1)
        own = [
            links.hand_out(session, here_sqlite.secret, kind, deal.id, now=here_sqlite.now()) for kind in ("proposal", "contract", "brief", "project")
        ]
    drawer.refresh()
    drawer.refresh()
    shown = "\n".join(wall.pages.values())
    assert "https://office.example/p/" in shown
    assert not [path for path in (*own, here_sqlite.secret) if path in shown]
