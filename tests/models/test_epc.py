import re
from itertools import product
from urllib.parse import unquote

import pytest
import segno
from stdnum import iso11649

from models import epc
from models.money import Money
from models.references import reference_of
from tests.models.invoicing import BANK
from tests.models.qr_reader import read

REFERENCE = reference_of("NL-2026-0001")
DE, SI, US = "DE89370400440532013000", "SI56192001234567892", "TR330006100519786457841326"


def euros(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


def test_the_code_says_the_transfer_line_by_line() -> None:
    assert epc.payload(BANK, euros(123_456), REFERENCE).split("\n") == [
        "BCD", "002", "1", "SCT", "IRCEIE2D", "Northlight Digital Studio Limited", "IE64IRCE92050112345678", "EUR1234.56", "", "RF14NL20260001",
    ]  # fmt: skip


@pytest.mark.parametrize(("cents", "holder", "iban"), list(product([1, 99, 100, 99_999_999_999], ["Müller & Söhne", "Ω" * 200, "Two\nlines"], [DE, "DE89 3704 0044 0532 0130 00", SI])))
def test_the_code_keeps_to_the_grammar(cents: int, holder: str, iban: str) -> None:
    lines = epc.payload(BANK.model_copy(update={"holder": holder, "iban": iban}), euros(cents), REFERENCE).split("\n")
    head, bic, name, account, amount, purpose, reference = lines[:4], *lines[4:]
    assert head == ["BCD", "002", "1", "SCT"]
    assert re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", bic) and re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", account)
    assert 1 <= len(name) <= 70 and re.fullmatch(r"EUR(0|[1-9][0-9]{0,8})\.[0-9]{2}", amount)
    assert purpose == "" and iso11649.is_valid(reference) and len("\n".join(lines).encode()) <= 331


@pytest.mark.parametrize(
    ("amount", "iban"),
    [(euros(0), DE), (euros(-1), DE), (euros(100_000_000_000), DE), (Money(amount=100, currency="GBP"), DE), (euros(100), US), (euros(100), "DE00370400440532013000"), (euros(100), "")],
)  # fmt: skip
def test_where_no_sepa_transfer_can_be_meant_there_is_no_code(amount: Money, iban: str) -> None:
    assert epc.qr(BANK.model_copy(update={"iban": iban}), amount, REFERENCE) == ""


def test_the_picture_is_the_code_of_these_lines_in_black_on_white() -> None:
    picture = unquote(epc.qr(BANK, euros(100), REFERENCE).removeprefix("data:image/svg+xml;charset=utf-8,"))
    assert picture.startswith("<svg") and set(re.findall(r"#[0-9a-fA-F]{3,6}\b", picture)) == {"#000", "#fff"} and "gradient" not in picture
    assert modules(picture) == [list(map(bool, row)) for row in segno.make(epc.payload(BANK, euros(100), REFERENCE), error="m", boost_error=False, encoding="utf-8").matrix]


@pytest.mark.parametrize(("holder", "cents"), [("Acme", 1), (BANK.holder, 123_456), ("Müller & Söhne", 99_999_999_999), ("Ω" * 36, 100)])
def test_what_a_banking_app_reads_from_the_picture_is_the_transfer(holder: str, cents: int) -> None:
    bank = BANK.model_copy(update={"holder": holder})
    picture = unquote(epc.qr(bank, euros(cents), REFERENCE).removeprefix("data:image/svg+xml;charset=utf-8,"))
    assert read(modules(picture)) == epc.payload(bank, euros(cents), REFERENCE)


def test_the_code_is_no_finer_than_scanners_read() -> None:
    code = segno.make(epc.payload(BANK.model_copy(update={"holder": "Ω" * 70, "bic": "IRCEIE2DXXX"}), euros(99_999_999_999), reference_of("N" * 30)), error="m", boost_error=False)
    assert code.version <= 13 and code.error == "M"


def test_the_same_transfer_has_the_same_picture() -> None:
    assert epc.qr(BANK, euros(100), REFERENCE) == epc.qr(BANK, euros(100), REFERENCE)


def modules(picture: str) -> list[list[bool]]:
    """The dark squares of a code, read from its path: moves, and strokes to the right; without the quiet zone."""
    size = int(re.search(r"viewBox='0 0 (\d+)", picture).group(1))
    grid = [[False] * size for _ in range(size)]
    x, y = 0.0, 0.0
    path = re.search(r"d='(M4[^']*)'", picture).group(1)
    for verb, numbers in re.findall(r"([MmhH])([^MmhH]*)", path):
        values = [float(one) for one in re.findall(r"-?\d*\.?\d+", numbers)]
        if verb == "M":
            x, y = values
        elif verb == "m":
            x, y = x + values[0], y + values[1]
        else:
            for step in range(int(values[0])):
                grid[int(y)][int(x) + step] = True
            x += values[0]
    return [row[4:-4] for row in grid[4:-4]]
