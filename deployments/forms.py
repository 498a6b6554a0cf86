"""A browser's idea of a page, as far as a script needs it: its forms with what is filled in, and its links."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, what is filled in by field, and which fields are files."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)

    def answer(self, values: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
        """What a browser would post with these fields typed over; fields that the form does not have are left out."""
        typed = {name: [value] if isinstance(value, str) else value for name, value in values.items()}
        known = self.fields.keys() | self.choices.keys()
        return {name: given for name, given in (self.fields | {k: v for k, v in typed.items() if k in known}).items() if given}


class Page(HTMLParser):
    """A page's forms and links."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._select = self._textarea = ""
        self.feed(html)

    def form(self, action: str) -> Form:
        """The form that goes to an address ending like this. Raises LookupError when the page has none."""
        for form in self.forms:
            if form.action.endswith(action):
                return form
        raise LookupError(f"The page has no form that goes to {action}.")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms, fields and links."""
        has = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        elif tag == "form":
            self.forms.append(Form(action=has.get("action", "")))
        elif self.forms and has.get("name"):
            self._field(self.forms[-1], tag, has)
        elif tag == "option" and self._select and self.forms:
            self._offer(self.forms[-1], self._select, has.get("value", ""), ticked="selected" in has)

    def handle_endtag(self, tag: str) -> None:
        """Leave a field."""
        if tag in {"select", "textarea"}:
            self._select = self._textarea = ""

    def handle_data(self, data: str) -> None:
        """What is typed in a text area."""
        if self._textarea:
            fields = self.forms[-1].fields
            fields[self._textarea] = ["".join([*fields[self._textarea], data]).removeprefix("\n")]

    def _field(self, form: Form, tag: str, has: dict[str, str]) -> None:
        name, kind = has["name"], has.get("type", "text")
        if tag == "select":
            self._select = name
            form.choices.setdefault(name, [])
        elif tag == "textarea":
            self._textarea = name
            form.fields[name] = [""]
        elif tag == "input" and kind == "file":
            form.files.add(name)
        elif tag == "input" and kind in {"radio", "checkbox"}:
            self._offer(form, name, has.get("value", "on"), ticked="checked" in has)
        elif tag == "input" and kind != "submit":
            form.fields[name] = [has.get("value", "")]

    def _offer(self, form: Form, name: str, value: str, *, ticked: bool) -> None:
        form.choices.setdefault(name, []).append(value)
        if ticked:
            form.fields.setdefault(name, []).append(value)
