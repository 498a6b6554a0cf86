"""Published reviews: all that may be published and none that may not, for people and for other sites."""

import json
import re
from itertools import product

from tests.aftermath import a_paid_deal, a_review
from tests.api.conftest import Entrance

FORGED = "</script><script>alert(1)</script>"


def several(door: Entrance, *stars: int, **values) -> None:
    with door.writing() as session:
        for place, count in enumerate(stars):
            a_review(session, a_paid_deal(session), at=door.clock(), **{"stars": count, "text": f"Review {place}."} | values)
            door.clock.pass_(days=1)


def test_stars_decide_nothing_only_the_client_does(door: Entrance) -> None:
    shown, hidden = [], []
    with door.writing() as session:
        for stars, publish, withdrawn, replied in product((1, 2, 3, 4, 5), (True, False), (True, False), (True, False)):
            if withdrawn and not publish:
                continue
            text = f"Words {stars}-{publish}-{withdrawn}-{replied}."
            a_review(session, a_paid_deal(session), stars=stars, publish=publish, withdrawn=withdrawn, text=text, reply="Thank you." if replied else "")
            (shown if publish and not withdrawn else hidden).append(text)
    body = door.http.get("/reviews.json").json()
    assert sorted(item["text"] for item in body["items"]) == sorted(shown)
    assert (body["count"], body["average"], body["private"], body["next"]) == (10, 3.0, len(hidden), None)
    assert body["by_stars"] == {str(stars): 2 for stars in range(1, 6)}
    assert sorted(item["reply"] for item in body["items"]) == [""] * 5 + ["Thank you."] * 5
    page = door.http.get("/reviews").text
    assert all(text in page for text in shown)
    assert not any(text in page for text in hidden)
    assert "3.0</b> <span>of 5 stars on average, from 10 reviews" in page
    assert "20 more clients wrote reviews for us alone" in page


def test_the_newest_stands_first_and_a_page_leads_to_the_next(door: Entrance) -> None:
    several(door, *[5] * 23)
    first = door.http.get("/reviews").text
    assert re.findall(r"Review (\d+)\.</bdi>", first) == [str(place) for place in range(22, 2, -1)]
    assert '<meta name="robots"' not in first
    older = re.search(r'href="(/reviews\?before=\d+)"', first)[1]
    second = door.http.get(older).text
    assert re.findall(r"Review (\d+)\.</bdi>", second) == ["2", "1", "0"]
    assert "before=" not in second
    assert '<meta name="robots" content="noindex">' in second
    found, address = [], "/reviews.json?limit=4"
    while address:
        body = door.http.get(address).json()
        assert body["count"] == 23
        found += [item["text"] for item in body["items"]]
        address = body["next"]
    assert found == [f"Review {place}." for place in range(22, -1, -1)]


def test_a_page_does_not_shift_when_a_review_is_withdrawn_or_comes(door: Entrance) -> None:
    several(door, 5, 5, 5)
    first = door.http.get("/reviews.json?limit=2").json()
    several(door, 1, text="A new one.")
    assert [item["text"] for item in door.http.get(first["next"]).json()["items"]] == ["Review 0."]


def test_another_site_may_read_them_and_keep_them_a_minute(door: Entrance) -> None:
    several(door, 4)
    answer = door.http.get("/reviews.json", headers={"Origin": "https://northlight.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.json()["items"][0] | {"number": 0} == {
        "number": 0, "stars": 4, "text": "Review 0.", "name": "Orla Byrne", "company": "Acme", "service": "Landing page", "on": "2026-03-02",
        "reply": "",
    }  # fmt: skip
    page = door.http.get("/reviews")
    assert page.headers["cache-control"] == "public, max-age=60"
    assert "access-control-allow-origin" not in page.headers


def test_what_cannot_be_read_is_a_problem_for_machines_and_a_page_for_people(door: Entrance) -> None:
    machine, person = door.http.get("/reviews.json?limit=1000"), door.http.get("/reviews?before=x")
    assert (machine.status_code, machine.headers["content-type"]) == (422, "application/problem+json")
    assert (person.status_code, person.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert door.http.get("/reviews.json?before=0").status_code == 200


def test_words_of_strangers_stay_words(door: Entrance) -> None:
    several(door, 5, text=FORGED, name=f'"{FORGED}', company=FORGED)
    page = door.http.get("/reviews").text
    assert FORGED not in page
    structured = json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page)[1])
    assert structured["review"][0]["reviewBody"] == FORGED
    assert structured["aggregateRating"] | {"@type": ""} == {
        "@type": "", "ratingValue": 5.0, "reviewCount": 1, "bestRating": 5, "worstRating": 1
    }  # fmt: skip


def test_a_client_without_a_name_is_a_client(door: Entrance) -> None:
    several(door, 3, name="", company="", text="")
    assert [(item["name"], item["company"]) for item in door.http.get("/reviews.json").json()["items"]] == [("A client", "")]
    assert "<bdi>A client</bdi>" in door.http.get("/reviews").text


def test_without_a_review_the_page_says_so_and_machines_are_told_nothing(door: Entrance) -> None:
    for private in (False, True):
        page = door.http.get("/reviews").text
        assert "Nobody has published a review here yet." in page
        assert "ld+json" not in page
        assert ("1 client wrote a review for us alone" in page) == private
        several(door, 5, publish=False)
    assert door.http.get("/reviews.json").json() | {"items": []} == {
        "items": [], "next": None, "count": 0, "average": None, "by_stars": {str(stars): 0 for stars in range(1, 6)}, "private": 2
    }  # fmt: skip


def test_a_half_is_rounded_up(door: Entrance) -> None:
    several(door, 5, 4, 4, 4)
    assert door.http.get("/reviews.json").json()["average"] == 4.3
