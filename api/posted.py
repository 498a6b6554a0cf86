"""A posted form: its fields as text, its files; whatever else was sent is refused in a sentence."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from models.reading import clean

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MANY = 1000
"""Fields, and files: a page says itself how many files it takes, in a sentence of its own."""
_PART = 1024 * 1024


@dataclass(frozen=True)
class Posted:
    """Fields by name, in the order sent, without control characters; files by name, empty file inputs left out."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[UploadFile]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The first value of a field, without space around it; "" when it was not sent."""
        return next(iter(self.fields.get(name, [])), "").strip()

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return self.fields.get(name, [])

    def given(self) -> dict[str, str | list[str]]:
        """The fields as a form shows them again."""
        return {name: values[0] if len(values) == 1 else values for name, values in self.fields.items()}


async def read(request: Request) -> AsyncIterator[Posted]:
    """The form of a request. 415 for anything that is no form, 400 for one that cannot be read."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and kind not in _FORMS:
        raise HTTPException(415, "This page takes what its form sends, and nothing else.")
    if not kind and await request.body():
        raise HTTPException(415, "This page takes what its form sends, and nothing else.")
    async with request.form(max_files=_MANY, max_fields=_MANY, max_part_size=_PART) as form:
        posted = Posted()
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    posted.files.setdefault(clean(name), []).append(value)
            else:
                posted.fields.setdefault(clean(name), []).append(clean(value))
        yield posted


Form = Annotated[Posted, Depends(read)]
