"""A new release over deals that wait: edited and added steps replay safely; a question that is no longer asked is named before anything starts."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from models import looks, projects, wait_keys, waiting
from models.after_answers import ReviewGiven
from models.answers import BriefSent, ProposalAnswer
from models.delivery_answers import StageReady
from models.inbox import NOUNS
from models.letters import LetterOrder
from models.settings import ROOT
from models.stages import Stage
from models.tables import Wait
from tasks import handovers, letters, runs, waits
from tasks.step import step
from tasks.world import World
from tests.factories import a_fact, a_wait
from tests.tasks.places import at
from tests.tasks.stages import inside

WAITING = {"for_fact", "for_last", "for_any", "for_some", "however_long", "until", "ask", "Ask"}


def mail(key: str, deal_id: int, name: str = "brief-invitation") -> str:
    return letters.send(f"deal/{deal_id}/{key}", LetterOrder(name=name, deal_id=deal_id, to="client")).state


@step
def invite(deal_id: int) -> str:
    """Invite."""
    return mail("invite", deal_id)


@step
def thank(deal_id: int) -> str:
    """Thank."""
    return mail("thank", deal_id)


@step
def explain(deal_id: int) -> str:
    """Explain; the first release had no such step."""
    return mail("explain", deal_id)


@step
def invite_warmly(deal_id: int) -> str:
    """Invite, in other words, from a function of another name; the key says that it is the same letter."""
    return mail("invite", deal_id, name="brief-reminder")


def ask() -> ReviewGiven | None:
    return waits.for_fact(ReviewGiven, key="review", whose="client", what="a review")


def first_release(deal_id: int) -> None:
    invite.fn(deal_id)
    ask()
    thank.fn(deal_id)


def second_release(deal_id: int) -> None:
    invite_warmly.fn(deal_id)
    explain.fn(deal_id)
    ask()
    explain.fn(deal_id)
    thank.fn(deal_id)


def third_release(deal_id: int) -> None:
    ask()


def suspends(release: Callable[[int], None], deal_id: int) -> bool:
    """Whether a release comes to a wait here: there is no run of Prefect's that could be suspended."""
    try:
        release(deal_id)
    except RuntimeError as error:
        if "can only be suspended from within a flow run" not in str(error):
            raise
        return True
    return False


def the_wait(here: World) -> Wait:
    with here.db.reading() as session:
        return session.exec(select(Wait).where(Wait.stage == Stage.REVIEW)).one()


def test_steps_that_were_added_edited_and_renamed_replay_without_repeating_a_letter_or_losing_the_wait(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "received")
    with inside(here, Stage.REVIEW, deal) as run:
        assert suspends(first_release, deal.id)
    asked = the_wait(here)
    for release in (second_release, third_release, second_release):
        run.calls.clear()
        token = runs._current.set(run)
        assert suspends(release, deal.id)
        runs._current.reset(token)
    again = the_wait(here)
    assert (again.id, again.opened_at, again.suspensions) == (asked.id, asked.opened_at, 4)
    assert sorted(here.mail.letters()) == [f"deal/{deal.id}/explain", f"deal/{deal.id}/invite"]
    with here.db.writing() as session:
        a_fact(session, deal, ReviewGiven.kind, noun=NOUNS[ReviewGiven], payload={"stars": 5, "text": "Good.", "name": "Orla", "publish": True})
    for release in (second_release, first_release, third_release, second_release):
        run.calls.clear()
        token = runs._current.set(run)
        assert not suspends(release, deal.id)
        runs._current.reset(token)
    assert sorted(here.mail.letters()) == [f"deal/{deal.id}/{key}" for key in ("explain", "invite", "thank")]
    assert the_wait(here).fact_id


def test_the_outage_of_a_step_that_was_renamed_is_over_once_the_stage_gets_any_further(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "received")
    with inside(here_sqlite, Stage.REVIEW, deal):
        with pytest.raises(RuntimeError, match="can only be suspended from within a flow run"):
            waits.for_vendor("invite_of_old", "Mail is away.")
        assert suspends(third_release, deal.id)
    with here_sqlite.db.reading() as session:
        assert [(wait.key, wait.outcome) for wait in waiting.open_waits(session, deal.id)] == [("review#1", "")]


def test_a_deal_that_waits_where_this_release_never_comes_is_named_with_what_it_waits_for(here: World) -> None:
    with here.db.writing() as session:
        fine, gone = at(session, "proposed"), at(session, "proposed")
        wait = session.exec(select(Wait).where(Wait.deal_id == fine.id)).one()
        wait.key = "answer#3"
        other = session.exec(select(Wait).where(Wait.deal_id == gone.id)).one()
        other.key = "word-of-old#1"
        a_wait(session, fine, BriefSent, stage=Stage.BRIEF, key="outage/any_step")
    with here.db.reading() as session:
        assert wait_keys.unknown(session) == [
            f"Deal {gone.id} (Acme) waits in proposal for an answer to the proposal: this release has no wait 'word-of-old' there.",
        ]
    with here.db.writing() as session:
        other = session.exec(select(Wait).where(Wait.deal_id == gone.id)).one()
        other.stage = "delivery"
        wait = session.exec(select(Wait).where(Wait.deal_id == fine.id, Wait.stage == "proposal")).one()
        wait.kinds = [ProposalAnswer.kind, "proposal.nodded"]
    with here.db.reading() as session:
        assert [sentence.partition(": ")[2] for sentence in wait_keys.unknown(session)] == [
            "this release knows no answer proposal.nodded.", "this release has no stage delivery.",
        ]  # fmt: skip


def test_a_stage_that_delivery_toml_no_longer_has_may_still_be_waited_in_when_the_projects_own_plan_has_it(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "at work")
        project = projects.of(session, deal)
        stage, material = project.plan["stages"][0], project.plan["materials"][0]
        project.plan = project.plan | {"stages": [{**stage, "slug": "carved-in-stone"}]}
        for wait in waiting.open_waits(session, deal.id):
            session.delete(wait)
        asked = {"carved-in-stone#2": Stage.PRODUCTION, f"material-{material['slug']}#1": Stage.MATERIALS, f"{stage['slug']}#1": Stage.PRODUCTION}
        for key, at_stage in asked.items():
            a_wait(session, deal, StageReady, stage=at_stage, key=key, what=key)
    with here_sqlite.db.reading() as session:
        assert [sentence.split(" for ")[1].partition(":")[0] for sentence in wait_keys.unknown(session)] == [f"{stage['slug']}#1"]


def test_a_stage_may_ask_only_under_a_key_that_is_listed(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "received")
    with inside(here_sqlite, Stage.BRIEF, deal), pytest.raises(RuntimeError, match=r"models\.wait_keys does not list"):
        waits.for_fact(BriefSent, key="another", whose="client", what="the filled brief")


def test_the_list_of_keys_is_exactly_what_the_flows_ask_under() -> None:
    found: dict[Stage, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "flows").glob("*.py")):
        for stage in stages_of(path):
            found[stage] |= set(keys_in(path))
    found[Stage.HANDOVER] |= set(handovers.ANSWERS)
    found[Stage.NEXT_STEPS].add(looks.KEY)
    assert {stage: set(keys) for stage, keys in wait_keys.KEYS.items()} == {stage: found[stage] for stage in Stage}


def stages_of(path: Path) -> Iterator[Stage]:
    """The stages that a file declares."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "stage":
            yield Stage[node.args[0].attr]  # ty: ignore[unresolved-attribute]


def keys_in(path: Path) -> Iterator[str]:
    """The keys that a file's waits name in so many words."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for word in node.keywords if name in WAITING else ():
                if word.arg == "key" and isinstance(word.value, ast.Constant):
                    yield str(word.value.value)
