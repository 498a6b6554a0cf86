"""Steps of production: each stage's letters once, payments with the stages that make them due, silence as the contract has it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import col, select

from models import changes, effects, facts, inbox, projects
from models.delivery_answers import ChangeAnswered, ChangeOffered, StageAnswered, StageDeemed, WorkPaused
from models.effects import EffectState
from models.stages import Stage
from models.tables import Deal, Document, Effect, Wait
from models.tracks import Work
from models.waiting import open_waits
from models.wanted import live_of
from tasks import productions as steps
from tasks.productions import LADDERS
from tasks.world import World
from tests.factories import a_wait, told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, a_shown_stage, an_accepted_stage, comments
from tests.tasks.stages import inside

SERVICE = "corporate-site"


@pytest.fixture
def deal(here: World) -> Deal:
    with here.db.writing() as session:
        return a_project(session, service=SERVICE)


def act(here: World, deal: Deal, does, *args, **kwargs):
    with here.db.writing() as session:
        return does(session, session.get_one(Deal, deal.id), *args, **kwargs)


def look(deal: Deal, heard: int = 0) -> dict[str, str]:
    return steps.look.fn(deal.id, heard)


def tell(deal: Deal, heard: int = 0) -> list[str]:
    """The letters that are new when everybody is told where the stage stands."""
    from tasks.world import world

    before = len(world().mail.sent)  # ty: ignore[unresolved-attribute]
    stands = look(deal, heard)
    steps.tell_accepted.fn(deal.id, heard)
    if stands["stage"]:
        steps.tell_whose_move.fn(deal.id, stands)
    return [message.key.removeprefix(f"deal/{deal.id}/r1/stage/") for message in world().mail.sent[before:]]  # ty: ignore[unresolved-attribute]


def stage_is(deal: Deal) -> tuple[str, str, str]:
    stands = look(deal)
    return stands["stage"], stands["place"], stands["whose"]


def silent(here: World, on: bool) -> None:
    """Contracts in which silence accepts, or does not."""
    with here.db.writing() as session:
        for document in session.exec(select(Document).where(Document.kind == "contract")):
            document.body = {**document.body, "terms": {**document.body["terms"], "silence_accepts": on}}
            session.add(document)


def a_question(session, deal: Deal, ladder: str, number: int = 1) -> Wait:
    """The specification's question with this ladder, open."""
    about = f"deal/{deal.id}/r1/stage/specification"
    return a_wait(session, deal, StageDeemed, stage=Stage.PRODUCTION, key=f"specification#{number}", subject=about, ladder=ladder)


def nobody_answered(session, deal: Deal, *, at: datetime = MONDAY) -> str:
    """The question that is open, or a first one about where the specification stands, ends in silence; the name of its row."""
    asked = [wait for wait in open_waits(session, deal.id) if wait.stage == Stage.PRODUCTION]
    wait = asked[0] if asked else a_question(session, deal, LADDERS[projects.stand(session, deal).stage("specification").place])
    wait.outcome, wait.closed_at = "silent", at
    session.add(wait)
    return wait.key


def warn(session, deal: Deal, count: int) -> None:
    """So many warnings that have gone out on the stage that is shown."""
    wait = a_question(session, deal, "stage-approval")
    for rung in range(count):
        key = f"deal/{deal.id}/r1/production/wait-{wait.id}/rung-{rung + 2}"
        effect = effects.plan(session, key, "letter", deal_id=deal.id, what="stage-warning", now=MONDAY)
        effects.claim(session, effect, "w", now=MONDAY)
        effects.settle(session, effect, EffectState.DONE, said="250 taken", now=MONDAY, result={"to": "x"})


def test_a_stage_is_worked_on_shown_and_accepted(here: World, deal: Deal) -> None:
    assert stage_is(deal) == ("specification", "working", "studio")
    act(here, deal, a_shown_stage, "specification")
    assert stage_is(deal) == ("specification", "shown", "client")
    act(here, deal, an_accepted_stage, "specification")
    assert stage_is(deal) == ("prototype", "working", "studio")


def test_who_has_the_move_is_written_to_once_for_each_showing(here: World, deal: Deal) -> None:
    assert tell(deal) == []
    act(here, deal, a_shown_stage, "specification")
    assert tell(deal) == ["specification/v1/shown"]
    assert tell(deal) == []
    act(here, deal, comments, "specification")
    [key] = tell(deal)
    assert key.startswith("specification/comment/")
    act(here, deal, a_shown_stage, "specification")
    assert tell(deal) == ["specification/v2/shown"]
    act(here, deal, comments, "specification", text="More.")
    [beyond] = tell(deal)
    assert (beyond.startswith("specification/comment/"), look(deal)["place"]) == (True, "beyond")
    assert beyond != key


def test_each_accepted_stage_says_what_the_next_will_ask(here: World, deal: Deal) -> None:
    act(here, deal, an_accepted_stage, "specification")
    assert tell(deal) == ["specification/accepted", "specification/accepted/staff"]
    assert tell(deal, 1) == []
    for slug in ("prototype", "design", "html"):
        act(here, deal, an_accepted_stage, slug)
    assert tell(deal, 2) == ["prototype/accepted", "prototype/accepted/staff", "design/accepted", "design/accepted/staff", "html/accepted"]
    names = {message.key.removeprefix(f"deal/{deal.id}/r1/stage/"): message.subject for message in here.mail.sent}  # ty: ignore[unresolved-attribute]
    assert len(names) == 7


def test_a_price_is_asked_about_and_either_answer_is_told(here: World, deal: Deal) -> None:
    for decision in ("decline", "accept"):
        if look(deal)["place"] == "working":
            act(here, deal, a_shown_stage, "specification")
        tell(deal)
        act(here, deal, comments, "specification")
        tell(deal)
        offer = act(here, deal, told, ChangeOffered(stage="specification", text="More pages", price=Decimal(100)))
        assert tell(deal) == [f"specification/offer/{offer.id}"]
        with here.db.reading() as session:
            stand = projects.stand(session, session.get_one(Deal, deal.id)).stage("specification")
            total = changes.gross(session, deal, stand.offer).amount
        answer = ChangeAnswered(stage="specification", offer=offer.id, decision=decision, total=total, name="Orla")
        act(here, deal, told, answer)
        after = tell(deal)
        expected = [f"specification/offer/{offer.id}/taken"] if decision == "accept" else []
        assert after == [*expected, f"specification/offer/{offer.id}/answered"]
        assert look(deal)["place"] == ("changes" if decision == "accept" else "shown")


def test_payments_are_wanted_with_the_stages_that_make_them_due(here: World, deal: Deal) -> None:
    def wanted() -> list[int]:
        with here.db.reading() as session:
            return [row.part for row in live_of(session, deal.id) if row.stage == Stage.INVOICE]

    found = {}
    for slug in ("specification", "prototype", "design", "html", "programming", "content", "testing"):
        act(here, deal, an_accepted_stage, slug)
        tell(deal, len(found))
        found[slug] = wanted()
    assert found == {
        "specification": [], "prototype": [], "design": [2], "html": [2], "programming": [2], "content": [2], "testing": [2, 3],
    }  # fmt: skip


def test_the_letters_on_what_comes_after_begin_two_stages_before_the_end(here: World, deal: Deal) -> None:
    began = []
    for slug in ("specification", "prototype", "design", "html", "programming", "content", "testing"):
        tell(deal, len(began))
        with here.db.reading() as session:
            began.append((slug, any(row.stage == Stage.NEXT_STEPS for row in live_of(session, deal.id))))
        act(here, deal, an_accepted_stage, slug)
    assert [slug for slug, is_on in began if is_on] == ["testing"]


def test_a_stage_that_lacks_materials_waits_for_them(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=SERVICE, materials=False)
        stand = projects.stand(session, deal)
        late = [item for item in stand.materials if item.plan.before]
        slug = late[0].plan.before
        for item in stand.materials:
            if item.plan.before != slug:
                a_material(session, deal, item.slug)
        for stage in stand.plan.production:
            if stage.slug == slug:
                break
            an_accepted_stage(session, deal, stage.slug)
    assert stage_is(deal) == (slug, "materials", "client")
    for item in late:
        if item.plan.before == slug:
            act(here_sqlite, deal, a_material, item.slug)
    assert stage_is(deal) == (slug, "working", "studio")


@pytest.mark.parametrize(("accepts", "kind", "work"), [(True, StageDeemed, Work.PRODUCTION), (False, WorkPaused, Work.PAUSED)])
def test_silence_on_a_stage_means_what_the_contract_says(here: World, deal: Deal, accepts: bool, kind: type, work: Work) -> None:
    silent(here, accepts)
    act(here, deal, a_shown_stage, "specification")
    act(here, deal, warn, 2)
    stands, place = look(deal), act(here, deal, nobody_answered)
    assert [steps.end_silence.fn(deal.id, stands, place) for _ in range(2)] == [kind.kind, ""]
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, deal.id, kind.kind)
        assert (fact.source, fact.actor, session.get_one(Deal, deal.id).work) == ("clock", "system", work)
    assert look(deal)["stage"] == ("prototype" if accepts else "specification")
    if not accepts:
        assert look(deal)["ladder"] == ""


@pytest.mark.parametrize("count", [0, 1])
def test_a_client_who_was_not_warned_twice_accepts_nothing_by_silence(here: World, deal: Deal, count: int) -> None:
    silent(here, True)
    act(here, deal, a_shown_stage, "specification")
    act(here, deal, warn, count)
    assert steps.end_silence.fn(deal.id, look(deal), act(here, deal, nobody_answered)) == WorkPaused.kind


def test_a_warning_that_came_back_warned_nobody(here: World, deal: Deal) -> None:
    silent(here, True)
    act(here, deal, a_shown_stage, "specification")
    act(here, deal, warn, 2)
    with here.db.writing() as session:
        last = session.exec(select(Effect).where(Effect.what == "stage-warning")).all()[-1]
        last.result = {**last.result, "bounced": {"address": "x"}}
        session.add(last)
    assert steps.end_silence.fn(deal.id, look(deal), act(here, deal, nobody_answered)) == WorkPaused.kind


def test_silence_on_a_price_lapses_it_and_the_stage_is_asked_about_again(here: World, deal: Deal) -> None:
    act(here, deal, a_shown_stage, "specification")
    act(here, deal, comments, "specification")
    act(here, deal, told, ChangeOffered(stage="specification", text="More pages", price=Decimal(100)))
    assert steps.end_silence.fn(deal.id, look(deal), act(here, deal, nobody_answered)) == ChangeAnswered.kind
    assert stage_is(deal) == ("specification", "shown", "client")


def test_an_old_silence_says_nothing_about_what_was_shown_since(here: World, deal: Deal) -> None:
    act(here, deal, a_shown_stage, "specification")
    place = act(here, deal, nobody_answered)
    for does in (comments, a_shown_stage):
        act(here, deal, does, "specification", at=MONDAY + timedelta(hours=1))
    assert steps.end_silence.fn(deal.id, look(deal), place) == ""
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).work == Work.PRODUCTION


def test_a_silence_that_meant_nothing_then_means_nothing_after_the_next_question(here: World, deal: Deal) -> None:
    act(here, deal, a_shown_stage, "specification")
    place = act(here, deal, nobody_answered)
    act(here, deal, a_question, "stage-approval", number=2)
    assert steps.end_silence.fn(deal.id, look(deal), place) == ""


def test_a_pause_that_a_release_before_told_of_is_not_told_again(here: World, deal: Deal) -> None:
    act(here, deal, a_shown_stage, "specification")
    place = act(here, deal, nobody_answered)
    with here.db.writing() as session:
        key = f"deal/{deal.id}/r1/stage/specification/silence/3"
        inbox.tell(session, deal.id, WorkPaused(what="your word"), source="clock", external_id=key, actor="system", now=MONDAY)
        session.get_one(Deal, deal.id).work = Work.PRODUCTION.value
    assert steps.end_silence.fn(deal.id, look(deal), place) == ""
    with here.db.reading() as session:
        assert len(facts.of_deal(session, deal.id, WorkPaused.kind)) == 1


def test_who_answered_just_in_time_is_not_overruled_by_silence(here: World, deal: Deal) -> None:
    act(here, deal, a_shown_stage, "specification")
    stands, place = look(deal), act(here, deal, nobody_answered)
    version = int(stands["version"])
    act(here, deal, told, StageAnswered(stage="specification", version=version, decision="approve"))
    assert steps.end_silence.fn(deal.id, stands, place) == ""
    with here.db.reading() as session:
        assert facts.of_deal(session, deal.id, StageDeemed.kind) == []
        assert not projects.stand(session, session.get_one(Deal, deal.id)).stage("specification").is_deemed


def test_a_late_word_on_where_a_stage_stood_is_not_sent(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=SERVICE)
        a_shown_stage(session, deal, "specification")
    stands = look(deal)
    act(here_sqlite, deal, comments, "specification")
    assert steps.tell_whose_move.fn(deal.id, stands) == []


def test_the_launch_follows_the_last_stage(here: World) -> None:
    with here.db.writing() as session:
        deal = a_project(session, accepted=9)
    assert look(deal)["stage"] == ""
    with inside(here, Stage.PRODUCTION, deal):
        assert steps.conclude_production.fn(deal.id) == Work.LAUNCH
    with here.db.reading() as session:
        assert [row.stage for row in live_of(session, deal.id)] == ["launch"]


def test_nothing_is_written_to_a_client_twice_whatever_is_said_again(here: World, deal: Deal) -> None:
    act(here, deal, an_accepted_stage, "specification")
    act(here, deal, a_shown_stage, "prototype")
    for heard in range(3):
        tell(deal, heard)
    keys = here.mail.letters()  # ty: ignore[unresolved-attribute]
    assert len(keys) == len(set(keys)) == 3
    with here.db.reading() as session:
        states = session.exec(select(Effect.state).where(Effect.deal_id == deal.id, col(Effect.key).contains("/stage/"))).all()
    assert set(states) == {"done"}


def test_the_ladder_of_a_stage_counts_from_the_day_it_should_be_ready(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=SERVICE)
        first = projects.stand(session, deal).plan.production[0]
    assert look(deal)["starts"].startswith(first.ends_on.isoformat())
    replace(here_sqlite)
    assert MONDAY.date() <= first.ends_on
