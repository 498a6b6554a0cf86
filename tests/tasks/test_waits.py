"""The engine's half of a wait: forms that operators see, keys that Prefect takes, questions laid out from company/."""

import re
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import ValidationError

from models import facts, ledger
from models.after_answers import AccessListed
from models.answers import BriefSent, ContractWord, EstimateReview, ProposalAnswer, QualifyAnswer
from models.cash_answers import (
    ContractDetails,
    Countersigned,
    InvoiceCorrected,
    MoneyCame,
    PaymentPromised,
    PaymentRecorded,
)  # fmt: skip
from models.delivery_answers import ChangeAnswered, ChangeOffered, LaunchChecked, MaterialReviewed, StageAnswered, StageReady
from models.inbox import NOUNS
from models.waiting import Spot
from tasks import forms, waits
from tasks.waits import Ask
from tasks.world import World
from tests.factories import a_signed_deal, an_invoice
from tests.fakes import MONDAY

ASKED = (QualifyAnswer, BriefSent, EstimateReview, ProposalAnswer, ContractWord, ContractDetails, Countersigned, PaymentRecorded, StageReady, StageAnswered, MaterialReviewed, ChangeOffered, ChangeAnswered, LaunchChecked, AccessListed)
SPOT = Spot(7, "proposal", 2, "answer#3", "run")


@pytest.mark.parametrize("key", ["answer#1", "outage/mail_proposal", "minimum#12"])
def test_a_pause_key_is_one_that_prefect_takes(key: str) -> None:
    found = forms.pause_key(Spot(7, "proposal", 1, key, "run"), 4)
    assert re.fullmatch(r"[a-z0-9-]+", found)
    assert found.endswith("-4")


def test_each_suspension_has_a_pause_key_of_its_own() -> None:
    keys = {forms.pause_key(Spot(7, "s", 1, key, "run"), count) for key in ("answer#1", "answer#2", "word#1") for count in range(1, 12)}
    assert len(keys) == 33


@pytest.mark.parametrize("model", ASKED)
def test_an_operators_form_is_the_answer_and_who_gives_it(model: type) -> None:
    form = forms.form(model, "Waiting for an answer.")
    assert set(form.model_fields) >= {*model.model_fields, "who"}
    assert form.model_fields["who"].is_required()
    assert "who" not in model.model_fields
    with pytest.raises(ValidationError, match="who"):
        form.model_validate({"who": ""})


@pytest.mark.parametrize("model", ASKED)
def test_every_answer_that_is_waited_for_has_its_subject(model: type) -> None:
    assert NOUNS[model]


def test_a_question_is_laid_out_from_the_studios_ladder_in_its_own_zone(here_sqlite: World) -> None:
    asked = waits._question(SPOT, Ask([ProposalAnswer], key="answer", whose="client", what="an answer", ladder="proposal"))
    assert (asked.kinds, asked.subject) == (["proposal.answered"], "deal/7/r2/proposal")
    assert [rung["letter"] for rung in asked.rungs] == ["proposal-reminder-opened", "proposal-reminder-opened", "proposal-expiring"]
    assert MONDAY + timedelta(days=20) < asked.deadline < MONDAY + timedelta(days=24)


def test_a_question_without_a_ladder_waits_as_long_as_it_takes(here_sqlite: World) -> None:
    asked = waits._question(SPOT, Ask([ContractWord], key="word", whose="studio", what="the word"))
    assert (asked.rungs, asked.deadline) == ([], None)


@pytest.mark.parametrize(("part", "subject"), [(0, "deal/7/r2/payment"), (1, "deal/7/r2/payment/1"), (2, "deal/7/r2/payment/2")])
def test_a_question_about_a_payment_of_the_plan_names_it(here_sqlite: World, part: int, subject: str) -> None:
    spot = Spot(7, "payment", 2, "money#1", "run", part)
    starts = MONDAY + timedelta(days=8)
    kinds = [PaymentRecorded, MoneyCame, PaymentPromised, InvoiceCorrected]
    asked = waits._question(spot, Ask(kinds, key="money", whose="client", what="the money", ladder="payment", starts=starts))
    assert (asked.subject, asked.deadline) == (subject, None)
    assert asked.kinds == ["payment.recorded", "payment.came", "payment.promised", "invoice.corrected"]
    assert all(datetime.fromisoformat(rung["at"]) > starts for rung in asked.rungs)
    assert len(asked.rungs) == 4


@pytest.mark.parametrize("given", [{}, {"part": 0}, {"part": 2}])
def test_the_form_of_a_payment_means_the_one_that_its_run_waits_for(here: World, given: dict[str, int]) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        second = [an_invoice(session, deal, part=part) for part in (1, 2)][1]
    typed = {"amount": "100.00", "currency": "eur", "on": "2026-03-02", "method": "cash", "reference": "", "who": " Conor ", **given}
    spot = Spot(deal.id, "payment", 1, "money#1", "run", 2)
    assert [forms._keep(spot, PaymentRecorded, dict(typed), "run/money-1-1", "") for _ in range(2)] == [True, True]
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, deal.id, PaymentRecorded.kind)
        assert (fact.subject, fact.actor, fact.payload["part"]) == (f"deal/{deal.id}/r1/payment/2", "staff:Conor", 2)
        assert ledger.paid_of(session, second).amount == 10_000


def test_a_vendor_is_given_more_time_with_each_try() -> None:
    assert all(earlier < later for earlier, later in pairwise(waits.PAUSES))


def test_only_a_stage_waits() -> None:
    with pytest.raises(RuntimeError, match="Only a stage"):
        waits.for_fact(BriefSent, key="brief", whose="client", what="the brief")
