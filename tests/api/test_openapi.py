"""The OpenAPI document: complete, and kept to."""

from collections import Counter

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)  # fmt: skip

from models.answers import ANSWERS, BY_RULE
from tests.api.conftest import Entrance

CHECKS = [
    schemathesis.checks.not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip


def test_every_call_says_what_it_takes_answers_and_refuses(door: Entrance) -> None:
    document = door.http.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/api/applications", "/api/applications/{application_id}", "/api/deals", "/api/deals/{deal_id}", "/api/deals/{deal_id}/facts",
        "/api/statements", "/api/statements/{statement_id}", "/api/suspense", "/api/reports/performance", "/health/live", "/health/ready",
        "/metrics", "/reviews.json",
    }  # fmt: skip
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, calls in document["paths"].items():
        for call in calls.values():
            assert call["summary"]
            assert call["tags"]
            if path.startswith("/api/"):
                assert call["security"] == [{"key": []}]
                assert {"401", "403", "422", "503"} <= set(call["responses"])
                for status, answer in call["responses"].items():
                    kinds = [kind for kind in answer["content"] if (path, kind) != ("/api/reports/performance", "text/csv")]
                    assert kinds == ["application/problem+json" if int(status) >= 400 else "application/json"]
    facts = document["paths"]["/api/deals/{deal_id}/facts"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(facts["discriminator"]["mapping"]) == {answer.kind for answer in ANSWERS if answer not in BY_RULE}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_page_about_it_names_every_call_and_record(door: Entrance) -> None:
    page, document = door.http.get("/docs").text, door.http.get("/openapi.json").json()
    for path in document["paths"]:
        assert path in page
    for name in document["components"]["schemas"]:
        assert f'id="record-{name}"' in page
        assert f'href="#record-{name}"' in page


def test_whatever_is_sent_the_answers_are_those_of_the_document(door: Entrance) -> None:
    deal_id, _ = door.proposed()
    key = door.key("applications:write", "deals:read", "facts:write", "statements:write", "money:read", "reports:read", "metrics:read")
    answers: Counter[int] = Counter()

    @settings(max_examples=25, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def keeps_to_it(case: schemathesis.Case) -> None:
        if case.path_parameters.get("deal_id") in range(1, 1000, 2):
            case.path_parameters["deal_id"] = deal_id
        answer = case.call(headers=key, base_url="http://127.0.0.1:8700")
        answers[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    for operation in schemathesis.openapi.from_asgi("/openapi.json", door.http.app).exclude(path_regex="^/health").get_all_operations():
        for mode in GenerationMode:
            given(case=operation.ok().as_strategy(generation_mode=mode))(keeps_to_it)()
    assert {200, 201, 404, 422} <= set(answers), answers
