"""Steps of the checklist: every item by itself, the beginning of the work, silence and the return."""

import pytest
from sqlmodel import select

from models import facts, projects, waiting
from models.delivery_answers import MaterialReviewed, MaterialsComplete, MaterialSent, WorkPaused
from models.errors import Refused
from models.stages import Stage
from models.tables import Deal, Wait
from models.tracks import Work
from models.wanted import live_of
from tasks import materials as steps
from tasks import waits
from tasks.waits import Ask
from tasks.world import World
from tests.factories import told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, an_accepted_stage
from tests.tasks.stages import inside


@pytest.fixture
def deal(here: World) -> Deal:
    with here.db.writing() as session:
        return a_project(session, work=Work.MATERIALS, materials=False, service="corporate-site")


def items(here: World, deal: Deal, before: str | None = None) -> list[str]:
    with here.db.reading() as session:
        stand = projects.stand(session, session.get_one(Deal, deal.id))
    return [item.slug for item in stand.materials if before is None or item.plan.before == before]


def sends(here: World, deal: Deal, slug: str, decision: str = "accept") -> None:
    with here.db.writing() as session:
        a_material(session, session.get_one(Deal, deal.id), slug, decision=decision)


def asks(deal: Deal, heard: int = 0) -> dict[str, str]:
    return {one["item"]: one["whose"] for one in steps.look.fn(deal.id, heard)["asks"]}


def hear(run, deal: Deal) -> list[tuple[str, str]]:
    """What has come on the questions that are open now."""
    found = waits._hear(run, [Ask(steps.KINDS, **one) for one in steps.look.fn(deal.id, 0)["asks"]])
    return [(one.ask.item, one.said.kind if one.said else "silence") for one in found]


def test_each_item_is_asked_for_by_itself(here: World, deal: Deal) -> None:
    every = items(here, deal)
    assert len(every) > 2
    assert asks(deal) == dict.fromkeys(every, "client")
    sends(here, deal, every[0], "")
    sends(here, deal, every[1], "accept")
    assert asks(deal) == {every[0]: "studio", **dict.fromkeys(every[2:], "client")}


def test_a_rejected_item_reopens_only_its_own_wait(here: World, deal: Deal) -> None:
    first, second, *_ = items(here, deal)
    with inside(here, Stage.MATERIALS, deal) as run:
        assert hear(run, deal) == []
        sends(here, deal, first, "")
        sends(here, deal, second, "")
        assert hear(run, deal) == [(first, "material.sent"), (second, "material.sent")]
        assert hear(run, deal) == []
        with here.db.writing() as session:
            told(session, session.get_one(Deal, deal.id), MaterialReviewed(item=first, decision="reject", reason="Too small."), actor="staff:t")
        assert hear(run, deal) == [(first, "material.reviewed")]
        assert hear(run, deal) == []
    with here.db.reading() as session:
        rows = session.exec(select(Wait).where(Wait.deal_id == deal.id).order_by(Wait.id)).all()  # ty: ignore[invalid-argument-type]
    of = {slug: [(row.whose, row.closed_at is None) for row in rows if row.subject.endswith(f"/material/{slug}")] for slug in (first, second)}
    assert of == {first: [("client", False), ("studio", False), ("client", True)], second: [("client", False), ("studio", True)]}


def test_a_replay_hears_the_same_and_opens_nothing_anew(here: World, deal: Deal) -> None:
    first, *others = items(here, deal)
    with inside(here, Stage.MATERIALS, deal) as run:
        hear(run, deal)
        sends(here, deal, first, "")
        heard = hear(run, deal)
        hear(run, deal)
        count = len(rows(here, deal))
        run.calls.clear()
        again = waits._hear(run, [Ask(steps.KINDS, **one) for one in [{"key": f"material-{first}", "whose": "client", "what": "x", "ladder": "materials", "item": first}]])
        assert [(one.ask.item, one.said.kind) for one in again] == heard == [(first, "material.sent")]
        assert hear(run, deal) == []
        assert len(rows(here, deal)) == count
    assert others


def test_a_replay_hears_in_each_group_what_it_heard_then_whatever_has_come_since(here: World, deal: Deal) -> None:
    first, second, *_ = items(here, deal)
    then = steps.look.fn(deal.id, 0)["asks"]

    def hears(run, asks=then) -> list[tuple[str, str]]:
        found = waits.for_some([Ask(steps.KINDS, **one) for one in asks], key="materials", form=MaterialReviewed, what="materials")
        return [(one.ask.item, one.said.kind) for one in found if one.said]

    with inside(here, Stage.MATERIALS, deal) as run:
        sends(here, deal, first, "")
        assert hears(run) == [(first, "material.sent")]
        sends(here, deal, second, "")
        assert hears(run) == [(second, "material.sent")]
        sends(here, deal, items(here, deal)[2], "")
        for _ in range(2):
            run.calls.clear()
            assert hears(run) == [(first, "material.sent")]
            assert hears(run) == [(second, "material.sent")]
        assert hears(run) == [(items(here, deal)[2], "material.sent")]
        run.calls.clear()  # another generation asks for less: what it does not ask for is passed over
        late = [one for one in then if one["item"] == items(here, deal)[2]]
        assert hears(run, late) == [(items(here, deal)[2], "material.sent")]


def rows(here: World, deal: Deal) -> list[Wait]:
    with here.db.reading() as session:
        return list(session.exec(select(Wait).where(Wait.deal_id == deal.id)).all())


def test_what_came_before_anybody_asked_is_heard_first(here: World, deal: Deal) -> None:
    first, *_ = items(here, deal)
    sends(here, deal, first, "reject")
    with inside(here, Stage.MATERIALS, deal) as run:
        assert hear(run, deal) == [(first, "material.sent")]
        assert hear(run, deal) == [(first, "material.reviewed")]
        assert hear(run, deal) == []


def test_production_begins_when_all_is_there_that_it_needs_to_begin(here: World, deal: Deal) -> None:
    needed = items(here, deal, "")
    for slug in needed[:-1]:
        sends(here, deal, slug)
    steps.look.fn(deal.id, 0)
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).work == Work.MATERIALS
        assert [row.stage for row in live_of(session, deal.id)] == []
    sends(here, deal, needed[-1])
    for heard in (1, 2):
        steps.look.fn(deal.id, heard)
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).work == Work.PRODUCTION
        assert [row.stage for row in live_of(session, deal.id)] == ["production"]
        assert [fact.payload["item"] for fact in facts.of_deal(session, deal.id, MaterialsComplete.kind)] == ["start"]
    assert asks(deal, 3)


def test_each_stages_materials_are_told_complete_once(here: World, deal: Deal) -> None:
    for slug in items(here, deal):
        sends(here, deal, slug)
    assert [steps.look.fn(deal.id, heard)["asks"] for heard in (0, 1)] == [[], []]
    with here.db.reading() as session:
        stand = projects.stand(session, session.get_one(Deal, deal.id))
        told_of = [fact.payload["item"] for fact in facts.of_deal(session, deal.id, MaterialsComplete.kind)]
    assert sorted(told_of) == sorted({item.plan.before or "start" for item in stand.materials})


def silence(here: World, run, deal: Deal) -> list[str]:
    found = waits._hear(run, [Ask(steps.KINDS, **one) for one in steps.look.fn(deal.id, 0)["asks"]])
    return [one.place for one in found if one.said is None]


def test_silence_to_the_end_of_the_ladder_pauses_the_project_once(here: World, deal: Deal) -> None:
    first, *_ = items(here, deal)
    with inside(here, Stage.MATERIALS, deal) as run:
        hear(run, deal)
        here.now.pass_(days=45)  # ty: ignore[unresolved-attribute]
        places = silence(here, run, deal)
        assert places[0] == f"material-{first}#1"
        for place in (*places, places[0]):
            assert steps.pause.fn(deal.id, place) == Work.PAUSED
        with here.db.reading() as session:
            assert len(facts.of_deal(session, deal.id, WorkPaused.kind)) == 1
        assert {one["ladder"] for one in steps.look.fn(deal.id, 1)["asks"]} == {""}
        assert silence(here, run, deal) == []
        with here.db.writing() as session:
            told(session, session.get_one(Deal, deal.id), MaterialSent(item=first, text="x"), at=here.now())
        with here.db.reading() as session:
            assert session.get_one(Deal, deal.id).work == Work.MATERIALS
        assert hear(run, deal) == [(first, "material.sent")]
        hear(run, deal)
    with here.db.reading() as session:
        mine = [wait for wait in waiting.open_waits(session, deal.id) if wait.whose == "client"]
    assert mine
    assert all(wait.rungs and wait.deadline > here.now() for wait in mine)  # the others are reminded again


def test_a_later_material_pauses_nothing_by_itself(here: World, deal: Deal) -> None:
    for slug in items(here, deal, ""):
        sends(here, deal, slug)
    with inside(here, Stage.MATERIALS, deal) as run:
        hear(run, deal)
        here.now.pass_(days=45)  # ty: ignore[unresolved-attribute]
        [place, *_] = silence(here, run, deal)
        assert steps.pause.fn(deal.id, place) == Work.PRODUCTION


def test_doing_without_the_last_thing_that_a_stage_lacks_ends_the_pause_over_it(here: World) -> None:
    with here.db.writing() as session:
        deal = a_project(session, materials=False, service="corporate-site")
        stand = projects.stand(session, deal)
        lacks = next(stage.slug for stage in stand.plan.production if stand.needed_for(stage.slug))
        for stage in stand.plan.production[: [one.slug for one in stand.plan.production].index(lacks)]:
            an_accepted_stage(session, deal, stage.slug)
        told(session, deal, WorkPaused(what="what we need"))
        for item in projects.stand(session, deal).needed_for(lacks):
            told(session, deal, MaterialReviewed(item=item.slug, decision="waive"), actor="staff:t")
        assert deal.work == Work.PAUSED
    steps.look.fn(deal.id, 0)
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).work == Work.PRODUCTION


def test_the_stage_ends_with_its_last_item_and_not_before(here: World, deal: Deal) -> None:
    every = items(here, deal)
    with inside(here, Stage.MATERIALS, deal):
        with pytest.raises(Refused, match="still asked for"):
            steps.conclude_materials.fn(deal.id)
        for slug in every:
            sends(here, deal, slug, "accept" if slug != every[0] else "")
        with pytest.raises(Refused, match="still asked for"):
            steps.conclude_materials.fn(deal.id)
        with here.db.writing() as session:
            told(session, session.get_one(Deal, deal.id), MaterialReviewed(item=every[0], decision="waive"), at=MONDAY, actor="staff:t")
        steps.look.fn(deal.id, 1)
        assert steps.conclude_materials.fn(deal.id) == Work.PRODUCTION
    with here.db.reading() as session:
        assert [row.stage for row in live_of(session, deal.id)] == ["production"]
