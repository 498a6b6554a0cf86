"""What may be told: each kind refuses what makes no sense, with a sentence for whoever typed it."""

import pytest
from pydantic import ValidationError

from models.answers import (
    ANSWERS,
    BY_KIND,
    Answer,
    Application,
    BriefSent,
    ClosedAsLost,
    ContractWord,
    EstimateReview,
    Held,
    Noted,
    ProposalAnswer,
    ProposalForwarded,
    QualifyAnswer,
    read,
)  # fmt: skip

GOOD: list[Answer] = [
    QualifyAnswer(decision="out"), BriefSent(), EstimateReview(decision="approve", hours={"templates": 3.5}, reason="fewer"),
    ProposalAnswer(decision="accept", version=1, total=0, name="O"), ProposalAnswer(decision="decline", version=1),
    ContractWord(outcome="signed", on="2026-03-01"), ContractWord(outcome="lost", reason="price"),
    Held(until="2026-04-01T10:00:00+02:00", reason="holiday"),
]  # fmt: skip


@pytest.mark.parametrize("answer", GOOD)
def test_an_answer_comes_back_from_the_database_as_it_went_in(answer: Answer) -> None:
    assert read(answer.kind, answer.model_dump(mode="json")) == answer


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        (ProposalAnswer, {"decision": "accept", "version": 1, "name": "O"}, "total shown"),
        (ProposalAnswer, {"decision": "accept", "version": 1, "total": 5, "name": "  "}, "type your name"),
        (ProposalAnswer, {"decision": "change", "version": 1, "text": " "}, "what should change"),
        (ProposalAnswer, {"decision": "maybe", "version": 1}, "accept"),
        (ProposalAnswer, {"decision": "decline", "version": 0}, "greater than or equal to 1"),
        (ProposalAnswer, {"decision": "decline", "version": 1, "selection": ["a"] * 101}, "at most 100"),
        (EstimateReview, {"decision": "refuse"}, "reason"),
        (EstimateReview, {"decision": "approve", "hours": {"a": 1}}, "reason"),
        (EstimateReview, {"decision": "approve", "hours": {"a": -1}, "reason": "x"}, "between 0 and"),
        (EstimateReview, {"decision": "approve", "hours": {"a": float("nan")}, "reason": "x"}, "between 0 and"),
        (ContractWord, {"outcome": "signed"}, "give the day"),
        (ContractWord, {"outcome": "lost"}, "say why"),
        (Held, {"reason": ""}, "at least 1"),
        (Held, {"reason": "x", "until": "2026-04-01T10:00:00"}, "timezone"),
        (ClosedAsLost, {"reason": " "}, "at least 1"),
        (Noted, {"text": "x" * 20_001}, "at most 20000"),
        (ProposalForwarded, {"email": "x" * 321}, "at most 320"),
        (QualifyAnswer, {"decision": "talk", "surprise": 1}, "[Ee]xtra"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(kind: type[Answer], given: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        kind.model_validate(given)


def test_every_kind_can_be_found_by_its_name() -> None:
    assert list(BY_KIND.values()) == list(ANSWERS)
    assert all("." in kind and kind == kind.lower() for kind in BY_KIND)


@pytest.mark.parametrize("kind", ANSWERS)
def test_every_kind_says_what_it_means_and_makes_a_form(kind: type[Answer]) -> None:
    assert kind.__doc__
    assert kind.model_json_schema()["type"] == "object"


def test_an_application_loses_nothing_that_was_typed() -> None:
    typed = {"service": "no such", "name": " <script>", "message": "  ‮ 😀 \n", "email": "not one", "utm": "ignored"}
    kept = Application.model_validate(typed)
    assert (kept.service, kept.name, kept.message, kept.email) == ("no such", " <script>", "  ‮ 😀 \n", "not one")
