"""The way out of the course: shown by GET, taken by POST, once; and the way back."""

import pytest
from sqlmodel import select

from models import after_facts, links
from models.after_answers import CourseAnswered
from models.tables import Client, Deal, StageRun
from models.tracks import Sales
from tests.api.conftest import Entrance
from tests.coursing import a_course
from tests.factories import told


def a_link(door: Entrance, consent: str = "yes", **values) -> tuple[int, str]:
    """A deal with a course, and the path of its way out."""
    with door.writing() as session:
        deal = a_course(session, consent=consent, **values)
    return deal.id, door.link("course-off", deal.id)


def state(door: Entrance, deal_id: int) -> tuple[bool, bool]:
    """Whether the letters are stopped, and whether the client consents."""
    with door.db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
        return client.course_off_at is not None, after_facts.consents(session, client.id)


def words(door: Entrance) -> list[str]:
    return [fact.payload["decision"] for fact in door.facts(CourseAnswered.kind)]


def test_looking_at_it_stops_nothing(door: Entrance) -> None:
    deal_id, path = a_link(door)
    for _ in range(2):
        page = door.http.get(path)
        assert page.status_code == 200
        assert f'action="{path}" method="post"' in page.text
    door.http.head(path)
    assert (words(door), state(door, deal_id)) == (["yes"], (False, True))


def test_one_press_stops_it_and_says_how_to_take_that_back(each_door: Entrance) -> None:
    deal_id, path = a_link(each_door)
    page = each_door.http.post(path)
    assert page.status_code == 200
    assert f'action="{path}/again"' in page.text
    assert f'action="{path}" method="post"' not in page.text
    assert state(each_door, deal_id) == (True, False)
    each_door.http.post(path)
    assert f'action="{path}/again"' in each_door.http.get(path).text
    assert words(each_door) == ["yes", "no"]


def test_one_click_in_a_mail_program_is_enough(door: Entrance) -> None:
    deal_id, path = a_link(door)
    answer = door.http.post(path, data={"List-Unsubscribe": "One-Click"}, headers={"Origin": "null", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert state(door, deal_id) == (True, False)


@pytest.mark.parametrize("consent", ["", "no"])
def test_who_never_said_yes_may_say_no(door: Entrance, consent: str) -> None:
    deal_id, path = a_link(door, consent)
    door.http.post(path)
    assert (state(door, deal_id), words(door)) == ((True, False), ["no"])


def test_back_and_forth_the_newest_word_counts_and_each_is_a_fact(door: Entrance) -> None:
    deal_id, path = a_link(door)
    for way, said in (("", (True, False)), ("/again", (False, True)), ("/again", (False, True)), ("", (True, False)), ("/again", (False, True))):
        assert door.http.post(path + way).status_code in {200, 303}
        assert state(door, deal_id) == said
    assert words(door) == ["yes", "no", "yes", "no", "yes"]
    assert door.http.post(path + "/again").headers["location"] == path


def test_a_no_is_taken_even_where_the_deal_is_over_and_a_yes_is_not(door: Entrance) -> None:
    deal_id, path = a_link(door)
    with door.writing() as session:
        session.get_one(Deal, deal_id).sales = Sales.LOST.value
    door.http.post(path)
    assert state(door, deal_id) == (True, False)
    assert door.http.post(path + "/again").status_code == 409
    assert state(door, deal_id) == (True, False)


def test_it_starts_nothing_and_opens_nothing_else(door: Entrance) -> None:
    deal_id, path = a_link(door)
    door.http.post(path)
    with door.db.reading() as session:
        assert session.exec(select(StageRun)).all() == []
    token = path.rpartition("/")[2]
    for other in ("j", "p", "u", "w"):
        assert door.http.get(f"/{other}/{token}").status_code == 404
    for kind in ("project", "unsubscribe", "proposal"):
        foreign = door.link(kind, deal_id).rpartition("/")[2]
        assert door.http.post(f"/x/{foreign}").status_code == 404
    assert words(door) == ["yes", "no"]


def test_a_replaced_link_is_gone(door: Entrance) -> None:
    deal_id, path = a_link(door)
    with door.writing() as session:
        links.revoke(session, "course-off", deal_id, now=door.clock())
    assert door.http.post(path).status_code == 410
    assert words(door) == ["yes"]
    assert door.link("course-off", deal_id) != path


def test_another_deal_of_the_client_is_stopped_with_it(door: Entrance) -> None:
    deal_id, path = a_link(door)
    with door.writing() as session:
        other = a_course(session, consent="", client=session.get_one(Client, session.get_one(Deal, deal_id).client_id))
        told(session, other, CourseAnswered(decision="yes"))
    door.http.post(path)
    assert state(door, other.id) == (True, False)
