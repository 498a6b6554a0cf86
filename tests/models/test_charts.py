"""Charts are whole SVG, drawn to scale, legible on any page, and say in words what they show."""

import base64
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from models.charts import WIDTH, Bar, bars, columns, in_words, picture

SVG = "{http://www.w3.org/2000/svg}"
THREE = [Bar("Applications", 12, "12"), Bar("Proposals", 6, "6"), Bar("Signed", 0, "0")]


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def sizes(svg: str, side: str) -> list[float]:
    return [float(one.get(side)) for one in drawn(svg).findall(f"{SVG}rect")[1:]]


def test_bars_are_as_long_as_their_values_and_columns_as_high() -> None:
    wide, high = sizes(bars("Funnel", THREE), "width"), sizes(columns("Weeks", THREE), "height")
    assert wide[0] == pytest.approx(2 * wide[1])
    assert (wide[2], high[2]) == (0, 0)
    assert high[0] == pytest.approx(2 * high[1], abs=0.2)


@pytest.mark.parametrize("draw", [bars, columns])
@pytest.mark.parametrize("values", [[], THREE[:1], THREE, [Bar(f"{n}", n, f"{n}") for n in range(6)], [Bar("none", 0, "0")]])
def test_nothing_is_drawn_outside_of_the_sheet_or_upon_each_other(draw, values: list[Bar]) -> None:
    sheet = drawn(draw("Title", values))
    frames = [{side: float(one.get(side, 0)) for side in ("x", "y", "width", "height")} for one in sheet.findall(f"{SVG}rect")]
    for one in frames:
        assert 0 <= one["x"] <= one["x"] + one["width"] <= WIDTH
        assert 0 <= one["y"] <= one["y"] + one["height"] <= float(sheet.get("height"))
    for one, other in pairwise(frames[1:]):
        assert one["x"] + one["width"] < other["x"] or one["y"] + one["height"] < other["y"]
    assert sheet.find(f"{SVG}rect").get("fill") == "#ffffff"


def test_names_are_text_and_long_ones_are_cut() -> None:
    words = [one.text for one in drawn(bars("<b> & more", [Bar("<script>" + "x" * 40, 1, "\x00 1")])).findall(f"{SVG}text")]
    assert words == ["<b> & more", "<script>" + "x" * 17 + "…", "  1"]


def test_a_picture_holds_its_chart_and_says_what_it_shows() -> None:
    said = in_words("Funnel", THREE)
    shown = picture(bars("Funnel", THREE), said + " [x]")
    assert said == "Funnel: Applications 12, Proposals 6, Signed 0."
    assert shown.startswith(f"![{said} \\[x\\]](data:image/svg+xml;base64,")
    assert ET.fromstring(base64.b64decode(shown.partition("base64,")[2][:-1])).tag == f"{SVG}svg"
    assert in_words("Funnel", []) == "Funnel: nothing yet."
