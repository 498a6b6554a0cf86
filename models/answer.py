"""What every typed fact is."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

MOST_HOURS = 10_000
MOST_ID = 2_147_483_647
"""The largest number that a row, a version or a showing may have: PostgreSQL counts no further."""
MOST_PARTS = 100
MOST_MONEY = 1_000_000_000
"""The largest amount that anybody means, in whole units; a thousand times as much in the smallest coins."""
Hours = Annotated[float, WithJsonSchema({"type": "number", "minimum": 0, "maximum": MOST_HOURS})]
"""Hours in a form; what lies beyond is refused in a sentence of the rule's own."""
Line = Field(default="", max_length=200, description="Name of whoever says so.")
Words = Field(default="", max_length=5000)


class Answer(BaseModel):
    """A typed fact. `kind` names it in the inbox."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    kind: ClassVar[str]
