"""Steps behind the operators' forms about money, and the daily proof that books, provider and bank agree."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from prefect.artifacts import create_markdown_artifact
from sqlmodel import Session, select

from models import facts, inbox, ledger, matching, payment_facts, payments, payouts, proof, receiving, waiting
from models.cash_answers import PaymentRecorded
from models.cash_tables import Invoice
from models.errors import Missing
from models.facts import News
from models.markdown import plain
from models.money import Money
from models.proof import Account
from models.receiving import OPERATOR, Incoming
from models.suspense import Waiting
from models.tables import Deal, Fact
from tasks import statements
from tasks.step import step
from tasks.world import real_now, world

ON_ITS_WAY = timedelta(minutes=15)
"""A charge this young may not have been told to us yet."""
MOST_SHOWN = 200
LOOK_BACK = timedelta(days=92)
BEFORE_THE_FIRST = timedelta(days=7)
"""The first charge of all may be the one that nobody told us of."""


@step
def record_payment(invoice: str, deal_id: int, payment: dict[str, Any], who: str, key: str) -> str:
    """Book money that a person saw, once per run of the form; say what is open now. `payment` are the fields of PaymentRecorded.

    The invoice is named by its number, or by deal and part. Raises Missing for an unknown one, Refused where it makes no sense.
    """
    here = world()
    with here.db.writing() as session:
        meant = _meant(session, invoice, deal_id, int(payment.get("part") or 0))
        answer = PaymentRecorded.model_validate({**payment, "part": meant.part})
        deal = session.get_one(Deal, meant.deal_id)
        if meant.part and deal.round == meant.round and payment_facts.invoice_of(session, deal, meant.part).id == meant.id:
            inbox.tell(session, meant.deal_id, answer, source=OPERATOR, external_id=key, actor=f"staff:{who}", now=here.now())
        else:
            waiting.lock(session, meant.deal_id)
            if facts.find(session, OPERATOR, key) is None:  # a run whose worker died says it again
                payment_facts.check_recorded(session, meant, answer, here.now())
            told = News(
                kind=answer.kind, source=OPERATOR, external_id=key, actor=f"staff:{who}", deal_id=meant.deal_id, subject=facts.off_plan(meant),
                payload=answer.model_dump(mode="json"),
            )  # fmt: skip
            fact, _ = facts.keep(session, told, now=here.now())
            receiving.receive_on(session, _outside_of_the_plan(answer, fact, key), [meant], now=here.now())
        session.flush()
        return f"{meant.number}: {ledger.open_of(session, meant).format()} open."


@step
def match_payment(payment_id: int, invoice_numbers: list[str], who: str, key: str, reason: str = "") -> str:
    """Book what lay in suspense on these invoices, by a person's word; say where it went. Raises Refused where it cannot be for them."""
    here = world()
    with here.db.writing() as session:
        return payments.match(session, payment_id, invoice_numbers, who=who, now=here.now(), key=key, reason=reason).said


@step
def ignore_payment(payment_id: int, reason: str, who: str, key: str) -> str:
    """Set a payment in suspense aside, by a person's word; say so. Raises Refused when it does not lie there."""
    here = world()
    with here.db.writing() as session:
        return payments.ignore(session, payment_id, reason=reason, who=who, now=here.now(), key=key).said


@step
def prove_books() -> list[str]:
    """What is wrong in our books themselves; none is how it should be."""
    with world().db.reading() as session:
        return ledger.check(session)


@step
def prove_provider() -> list[str]:
    """Where the provider's movements and our books differ; its fees and payouts are booked. Raises Unavailable when it does not answer (retried)."""
    here = world()
    if here.pay is None:
        return []
    with here.db.reading() as session:
        first = proof.first_day(session, here.pay.name)
    # The provider lives by the real clock, also in a month that is rehearsed.
    until = real_now() - ON_ITS_WAY
    begun = datetime.combine(first or until.date(), time(), UTC) - BEFORE_THE_FIRST
    moved = here.pay.movements(max(min(begun, until), until - LOOK_BACK), until)
    with here.db.writing() as session:
        proof.book_fees(session, here.pay.name, moved, now=here.now())
        payouts.settle(session, here.pay.name, moved, now=here.now())
        return proof.provider(session, here.pay.name, moved)


@step
def prove_bank() -> list[str]:
    """Where the bank's statements and our books differ; none is how it should be."""
    with world().db.reading() as session:
        return proof.bank(session)


@step
def show_proof(wrong: list[str]) -> None:
    """Keep the proof as an artifact: what is wrong, every account, what waits for a person."""
    create_markdown_artifact(proof_page(wrong), key="money-proof", description="Books, provider and bank")


def proof_page(wrong: list[str]) -> str:
    """The proof in Markdown."""
    here = world()
    with here.db.reading() as session:
        bank, accounts, waiting = proof.bank_account(session), proof.accounts(session), payments.everything(session)
    parts = ["# Books, provider and bank " + ("agree" if not wrong else "do not agree")]
    parts += [_list(wrong)] if wrong else []
    parts.append(_accounts(accounts, bank))
    parts += [_waiting(waiting)] if waiting else []
    refused = statements.refused_files(here)
    parts += ["## Statements refused\n\n" + _list(refused)] if refused else []
    return "\n\n".join(parts)


def _meant(session: Session, number: str, deal_id: int, part: int) -> Invoice:
    """The invoice that the form names. Raises Missing, or Refused where several may be meant."""
    if number:
        found = [one for one in matching.by_numbers(session, [number]) if one.corrects_id is None]
        if not found:
            raise Missing(f"There is no invoice {number}.")
        return found[0]
    deal = session.exec(select(Deal).where(Deal.id == deal_id)).first()
    if deal is None:
        raise Missing("Name an invoice, or a deal that there is.")
    return payment_facts.invoice_of(session, deal, part)


def _outside_of_the_plan(answer: PaymentRecorded, fact: Fact, key: str) -> Incoming:
    return Incoming(
        source=OPERATOR, external_id=key, direction="in", amount=Money.of_major(answer.amount, answer.currency), happened_on=answer.on,
        method=answer.method, reference=answer.reference, actor=fact.actor, fact_id=fact.id,
    )  # fmt: skip


def _list(sentences: list[str]) -> str:
    return "\n".join(f"- {plain(sentence)}" for sentence in sentences)


def _accounts(accounts: list[Account], bank: Account | None) -> str:
    rows = [f"| {one.name} | {one.ours.format()} | |" for one in accounts]
    if bank and bank.theirs is not None:
        rows.append(f"| bank, with what lay there before | {bank.ours.format()} | {bank.theirs.format()} |")
    return "\n".join(["| account | our books | statement |", "| --- | ---: | ---: |", *rows])


def _waiting(waiting: list[Waiting]) -> str:
    rows = [
        f"| {one.id} | {one.happened_on} | {one.amount.format()} {one.direction} | {plain(one.payer_name)} | {plain(one.reference)} "
        f"| {plain(one.said)} | {', '.join(one.suggested)} |"
        for one in waiting[:MOST_SHOWN]
    ]  # fmt: skip
    head = "| payment | day | amount | payer | text | why | perhaps for |\n| --- | --- | ---: | --- | --- | --- | --- |"
    return "\n".join([f"## {len(waiting)} in suspense: run match-suspense or ignore-payment\n", head, *rows])
