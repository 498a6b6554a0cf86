"""Bank statements through the door, and what waits for a person."""

import pytest

from models import payments
from models.statement_lines import MOST_BYTES
from tests.api.conftest import Entrance
from tests.api.test_machines import problem
from tests.fakes import MONDAY
from tests.models import bank_files as files
from tests.models.bank_files import BankLine
from tests.models.billing import COMPANY, HER_IBAN, a_transfer, an_invoice, eur


def lines_of(door: Entrance) -> list[BankLine]:
    with door.writing() as session:
        number = an_invoice(session, gross=250).number
    return [BankLine("250.00", f"Invoice {number}"), BankLine("99.00", "hello", name="N. N."), BankLine("-50.00", "rent")]


def test_a_statement_is_taken_in_once_however_it_is_sent(each_door: Entrance) -> None:
    bank, reader = each_door.key("statements:write"), each_door.key("money:read", name="books")
    content = files.camt(lines_of(each_door))
    first = each_door.http.post("/api/statements", files={"file": ("march.xml", content, "application/xml")}, headers=bank)
    assert first.status_code == 201, first.text
    told = first.json()
    assert {name: told[name] for name in ("name", "format", "lines", "fresh", "matched", "suspense", "other")} == {
        "name": "march.xml", "format": "camt.053", "lines": 3, "fresh": 3, "matched": 1, "suspense": 1, "other": 1,
    }  # fmt: skip
    assert told["closing"] == {"amount": 129_900, "currency": "EUR"}
    again = each_door.http.post("/api/statements?name=other.xml", content=content, headers=bank | {"Content-Type": "application/xml"})
    assert (again.status_code, again.json()) == (200, told)
    assert each_door.http.get(f"/api/statements/{told['id']}", headers=reader).json() == told
    assert each_door.http.get("/api/statements/99", headers=reader).status_code == 404
    assert [path.read_bytes() for path in each_door.home.glob("statements/kept/*/*")] == [content]


def test_what_lies_in_suspense_is_told_a_page_at_a_time(each_door: Entrance) -> None:
    reader = each_door.key("money:read")
    with each_door.writing() as session:
        invoice = an_invoice(session, gross=99)
        for amount in (99, 98, 97):
            payments.receive(session, COMPANY, a_transfer(eur(amount), "hello"), now=MONDAY)
    page = each_door.http.get("/api/suspense?limit=2", headers=reader).json()
    assert [item["amount"]["amount"] for item in page["items"]] == [9900, 9800]
    assert page["items"][0]["suggested"] == [invoice.number]
    rest = each_door.http.get(page["next"], headers=reader).json()
    assert ([item["amount"]["amount"] for item in rest["items"]], rest["next"]) == ([9700], None)


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (b"", 422, "is empty"),
        (b"<html/>", 422, "not a camt.053"),
        (b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "b">]><d>&a;</d>', 422, "DOCTYPE"),
        (files.camt([BankLine("1.00")], closing="7.00"), 422, "yet it closes with"),
        (files.camt([BankLine("1.00")], iban=HER_IBAN), 409, "ours is"),
        (b"<" + b"x" * (MOST_BYTES + 2 * 1024 * 1024), 413, "21 MB"),
    ],
    ids=["empty", "page", "bomb", "sums", "account", "huge"],
)
def test_what_cannot_be_taken_in_is_refused_with_a_sentence_and_not_kept(door: Entrance, content: bytes, status: int, sentence: str) -> None:
    bank = door.key("statements:write") | {"Content-Type": "application/xml"}
    answer = door.http.post("/api/statements?name=march.xml", content=content, headers=bank)
    assert answer.status_code == status
    assert sentence in problem(answer)
    assert list(door.home.glob("statements/kept/*/*")) == []


def test_a_form_without_a_file_and_a_broken_form_are_refused(door: Entrance) -> None:
    bank = door.key("statements:write")
    assert "field “file”" in problem(door.http.post("/api/statements", files={"other": ("x", b"y")}, headers=bank))
    broken = door.http.post("/api/statements", content=b"--x\r\nnonsense", headers=bank | {"Content-Type": "multipart/form-data; boundary=x"})
    assert broken.status_code in {400, 422}
    assert problem(broken)


def test_money_is_shown_and_told_only_by_the_keys_for_it(door: Entrance) -> None:
    other = door.key("deals:read", "facts:write", "applications:write")
    assert door.http.get("/api/suspense", headers=other).status_code == 403
    assert door.http.get("/api/statements/1", headers=other).status_code == 403
    assert door.http.post("/api/statements", content=b"", headers=other).status_code == 403
    assert door.http.post("/api/statements", content=b"").status_code == 401
    assert door.http.get("/api/suspense", headers=door.key("statements:write", name="bank")).status_code == 403
