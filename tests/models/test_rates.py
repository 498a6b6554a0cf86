from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models import gantt
from models.lines import included, offered, quantity, with_needs
from models.rates import Component, RateCard, Rules
from tests.models.briefing import SERVICES, the_company

PLAIN = {"slug": "c", "title": "C", "description": "", "unit": "c", "hours": {"low": 1, "likely": 2, "high": 3}, "role": "r", "phase": "p"}


def a_component(**over):
    return Component.model_validate(PLAIN | over)


QUANTITIES = [
    ({}, {}, 1),
    ({"driver": "n"}, {"n": 7}, 7),
    ({"driver": "n"}, {}, 1),
    ({"driver": "n", "default": 0}, {}, 0),
    ({"driver": "n"}, {"n": 0}, 0),
    ({"driver": "n"}, {"n": ["a", "b", "c"]}, 3),
    ({"driver": "n", "beyond": 1}, {"n": ["a", "b", "c"]}, 2),
    ({"driver": "n", "beyond": 1}, {"n": ["a"]}, 0),
    ({"driver": "n", "beyond": 3}, {"n": 1}, 0),
    ({"driver": "n", "per": 5}, {"n": 5}, 1),
    ({"driver": "n", "per": 5}, {"n": 6}, 2),
    ({"driver": "n", "per": 5}, {"n": 0}, 0),
    ({"driver": "n", "times": "m"}, {"n": 4, "m": 3}, 12),
    ({"driver": "n", "times": "m"}, {"n": 4}, 4),
    ({"times": "m"}, {"m": 3}, 3),
]


@pytest.mark.parametrize(("over", "answers", "expected"), QUANTITIES)
def test_the_quantity_follows_the_answer(over, answers, expected):
    assert quantity(a_component(**over), answers) == expected


@pytest.mark.parametrize("service", SERVICES)
def test_rules_come_back_from_json_with_the_same_digest(service):
    rules = the_company().rates.rules(service)
    assert Rules.model_validate_json(rules.model_dump_json()).digest == rules.digest
    assert rules.version == the_company().rates.version


def test_a_card_without_a_service_knows_no_rules_for_it():
    with pytest.raises(KeyError):
        the_company().rates.rules("airship")


def test_a_service_takes_only_the_overheads_it_names():
    card = the_company().rates
    assert [rule.slug for rule in card.rules("support-plan").overheads] == ["management"]
    assert [rule.slug for rule in card.rules("shop").overheads] == ["testing", "management"]


def test_needs_are_followed_through_others():
    assert with_needs(["a"], {"a": ["b"], "b": ["c", "a"], "d": []}) == {"a", "b", "c"}


@given(some.sampled_from(SERVICES))
def test_nothing_is_both_in_the_price_and_an_option(service):
    rules = the_company().rates.rules(service)
    assert not {part.slug for part in included(rules, {})} & {part.slug for part in offered(rules, {})}


def test_what_an_option_needs_is_offered_with_it():
    rules = the_company().rates.rules("shop")
    slugs = [part.slug for part in offered(rules, {})]
    assert {"vouchers", "codes"} <= set(slugs)


def test_more_hours_never_end_earlier():
    rules = the_company().rates.rules("shop")
    phases = [phase.slug for phase in rules.service.phases]
    for phase in phases:
        lengths = [gantt.length(gantt.timetable(rules, dict.fromkeys(phases, Decimal(20)) | {phase: Decimal(n)}, {})) for n in range(200)]
        assert lengths == sorted(lengths)


def test_a_phase_counted_by_months_lasts_them():
    rules = the_company().rates.rules("support-plan")
    bars = gantt.timetable(rules, {"running": Decimal(3)}, {"months": 12})
    assert [(bar.title, bar.days) for bar in bars] == [("Running", 252)]


def test_a_card_is_read_strictly():
    card = the_company().rates.model_dump(mode="json")
    assert RateCard.model_validate(card) == the_company().rates
