"""Dunning: one letter a client, graver ones after milder ones, never about money that is in or promised, in the salesperson's name."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from prefect.states import Suspended
from sqlmodel import select

from models import waiting
from models.cash_answers import InvoiceCorrected, MoneyCame, PaymentPromised, PaymentRecorded
from models.cash_tables import Invoice
from models.ladder import open_ladder
from models.stages import RunState, Stage
from models.tables import Client, Deal, Effect, Wait
from tasks import corrections
from tasks import payments as steps
from tasks.waker import tick
from tasks.world import World, use
from tests.factories import a_client, a_payment, a_run, a_signed_deal, a_wait, an_invoice, told
from tests.fakes import MONDAY, FakeEngine
from tests.studio import the_company

KINDS = [PaymentRecorded.kind, MoneyCame.kind, PaymentPromised.kind, InvoiceCorrected.kind]
DUE = MONDAY + timedelta(days=7)
LETTERS = {2: "A small reminder", 7: "is overdue", 14: "is overdue", 22: "Last call"}
"""By the day after the due day on which each goes out: a day off puts two of them off."""


@pytest.fixture
def prefect() -> FakeEngine:
    return FakeEngine()


def ladder(here: World, invoice: Invoice) -> list[dict]:
    """The rungs as the stage lays them out, counted from the due day."""
    studio = the_company().studio
    starts = datetime.fromisoformat(steps.look.fn(invoice.deal_id, invoice.part, 0)["starts"])
    schedule = open_ladder(the_company().ladders["payment"], here.now(), studio.zone, studio.holidays, studio.office, starts)
    return [rung.model_dump(mode="json") for rung in schedule.rungs]


def awaited(here: World, prefect: FakeEngine, client: Client | None = None, *, at: datetime = MONDAY) -> Invoice:
    """An invoice whose stage is suspended until its money comes."""
    with here.db.writing() as session:
        client = client or a_client(session)
        deal = a_signed_deal(session, client=session.get_one(Client, client.id))
        invoice = an_invoice(session, deal, at=at)
    wait_for(here, prefect, invoice)
    tick(prefect.talk)  # the letter with the code to sign goes out
    here.mail.sent.clear()
    return invoice


def wait_for(here: World, prefect: FakeEngine, invoice: Invoice, number: int = 1) -> None:
    rungs, run = ladder(here, invoice), f"run-{invoice.id}"
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        if number == 1:
            a_run(session, Stage.PAYMENT, deal, state=RunState.WAITING, flow_run_id=run, part=1)
        a_wait(
            session, deal, MoneyCame, stage=Stage.PAYMENT, part=1, key=f"money#{number}", run=run, kinds=KINDS, rungs=rungs, at=here.now(),
            what=f"the money of {invoice.number}",
        )  # fmt: skip
    prefect.states[run] = Suspended()


def a_client_of(here: World, **values) -> Client:
    with here.db.writing() as session:
        return a_client(session, **values)


def day(here: World, prefect: FakeEngine, clock, days: float) -> list[str]:
    """What the client is written on this day after the due day, and all that they were written before."""
    clock.at = DUE + timedelta(days=days, hours=6)
    tick(prefect.talk)
    return letters(here)


def letters(here: World) -> list[str]:
    return [message.subject for message in here.mail.sent if message.to.name == "Orla Byrne"]


def grades(subjects: list[str]) -> list[str]:
    return [next(words for words in LETTERS.values() if words in subject) for subject in subjects]


def test_the_rungs_are_climbed_from_the_due_day_on(here: World, prefect: FakeEngine, clock) -> None:
    awaited(here, prefect)
    assert day(here, prefect, clock, -1) == day(here, prefect, clock, 0) == []
    for count, after in enumerate(LETTERS, start=1):
        for _ in range(2):
            assert len(day(here, prefect, clock, after)) == count
    assert grades(letters(here)) == list(LETTERS.values())


def test_two_deals_of_one_client_get_one_letter_that_lists_both(here: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here)
    first, second = (awaited(here, prefect, client) for _ in range(2))
    assert len(day(here, prefect, clock, 2)) == 1
    message = next(message for message in here.mail.sent if message.to.name == "Orla Byrne")
    assert first.number in message.text and second.number in message.text
    with here.db.reading() as session:
        waits = session.exec(select(Wait).where(Wait.stage == "payment")).all()
        skipped = session.exec(select(Effect).where(Effect.state == "skipped")).all()
    assert [wait.rungs_sent for wait in waits] == [1, 1]
    assert [effect.said for effect in skipped] == ["The client was reminded of everything that is open a short while ago."]


def test_two_clients_get_a_letter_each(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    for _ in range(2):
        awaited(here_sqlite, prefect)
    assert len(day(here_sqlite, prefect, clock, 2)) == 2


def test_a_graver_letter_goes_out_though_a_milder_one_was_just_sent(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here_sqlite)
    awaited(here_sqlite, prefect, client)
    awaited(here_sqlite, prefect, client, at=clock.pass_(days=2))
    assert grades(day(here_sqlite, prefect, clock, 4)) == ["A small reminder"]
    assert grades(day(here_sqlite, prefect, clock, 6.8)) == ["A small reminder", "is overdue"]


def test_a_milder_or_equal_letter_within_three_days_does_not_go_out(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here_sqlite)
    awaited(here_sqlite, prefect, client)
    clock.at = DUE
    awaited(here_sqlite, prefect, client, at=clock())
    for later in (7, 9):
        assert grades(day(here_sqlite, prefect, clock, later)) == ["is overdue"]


def test_a_letter_that_may_have_gone_out_counts(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here_sqlite)
    for _ in range(2):
        awaited(here_sqlite, prefect, client)
    here_sqlite.mail.troubles.append(OSError("the line went dead"))
    assert day(here_sqlite, prefect, clock, 2) == []
    with here_sqlite.db.reading() as session:
        states = sorted(one.state for one in session.exec(select(Effect).where(Effect.what == "payment-reminder")))
    assert states == ["skipped", "unknown"]


def test_what_keeps_one_invoices_letter_back_keeps_no_other_back(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here_sqlite)
    paid, still = (awaited(here_sqlite, prefect, client) for _ in range(2))
    with here_sqlite.db.writing() as session:
        a_payment(session, paid)
        for fact in session.exec(select(Wait).where(Wait.deal_id == paid.deal_id, Wait.stage == "payment")):
            fact.kinds = []  # the word has not reached the stage yet
    assert grades(day(here_sqlite, prefect, clock, 2)) == ["A small reminder"]
    assert still.number in here_sqlite.mail.sent[-1].subject
    assert paid.number not in here_sqlite.mail.sent[-1].text


def test_money_that_is_in_ends_the_reminders(here: World, prefect: FakeEngine, clock) -> None:
    invoice = awaited(here, prefect)
    with here.db.writing() as session:
        a_payment(session, invoice)
    assert day(here, prefect, clock, 40) == []


def test_an_invoice_that_was_taken_back_is_not_reminded_of(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    invoice = awaited(here_sqlite, prefect)
    corrections.credit_invoice.fn(invoice.number, "", "A mistake", "conor", "run/1", again=False)
    assert day(here_sqlite, prefect, clock, 40) == []


def test_a_promise_moves_the_reminders_to_the_day_after(here: World, prefect: FakeEngine, clock) -> None:
    invoice = awaited(here, prefect)
    promised = (DUE + timedelta(days=10)).date()
    with here.db.writing() as session:
        told(session, session.get_one(Deal, invoice.deal_id), PaymentPromised(part=1, on=promised), at=clock.pass_(days=1))
    assert day(here, prefect, clock, 2) == []
    with here.db.writing() as session:
        spot = waiting.Spot(invoice.deal_id, "payment", 1, "money#1", f"run-{invoice.id}", 1)
        assert isinstance(waiting.reach(session, spot, waiting.Question([], "", "client", ""), now=clock()), waiting.Answered)
    wait_for(here, prefect, invoice, number=2)
    assert day(here, prefect, clock, 10) == []
    assert grades(day(here, prefect, clock, 14)) == ["A small reminder"]


def test_part_of_the_money_does_not_bring_yesterdays_reminder_again(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    invoice = awaited(here_sqlite, prefect)
    assert len(day(here_sqlite, prefect, clock, 3)) == 1
    with here_sqlite.db.writing() as session:
        a_payment(session, invoice, 1000)
        spot = waiting.Spot(invoice.deal_id, "payment", 1, "money#1", f"run-{invoice.id}", 1)
        waiting.reach(session, spot, waiting.Question([], "", "client", ""), now=clock())
    wait_for(here_sqlite, prefect, invoice, number=2)
    assert len(day(here_sqlite, prefect, clock, 4)) == 1
    assert len(day(here_sqlite, prefect, clock, 8)) == 2


def test_it_is_written_in_the_salespersons_name_and_is_no_newsletter(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    client = a_client_of(here_sqlite, reminders_off_at=MONDAY)
    awaited(here_sqlite, prefect, client)
    day(here_sqlite, prefect, clock, 2)
    [message] = here_sqlite.mail.sent
    assert (message.sender.name, message.reply_to.address) == ("Conor Walsh, Northlight Studio", "conor@northlight.example")
    assert message.unsubscribe == ""
    assert "https://office.example/i/" in message.text


@pytest.mark.parametrize("charged", [True, False])
def test_interest_is_spoken_of_only_where_the_studio_charges_it(here_sqlite: World, prefect: FakeEngine, clock, charged: bool) -> None:
    if not charged:
        studio = here_sqlite.company.studio.model_copy(update={"late_interest": None})
        use(replace(here_sqlite, company=here_sqlite.company.model_copy(update={"studio": studio})))
    awaited(here_sqlite, prefect)
    assert "Last call" in day(here_sqlite, prefect, clock, 22)[0]
    text = next(" ".join(message.text.split()) for message in here_sqlite.mail.sent if "Last call" in message.subject)
    assert ("Interest on late payment" in text) == charged
    assert ("Late Payment in Commercial Transactions" in text) == charged


def test_a_deal_on_hold_is_left_in_peace(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    invoice = awaited(here_sqlite, prefect)
    with here_sqlite.db.writing() as session:
        session.get_one(Deal, invoice.deal_id).held_since = MONDAY
    assert day(here_sqlite, prefect, clock, 12) == []


def test_staff_are_told_as_the_ladder_says(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    awaited(here_sqlite, prefect)
    day(here_sqlite, prefect, clock, 22)
    assert sorted(message.to.name for message in here_sqlite.mail.sent) == ["Aoife Brennan", "Conor Walsh", "Orla Byrne"]
