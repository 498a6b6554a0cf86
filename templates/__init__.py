"""Pages, letters and documents: the one Jinja environment. Pure: plain values in, text out.

A file of the same name below the studio's `company/templates/` wins over ours; it may still build on ours through the prefix
`ours/` (`{% extends "ours/pages/apply.html" %}`). Every value is text: HTML is escaped, a missing value is an error, the sandbox
keeps templates from reaching beyond the context. Contexts are plain dicts, lists, strings and numbers (`record.model_dump(mode="json")`).
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import css_inline
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.meta import find_referenced_templates
from jinja2.sandbox import ImmutableSandboxedEnvironment

from templates.filters import filters, one_line

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}
_TRICKS: dict[int, int | None] = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_TRICKS |= {0x2028: 0x0A, 0x2029: 0x0A}
PLAIN_TEXT = (".txt", ".css", ".js")


class Letter(NamedTuple):
    """A letter in its three parts; `subject` is one line, `html` carries its styles inline."""

    subject: str
    text: str
    html: str


def render(name: str, context: Mapping[str, Any], *, company: Path | None = None, locale: str = "en_GB") -> str:
    """Template `name` ("pages/apply.html") filled with `context`, numbers and dates as readers of `locale` write them.

    Raises jinja2.TemplateNotFound, and jinja2.UndefinedError when the context lacks what the template asks for.
    """
    language = locale.replace("_", "-")
    direction = "rtl" if language.split("-")[0] in RIGHT_TO_LEFT else "ltr"
    return _environment(company, locale).get_template(name).render({**context, "lang": language, "direction": direction})


def letter(name: str, context: Mapping[str, Any], *, company: Path | None = None, locale: str = "en_GB") -> Letter:
    """Letter `name` ("proposal-ready") in its three parts, from a dumped `models.pages.LetterView`."""
    subject, text, html = (
        render(f"mail/{name}/{part}", context, company=company, locale=locale) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Letter(one_line(subject), text.strip() + "\n", _inliner().inline(html))


def names(kind: str, company: Path | None = None) -> list[str]:
    """Names of all templates below `kind` ("pages", "mail", "documents"), ours and the studio's."""
    return [name for name in _loader(company).list_templates() if name.startswith(f"{kind}/")]


def source_hash(name: str, company: Path | None = None) -> str:
    """SHA-256 (hex) over template `name` and everything it extends, includes and imports: the version of its words.

    Raises ValueError when a template takes in another by a name that is only known at run time.
    """
    environment = _environment(company, "en_GB")
    sources: dict[str, str] = {}
    todo = [name]
    while todo:
        at = todo.pop()
        if at in sources:
            continue
        sources[at] = _loader(company).get_source(environment, at)[0]
        for found in find_referenced_templates(environment.parse(sources[at])):
            if found is None:
                raise ValueError(f"{at} takes in a template whose name is not written down.")
            todo.append(found)
    digest = hashlib.sha256()
    for at in sorted(sources):
        digest.update(f"{at}\0{sources[at]}\0".encode())
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _environment(company: Path | None, locale: str) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=_loader(company),
        undefined=StrictUndefined,
        finalize=_without_tricks,
        autoescape=lambda name: not (name or "").endswith(PLAIN_TEXT),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters(locale)
    return environment


def _without_tricks(value: object) -> object:
    """Text without control characters and without those that turn the reading direction of what follows."""
    return value.translate(_TRICKS) if isinstance(value, str) else value


@lru_cache(maxsize=8)
def _loader(company: Path | None) -> BaseLoader:
    ours = FileSystemLoader(HERE)
    own = [FileSystemLoader(company / "templates")] if company else []
    return ChoiceLoader([*own, ours, PrefixLoader({"ours": ours})])


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
