"""What operators have filled in, judged: each run has ended, and what it told is there once and from nobody else."""

from dataclasses import replace

import pytest
from sqlmodel import Session

from models.effects import LETTER, plan
from models.tables import Fact
from tasks.world import World
from tests.factories import a_deal, a_fact
from tests.fakes import MONDAY
from tests.faults.forms import DONE, FAILED, Ended, Form, judge

SAID = "Flow run encountered an exception: Refused: The deal is not on hold."
NOTE = Form("note", "one", {"deal_id": 1, "text": "She rang."}, is_insisted_on=True)
RESEND = Form("resend", "two", {"deal_id": 1})
PAID = Form("record-payment", "three")
REFUSED = Form("release", "four", {"deal_id": 1}, is_refused=True)
SHOWN = Form("revise-proposal", "five", {"deal_id": 1, "publish": False})
CHORE = Form("money-proof", "six")


@pytest.fixture
def session(here_sqlite: World):
    """A deal with a note and a letter that was sent once more; a release was refused."""
    with here_sqlite.db.writing() as one:
        deal = a_deal(one)
        told(one, NOTE)
        plan(one, f"deal/1/resent/{told(one, RESEND).id}", LETTER, deal_id=deal.id, what="x", now=MONDAY)
        yield one
        one.rollback()


def told(session: Session, form: Form) -> Fact:
    return a_fact(session, None, source="operator", external_id=f"run/{form.run}")


ENDED = [Ended(NOTE, DONE, ""), Ended(RESEND, DONE, ""), Ended(REFUSED, FAILED, SAID), Ended(SHOWN, DONE, ""), Ended(CHORE, FAILED, SAID)]


def test_forms_that_ended_as_they_should_and_told_what_they_should_are_not_complained_of(session: Session) -> None:
    assert list(judge(session, ENDED)) == []


@pytest.mark.parametrize(("broken", "word"), [
    (Ended(NOTE, "RUNNING", ""), "note (one) has not ended: Prefect says RUNNING"), (Ended(NOTE, "", ""), "Prefect says nothing"),
    (Ended(NOTE, FAILED, SAID), "note (one) failed: "), (Ended(CHORE, FAILED, "KeyError: 'x'"), "failed without a sentence"),
    (Ended(REFUSED, DONE, ""), "release (four) was to be refused"), (Ended(replace(SHOWN, parameters={"publish": True}), DONE, ""), "counts 0 times"),
    (Ended(PAID, DONE, ""), "record-payment (three) counts 0 times"), (Ended(replace(NOTE, is_refused=True), FAILED, SAID), "counts 1 times"),
    (Ended(replace(RESEND, parameters={"deal_id": 2}), DONE, ""), "orders deal/2/resent/2, and that never was"),
])  # fmt: skip
def test_what_is_wrong_with_a_form_is_named(session: Session, broken: Ended, word: str) -> None:
    others = [one for one in ENDED if one.form.run != broken.form.run]
    said = list(judge(session, [*others, broken]))
    assert [sentence for sentence in said if word in sentence], said


def test_what_a_form_told_that_nobody_filled_in_is_named(session: Session) -> None:
    told(session, PAID)
    assert list(judge(session, ENDED)) == ["deal.noted 3 was told by run/three, a form that nobody filled in."]
