"""Pages on which staff act: the estimate's approval, the contract's outcome."""

import re

import pytest

from tests.api.conftest import Entrance, an_estimate
from tests.factories import a_contract

TOMASZ = {"who": "Tomasz Zielinski"}


def review(door: Entrance) -> str:
    return door.link("approve", door.deal(an_estimate, sales="estimating"))


def hours(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(hours_[^"]+)"[^>]*value="([^"]*)"', page))


def test_a_manager_counts_again_without_deciding_anything(door: Entrance) -> None:
    link = review(door)
    page = door.http.get(link).text
    name, before = next((name, value) for name, value in hours(page).items() if value != "0")
    counted = door.http.post(link, data=hours(page) | {name: str(float(before) + 100), "action": "recount"})
    assert counted.status_code == 200
    likely = r'class="big">([^<]+)<'
    assert re.search(likely, counted.text)[1] != re.search(likely, page)[1]
    assert hours(counted.text)[name] == str(float(before) + 100)
    assert not door.facts()


def test_a_manager_approves_changed_hours_under_their_name(each_door: Entrance) -> None:
    link = review(each_door)
    fields = hours(each_door.http.get(link).text)
    name = next(name for name, value in fields.items() if value != "0")
    answer = each_door.http.post(link, data=fields | {name: "55,5", "action": "approve", "reason": "More work.", **TOMASZ})
    assert (answer.status_code, answer.headers["location"]) == (303, link)
    fact = each_door.facts()[0]
    assert (fact.kind, fact.actor) == ("estimate.reviewed", "staff:tomasz@northlight.example")
    assert fact.payload == {"decision": "approve", "hours": {name.removeprefix("hours_"): 55.5}, "reason": "More work."}
    assert "Approved by <bdi>Tomasz Zielinski</bdi>" in each_door.http.get(link).text


def test_a_second_click_is_the_same_word_and_another_word_is_refused(door: Entrance) -> None:
    link = review(door)
    for _ in range(2):
        assert door.http.post(link, data={"action": "approve", **TOMASZ}).status_code == 303
    other = door.http.post(link, data={"action": "refuse", "reason": "No.", **TOMASZ})
    assert other.status_code == 409
    assert "Approved by" in other.text
    assert len(door.facts()) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"action": "approve"}, "say who you are"),
        ({"action": "approve", "who": "Mallory"}, "say who you are"),
        ({"action": "refuse", **TOMASZ}, "give a reason"),
        ({"action": "approve", "hours": "many", **TOMASZ}, "Hours are a number"),
        ({"action": "approve", "hours": "-1", **TOMASZ}, "Hours are a number"),
        ({"action": "recount", "hours": "NaN"}, "Hours are a number"),
        ({"action": "approve", "hours": "1e9", **TOMASZ}, "Hours are a number"),
        ({"action": "approve", "hours": "77", **TOMASZ}, "give a reason"),
        ({"action": "refuse", "reason": "x" * 6000, **TOMASZ}, "under 5,000"),
        ({"action": "dance", **TOMASZ}, "press one of the buttons"),
    ],
)
def test_a_review_with_a_gap_comes_back_with_a_sentence(door: Entrance, typed: dict[str, str], sentence: str) -> None:
    link = review(door)
    name = next(name for name, value in hours(door.http.get(link).text).items() if value != "0")
    answer = door.http.post(link, data={name if key == "hours" else key: value for key, value in typed.items()})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts()


def test_the_estimate_of_a_closed_deal_is_not_decided(door: Entrance) -> None:
    link = door.link("approve", door.deal(an_estimate, sales="lost"))
    assert door.http.post(link, data={"action": "approve", **TOMASZ}).status_code == 409
    assert not door.facts()


def test_the_reviewer_can_read_the_answers_once_that_link_was_handed_out(door: Entrance) -> None:
    deal_id = door.deal(an_estimate, sales="estimating")
    link = door.link("approve", deal_id)
    assert "Read the answers" not in door.http.get(link).text
    brief = door.link("brief-staff", deal_id)
    assert brief in door.http.get(link).text


def test_the_staffs_own_estimate_leads_to_answers_that_can_only_be_read(door: Entrance) -> None:
    deal_id = door.deal(an_estimate, sales="estimating")
    filling, reading = door.link("brief-staff", deal_id), door.link("brief-read", deal_id)
    page = door.http.get(door.link("estimate-staff", deal_id)).text
    assert (reading in page, filling in page) == (True, False)


def test_the_rest_of_the_staff_reads_the_estimate_and_decides_nothing(door: Entrance) -> None:
    deal_id = door.deal(an_estimate, sales="estimating")
    link = door.link("estimate-staff", deal_id)
    page = door.http.get(link).text
    assert "Estimate for <bdi>Acme" in page
    assert not re.findall("<(?:button|input|textarea)", page.partition('<form action="/a/')[2])
    for action in ("approve", "refuse", "recount"):
        answer = door.http.post(link, data={"action": action, "reason": "No.", **TOMASZ})
        assert (answer.status_code, "studio&#39;s own view" in answer.text) == (403, True)
    assert not door.facts()
    door.http.post(door.link("approve", deal_id), data={"action": "approve", **TOMASZ})
    assert "Approved by <bdi>Tomasz Zielinski</bdi>" in door.http.get(link).text


def contract(door: Entrance) -> str:
    with door.writing() as session:
        document = a_contract(session)
    return door.link("contract-word", document.deal_id)


def test_a_signed_contract_is_recorded_once(door: Entrance) -> None:
    link = contract(door)
    signed = {"decision": "signed", "signed_on": "2026-03-01", "name": "Fergus Daly", "role": "Owner", "who": "Conor Walsh"}
    for _ in range(2):
        assert door.http.post(link, data=signed).status_code == 303
    assert "This is recorded" in door.http.get(link).text
    fact = door.facts("contract.answered")[0]
    word = {"outcome": "signed", "on": "2026-03-01", "name": "Fergus Daly", "role": "Owner", "scan": 0, "reason": ""}
    assert (fact.actor, fact.payload) == ("staff:conor@northlight.example", word)
    assert door.http.post(link, data={"decision": "lost", "reason": "price", "who": "Conor Walsh"}).status_code == 409
    assert len(door.facts("contract.answered")) == 1


def test_a_lost_contract_keeps_why(door: Entrance) -> None:
    link = contract(door)
    door.http.post(link, data={"decision": "lost", "reason": "silent", "text": "Three calls.", "who": "conor@northlight.example"})
    assert door.facts("contract.answered")[0].payload["reason"] == "They went silent: Three calls."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "choose what happened"),
        ({"decision": "lost"}, "choose why"),
        ({"decision": "signed", "signed_on": "soon"}, "year-month-day"),
        ({"decision": "signed", "signed_on": "2026-03-03"}, "still to come"),
        ({"decision": "lost", "reason": "price", "text": "x" * 6000}, "under 4,900"),
        ({"decision": "signed", "signed_on": "2026-03-01", "name": "Fergus", "who": ""}, "say who you are"),
        ({"decision": "signed", "signed_on": "2026-03-01"}, "who signed it for the client"),
        ({"decision": "signed", "signed_on": "2026-03-01", "name": "x" * 201}, "under 200 characters"),
    ],
)
def test_a_word_with_a_gap_comes_back_with_a_sentence(door: Entrance, typed: dict[str, str], sentence: str) -> None:
    answer = door.http.post(contract(door), data={"who": "Conor Walsh"} | typed)
    assert answer.status_code == 422
    assert sentence in answer.text
