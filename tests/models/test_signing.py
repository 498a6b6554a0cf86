"""Signing codes: derived, bounded, one at a time; a wrong try is counted even though the answer is refused."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlmodel import Session, select

from models import contract_signature, mailboxes, signing
from models.cash_answers import CodeAsked, ContractSigned
from models.cash_tables import SignCode
from models.errors import Invalid, Refused
from models.signature import Signer
from models.signing import CODES_AN_HOUR, PAUSE, TRIES, VALID, WRONG_IN_ALL, TooMany
from models.tables import Client, Deal, Document, Effect, Fact
from tests.factories import a_code, a_contract, a_signature, told
from tests.fakes import MONDAY

SECRET = "a test's secret"
numbers = some.integers(min_value=1, max_value=10**9)


def ask(session: Session, document: Document, at=MONDAY) -> SignCode:
    return signing.ask(session, document.deal_id, document.version, "orla@acme.example", now=at)


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**6:06}"


def give(session: Session, document: Document, typed: str, at=MONDAY) -> signing.Tried:
    return signing.give(session, SECRET, document.deal_id, document.version, typed, now=at)


def digits_of(code: SignCode) -> str:
    return signing.digits(SECRET, code.deal_id, code.version, code.number)


@given(some.text(min_size=1), numbers, numbers, numbers)
def test_a_code_has_six_digits_and_is_always_the_same(secret: str, deal: int, version: int, number: int) -> None:
    code = signing.digits(secret, deal, version, number)
    assert len(code) == 6
    assert code.isascii()
    assert code.isdecimal()
    assert code == signing.digits(secret, deal, version, number)


def test_codes_of_other_deals_versions_numbers_and_secrets_are_others() -> None:
    codes = [
        signing.digits(secret, deal, version, number)
        for secret in ("one", "two")
        for deal in range(1, 11)
        for version in range(1, 6)
        for number in range(1, 11)
    ]
    assert len(set(codes)) > 0.995 * len(codes)


def test_codes_spread_over_all_digits() -> None:
    seen = [signing.digits("secret", deal, 1, 1) for deal in range(5000)]
    for place in range(6):
        counts = [sum(code[place] == digit for code in seen) for digit in "0123456789"]
        assert min(counts) > 400 and max(counts) < 600


def test_a_code_is_taken_once(here) -> None:
    with here.db.writing() as session:
        document = a_contract(session)
        code = ask(session, document)
        assert give(session, document, f" {digits_of(code)[:3]} {digits_of(code)[3:]} ").code is code
        assert give(session, document, digits_of(code)).said == "This code has been used. Please ask for a new one."
        assert code.tries == 0


def test_without_a_code_there_is_nothing_to_give(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert give(session, a_contract(session), "000000").said == "Please ask for a code first."


def test_five_wrong_tries_end_a_code(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        code = ask(session, document)
        right = digits_of(code)
        said = [give(session, document, wrong(right)).said for _ in range(TRIES)]
        assert [sentence.split("You have ")[-1] for sentence in said[:-1]] == ["4 tries left.", "3 tries left.", "2 tries left.", "1 try left."]
        assert "last try" in said[-1]
        assert give(session, document, right).said == "This code was tried too often. Please ask for a new one."
        assert code.tries == TRIES


@pytest.mark.parametrize(("after", "is_valid"), [(0, True), (899, True), (900, False), (901, False), (10**6, False)])
def test_a_code_is_valid_for_fifteen_minutes(here_sqlite, after: int, is_valid: bool) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        code, later = ask(session, document), MONDAY + timedelta(seconds=after)
        assert (signing.current(session, document.deal_id, 1, now=later) is not None) == is_valid
        tried = give(session, document, digits_of(code), later)
        assert bool(tried.code) == is_valid
        assert is_valid or "15 minutes" in tried.said


def test_a_new_code_ends_the_one_before(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        first = ask(session, document)
        later = MONDAY + PAUSE
        second = ask(session, document, later)
        assert (first.number, second.number) == (1, 2)
        assert give(session, document, digits_of(first), later).code is None
        assert give(session, document, digits_of(second), later).code is second


def test_codes_are_asked_for_a_minute_apart_and_five_times_an_hour(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        at = MONDAY
        for _ in range(CODES_AN_HOUR):
            ask(session, document, at)
            with pytest.raises(TooMany, match=r"another in \d+ seconds"):
                ask(session, document, at + PAUSE - timedelta(seconds=1))
            at += PAUSE
        with pytest.raises(TooMany, match="try again in 55 minutes"):
            ask(session, document, at)
        assert ask(session, document, MONDAY + timedelta(hours=1)).number == CODES_AN_HOUR + 1


def test_the_limit_holds_over_versions_of_one_contract(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        for version in range(CODES_AN_HOUR):
            signing.ask(session, document.deal_id, version + 1, "a@b.example", now=MONDAY + version * PAUSE)
        with pytest.raises(TooMany):
            signing.ask(session, document.deal_id, 9, "a@b.example", now=MONDAY + 9 * PAUSE)


def test_whoever_guesses_all_day_has_thirty_tries_at_a_version(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        at, tries = MONDAY, 0
        while at < MONDAY + timedelta(days=3):
            try:
                code = ask(session, document, at)
            except TooMany:
                at += timedelta(minutes=5)
                continue
            while "left" in give(session, document, wrong(digits_of(code)), at).said:
                tries += 1
            tries += 1
        assert tries == WRONG_IN_ALL
        with pytest.raises(TooMany, match="Please call us"):
            ask(session, document, at)
        assert signing.current(session, document.deal_id, 1, now=at) is None
        assert signing.ask(session, document.deal_id, 2, "orla@acme.example", now=at), "a new version begins anew"


@settings(deadline=None)
@given(some.lists(some.sampled_from(["ask", "right", "wrong", "wait a minute", "wait an hour"]), max_size=40))
def test_whatever_is_done_tries_and_codes_stay_bounded(steps: list[str]) -> None:
    from sqlmodel import SQLModel, create_engine

    engine = create_engine("sqlite://")
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        client = Client(name="Orla", opened_at=MONDAY)
        session.add(client)
        session.flush()
        deal = Deal(client_id=client.id, service="shop", currency="EUR", locale="en_IE", opened_at=MONDAY)
        session.add(deal)
        session.flush()
        at, used = MONDAY, 0
        for step in steps:
            code = signing.newest(session, deal.id, 1)
            right = signing.digits(SECRET, deal.id, 1, code.number) if code else "123456"
            match step:
                case "ask":
                    with suppress(TooMany):
                        signing.ask(session, deal.id, 1, "a@b.example", now=at)
                case "right":
                    used += signing.give(session, SECRET, deal.id, 1, right, now=at).code is not None
                case "wrong":
                    assert signing.give(session, SECRET, deal.id, 1, wrong(right), now=at).code is None
                case "wait a minute":
                    at += PAUSE
                case _:
                    at += timedelta(hours=1)
            codes = session.exec(select(SignCode)).all()
            assert all(code.tries <= TRIES for code in codes)
            assert sum(code.used_at is None and at < code.expires_at for code in codes) <= 1
            assert sum(at - code.made_at < timedelta(hours=1) for code in codes) <= CODES_AN_HOUR
            assert used <= len(codes)
            assert all(code.expires_at - code.made_at <= VALID for code in codes)
    engine.dispose()


def test_tries_at_one_moment_are_all_counted(here) -> None:
    with here.db.writing() as session:
        document = a_contract(session)
        right = digits_of(ask(session, document))

    def try_one(_: int) -> str:
        with here.db.writing() as session:
            return give(session, document, wrong(right)).said

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(try_one, range(12)))
    with here.db.reading() as session:
        assert session.exec(select(SignCode)).one().tries == TRIES
    assert sum("tried too often" in sentence for sentence in said) == 12 - TRIES


# Asked for, signed


def test_asking_orders_a_letter_that_does_not_hold_the_code(here) -> None:
    with here.db.writing() as session:
        document = a_contract(session)
        digits = a_code(session, document)
        order = session.exec(select(Effect)).one()
        assert (order.kind, order.what, order.args["to"]) == ("errand", "contract-code", "client")
        assert order.args["facts"] == {"code_number": "1", "version": "1"}
        kept = str([row.model_dump() for table in (Effect, Fact, SignCode) for row in session.exec(select(table))])
        assert digits not in kept


@pytest.mark.parametrize(
    ("client", "details", "signer", "email", "may"),
    [
        ("orla@acme.example", "", "", "orla@acme.example", True), ("orla@acme.example", "", "", "ORLA@Acme.example", True),
        ("orla@acme.example", "", "", "boss@acme.example", True), ("orla@acme.example", "", "", "boss@holding.example", False),
        ("orla@acme.example", "books@ledger.example", "", "books@ledger.example", False),  # whoever held the link may have typed it
        ("orla@acme.example", "books@ledger.example", "", "boss@ledger.example", False),
        ("orla@acme.example", "", "boss@holding.example", "boss@holding.example", True), ("orla@gmail.com", "", "", "mallory@gmail.com", False),
        ("orla@gmail.com", "", "", "orla@gmail.com", True), ("orla@yahoo.co.uk", "", "", "mallory@yahoo.co.uk", False),
        ("orla@acme.example", "", "", "x@sub.acme.example", False), ("", "", "", "x@acme.example", False),
    ],
)  # fmt: skip
def test_a_code_goes_to_a_mailbox_that_the_client_or_the_studio_vouches_for(here_sqlite, client, details, signer, email, may) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        document.made_from = {**document.made_from, "signer": signer}
        deal = session.get_one(Deal, document.deal_id)
        owner = session.get_one(Client, deal.client_id)
        owner.email, owner.details = client, {**owner.details, "invoice_email": details}
        session.flush()
        if may:
            told(session, deal, CodeAsked(version=1, email=email))
            assert session.exec(select(SignCode)).one().email == email.lower()
        else:
            with pytest.raises(Refused, match="own address"):
                told(session, deal, CodeAsked(version=1, email=email))
            assert not session.exec(select(SignCode)).all()


def test_a_domain_where_anybody_may_have_an_address_makes_no_colleagues() -> None:
    assert mailboxes.are_colleagues("a@acme.example", "b@ACME.example")
    assert not mailboxes.are_colleagues("a@mail.yahoo.com", "b@mail.yahoo.com")
    assert mailboxes.is_public("x@gmx.de") and mailboxes.is_public("x@outlook.com") and not mailboxes.is_public("x@northlight.example")


def test_signing_keeps_who_when_where_and_over_what(here) -> None:
    with here.db.writing() as session:
        document = a_signature(session, a_contract(session), agent="Firefox")
        fact = session.exec(select(Fact).where(Fact.kind == ContractSigned.kind)).one()
        assert (document.state, document.frozen_by) == ("signed", fact.id)
        kept = ContractSigned.model_validate(fact.payload)
        assert (kept.name, kept.role, kept.address, kept.agent, kept.code) == ("Orla Byrne", "Owner", "198.51.100.7", "Firefox", 1)
        assert (kept.consent, kept.body_hash) == (document.body["consent"], document.body_hash)
        assert session.exec(select(SignCode)).one().used_at == MONDAY


def test_a_wrong_try_is_counted_although_the_answer_is_refused(here) -> None:
    with here.db.writing() as session:
        document = a_contract(session)
        right = a_code(session, document)
        email = session.exec(select(SignCode)).one().email
    signer = Signer(version=1, name="Orla Byrne", role="Owner", email=email)
    with here.db.writing() as session:
        assert "4 tries left" in contract_signature.sign(session, SECRET, document.deal_id, signer, wrong(right), now=MONDAY)
    with here.db.reading() as session:
        assert session.exec(select(SignCode)).one().tries == 1
        assert not session.exec(select(Fact).where(Fact.kind == ContractSigned.kind)).all()


def test_a_code_signs_for_the_address_it_was_sent_to_only(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        code = a_code(session, document)
        signer = Signer(version=1, name="Fergus", role="Owner", email="fergus@acme.example")
        assert "another address" in contract_signature.sign(session, SECRET, document.deal_id, signer, code, now=MONDAY)
        assert session.exec(select(SignCode)).one().tries == 0


def test_a_second_signature_is_refused_and_leaves_no_fact(here) -> None:
    with here.db.writing() as session:
        document = a_signature(session, a_contract(session))
    signer = Signer(version=1, name="Fergus", role="Owner", email="fergus@acme.example")
    with here.db.writing() as session, pytest.raises(Refused, match="signed already"):
        contract_signature.sign(session, SECRET, document.deal_id, signer, "000000", now=MONDAY)
    with here.db.reading() as session:
        assert len(session.exec(select(Fact).where(Fact.kind == ContractSigned.kind)).all()) == 1


def test_two_who_sign_at_one_moment_leave_one_signature(here) -> None:
    with here.db.writing() as session:
        document = a_contract(session)
        code = a_code(session, document)
        email = session.exec(select(SignCode)).one().email

    def sign(_: int) -> str:
        try:
            with here.db.writing() as session:
                signer = Signer(version=1, name="Orla Byrne", role="Owner", email=email)
                return contract_signature.sign(session, SECRET, document.deal_id, signer, code, now=MONDAY) or "signed"
        except Refused as refused:
            return str(refused)

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(sign, range(4)))
    assert said.count("signed") == 1
    with here.db.reading() as session:
        assert len(session.exec(select(Fact).where(Fact.kind == ContractSigned.kind)).all()) == 1


@pytest.mark.parametrize("version", [1, 3])
def test_signing_another_version_than_the_one_that_is_out_is_refused_as_changed(here_sqlite, version: int) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        a_code(session, document)
        a_contract(session, session.get_one(Deal, document.deal_id), texts={"title": "Another"})
        signer = Signer(version=version, name="Orla", role="Owner", email="orla@acme.example")
        with pytest.raises(Refused, match="changed while you were reading"):
            contract_signature.sign(session, SECRET, document.deal_id, signer, "000000", now=MONDAY)


def test_a_machine_cannot_claim_a_signature_without_a_code(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        document = a_contract(session)
        deal = session.get_one(Deal, document.deal_id)
        a_code(session, document)
        claim = {
            "version": 1, "name": "Orla", "role": "Owner", "email": session.exec(select(SignCode)).one().email, "consent": "yes", "code": 1,
            "address": "", "body_hash": document.body_hash,
        }  # fmt: skip
        for over in ({}, {"code": 2}, {"body_hash": "0" * 64}):
            with pytest.raises(Refused):
                told(session, deal, ContractSigned(**claim | over))
        with pytest.raises(Invalid):
            told(session, deal, CodeAsked(version=1, email="nobody"))
        assert document.state == "frozen"
