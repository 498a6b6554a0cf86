"""The forms that operators fill in: on a suspended run and at a deployment. Every field says what it is, and none takes what cannot be meant."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from prefect import Flow
from pydantic import ValidationError

from deployments.serve import FLOWS, OPERATIONS, STAGES, deployment_of
from flows import contract, launch, production
from models.answer import Answer
from models.answers import ANSWERS, WITHOUT_FORM, BriefSent, ContractWord, EstimateReview, ProposalAnswer
from models.cash_answers import ContractDetails, Countersigned, PaymentRecorded
from models.delivery_answers import ChangeOffered, MaterialReviewed, StageReady
from tasks import forms, productions

FORMS = [model for model in ANSWERS if model not in WITHOUT_FORM]
LIMITS = {
    "string": {"maxLength", "enum", "const", "format", "pattern"}, "integer": {"maximum", "exclusiveMaximum"}, "number": {"maximum", "exclusiveMaximum"},
    "array": {"maxItems"}, "object": {"maxProperties", "properties"},
}  # fmt: skip


def fields(schema: dict[str, Any], defs: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a form by its place, those of its parts with it."""
    for name, field in schema.get("properties", {}).items():
        yield f"{place}{name}", field
        for part in (field, *field.get("anyOf", []), *field.get("allOf", []), field.get("items", {})):
            if "$ref" in part:
                yield from fields(defs[part["$ref"].rpartition("/")[2]], defs, f"{place}{name}.")


def unlimited(field: dict[str, Any]) -> Iterator[str]:
    """What a field would take without an end. Of a decimal the number is limited; its text form is checked by the same rule."""
    kinds = [field, *field.get("anyOf", []), *field.get("allOf", [])]
    is_decimal = {"number", "string"} <= {kind.get("type") for kind in kinds}
    for kind in kinds:
        name = kind.get("type", "")
        if name in LIMITS and not LIMITS[name] & kind.keys() and not (is_decimal and name == "string"):
            yield name
        for inner in (kind.get("items"), kind.get("additionalProperties")):
            if isinstance(inner, dict) and inner:
                yield from unlimited(inner)


def checked(schema: dict[str, Any], defs: dict[str, Any]) -> tuple[list[str], list[str]]:
    found = list(fields(schema, defs))
    assert found
    silent = [name for name, field in found if not field.get("description")]
    return silent, [f"{name}: {kind}" for name, field in found for kind in unlimited(field)]


@pytest.mark.parametrize("model", FORMS, ids=lambda model: model.__name__)
def test_each_field_of_a_waiting_runs_form_says_what_it_is_and_ends_somewhere(model: type[Answer]) -> None:
    form = forms.form(model, "Waiting for something, deal 42.")
    assert form is not None
    schema = form.model_json_schema()
    assert checked(schema, schema.get("$defs", {})) == ([], [])
    assert "who" in schema["required"], "the history says who did it"


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_each_field_of_a_run_form_says_what_it_is_and_ends_somewhere(flow: Flow) -> None:
    schema = deployment_of(flow)._parameter_openapi_schema
    if schema.properties:
        assert checked({"properties": schema.properties}, schema.definitions or {}) == ([], [])


@pytest.mark.parametrize("flow", [one for one in OPERATIONS if one.name != "read-mail"], ids=lambda flow: flow.name)
def test_whoever_runs_an_operation_says_who_they_are(flow: Flow) -> None:
    assert "who" in deployment_of(flow)._parameter_openapi_schema.properties


GOOD: dict[type[Answer], dict[str, Any]] = {
    PaymentRecorded: {"amount": "1230.50", "currency": "eur", "on": "2026-03-02", "method": "bank", "reference": "NL-2026-0001"},
    EstimateReview: {"decision": "approve", "hours": {"templates": 24}, "reason": "Fewer templates."},
    BriefSent: {}, ProposalAnswer: {"decision": "accept", "version": 1, "total": 984000, "name": "Orla"},
    ContractWord: {"outcome": "signed", "on": "2026-03-02", "name": "Orla"},
    ContractDetails: {"legal_name": "Acme", "street": "5 Quay Street", "city": "Galway", "country": "IE"},
    Countersigned: {"version": 1, "decision": "sign", "name": "Aoife"}, MaterialReviewed: {"item": "logo", "decision": "accept"},
    StageReady: {"url": "https://test.example"}, ChangeOffered: {"text": "Two pages", "price": "480.00"},
}  # fmt: skip
WRONG = [
    (PaymentRecorded, {"amount": 0}, "greater than 0"), (PaymentRecorded, {"amount": "a lot"}, "valid decimal"),
    (PaymentRecorded, {"amount": "1.0005"}, "3 decimal places"), (PaymentRecorded, {"amount": 2_000_000_000}, "less than or equal"),
    (PaymentRecorded, {"currency": "euro"}, "pattern"), (PaymentRecorded, {"on": "soon"}, "date"), (PaymentRecorded, {"method": "barter"}, "bank"),
    (PaymentRecorded, {"reference": "x" * 141}, "at most 140"), (PaymentRecorded, {"part": 1000}, "less than or equal to 100"),
    (EstimateReview, {"decision": "maybe"}, "approve"), (EstimateReview, {"hours": {"templates": -1}}, "between 0 and"),
    (EstimateReview, {"hours": {"templates": "many"}}, "valid number"), (EstimateReview, {"reason": ""}, "give a reason"),
    (EstimateReview, {"decision": "refuse", "hours": {}, "reason": " "}, "give a reason"), (ProposalAnswer, {"version": 0}, "greater than or equal to 1"),
    (ProposalAnswer, {"version": 3_000_000_000}, "less than or equal"), (ContractWord, {"on": None}, "give the day"),
    (ContractDetails, {"country": "Ireland"}, "pattern"), (Countersigned, {"decision": "refuse"}, "give a reason"),
    (MaterialReviewed, {"decision": "reject"}, "what is wrong"), (StageReady, {"url": "test"}, "pattern"),
    (ChangeOffered, {"price": -1}, "greater than or equal to 0"), (BriefSent, {"surprise": 1}, "not permitted"),
]  # fmt: skip


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model.__name__)
def test_a_form_that_is_filled_in_as_it_says_is_taken(model: type[Answer]) -> None:
    assert forms.form(model, "x").model_validate(GOOD[model] | {"who": "Conor"})


@pytest.mark.parametrize(("model", "wrong", "words"), WRONG)
def test_a_wrong_value_is_refused_with_the_reason_before_the_run_goes_on(model: type[Answer], wrong: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        forms.form(model, "x").model_validate(GOOD[model] | wrong | {"who": "Conor"})


@pytest.mark.parametrize("model", GOOD, ids=lambda model: model.__name__)
def test_a_form_without_a_name_is_refused(model: type[Answer]) -> None:
    for nobody in ({}, {"who": ""}, {"who": "x" * 201}):
        with pytest.raises(ValidationError, match="who"):
            forms.form(model, "x").model_validate(GOOD[model] | nobody)


def test_every_question_that_is_put_to_the_studio_has_a_form() -> None:
    asked = {kinds[0] for kinds in (*productions.KINDS.values(), contract.KINDS, launch.OFFERED, launch.MENDING)}
    assert {forms.form(model, "x") is not None for model in asked - WITHOUT_FORM} == {True}
    assert production.WHAT.keys() == productions.KINDS.keys()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_tells_what_it_does_what_it_waits_for_and_what_to_do_when_it_fails(stage: Flow) -> None:
    said = " ".join(str(stage.description).split())
    assert re.match(r"[A-Z*]", said)
    assert re.search(r"\*\*Waits?\*\*|\*\*waits\*\*|waits for nobody|Between two letters the run is suspended", said, re.IGNORECASE), "what it waits for"
    assert re.search(r"\*\*When it fails\*\* .*Retry", said), "what to do when it fails"
    assert "**Resume**" in said or "Resume answers" in said or "nobody" in said, "what Resume does, or that there is nothing to answer"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_says_what_it_does_in_sentences(operation: Flow) -> None:
    said = " ".join(str(operation.description).split())
    assert re.match(r"[A-Z].*[.:]", said)
    assert len(said) > 60
