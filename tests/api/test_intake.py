"""The intake form: what is kept, what is refused, who is taken for a robot."""

import concurrent.futures
import re
from datetime import timedelta

import pytest
from sqlmodel import select

from api.apply_form import read_budget
from models.tables import StageRun
from tests.api.conftest import Entrance


def test_the_address_of_the_studio_leads_to_the_form(door: Entrance) -> None:
    assert door.http.get("/").headers["location"] == "/apply"
    assert "<form" in door.http.get("/apply").text


def test_an_application_is_kept_with_where_it_came_from_and_its_intake_is_wanted(each_door: Entrance) -> None:
    shown = each_door.http.get("/apply?utm_source=newsletter&utm_campaign=spring&gclid=g1", headers={"Referer": "https://blog.example/post"}).text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
    each_door.clock.pass_(seconds=30)
    typed = {"service": "shop", "name": "Ada Byron", "email": "ada@acme.example", "budget": "12,500", "phone": "+353 20 912 3400"}
    answer = each_door.http.post("/apply", data=hidden | typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/thanks")
    kept = each_door.facts("application")[0].payload
    assert kept["budget"] == 12_500
    assert kept["source"] == {"utm_source": "newsletter", "utm_campaign": "spring", "referrer": "https://blog.example/post"}
    assert "ada@acme.example" in each_door.http.get("/thanks").text
    with each_door.db.reading() as session:
        assert [run.stage for run in session.exec(select(StageRun))] == ["intake"]


def test_ten_identical_posts_at_once_are_one_application(each_door: Entrance) -> None:
    form = each_door.form()
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: each_door.http.post("/apply", data=form).status_code, range(10)))
    assert answers == [303] * 10
    assert len(each_door.facts()) == 1


def test_a_corrected_form_is_another_application(door: Entrance) -> None:
    form = door.form()
    door.http.post("/apply", data=form)
    door.http.post("/apply", data=form | {"service": "shop"})
    assert [fact.payload["service"] for fact in door.facts("application")] == ["landing-page", "shop"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"service": ""}, "choose what you need"),
        ({"service": "rockets"}, "choose what you need"),
        ({"name": " "}, "your name"),
        ({"email": ""}, "e-mail address"),
        ({"email": "ada@acme"}, "does not look like an e-mail"),
        ({"email": "a@b.co\nBcc: x@y.zz"}, "does not look like"),
        ({"budget": "lots"}, "as a number"),
        ({"budget": "-5"}, "as a number"),
        ({"budget": "9" * 12}, "more than we can count"),
        ({"budget": "NaN"}, "as a number"),
        ({"message": "x" * 10_001}, "under 10,000 characters"),
        ({"name": "x" * 201}, "under 200 characters"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(door: Entrance, typed: dict[str, str], sentence: str) -> None:
    answer = door.http.post("/apply", data=door.form(company="Byron & Söhne <b>") | typed)
    assert answer.status_code == 422
    assert "needs your attention" in answer.text
    assert sentence in answer.text
    assert 'value="Byron &amp; Söhne &lt;b&gt;"' in answer.text
    assert not door.facts()


def test_a_form_that_came_back_can_be_sent_at_once(door: Entrance) -> None:
    back = door.http.post("/apply", data=door.form(name="")).text
    started = re.search(r'name="started" value="([^"]+)"', back)[1]
    door.http.post("/apply", data=door.form() | {"started": started})
    assert [fact.kind for fact in door.facts()] == ["application"]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("", None),
        ("20000", 20_000),
        ("€ 20,000", 20_000),
        ("20 000 EUR", 20_000),
        ("20.000", 20_000),
        ("20k", 20_000),
        ("1500.50", 1500.5),
        ("1500,50", 1500.5),
        ("1,234,567", 1_234_567),
        ("0", 0),
    ],
)
def test_a_budget_is_read_as_people_write_it(text: str, amount: float | None) -> None:
    assert read_budget(text, "EUR") == (amount, "")


def test_hostile_fields_are_stored_as_text(each_door: Entrance) -> None:
    words = "<script>alert(1)</script>{{7*7}} file:///etc/passwd \x00\x1b[31m 🎉 \u202eעברית"
    answer = each_door.http.post("/apply", data=each_door.form(message=words, company=words))
    assert answer.status_code == 303
    assert each_door.facts()[0].payload["message"] == "<script>alert(1)</script>{{7*7}} file:///etc/passwd [31m 🎉 עברית"


def test_a_field_of_a_megabyte_is_refused_with_a_sentence(door: Entrance) -> None:
    answer = door.http.post("/apply", data=door.form(message="x" * 1_000_000))
    assert answer.status_code == 413
    assert "too much at once" in answer.text
    assert not door.facts()


@pytest.mark.parametrize(("kind", "body"), [("application/json", b"{}"), ("text/plain", b"x"), ("", b"x")])
def test_what_is_no_form_is_refused(door: Entrance, kind: str, body: bytes) -> None:
    answer = door.http.post("/apply", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "takes what its form sends" in answer.text


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=x; charset=klingon"])
def test_a_broken_form_is_an_answer_and_no_crash(door: Entrance, kind: str) -> None:
    answer = door.http.post("/apply", content=b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nA', headers={"Content-Type": kind})
    assert answer.status_code in {303, 400}


def test_a_robot_is_thanked_like_everybody_and_starts_nothing(door: Entrance) -> None:
    form = door.form()
    person = door.http.post("/apply", data=door.form(name="Grace"))
    robots = [
        door.http.post("/apply", data=form | {"website": "https://spam.example"}),
        door.http.post("/apply", data={**form, "started": ""}),
        door.http.post("/apply", data={**form, "started": form["started"][:-1] + "z"}),
        door.http.post("/apply", data={**form, "started": "9.é.x"}),
        door.http.post("/apply", data={"website": "x"}),
    ]
    assert {(answer.status_code, answer.headers["location"]) for answer in [person, *robots]} == {(303, "/thanks")}
    assert [fact.payload["suspect"] for fact in door.facts("application.suspected")] == [
        "the trap field was filled in",
        "the form was not one of ours",
        "the form was not one of ours",
        "the form was not one of ours",
        "the trap field was filled in",
    ]
    with door.db.reading() as session:
        assert len(session.exec(select(StageRun)).all()) == 1


def test_of_a_robots_form_only_so_much_is_kept(door: Entrance) -> None:
    form = {"website": "x", "name": "😀" * 2000, "message": "😀" * 9000, "x" * 2000: "😀" * 2000}
    assert door.http.post("/apply", data=form).status_code == 303
    (fact,) = door.facts("application.suspected")
    assert {name: len(value) for name, value in fact.payload.items() if name != "suspect"} == {"name": 200, "message": 2000, "website": 1}


def test_robots_of_one_house_fill_the_database_no_further_than_an_hour_allows(door: Entrance) -> None:
    door.now_with(apply_per_hour=3)
    answers = {door.http.post("/apply", data={"website": "x", "name": f"Robot {number}"}).headers["location"] for number in range(10)}
    assert answers == {"/thanks"}
    assert len(door.facts("application.suspected")) == 3
    door.http.post("/apply", data=door.form())
    assert len(door.facts("application")) == 1


def test_whoever_fills_the_form_in_within_two_seconds_is_a_robot(door: Entrance) -> None:
    started = re.search(r'name="started" value="([^"]+)"', door.http.get("/apply").text)[1]
    door.clock.pass_(seconds=2)
    door.http.post("/apply", data={"service": "shop", "name": "Ada", "email": "ada@acme.example", "started": started})
    assert [fact.payload["suspect"] for fact in door.facts()] == ["it was filled in too fast"]


def test_one_address_may_apply_sixty_times_an_hour(door: Entrance) -> None:
    form = door.form()
    for number in range(61):
        door.http.post("/apply", data=form | {"name": f"Ada {number}"})
    assert [len(door.facts(kind)) for kind in ("application", "application.suspected")] == [60, 1]


def test_a_house_applies_as_often_as_one_address_whichever_of_its_addresses_it_takes(door: Entrance) -> None:
    robots, now = door.http.app.state.door.robots, door.clock()
    started = robots.started(now - timedelta(minutes=1))
    said = [robots.suspicion(trap="", started=started, address=f"2001:db8:1:2::{number:x}", now=now) for number in range(61)]
    assert said == [""] * 60 + ["too many came from one address"]
    assert not robots.suspicion(trap="", started=started, address="2001:db8:1:3::1", now=now)


def test_a_form_that_was_open_for_more_than_a_day_is_asked_for_once_more_with_all_that_was_typed(door: Entrance) -> None:
    form = door.form(company="Byron & Sons")
    door.clock.pass_(days=1)
    back = door.http.post("/apply", data=form)
    assert (back.status_code, "send it once more" in back.text, 'value="Byron &amp; Sons"' in back.text) == (422, True, True)
    assert not door.facts()
    started = re.search(r'name="started" value="([^"]+)"', back.text)[1]
    assert door.http.post("/apply", data=form | {"started": started}).status_code == 303
    assert [fact.kind for fact in door.facts()] == ["application"]


def test_the_form_may_be_shown_on_the_studios_own_site(door: Entrance) -> None:
    assert door.http.get("/apply").headers["access-control-allow-origin"] == "*"
    script = door.http.get("/embed.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "/apply" in script.text
    for path in ("/static/css/embed.css", "/static/brand.css", "/static/logo"):
        assert door.http.get(path).status_code == 200
    assert door.http.get("/static/../../pyproject.toml").status_code == 404
