"""Every letter: three parts, what it needs and no more, harmless whatever is in it."""

import re

import pytest
from jinja2 import UndefinedError

from models.pages import LETTER_NEEDS
from templates import letter, names
from tests.templates.reading import Reading
from tests.templates.samples import HOSTILE, letter_view

LETTERS = sorted(LETTER_NEEDS)
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "th", "p", "h1"}
TAGS |= {"bdi", "a", "b", "br", "span"}


def test_letters_and_their_needs_are_the_same_list() -> None:
    assert {name.split("/")[1] for name in names("mail")} == set(LETTERS)


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_has_its_three_parts(name: str) -> None:
    assert set(names("mail")) >= {f"mail/{name}/{part}" for part in ("subject.txt", "body.txt", "body.html")}


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_renders_with_exactly_what_it_needs(name: str) -> None:
    parts = letter(name, letter_view(name).context())
    assert 10 <= len(parts.subject) <= 90
    assert "Orla Brennan" in parts.text
    assert "Orla Brennan" in parts.html
    assert "{{" not in parts.text + parts.html


@pytest.mark.parametrize("name", [name for name in LETTERS if LETTER_NEEDS[name].facts])
def test_a_letter_without_a_fact_it_needs_is_refused(name: str) -> None:
    for missing in LETTER_NEEDS[name].facts:
        view = letter_view(name)
        facts = {key: value for key, value in view.facts.items() if key != missing}
        with pytest.raises(UndefinedError):
            letter(name, view.model_copy(update={"facts": facts}).context())


@pytest.mark.parametrize("name", LETTERS)
def test_both_bodies_hold_the_same_links(name: str) -> None:
    view = letter_view(name, unsubscribe="https://northlight.example/u/1")
    parts = letter(name, view.context())
    wanted = {*filter(None, [view.link]), *view.links.values(), view.unsubscribe}
    assert wanted == {a["href"] for a in Reading(parts.html).all("a") if a["href"].startswith("http")}
    assert wanted == set(re.findall(r"https://\S+", parts.text))


@pytest.mark.parametrize("name", LETTERS)
def test_a_link_is_promised_only_where_there_is_one(name: str) -> None:
    assert ('class="press"' in letter(name, letter_view(name).context()).html) is LETTER_NEEDS[name].link


@pytest.mark.parametrize("name", LETTERS)
def test_hostile_words_stay_words(name: str) -> None:
    parts = letter(name, letter_view(name, HOSTILE).context())
    page = Reading(parts.html)
    assert page.unclosed == []
    assert {tag for tag, _ in page.tags} <= TAGS
    assert len(parts.subject.splitlines()) == 1
    assert "\u202e" not in parts.subject
    assert "49" not in parts.text.split()


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_loads_nothing_and_carries_its_style(name: str) -> None:
    html = letter(name, letter_view(name).context()).html
    page = Reading(html)
    assert list(page.all("img", "link", "script")) == []
    assert next(page.all("h1"))["style"]
    assert "prefers-color-scheme: dark" in html
    assert "max-width: 480px" in html
    assert next(page.all("html"))["lang"] == "en-GB"


@pytest.mark.parametrize("name", LETTERS)
def test_the_plain_part_can_be_read_in_a_narrow_window(name: str) -> None:
    lines = letter(name, letter_view(name).context()).text.splitlines()
    assert [line for line in lines if len(line) > 78 and "https://" not in line] == []
    assert "\n\n\n" not in "\n".join(lines)


def test_a_reminder_can_be_stopped_and_other_letters_say_nothing_of_it() -> None:
    assert "No more reminders" in letter("brief-reminder", letter_view("brief-reminder").context()).text
    assert "No more reminders" not in letter("proposal-ready", letter_view("proposal-ready").context()).text
