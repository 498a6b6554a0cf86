"""What every typed fact is."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

MOST_HOURS = 10_000
Line = Field(default="", max_length=200)
Words = Field(default="", max_length=5000)


class Answer(BaseModel):
    """A typed fact. `kind` names it in the inbox."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    kind: ClassVar[str]
