"""The client's review: given once, by the client alone; shown to them; the permission taken back."""

import re
from itertools import product

import pytest
from sqlmodel import Session, select

from models import inbox, links
from models.after_answers import ReviewReplied
from models.letters import LetterOrder
from models.tables import Deal, Effect
from models.tracks import Cash, Work
from tests.aftermath import a_paid_deal, a_review
from tests.api.conftest import Entrance
from tests.factories import a_deal, told

GOOD = {"stars": "4", "text": "Quick.\n<b>Kind.</b>", "publish": "yes", "name": "Orla", "company": "Acme & Sons"}


def asked(door: Entrance, **values) -> tuple[int, str]:
    """A deal that is asked for a review, and the path of its page."""
    with door.writing() as session:
        deal_id = a_paid_deal(session, **values).id or 0
    return deal_id, door.link("review", deal_id)


def planned(session: Session) -> list[tuple[str, str]]:
    """The letters that are owed: name and to whom."""
    effects = session.exec(select(Effect).where(Effect.kind == "errand").order_by(Effect.key))
    return [(order.name, order.to) for order in map(LetterOrder.model_validate, (effect.args for effect in effects))]


def test_the_page_asks_with_stars_in_words_and_without_a_tick(door: Entrance) -> None:
    _, link = asked(door)
    page = door.http.get(link)
    assert page.status_code == 200
    for count, word in enumerate(("Poor", "Disappointing", "All right", "Good", "Excellent"), start=1):
        assert re.search(rf'type="radio" name="stars" value="{count}"', page.text)
        assert word in page.text
    assert not re.search(r'name="publish"[^>]*checked', page.text)
    assert 'value="Orla Byrne"' in page.text
    assert "Aoife Brennan" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_looking_keeps_nothing(door: Entrance) -> None:
    _, link = asked(door)
    before = door.facts()
    for _ in range(2):
        door.http.get(link)
        door.http.head(link)
    assert door.facts() == before
    assert door.http.get(f"{link}/withdraw").status_code == 405


def test_a_review_is_kept_once_and_thanked_for_with_a_link_to_pass_on(each_door: Entrance) -> None:
    deal_id, link = asked(each_door)
    for _ in range(2):
        answer = each_door.http.post(link, data=GOOD)
        assert (answer.status_code, answer.headers["location"]) == (303, link)
    [fact] = each_door.facts("review.given")
    assert (fact.actor, fact.subject) == ("client", f"deal/{deal_id}/r1/review")
    assert fact.payload == {"stars": 4, "text": "Quick.\n<b>Kind.</b>", "publish": True, "name": "Orla", "company": "Acme & Sons"}
    page = each_door.http.get(link).text
    assert "Thank you." in page
    assert "&lt;b&gt;Kind.&lt;/b&gt;" in page
    assert "Acme &amp; Sons" in page
    token = re.search(r"/f/([a-z0-9]{32})", page)[1]
    with each_door.db.reading() as session:
        assert links.find(session, token, "refer").link.deal_id == deal_id
        assert planned(session) == [("review-came", "director"), ("review-came", "project_lead"), ("review-thanks", "client")]


def test_another_review_is_refused_and_the_first_stands(door: Entrance) -> None:
    _, link = asked(door)
    door.http.post(link, data=GOOD)
    other = door.http.post(link, data=GOOD | {"stars": "1"})
    assert other.status_code == 409
    assert "Thank you." in other.text
    assert [fact.payload["stars"] for fact in door.facts("review.given")] == [4]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"stars": ""}, "choose how many stars"), ({"stars": "0"}, "choose how many stars"), ({"stars": "6"}, "choose how many stars"),
        ({"stars": "4.5"}, "choose how many stars"), ({"stars": "٣"}, "choose how many stars"), ({"text": "x" * 5001}, "under 5,000 characters"),
        ({"name": "x" * 201}, "under 200 characters"), ({"company": "x" * 201}, "under 200 characters"),
    ],
)  # fmt: skip
def test_a_form_with_a_gap_comes_back_as_it_was_typed(door: Entrance, typed: dict[str, str], sentence: str) -> None:
    _, link = asked(door)
    answer = door.http.post(link, data=GOOD | typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert re.search(r'name="publish"[^>]*checked', answer.text)
    assert not door.facts("review.given")


def test_no_tick_means_no_permission(door: Entrance) -> None:
    _, link = asked(door)
    door.http.post(link, data={"stars": "5"})
    assert door.facts("review.given")[0].payload["publish"] is False
    page = door.http.get(link).text
    assert "for us alone" in page
    assert "withdraw" not in page
    refused = door.http.post(f"{link}/withdraw")
    assert refused.status_code == 409
    assert not door.facts("review.withdrawn")


def test_the_permission_is_taken_back_once_and_for_good(each_door: Entrance) -> None:
    _, link = asked(each_door)
    each_door.http.post(link, data=GOOD)
    assert "Kind." in each_door.http.get("/reviews").text
    for _ in range(2):
        assert each_door.http.post(f"{link}/withdraw").status_code == 303
    assert len(each_door.facts("review.withdrawn")) == 1
    assert "not published any more" in each_door.http.get(link).text
    assert "Kind." not in each_door.http.get("/reviews").text


def test_nothing_is_withdrawn_before_there_is_a_review(door: Entrance) -> None:
    _, link = asked(door)
    assert door.http.post(f"{link}/withdraw").status_code == 409
    assert not door.facts("review.withdrawn")


def test_nobody_reviews_what_was_never_completed_and_paid(door: Entrance) -> None:
    for work, money in product(Work, Cash):
        with door.writing() as session:
            deal_id = a_paid_deal(session, work=work, money=money.value).id or 0
        is_done = work in {Work.COMPLETED, Work.HANDED_OVER} and money == Cash.PAID
        answer = door.http.post(door.link("review", deal_id), data=GOOD)
        assert answer.status_code == (303 if is_done else 409), (work, money)
        assert ("not time for a review yet" in answer.text) != is_done
    assert len(door.facts("review.given")) == 2


def test_a_client_whose_money_went_back_meanwhile_may_still_say_what_they_think(door: Entrance) -> None:
    deal_id, link = asked(door)
    with door.writing() as session:
        session.get_one(Deal, deal_id).money = Cash.FINAL_DUE.value
    assert door.http.post(link, data=GOOD).status_code == 303


def test_the_studios_reply_stands_below_and_the_newest_counts(door: Entrance) -> None:
    deal_id, link = asked(door)
    door.http.post(link, data=GOOD)
    with door.writing() as session:
        for text in ("Thank you!", "Thank you, <i>Orla</i>!"):
            told(session, session.get_one(Deal, deal_id), ReviewReplied(text=text), actor="staff:aoife@northlight.example")
    for path in (link, "/reviews"):
        page = door.http.get(path).text
        assert "Thank you, &lt;i&gt;Orla&lt;/i&gt;!" in page
        assert "Thank you!<" not in page


def test_nobody_but_the_client_gives_a_review(door: Entrance) -> None:
    deal_id, link = asked(door)
    for kind in ("review.given", "review.withdrawn"):
        body = {"kind": kind, "external_id": "x", "actor": "client", "payload": {"stars": 5, "publish": True} if kind == "review.given" else {}}
        assert door.http.post(f"/api/deals/{deal_id}/facts", json=body, headers=door.key("facts:write", name=kind)).status_code == 422
    for other in ("project-staff", "work", "project", "act-staff", "brief"):
        token = door.link(other, deal_id).rpartition("/")[2]
        assert door.http.post(f"/v/{token}", data=GOOD).status_code == 404
    assert not door.facts("review.given")
    assert door.http.post(link, data=GOOD).status_code == 303


def test_a_revoked_link_says_where_to_ask(door: Entrance) -> None:
    deal_id, link = asked(door)
    with door.writing() as session:
        links.revoke(session, "review", deal_id, now=door.clock())
    assert door.http.get(link).status_code == 410
    assert door.http.post(link, data=GOOD).status_code == 410


def test_each_round_of_a_deal_has_its_own_review(door: Entrance) -> None:
    deal_id, link = asked(door)
    door.http.post(link, data=GOOD)
    with door.writing() as session:
        deal = session.get_one(Deal, deal_id)
        deal.round = 2
        assert inbox.subject_of(deal, ReviewReplied) == f"deal/{deal_id}/r2/review"
    assert "not time for a review yet" in door.http.get(link).text


def test_a_stranger_to_reviews_sees_a_deal_without_one(door: Entrance) -> None:
    with door.writing() as session:
        deal_id = a_deal(session).id or 0
    page = door.http.get(door.link("review", deal_id))
    assert page.status_code == 200
    assert "not time for a review yet" in page.text


def test_what_others_wrote_is_on_nobody_elses_page(door: Entrance) -> None:
    _, link = asked(door)
    with door.writing() as session:
        a_review(session, a_paid_deal(session), text="Somebody else's words.")
    assert "Somebody else" not in door.http.get(link).text
