"""Words of strangers stay words in Markdown, whatever they hold; tables hold their shape."""

import re
from itertools import product

import pytest

from models.markdown import JOINER, lines, link, plain, table

NASTY = (
    "<script>alert(1)</script>", "a | b", "one\ntwo\r\nthree", "[click](http://evil.example)", "![seen](http://evil.example/x.png)", "**bold** _thin_",
    "# heading", "- item", "1. item", "2) item", "> quoted", "`code`", "~~gone~~", "$x^2$", "&lt;b&gt;", "\\", "a\\", "\u202eright to left", "---", "+ plus",
    "= under", "<!-- note -->", "{{ seven }}", "tab\there", "\x00\x1b[31m", "",
)  # fmt: skip
UNESCAPED = re.compile(r"(?<!\\)[`*_\[\]{}|#!~$^]|[<>]|&(?!(?:lt|gt|amp);)")


@pytest.mark.parametrize("text", NASTY)
def test_no_sign_of_a_stranger_means_more_than_itself(text: str) -> None:
    shown = plain(text)
    assert not UNESCAPED.search(shown.replace("\\\\", ""))
    assert not re.match(r"[-+=]|\d+[.)]|\s", shown)
    assert shown.isprintable() or JOINER in shown


@pytest.mark.parametrize(("one", "other"), list(product(NASTY, NASTY)))
def test_a_table_keeps_its_columns_whatever_its_cells_say(one: str, other: str) -> None:
    shown = table(("A", "B"), [(plain(one), lines(other))])
    head, rule, row = shown.split("\n")
    assert (head, rule) == ("| A | B |", "| --- | --- |")
    assert len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) == 3


@pytest.mark.parametrize("address", ["http://evil.example", "https://evil.example", "www.evil.example", "WWW.evil.example", "see ftp://evil.example"])
def test_an_address_is_broken_where_a_reader_would_make_a_link_of_it(address: str) -> None:
    shown = plain(address)
    assert "://" not in shown
    assert "www." not in shown.lower()
    assert shown.replace(JOINER, "") == address


def test_long_words_are_cut_and_long_cells_go_on_below() -> None:
    assert plain("word " * 100, 20) == "word word word word…"
    assert lines("one two three four", wide=9) == "one two<br>three<br>four"
    assert lines("<b> | <b>", wide=3) == "&lt;b&gt;<br>\\|<br>&lt;b&gt;"


def test_a_table_without_rows_is_nothing_and_an_empty_cell_is_a_cell() -> None:
    assert table(("A", "B"), []) == ""
    assert table(("A", "B"), [("", link("x", "/y"))], right=("B",)) == "| A | B |\n| --- | ---: |\n|   | [x](/y) |"
