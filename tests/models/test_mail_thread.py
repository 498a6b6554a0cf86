"""Whose letter it is: the sender decides, the thread only says which of their deals."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.incoming_mail import read
from models.mail_ids import deal_hint, deal_of_root
from models.mail_thread import By, Known, Match, Thread, candidates, deal_of, has_part
from models.message import message_id, thread_root

OURS = "studio.example"
KEY = "deal/42/proposal/v2/mail"
LETTER = message_id(KEY, OURS)
LETTERS = Path(__file__).parent / "letters"
CLIENT, COLLEAGUE, SIGNER, STAFF = "client@acme.example", "bob@acme.example", "notary@law.example", "mary@studio.example"
GMAIL, NEIGHBOUR, EVE = "client@gmail.com", "eve@gmail.com", "eve@evil.example"
SENDERS = (CLIENT, COLLEAGUE, SIGNER, STAFF, GMAIL, NEIGHBOUR, EVE, "")


def thread_of(name: str) -> Thread:
    return candidates(read((LETTERS / f"{name}.eml").read_bytes(), domain=OURS), domain=OURS)


def test_a_reply_names_its_deal_by_the_root_and_the_letter_by_its_id() -> None:
    assert thread_of("gmail-reply") == Thread(sender=CLIENT, deals=(42,), letters=(LETTER,), hints=(42,))
    assert thread_of("mobile") == Thread(sender=CLIENT, letters=(LETTER,), hints=(42,))
    assert thread_of("html-only") == Thread(sender="bo@fresh.example")


def test_a_root_that_was_made_up_names_no_deal() -> None:
    assert thread_of("forged-references").deals == (42,)
    assert deal_of_root(f"<{'0' * 16}.deal-43@{OURS}>", OURS) is None
    assert deal_of_root(thread_root(42, "evil.example"), OURS) is None


def test_the_latest_that_a_letter_refers_to_comes_first() -> None:
    roots = " ".join(thread_root(deal, OURS) for deal in (7, 8, 7, 9))
    assert candidates(read(f"References: {roots}\n\n".encode(), domain=OURS), domain=OURS).deals == (9, 7, 8)


@given(st.integers(1, 999_999_999), st.sampled_from([OURS, "xn--mller-kva.example"]))
def test_every_deal_is_found_back_from_its_root_and_from_no_other(deal: int, domain: str) -> None:
    root = thread_root(deal, domain)
    assert deal_of_root(root, domain) == deal
    assert deal_of_root(root.replace(f"deal-{deal}@", f"deal-{deal + 1}@"), domain) is None
    assert deal_of_root(root, "other.example") is None


@pytest.mark.parametrize(
    "message",
    ["", "<a@b>", f"<{'0' * 16}.deal-@{OURS}>", f"<{'0' * 16}.deal-0@{OURS}>", f"<{'0' * 16}.deal-{'9' * 12}@{OURS}>", f"<{'0' * 16}.@{OURS}>"],
)
def test_what_is_no_id_of_ours_names_nothing(message: str) -> None:
    assert (deal_hint(message, OURS), deal_of_root(message, OURS), deal_of_root(message, "")) == (None, None, None)


def test_a_letters_id_hints_at_its_deal_and_is_its_own_with_the_secret_alone() -> None:
    assert deal_hint(LETTER, OURS) == 42
    ids = {message_id(KEY, OURS, secret) for secret in ("", "a secret", "another")} | {message_id("deal/42/brief/mail", OURS, "a secret")}
    assert len(ids) == 4 and {deal_hint(one, OURS) for one in ids} == {42}
    assert message_id(KEY, OURS, "a secret") == message_id(KEY, OURS, "a secret")


def known(deal: int, client: str, *, is_open: bool = True, written_to: tuple[str, ...] = ()) -> Known:
    return Known(deal=deal, client=client, is_open=is_open, written_to=frozenset(written_to))


DEALS = [
    known(deal, client, is_open=is_open, written_to=written_to)
    for deal, client, is_open, written_to in (
        (42, CLIENT, True, ()), (43, CLIENT, False, ()), (44, CLIENT, True, (SIGNER,)), (45, GMAIL, True, ()), (46, "", True, ()), (47, EVE, False, ()),
    )
]  # fmt: skip
THREADS = [(), *product(DEALS), *product(DEALS, DEALS)]


@pytest.mark.parametrize("sender", SENDERS)
def test_nobody_gets_into_a_deal_in_which_they_have_no_part(sender: str) -> None:
    theirs = [deal for deal in DEALS if sender and deal.client == sender]
    for named, mine in product(THREADS, ([], theirs, theirs[:1])):
        match = deal_of(sender, named, mine, ours={STAFF})
        deal = next((one for one in DEALS if one.deal == match.deal), None)
        if match.by == By.THREAD:
            assert deal in named
            assert deal is not None and has_part(sender, deal)
        elif match.by == By.ADDRESS:
            assert not any(has_part(sender, one) for one in named)
            assert deal in mine
            assert deal is not None and deal.is_open and deal.deal == max(one.deal for one in mine if one.is_open)
        elif match.by == By.STAFF:
            assert sender == STAFF
        else:
            assert match.deal is None
            assert (match.by == By.STRANGER) == bool(named)
        assert (match.near is None) == (match.by in {By.THREAD, By.STAFF, By.NOBODY} or not named)


@pytest.mark.parametrize(("sender", "named", "theirs", "match"), [
    (CLIENT, [42], [42, 43, 44], Match(deal=42, by=By.THREAD)),
    (CLIENT, [43], [42, 43, 44], Match(deal=43, by=By.THREAD)),
    (CLIENT, [45, 42], [42, 44], Match(deal=42, by=By.THREAD)),
    (CLIENT, [], [42, 43, 44], Match(deal=44, by=By.ADDRESS)),
    (CLIENT, [], [43], Match(deal=None, by=By.NOBODY)),
    (CLIENT, [45], [42], Match(deal=42, by=By.ADDRESS, near=45)),
    (COLLEAGUE, [42], [], Match(deal=42, by=By.THREAD)),
    (COLLEAGUE, [], [], Match(deal=None, by=By.NOBODY)),
    (SIGNER, [44], [], Match(deal=44, by=By.THREAD)),
    (SIGNER, [42], [], Match(deal=None, by=By.STRANGER, near=42)),
    (GMAIL, [45], [45], Match(deal=45, by=By.THREAD)),
    (NEIGHBOUR, [45], [], Match(deal=None, by=By.STRANGER, near=45)),
    (EVE, [42], [47], Match(deal=None, by=By.STRANGER, near=42)),
    (STAFF, [42], [], Match(deal=42, by=By.STAFF)),
    (STAFF, [], [], Match(deal=None, by=By.STAFF)),
    ("", [46], [46], Match(deal=None, by=By.STRANGER, near=46)),
    ("", [], [], Match(deal=None, by=By.NOBODY)),
])  # fmt: skip
def test_whose_letter_it_is(sender: str, named: list[int], theirs: list[int], match: Match) -> None:
    deals = {one.deal: one for one in DEALS}
    assert deal_of(sender, [deals[one] for one in named], [deals[one] for one in theirs], ours={STAFF}) == match
