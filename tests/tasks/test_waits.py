"""The engine's half of a wait: forms that operators see, keys that Prefect takes, questions laid out from company/."""

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from pydantic import ValidationError

from models.answers import BriefSent, ContractWord, EstimateReview, ProposalAnswer, QualifyAnswer
from models.inbox import NOUNS
from models.waiting import Spot
from tasks import waits
from tasks.world import World
from tests.fakes import MONDAY

ASKED = (QualifyAnswer, BriefSent, EstimateReview, ProposalAnswer, ContractWord)
SPOT = Spot(7, "proposal", 2, "answer#3", "run")


@pytest.mark.parametrize("key", ["answer#1", "outage/mail_proposal", "minimum#12"])
def test_a_pause_key_is_one_that_prefect_takes(key: str) -> None:
    found = waits._pause_key(Spot(7, "proposal", 1, key, "run"), 4)
    assert re.fullmatch(r"[a-z0-9-]+", found)
    assert found.endswith("-4")


def test_each_suspension_has_a_pause_key_of_its_own() -> None:
    keys = {waits._pause_key(Spot(7, "s", 1, key, "run"), count) for key in ("answer#1", "answer#2", "word#1") for count in range(1, 12)}
    assert len(keys) == 33


@pytest.mark.parametrize("model", ASKED)
def test_an_operators_form_is_the_answer_and_who_gives_it(model: type) -> None:
    form = waits._form(model, "Waiting for an answer.")
    assert set(form.model_fields) >= {*model.model_fields, "who"}
    assert form.model_fields["who"].is_required()
    assert "who" not in model.model_fields
    with pytest.raises(ValidationError, match="who"):
        form.model_validate({"who": ""})


@pytest.mark.parametrize("model", ASKED)
def test_every_answer_that_is_waited_for_has_its_subject(model: type) -> None:
    assert NOUNS[model]


def test_a_question_is_laid_out_from_the_studios_ladder_in_its_own_zone(here_sqlite: World) -> None:
    asked = waits._question(SPOT, [ProposalAnswer], "client", "an answer", "proposal")
    assert (asked.kinds, asked.subject) == (["proposal.answered"], "deal/7/r2/proposal")
    assert [rung["letter"] for rung in asked.rungs] == ["proposal-reminder-opened", "proposal-reminder-opened", "proposal-expiring"]
    assert MONDAY + timedelta(days=20) < asked.deadline < MONDAY + timedelta(days=24)


def test_a_question_without_a_ladder_waits_as_long_as_it_takes(here_sqlite: World) -> None:
    asked = waits._question(SPOT, [ContractWord], "studio", "the word", "")
    assert (asked.rungs, asked.deadline) == ([], None)


def test_a_vendor_is_given_more_time_with_each_try() -> None:
    assert all(earlier < later for earlier, later in pairwise(waits.PAUSES))


def test_only_a_stage_waits() -> None:
    with pytest.raises(RuntimeError, match="Only a stage"):
        waits.for_fact(BriefSent, key="brief", whose="client", what="the brief")
