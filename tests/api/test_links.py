"""Links and what they open: the minimum, the way back, the way out, new links for old."""

import pytest
from sqlmodel import select

from models import links
from models.tables import Client, Deal, Effect, StageRun
from tests.api.conftest import Entrance


@pytest.mark.parametrize("path", ["/q/x", "/b/x", "/p/x", "/p/x.pdf", "/a/x", "/k/x", "/r/x", "/u/x", "/b/x/done", "/p/%00", "/b/" + "x" * 5000])
def test_an_unknown_link_offers_a_new_one(door: Entrance, path: str) -> None:
    answer = door.http.get(path)
    assert answer.status_code == 404
    assert 'action="/links"' in answer.text


@pytest.mark.parametrize("path", ["/q/x/answer", "/b/x", "/b/x/draft", "/p/x/accept", "/a/x", "/k/x", "/r/x", "/u/x"])
def test_an_unknown_link_does_nothing_whatever_is_posted(door: Entrance, path: str) -> None:
    answer = door.http.post(path, data={"action": "send", "decision": "talk"})
    assert answer.status_code == 404
    assert 'action="/links"' in answer.text


def test_a_link_opens_its_own_page_only(door: Entrance) -> None:
    _, page = door.proposed()
    for other in "qbakru":
        assert door.http.get(page.replace("/p/", f"/{other}/")).status_code == 404


def test_an_outdated_link_offers_a_new_one(door: Entrance) -> None:
    deal_id, page = door.proposed()
    with door.writing() as session:
        links.revoke(session, "proposal", deal_id, now=door.clock())
    assert door.http.get(page).status_code == 410
    assert 'action="/links"' in door.http.get(page).text
    assert door.http.post(f"{page}/accept", data={"version": "1", "total": "1", "name": "x"}).status_code == 410
    assert door.http.get(door.link("proposal", deal_id)).status_code == 200


def test_a_new_link_goes_to_the_clients_own_address_once_an_hour(each_door: Entrance) -> None:
    deal_id, _ = each_door.proposed()
    email = each_door.http.get(f"/api/deals/{deal_id}", headers=each_door.key("deals:read")).json()["client"]["email"]
    known, _ = (each_door.http.post("/links", data={"email": f" {email.upper()} "}) for _ in range(2))
    unknown = each_door.http.post("/links", data={"email": "nobody@acme.example"})
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace(email.upper(), "X") == unknown.text.replace("nobody@acme.example", "X")
    with each_door.db.reading() as session:
        assert [(effect.what, effect.args["links"]) for effect in session.exec(select(Effect))] == [("link-renewed", {"link": "proposal"})]
    each_door.clock.pass_(hours=1)
    each_door.http.post("/links", data={"email": email})
    assert len(each_door.facts("link.asked")) == 2


def test_a_new_link_needs_an_address(door: Entrance) -> None:
    answer = door.http.post("/links", data={"email": "me"})
    assert answer.status_code == 422
    assert 'value="me"' in answer.text


def test_one_address_cannot_ask_for_links_without_end(door: Entrance) -> None:
    _, _ = door.proposed()
    with door.db.reading() as session:
        email = session.exec(select(Client.email)).one()
    for _ in range(20):
        door.http.post("/links", data={"email": "nobody@acme.example"})
    assert door.http.post("/links", data={"email": email}).status_code == 200
    assert not door.facts("link.asked")


@pytest.mark.parametrize(("decision", "said"), [("talk", "Good. Let us talk."), ("out", "Thank you for telling us.")])
def test_a_word_on_our_minimum_is_recorded_once_and_shown(door: Entrance, decision: str, said: str) -> None:
    link = door.link("qualify", door.deal())
    assert "We work from" in door.http.get(link).text
    assert "{cheaper}" not in door.http.get(link).text
    for _ in range(2):
        assert door.http.post(f"{link}/answer", data={"decision": decision}).headers["location"] == link
    assert said in door.http.get(link).text
    other = {"talk": "out", "out": "talk"}[decision]
    late = door.http.post(f"{link}/answer", data={"decision": other})
    assert late.status_code == 409
    assert said in late.text
    assert [fact.payload["decision"] for fact in door.facts()] == [decision]


def test_a_word_on_our_minimum_is_one_of_two(door: Entrance) -> None:
    assert door.http.post(f"{door.link('qualify', door.deal())}/answer", data={"decision": "maybe"}).status_code == 422


def test_the_minimum_of_a_closed_deal_is_settled(door: Entrance) -> None:
    link = door.link("qualify", door.deal(sales="declined"))
    assert "This question is settled" in door.http.get(link).text
    assert door.http.post(f"{link}/answer", data={"decision": "talk"}).status_code == 409
    assert not door.facts()


def test_a_client_comes_back_by_one_press(each_door: Entrance) -> None:
    deal_id = each_door.deal(sales="lost")
    link = each_door.link("comeback", deal_id)
    assert "Shall we go on" in each_door.http.get(link).text
    assert each_door.get_deal(deal_id).sales == "lost"
    for _ in range(2):
        assert each_door.http.post(link).headers["location"] == link
    deal = each_door.get_deal(deal_id)
    assert (deal.sales, deal.round) == ("briefing", 2)
    assert "Welcome back" in each_door.http.get(link).text
    assert len(each_door.facts("deal.reopened")) == 1
    with each_door.db.reading() as session:
        assert [(run.stage, run.round) for run in session.exec(select(StageRun))] == [("brief", 2)]


def test_an_open_deal_has_nothing_to_take_up_again(door: Entrance) -> None:
    link = door.link("comeback", door.deal(sales="proposed"))
    assert "open already" in door.http.get(link).text
    assert door.http.post(link).status_code == 303
    assert not door.facts()


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_reminders_are_stopped_by_a_press_or_by_one_click_and_not_by_looking(door: Entrance, body: dict[str, str]) -> None:
    deal_id = door.deal()
    link = door.link("unsubscribe", deal_id)
    assert "Stop the reminders?" in door.http.get(link).text
    assert not door.facts()
    for _ in range(2):
        assert "No more reminders" in door.http.post(link, data=body).text
    with door.db.reading() as session:
        assert session.get_one(Client, session.get_one(Deal, deal_id).client_id).reminders_off_at == door.clock()
    assert [fact.kind for fact in door.facts()] == ["reminders.stopped"]


def test_looking_changes_nothing(door: Entrance) -> None:
    deal_id, page = door.proposed()
    kinds = ("qualify", "brief", "brief-staff", "proposal-staff", "contract-word", "comeback", "unsubscribe", "approve")
    paths = [page, *(door.link(kind, deal_id) for kind in kinds)]

    def everything() -> list[str]:
        with door.db.reading() as session:
            tables = session.connection().exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars().all()
            return [str(session.connection().exec_driver_sql(f'SELECT * FROM "{table}"').all()) for table in tables]

    before = everything()
    assert {door.http.get(path).status_code for path in paths} == {200}
    assert everything() == before
