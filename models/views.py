"""What every page, letter and document view is built from."""

from typing import Annotated, Any

from pydantic import AfterValidator

from models.proposal import Record, StudioCard


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:200]


Line = Annotated[str, AfterValidator(_one_line)]


class View(Record):
    """A record that a template shows."""

    def context(self) -> dict[str, Any]:
        """The record as the plain values a template is given."""
        return self.model_dump(mode="json")


class Chrome(View):
    """What surrounds every page. `logo` is a served address or ""; `zone` is an IANA name."""

    studio: StudioCard
    locale: str = "en_GB"
    zone: str = "UTC"
    logo: str = ""


class Page(View):
    """Any page: its chrome."""

    chrome: Chrome


class Form(View):
    """A form as it comes back: what was given (by field name) and what is wrong with it, in the order of the fields."""

    given: dict[str, str | list[str]] = {}
    problems: dict[str, str] = {}


class Choice(View):
    """One answer to choose from."""

    value: str
    label: str
    hint: str = ""
