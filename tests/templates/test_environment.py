"""The environment: overriding, hashing, the sandbox, filters, colours."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError

from models.money import Money
from models.pages import LinkSentPage
from templates import letter, render, source_hash
from templates.colours import TEXT_RATIO, backing, colour, contrast, readable, text_on
from templates.filters import filters, one_line, plain
from tests.templates.samples import CHROME, brand, letter_view

FILTERS = filters("en_GB")
COLOURS = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02x}{:02x}{:02x}".format(*rgb))


def own(company: Path, name: str, text: str) -> None:
    place = company / "templates" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")


def test_a_file_of_the_same_name_in_the_company_folder_wins(tmp_path: Path) -> None:
    own(tmp_path, "mail/brief-invitation/subject.txt", "Our own words for {{ recipient_name }}")
    ours = letter("brief-invitation", letter_view("brief-invitation").context(), company=tmp_path)
    assert ours.subject == "Our own words for Margaret"
    assert "Tell us what you need" in ours.html


def test_an_own_page_may_build_on_ours(tmp_path: Path) -> None:
    own(tmp_path, "pages/link_sent.html", '{% extends "ours/pages/link_sent.html" %}{% block title %}Sent!{% endblock %}')
    page = render("pages/link_sent.html", LinkSentPage(chrome=CHROME, email="a@b.example").context(), company=tmp_path)
    assert "<title>Sent! · Northlight</title>" in page
    assert "Look into your inbox" in page


def test_the_hash_follows_every_part_of_a_document(tmp_path: Path) -> None:
    before = source_hash("documents/proposal/print.html", tmp_path)
    assert before == source_hash("documents/proposal/print.html")
    own(tmp_path, "documents/proposal/_gantt.html", "no chart")
    assert source_hash("documents/proposal/print.html", tmp_path) != before


def test_the_hash_of_an_unchanged_document_ignores_other_templates(tmp_path: Path) -> None:
    own(tmp_path, "pages/thanks.html", "thanks")
    assert source_hash("documents/proposal/print.html", tmp_path) == source_hash("documents/proposal/print.html")


def test_a_template_taken_in_under_a_name_nobody_knows_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "pages/odd.html", "{% include anything %}")
    with pytest.raises(ValueError, match="not written down"):
        source_hash("pages/odd.html", tmp_path)


def test_no_path_leads_out_of_the_template_folders(tmp_path: Path) -> None:
    with pytest.raises(TemplateNotFound):
        render("../pyproject.toml", {}, company=tmp_path)


def test_a_template_cannot_reach_beyond_its_values(tmp_path: Path) -> None:
    own(tmp_path, "pages/odd.html", "{{ text.__class__.__mro__ }}")
    with pytest.raises(SecurityError):
        render("pages/odd.html", {"text": "a"}, company=tmp_path)


def test_characters_that_turn_or_cut_text_are_left_out_and_letters_of_every_script_stay(tmp_path: Path) -> None:
    own(tmp_path, "pages/odd.html", "{{ text }}")
    assert render("pages/odd.html", {"text": "a\u202eb\0c\u2028d <b> שלום 🎉"}, company=tmp_path) == "abc\nd &lt;b&gt; שלום 🎉"


def test_a_missing_value_is_an_error_and_not_an_empty_place(tmp_path: Path) -> None:
    own(tmp_path, "pages/odd.html", "{{ nothing }}")
    with pytest.raises(UndefinedError):
        render("pages/odd.html", {}, company=tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("money", {"amount": 1250000, "currency": "EUR"}, "€12,500.00"),
        ("money", Money(amount=5, currency="EUR"), "€0.05"),
        ("round_money", {"amount": 800000, "currency": "EUR"}, "€8,000"),
        ("round_money", {"amount": 800050, "currency": "EUR"}, "€8,000.50"),
        ("date", "2026-11-22", "22 November 2026"),
        ("days", 1, "1 working day"),
        ("days", 12, "12 working days"),
        ("number", 3.0, "3"),
        ("filesize", 48200, "48.2 kB"),
        ("filesize", 7340000, "7.3 MB"),
    ],
)
def test_values_are_written_for_the_reader(name: str, value: object, written: str) -> None:
    assert FILTERS[name](value) == written


def test_a_moment_is_written_on_the_clock_of_its_zone() -> None:
    assert FILTERS["datetime"](datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "Europe/Vilnius") == "2 July 2026, 01:30"


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 200
    assert one_line(line) == line


def test_plain_text_is_wrapped_and_addresses_stay_whole() -> None:
    address = "https://northlight.example/" + "a" * 90
    lines = plain(f"{'word ' * 40}\n\n\n\nRead it:\n{address}").splitlines()
    assert max(len(line) for line in lines if line != address) <= 76
    assert address in lines


@given(COLOURS)
def test_text_on_any_brand_colour_can_be_read(value: str) -> None:
    assert contrast(text_on(backing(value)), backing(value)) >= TEXT_RATIO
    assert contrast(readable(value), "#ffffff") >= TEXT_RATIO
    assert contrast(readable(value, "#1b1d22"), "#1b1d22") >= TEXT_RATIO


@given(COLOURS)
def test_a_readable_colour_stays_as_it_is(value: str) -> None:
    if contrast(value, "#ffffff") >= TEXT_RATIO:
        assert readable(value) == value


@pytest.mark.parametrize("value", ["red;} body{display:none", "url(http://x)", "", "#12", "#gggggg", "{{7*7}}"])
def test_what_is_not_a_colour_becomes_ink(value: str) -> None:
    assert colour(value) == "#15171c"


def test_the_colours_of_the_page_are_readable_on_each_other() -> None:
    for text in ("#15171c", "#565b66", "#b3261e", "#1b6e43"):
        for background in ("#ffffff", "#f6f6f4", "#f0f7f2", "#fdf1f0"):
            assert contrast(text, background) >= TEXT_RATIO, (text, background)
    assert contrast("#858b96", "#ffffff") >= 3  # edges of fields


@given(COLOURS)
def test_a_brand_sheet_is_readable_whatever_the_colour(value: str) -> None:
    sheet = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", render("pages/brand.css", {"primary": value, "accent": value})))
    assert contrast(sheet["on-brand"], sheet["brand"]) >= TEXT_RATIO
    assert contrast(sheet["on-brand-dark"], sheet["brand-dark"]) >= TEXT_RATIO
    assert contrast(sheet["brand-text"], "#ffffff") >= TEXT_RATIO
    assert contrast(sheet["brand-text"], sheet["brand-wash"]) >= TEXT_RATIO
    assert contrast("#565b66", sheet["brand-wash"]) >= TEXT_RATIO


def test_the_brand_sheet_keeps_both_colours(tmp_path: Path) -> None:
    sheet = render("pages/brand.css", brand().context(), company=tmp_path)
    assert "--brand: #1f5c4d;" in sheet
    assert "--on-brand: #ffffff;" in sheet
