"""Filling the studio's sentences with the client's answers, as a reader of their language writes them."""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal

from models.proposal import Node, Quote
from models.questionnaire import Feed, Question, Section
from models.rates import Branch
from models.setup import Answer, Answers, Sentence, chosen, holds

BLANK = re.compile(r"\{([a-z][a-z0-9_-]*)\}")
QUOTE_MAX = 900
CHILDREN_MAX = 12
TITLE_MAX = 70


def known_locale(name: str, otherwise: str) -> str:
    """The locale that `name` means ("de", "en-GB"), or `otherwise` when it means none."""
    try:
        return str(Locale.parse(name, sep="-" if "-" in name else "_"))
    except (ValueError, UnknownLocaleError):
        return otherwise


def words_of(question: Question, answer: Answer, locale: str) -> str:
    """An answer as prose: labels for choices, "a, b and c" for several, dates and numbers as `locale` writes them."""
    match answer:
        case None | "":
            return ""
        case list():
            return format_list([question.label_of(value) for value in answer], locale=locale)
        case int():
            return format_decimal(answer, locale=locale)
        case _ if question.type == "date":
            return format_date(date.fromisoformat(answer), format="long", locale=locale)
        case _ if question.type == "choice":
            return question.label_of(answer)
        case _:
            lines = [line.strip(" \t-•*·") for line in answer.splitlines() if line.strip(" \t-•*·")]
            return shorten(format_list(lines, locale=locale) if len(lines) > 1 else answer)


def vocabulary(questions: Mapping[str, Question], answers: Answers, locale: str) -> dict[str, str]:
    """Every answered question's words, by slug."""
    return {slug: words_of(questions[slug], answer, locale) for slug, answer in answers.items() if slug in questions}


def fill(text: str, words: Mapping[str, str]) -> str | None:
    """`text` with its blanks filled; None when one of them has no words."""
    if any(not words.get(blank) for blank in BLANK.findall(text)):
        return None
    return BLANK.sub(lambda match: words[match.group(1)], text)


def sentences(given: Iterable[Sentence], answers: Answers, words: Mapping[str, str]) -> list[str]:
    """The sentences whose condition holds, filled; those with an open blank are left out."""
    filled = (fill(sentence.text, words) for sentence in given if holds(sentence.when, answers))
    return [text for text in filled if text]


def fed(questions: Iterable[Question], section: Section, answers: Answers, words: Mapping[str, str]) -> list[str]:
    """What the answers themselves put into `section`, in the order of the questions."""
    found: list[str] = []
    for question in questions:
        for feed in question.feeds:
            if feed.to == section and feed.text and _speaks(feed, answers.get(question.slug)):
                text = fill(feed.text, {**words, "answer": words.get(question.slug, "")})
                found += [text] if text else []
    return found


def quotes(questions: Iterable[Question], answers: Answers) -> list[Quote]:
    """The answers that are shown as they were given, line breaks and all, cut when they are very long."""
    return [
        Quote(question=question.label, answer=shorten(str(answers[question.slug])))
        for question in questions
        for feed in question.feeds
        if feed.to == "quotes" and _speaks(feed, answers.get(question.slug))
    ]


def structure(branches: Iterable[Branch], questions: Mapping[str, Question], answers: Answers, words: Mapping[str, str]) -> list[Node]:
    """The first structure: the service's own tree, with the branches that the brief calls for."""
    nodes: list[Node] = []
    for branch in branches:
        title = fill(branch.title, words)
        if title and holds(branch.when, answers):
            children = structure(branch.children, questions, answers, words)
            drawn = _drawn(questions.get(branch.drawn_from), answers.get(branch.drawn_from))
            nodes.append(Node(title=title, note=fill(branch.note, words) or "", children=[*children, *drawn]))
    return nodes


def shorten(text: str, most: int = QUOTE_MAX) -> str:
    """`text`, cut at a word with an ellipsis when it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1].rsplit(maxsplit=1)[0] + "…"


def _speaks(feed: Feed, answer: Answer) -> bool:
    given = chosen(answer)
    if feed.missing:
        return not given
    return bool(given) and (not feed.when or bool(set(given) & set(feed.when)))


def _drawn(question: Question | None, answer: Answer) -> list[Node]:
    if question is None:
        return []
    if isinstance(answer, str) and question.type in ("text", "longtext"):
        parts = [part.strip(" \t-•*·.") for part in re.split(r"[\n;,]", answer)]
        titles = [shorten(part, TITLE_MAX) for part in parts if part]
    else:
        titles = [question.label_of(value) for value in chosen(answer)]
    return [Node(title=title) for title in titles[:CHILDREN_MAX]]
