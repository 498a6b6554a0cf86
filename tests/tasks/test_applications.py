"""Steps of intake: from a raw application to a deal that somebody looks after."""

from uuid import UUID

import pytest
from prefect.exceptions import Abort
from sqlmodel import select

from models import wanted
from models.answers import ClosedAsLost
from models.errors import Missing
from models.stages import RunState, Stage
from models.tables import Client, Deal, StageRun
from models.tracks import Sales
from tasks import applications, deals, reconcile
from tasks.world import World
from tests.factories import a_deal, a_fact, an_application, told
from tests.models.threads import at_once
from tests.tasks.stages import carrying, ending, inside

INTAKE = str(UUID(int=1))


def kept(here: World, **values) -> int:
    with here.db.writing() as session:
        return an_application(session, **values).id


def deal_of(here: World, deal_id: int) -> Deal:
    with here.db.reading() as session:
        return session.get_one(Deal, deal_id)


def test_ten_posts_at_once_are_one_client_one_deal_and_one_that_is_new(here: World) -> None:
    ids = [kept(here) for _ in range(10)]
    admitted = at_once(10, lambda number: applications.admit.fn(ids[number]))
    assert len({one["deal_id"] for one in admitted}) == 1
    assert sum(one["is_new"] for one in admitted) == 1
    with here.db.reading() as session:
        assert len(session.exec(select(Client)).all()) == 1


@pytest.mark.parametrize(("budget", "is_below"), [(None, False), (2999, True), (3000, False)])
def test_who_names_less_than_the_minimum_is_noticed(here_sqlite: World, budget: float | None, is_below: bool) -> None:
    first = applications.admit.fn(kept(here_sqlite, budget=budget))
    assert (first["is_new"], first["is_below_minimum"]) == (True, is_below)


def test_a_service_we_do_not_sell_fails_with_its_name(here_sqlite: World) -> None:
    with pytest.raises(Missing, match="spaceship"):
        applications.admit.fn(kept(here_sqlite, service="spaceship"))


def test_what_is_no_application_is_missing(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        note = a_fact(session, a_deal(session)).id
    for number in (note, 999):
        with pytest.raises(Missing, match="no application"):
            applications.admit.fn(number)


@pytest.mark.parametrize(
    ("service", "locale", "person"),
    [("landing-page", "en_IE", "conor"), ("shop", "en_IE", "ines"), ("corporate-site", "pt-PT", "ines"), ("corporate-site", "fi_FI", "conor")],
)
def test_the_salesperson_fits_service_and_language(here_sqlite: World, service: str, locale: str, person: str) -> None:
    deal_id = applications.admit.fn(kept(here_sqlite, service=service, locale=locale))["deal_id"]
    assert applications.assign_salesperson.fn(deal_id) == f"{person}@northlight.example"


def test_deals_are_shared_out_by_room_and_a_deal_keeps_its_salesperson(here_sqlite: World) -> None:
    given = []
    for number in range(11):
        deal_id = applications.admit.fn(kept(here_sqlite, service="corporate-site", email=f"c{number}@acme.example"))["deal_id"]
        given.append(applications.assign_salesperson.fn(deal_id))
        assert applications.assign_salesperson.fn(deal_id) == given[-1]
    assert sorted(given.count(one) for one in set(given)) == [5, 6]


def test_a_run_learns_whose_it_is(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    with inside(here_sqlite, Stage.INTAKE, deal) as run:
        run.deal_id = None
        assert applications.enter(deal.id) == deal.id
        assert run.deal_id == deal.id
    with here_sqlite.db.reading() as session:
        assert session.exec(select(StageRun)).one().deal_id == deal.id


def test_a_deal_that_is_closed_the_moment_it_is_there_ends_its_intake(here: World) -> None:
    application = kept(here)
    with here.db.writing() as session:
        row = session.exec(select(StageRun)).one()
        wanted.created(session, row.id, "intake", now=here.now())
    with carrying(row):
        deal_id = applications.admit.fn(application)["deal_id"]
    with here.db.writing() as session:
        told(session, session.get_one(Deal, deal_id), ClosedAsLost(reason="a wrong number"), actor="staff:Conor")
    with here.db.reading() as session:
        assert session.exec(select(StageRun)).one().state == RunState.WITHDRAWN


def test_the_successor_of_an_intake_is_its_deal_s_next_step_and_ends_with_it(here: World) -> None:
    application = kept(here)
    with here.db.writing() as session:
        row = wanted.begin(session, session.exec(select(StageRun)).one().key, INTAKE, "w", now=here.now())
    with carrying(row):
        deal_id = applications.admit.fn(application)["deal_id"]
    with here.db.writing() as session:
        heir = wanted.succeed(session, wanted.now_is(session, row.id), now=here.now(), why="its worker died")
    assert reconcile.find_stranded.fn() == []
    with here.db.writing() as session:
        told(session, session.get_one(Deal, deal_id), ClosedAsLost(reason="a wrong number"), actor="staff:Conor")
    with here.db.reading() as session:
        assert session.get_one(StageRun, heir.id).state == RunState.WITHDRAWN


def test_an_intake_that_is_begun_again_for_a_deal_that_was_closed_leaves_it_closed(here: World) -> None:
    application = kept(here)
    deal_id = applications.admit.fn(application)["deal_id"]
    with here.db.writing() as session:
        told(session, session.get_one(Deal, deal_id), ClosedAsLost(reason="a wrong number"), actor="staff:Conor")
        row = wanted.begin(session, session.exec(select(StageRun)).one().key, INTAKE, "w", now=here.now())
    with carrying(row), ending() as ended:
        assert applications.admit.fn(application)["is_new"]
        with pytest.raises(Abort):
            applications.enter(deal_id)
            deals.conclude.fn(deal_id, Sales.BRIEFING, Stage.BRIEF, "qualified")  # the way by which a deal is opened again
    assert ended == [INTAKE]
    assert deal_of(here, deal_id).sales == Sales.LOST


@pytest.mark.parametrize(
    ("step", "letter"),
    [
        (applications.mail_minimum, "minimum"), (applications.mail_declined, "declined"), (applications.tell_salesperson, "assigned"),
        (applications.thank_client, "thanks"),
    ],
)  # fmt: skip
def test_each_letter_of_intake_goes_out_once(here: World, step, letter: str) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    assert [step.fn(deal.id) for _ in range(2)] == ["done", "done"]
    assert here.mail.letters() == [f"deal/{deal.id}/intake/{letter}"]


def test_a_lead_without_an_address_is_worked_by_the_salesperson_alone(here_sqlite: World) -> None:
    deal_id = applications.admit.fn(kept(here_sqlite, email="", phone="020 912 3402"))["deal_id"]
    applications.assign_salesperson.fn(deal_id)
    assert applications.thank_client.fn(deal_id) == "skipped"
    assert applications.tell_salesperson.fn(deal_id) == "done"
    assert deal_of(here_sqlite, deal_id).sales == Sales.RECEIVED
