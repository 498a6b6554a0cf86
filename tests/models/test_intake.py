"""Intake's rules: who applied, whether we know them, whose it becomes."""

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models import intake
from models.answers import Application
from models.db import Database
from models.intake import Admitted, choose, normal_email, normal_phone
from models.money import Money
from models.tables import Client, Deal, Fact
from models.tracks import Sales
from tests.factories import a_client, a_deal, an_application
from tests.fakes import MONDAY
from tests.models.threads import at_once

HOUR = timedelta(hours=1)


def admit(session, fact: Fact, *, at=MONDAY) -> Admitted:
    application = Application.model_validate(fact.payload)
    return intake.admit(session, fact, intake.contact(application, "IE"), application, currency="EUR", locale="en_IE", now=at)


# Who


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        (" Orla@ACME.example ", "orla@acme.example"), ("orla+site@acme.example", "orla+site@acme.example"), ("orla@münchen.example", "orla@münchen.example"),
        ("orla", ""), ("", ""), ("orla@", ""), ("a@b@c.example", ""), ("orla@acme.example\nBcc: x@y.example", ""), ("x" * 1000 + "@acme.example", ""),
    ],
)  # fmt: skip
def test_an_address_has_one_normal_form_or_none(typed: str, normal: str) -> None:
    assert normal_email(typed) == normal


@pytest.mark.parametrize(
    ("typed", "country", "normal"),
    [
        ("020 912 3402", "IE", "+353209123402"), ("+353 20 912 3402", "DE", "+353209123402"), ("00353 20 912 3402", "IE", "+353209123402"),
        ("(030) 1234567", "DE", "+49301234567"), ("call me", "IE", ""), ("", "IE", ""), ("12", "IE", ""), ("9" * 90, "IE", ""), ("020 912 3402", "XX", ""),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_dialled_in_its_country(typed: str, country: str, normal: str) -> None:
    assert normal_phone(typed, country) == normal


@given(text=st.text())
def test_no_text_breaks_the_reading_of_addresses_and_numbers(text: str) -> None:
    assert normal_email(text) == normal_email(normal_email(text))
    assert normal_phone(text, "IE") == normal_phone(normal_phone(text, "IE"), "IE")


def test_who_gives_no_name_is_called_by_their_address() -> None:
    nobody = intake.contact(Application(service="shop", name="  ", email="o@acme.example"), "IE")
    assert (nobody.name, nobody.email) == ("o@acme.example", "o@acme.example")
    assert intake.contact(Application(service="shop", name=" Orla \n Byrne "), "IE").name == "Orla Byrne"


# Whether we know them


def test_ten_identical_applications_admitted_at_once_are_one_client_and_one_deal(db: Database) -> None:
    def post(number: int) -> int:
        with db.writing() as session:
            return an_application(session, key=f"post-{number}").id

    ids = at_once(10, post)

    def take(number: int) -> tuple[int, bool]:
        with db.writing() as session:
            admitted = admit(session, session.get_one(Fact, ids[number]))
            return admitted.deal.id, admitted.is_new

    taken = at_once(10, take)
    assert len(set(ids)) == 10
    assert len({deal_id for deal_id, _ in taken}) == 1
    assert sum(is_new for _, is_new in taken) == 1
    with db.reading() as session:
        assert len(session.exec(select(Client)).all()) == len(session.exec(select(Deal)).all()) == 1
        assert {fact.deal_id for fact in intake.applications(session, taken[0][0])} == {taken[0][0]}
        assert len(intake.applications(session, taken[0][0])) == 10
    assert sorted(take(number) for number in range(10)) == sorted(taken)


def test_another_service_is_another_deal_of_the_same_client(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first, second = admit(session, an_application(session)), admit(session, an_application(session, service="shop"))
        assert second.is_new
        assert first.deal.id != second.deal.id
        assert first.deal.client_id == second.deal.client_id


@pytest.mark.parametrize(
    ("first", "then", "is_same"),
    [
        ({"email": "Orla@acme.example"}, {"email": "orla@ACME.example"}, True),
        ({"phone": "020 912 3402", "email": ""}, {"phone": "+353 20 9123402", "email": ""}, True),
        ({"phone": "020 912 3402", "email": ""}, {"phone": "020 912 3402", "email": "orla@acme.example"}, True),
        ({"phone": "020 912 3402"}, {"phone": "020 912 3402", "email": ""}, True),
        ({"phone": "020 912 3402"}, {"phone": "020 912 3402", "email": "new@home.example"}, False),
        ({"email": "orla@acme.example"}, {"email": "fergus@acme.example"}, False),
        ({"email": "", "phone": ""}, {"email": "", "phone": ""}, False),
        ({"email": "not an address"}, {"email": "not an address"}, False),
    ],
)
def test_a_client_is_known_by_address_or_number_and_never_by_name(here_sqlite, first: dict, then: dict, is_same: bool) -> None:
    with here_sqlite.db.writing() as session:
        one = admit(session, an_application(session, **first))
        other = admit(session, an_application(session, service="shop", **then))
        assert (one.deal.client_id == other.deal.client_id) == is_same


def test_an_address_says_more_than_a_number(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        a_client(session, email="desk@acme.example", phone="+353209123402")
        orla = a_client(session, email="orla@acme.example", phone="")
        admitted = admit(session, an_application(session, email="orla@acme.example", phone="020 912 3402"))
        assert admitted.deal.client_id == orla.id


@pytest.mark.parametrize(
    ("sales", "hours", "joins"),
    [(place, hours, hours < 24 or place not in {Sales.LOST, Sales.DECLINED, Sales.WON}) for place in Sales for hours in (1, 25)],
)
def test_the_same_work_joins_an_open_deal_or_one_of_the_last_day(here_sqlite, sales: Sales, hours: int, joins: bool) -> None:
    with here_sqlite.db.writing() as session:
        first = admit(session, an_application(session))
        first.deal.sales = sales
        again = admit(session, an_application(session, at=MONDAY + hours * HOUR, message="Did you get it?"), at=MONDAY + hours * HOUR)
        assert again.is_new is not joins
        assert (again.deal.id == first.deal.id) == joins
        told = [fact.payload["message"] for fact in session.exec(select(Fact).where(Fact.kind == "application.joined"))]
        assert told == (["Did you get it?"] if joins else [])


def test_admitting_again_says_the_same(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        opening, joining = an_application(session), an_application(session)
        assert [admit(session, fact).is_new for fact in (opening, joining, opening, joining)] == [True, False, True, False]
        assert len(session.exec(select(Fact).where(Fact.kind == "application.joined")).all()) == 1


def test_the_application_that_opened_a_deal_need_not_be_the_first_that_came(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first, second = an_application(session), an_application(session)
        said = [admit(session, fact).is_new for fact in (second, first, second, first)]
        states = [intake.status(session, fact.id)["state"] for fact in (first, second)]
    assert said == [True, False, True, False]
    assert states == ["joined", "opened"]


# What they named


@pytest.mark.parametrize(("budget", "is_below"), [(None, False), (2999.99, True), (3000, False), (3000.01, False), (0, True), (1e9, False)])
def test_a_budget_is_below_only_when_it_was_named_and_is(here_sqlite, budget: float | None, is_below: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal = admit(session, an_application(session, budget=budget)).deal
        assert intake.is_below(deal, Money.of_major(3000, "EUR")) == is_below


@pytest.mark.parametrize("nonsense", [-1, 1e300, float("inf"), float("nan")])
def test_a_figure_that_nobody_can_mean_is_no_budget(here_sqlite, nonsense: float) -> None:
    with here_sqlite.db.writing() as session:
        application = Application(service="shop", name="x", email="x@acme.example", budget=nonsense)
        who = intake.contact(application, "IE")
        deal = intake.admit(session, an_application(session), who, application, currency="EUR", locale="en_IE", now=MONDAY).deal
        assert deal.budget is None


def test_the_largest_budget_fits_into_the_database(db: Database) -> None:
    with db.writing() as session:
        deal = admit(session, an_application(session, budget=intake.LARGEST_BUDGET)).deal
        session.flush()
        assert deal.budget == intake.LARGEST_BUDGET * 100


def test_a_deal_keeps_what_its_application_said(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        fact = an_application(session, budget=12_500.5, locale="de_DE", source={"utm_source": "fair"}, company="Acme")
        deal = admit(session, fact).deal
        client = session.get_one(Client, deal.client_id)
        assert (deal.budget, deal.locale, deal.source, deal.message) == (1_250_050, "de_DE", {"utm_source": "fair"}, "A page.")
        assert (client.name, client.company, client.locale, fact.deal_id) == ("Orla Byrne", "Acme", "de_DE", deal.id)


# Whose it becomes


def somebody(email: str, *, role="salesperson", services=(), languages=(), capacity=10) -> SimpleNamespace:
    return SimpleNamespace(email=email, role=role, services=list(services), languages=list(languages), capacity=capacity)


def test_service_comes_before_language_and_language_before_room() -> None:
    people = [
        somebody("boss", role="director"), somebody("web", services=["shop"], languages=["en"]),
        somebody("webde", services=["shop"], languages=["de"]), somebody("app", services=["app"], languages=["de"]),
    ]  # fmt: skip
    load = Counter({"web": 0, "webde": 9, "app": 5})

    def chosen(service: str, language: str) -> str:
        return choose(people, service, language, load, {}).email

    assert chosen("shop", "de") == "webde"
    assert chosen("shop", "en") == "web"
    assert chosen("shop", "fr") == "web"
    assert chosen("app", "en") == "app"
    assert chosen("nothing", "de") == "web"


def test_the_one_with_the_most_room_for_their_capacity_gets_it() -> None:
    people = [somebody("large", capacity=30), somebody("small", capacity=5), somebody("none", capacity=0)]
    assert choose(people, "s", "en", Counter({"large": 10, "small": 2, "none": 1}), {}).email == "large"
    assert choose(people, "s", "en", Counter({"large": 20, "small": 2, "none": 1}), {}).email == "small"


def test_among_equals_it_is_the_one_who_waited_longest_and_who_never_had_one_comes_first() -> None:
    people = [somebody("a"), somebody("b"), somebody("c")]
    last = {"a": MONDAY, "b": MONDAY - HOUR}
    assert choose(people, "s", "en", Counter(), last).email == "c"
    assert choose(people, "s", "en", Counter(), last | {"c": MONDAY}).email == "b"
    assert choose(people, "s", "en", Counter(), {}).email == "a"


def test_when_nobody_sells_nobody_is_chosen() -> None:
    assert choose([somebody("boss", role="director")], "s", "en", Counter(), {}) is None


def test_open_deals_are_a_load_and_closed_ones_are_not(db: Database) -> None:
    with db.writing() as session:
        for sales in Sales:
            a_deal(session, sales=sales, salesperson="c@x.example")
        a_deal(session, salesperson="i@x.example", opened_at=MONDAY + HOUR)
        load, last = intake.loads(session)
        assert load == Counter({"c@x.example": len(Sales) - 3, "i@x.example": 1})
        assert last == {"c@x.example": MONDAY, "i@x.example": MONDAY + HOUR}
