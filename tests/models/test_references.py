import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from models.references import compact, find_numbers, named, reference_of, spaced

ONE, TWO = reference_of("NL-2026-0001"), reference_of("NL-2026-0002")


@given(st.text(alphabet="ABCXYZ0123456789-/ ", min_size=1, max_size=40).filter(compact))
def test_every_number_has_a_valid_reference(number: str) -> None:
    reference = reference_of(number)
    assert iso11649.is_valid(reference) and reference.isalnum() and len(reference) <= 25


def test_long_numbers_have_references_of_their_own() -> None:
    long = [f"STUDIO-NORTH-INVOICE-2026-{number:06}" for number in range(100)]
    assert len({reference_of(number) for number in long}) == 100


def test_a_reference_is_read_in_groups_of_four() -> None:
    assert spaced(ONE) == "RF14 NL20 2600 01"


@pytest.mark.parametrize(
    "text",
    [
        "NL-2026-0001", "nl-2026-0001", "NL20260001", "NL 2026 0001", "nl/2026/0001", "Invoice NL-2026-0001, thank you", "INV.NL-2026-0001", "(NL-2026-0001)",
        "Rechnung NL_2026_0001 vom 02.03.2026", "ref:NL-2026-0001/25.03.2026", "NL-2026-00\n01", "NL-\r\n2026-0001", "NL–2026–0001", "+NL-2026-0001+",
        ONE, ONE.lower(), "RF14 NL20 2600 01", "rf14nl20 2600 01 from Orla", "R F14 NL20260001", "/ROC/RF14NL20260001//", "SVWZ+RF14NL20260001KREF+NONREF", "RF14 NL20\n2600 01",
        "RF14-NL20-2600-01", "Payment of RF14 NL20 2600 01 25.03.2026", "RF14NL20260001 NL-2026-0001",
    ],
)  # fmt: skip
def test_a_number_is_found_however_a_bank_writes_it(text: str) -> None:
    assert ONE in find_numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "thank you", "2026-0001", "12345678901234567890", "NL-2026-00011", "NL-2026-00010", "1NL-2026-0001", "XNL-2026-0001", "NL-2026-0001A", "NL-12026-0001",
        "NL-2026-1", "NL-1926-0001", ONE + "5", "5" + ONE, "RF15NL20260001", "RF", "RF14", "RF14 0000", "IE64IRCE92050112345678", "NL----2026-----0001",
    ],
)  # fmt: skip
def test_nothing_is_found_where_the_number_is_not(text: str) -> None:
    assert ONE not in find_numbers(text)


def test_several_are_found_in_their_order_each_once() -> None:
    assert find_numbers(f"NL-2026-0002 and nl 2026 0001, {TWO}") == [TWO, ONE]


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    assert all(iso11649.is_valid(reference) for reference in find_numbers(text))
    assert named(text, ["NL-2026-0001", ""]) in ([], ["NL-2026-0001"])


@given(st.integers(1, 99_999), st.sampled_from(["-", "/", " ", "", "\n", " - "]), st.sampled_from(["", "pay ", "Inv: ", "\n"]), st.sampled_from(["", " thanks", ", x", "\n"]))
def test_what_was_issued_is_found_again(number: int, gap: str, before: str, after: str) -> None:
    issued = f"NL-2026-{number:04}"
    assert reference_of(issued) in find_numbers(before + issued.replace("-", gap).lower() + after)
    assert named(before + issued.replace("-", gap) + after, [issued, "NL-2026-100000"]) == [issued]


def test_known_numbers_of_any_form_are_found() -> None:
    known = ["2026/R-7", "A1-2026-3", "Nº 2026.12", ONE]
    assert named("pay 2026 r 7, a1/2026/3 and 2026-12 for n 2026 12", known) == ["2026/R-7", "A1-2026-3", "Nº 2026.12"]
    assert named("RF14 NL20 2600 01", known) == [ONE]


def test_of_two_known_numbers_the_longer_reading_wins() -> None:
    assert named("NL-2026-0001\n2", ["NL-2026-0001", "NL-2026-00012"]) == ["NL-2026-00012"]
    assert named("NL-2026-00012", ["NL-2026-0001"]) == []
