"""A client passes us on: the new deal says who, the new client is told nothing."""

import re

import pytest

from models import intake, links
from models.answers import Application
from models.intake import Contact
from models.tables import Deal, Fact
from tests.aftermath import a_paid_deal
from tests.api.conftest import Entrance


def passed_on(door: Entrance) -> tuple[int, str]:
    with door.writing() as session:
        deal_id = a_paid_deal(session).id or 0
    return deal_id, door.link("refer", deal_id)


def filled(door: Entrance, link: str) -> dict[str, str]:
    """The form behind a link, filled in by a person who took a while over it."""
    page = door.http.get(link).text
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
    door.clock.pass_(seconds=40)
    return hidden | {"service": "landing-page", "name": "Ada Byron", "email": "ada@new.example"}


def source(door: Entrance) -> dict[str, str]:
    return door.facts("application")[-1].payload["source"]


def test_a_referral_is_carried_into_the_application_and_its_deal(each_door: Entrance) -> None:
    deal_id, link = passed_on(each_door)
    form = filled(each_door, link)
    assert form["referral"] == link.rpartition("/")[2]
    assert each_door.http.post("/apply", data=form | {"utm_source": "mail"}).status_code == 303
    assert source(each_door) == {"channel": "referral", "referred_by": f"deal {deal_id}", "utm_source": "mail"}
    with each_door.writing() as session:
        fact = session.get_one(Fact, each_door.facts("application")[-1].id)
        application = Application.model_validate(fact.payload)
        who = Contact(name="Ada Byron", email="ada@new.example", phone="", company="")
        opened = intake.admit(session, fact, who, application, currency="EUR", locale="en_IE", now=each_door.clock()).deal
        assert session.get_one(Deal, opened.id).source["referred_by"] == f"deal {deal_id}"


def test_looking_keeps_nothing_and_names_nobody(door: Entrance) -> None:
    deal_id, link = passed_on(door)
    page = door.http.get(link)
    assert page.status_code == 200
    assert "One of our clients sent you here." in page.text
    for told in ("Orla", "Acme", "orla", f"deal {deal_id}"):
        assert told not in page.text
    assert door.facts() == []
    assert page.headers["cache-control"] == "no-store"


def test_a_form_that_comes_back_keeps_its_referral(door: Entrance) -> None:
    _, link = passed_on(door)
    again = door.http.post("/apply", data=filled(door, link) | {"name": ""})
    assert again.status_code == 422
    assert f'name="referral" value="{link.rpartition("/")[2]}"' in again.text
    assert "One of our clients sent you here." in again.text


@pytest.mark.parametrize("kind", ["forged", "revoked", "of another kind", "long", "empty"])
def test_a_link_that_is_no_referral_is_the_plain_form(door: Entrance, kind: str) -> None:
    deal_id, link = passed_on(door)
    token = {
        "forged": "a" * 32, "revoked": link.rpartition("/")[2], "long": "a" * 5000, "empty": " ",
        "of another kind": door.link("project", deal_id).rpartition("/")[2],
    }[kind]  # fmt: skip
    if kind == "revoked":
        with door.writing() as session:
            links.revoke(session, "refer", deal_id, now=door.clock())
    page = door.http.get(f"/f/{token}")
    assert page.status_code == 200
    assert 'name="referral"' not in page.text
    assert "One of our clients" not in page.text
    assert door.http.post("/apply", data=door.form(referral=token)).status_code == 303
    assert source(door) == {}


def test_a_referral_is_worth_nothing_to_a_robot(door: Entrance) -> None:
    _, link = passed_on(door)
    door.http.post("/apply", data=filled(door, link) | {"website": "https://spam.example"})
    assert door.facts("application") == []
    assert len(door.facts("application.suspected")) == 1
