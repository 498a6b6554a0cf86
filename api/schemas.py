"""What other systems send and get. Text is cleaned of control characters when it is read; what is too long is refused."""

from datetime import datetime
from typing import Annotated, Any, Literal, Union

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, create_model

from api.apply_form import BUDGET_MOST, is_locale
from models.answers import ANSWERS, BY_RULE, Answer
from models.deal_card import DealCard
from models.intake import normal_email
from models.reading import clean

MOST_ID = 2_147_483_647
_DEEPEST = 10


def cleaned(value: Any, depth: int = 0) -> Any:
    """A JSON value whose strings no database chokes on."""
    if depth > _DEEPEST:
        raise ValueError("This is nested too deeply.")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(item, depth + 1) for key, item in value.items()}
    return value


def _email(text: str) -> str:
    if not normal_email(text):
        raise ValueError("This is not an e-mail address.")
    return text


def _locale(text: str) -> str:
    if text and not is_locale(text):
        raise ValueError("This is not a locale; write it like en_IE.")
    return text.replace("-", "_")


Clean = BeforeValidator(cleaned)
Name = Annotated[str, Field(min_length=1, max_length=200), Clean]
Short = Annotated[str, Field(max_length=200), Clean]


_EXAMPLE: Any = {
    "service": "corporate-site", "name": "Maeve Byrne", "email": "maeve@example.com", "company": "Byrne Joinery", "budget": 12000,
    "message": "A site that brings enquiries.", "source": {"utm_source": "newsletter"},
}  # fmt: skip
Service = Field(min_length=1, max_length=100, description="Slug of a service, as in rates.toml.")
Email = Field(max_length=320, description="Where the questionnaire goes.", json_schema_extra={"format": "email"})
Budget = Field(ge=0, le=BUDGET_MOST, allow_inf_nan=False, description="Major units of the studio's currency.")
Language = Field(max_length=35, description="Language of the client, like en_IE; empty: the studio's.")
Origin = Field(description="Where the lead comes from: a word, or campaign parameters by name.")
Word = Annotated[str, Field(max_length=500)]
Words = dict[Annotated[str, Field(max_length=50)], Word]


class ApplicationIn(BaseModel):
    """An application from another system."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    service: Annotated[str, Service, Clean]
    name: Name
    email: Annotated[str, Email, Clean, AfterValidator(_email)]
    phone: Annotated[str, Field(max_length=50), Clean] = ""
    company: Short = ""
    budget: Annotated[float | None, Budget] = None
    message: Annotated[str, Field(max_length=10_000), Clean] = ""
    locale: Annotated[str, Language, Clean, AfterValidator(_locale)] = ""
    source: Annotated[Words | Word, Origin, Clean] = {}


class Accepted(BaseModel):
    """An application was kept. `status_url` tells what becomes of it."""

    id: int
    status_url: str


class ApplicationStatus(BaseModel):
    """received: not looked at yet. opened: a deal was opened. joined: it belongs to a deal there was. suspected: of being a robot's."""

    id: int
    state: Literal["received", "opened", "joined", "suspected"]
    deal: int | None


def _present(text: str) -> str:
    if not text:
        raise ValueError("An id of your own is needed.")
    return text


ACTOR = Field(max_length=320, pattern=r"^(client|staff:[^\s]+)?$", description="client; staff:e-mail by their own key; empty: the key itself.")
HAPPENED = Field(description="When it happened, with its zone; empty: now.")


class FactHead(BaseModel):
    """What every fact is sent with. `external_id` is the sender's own id: telling it again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    external_id: Annotated[str, Field(min_length=1, max_length=200), Clean, AfterValidator(_present)]
    actor: Annotated[str, ACTOR, Clean] = ""
    happened_at: Annotated[AwareDatetime | None, HAPPENED] = None


def _fact_model(answer: type[Answer]) -> Any:
    named: Any = {"kind": (Literal[answer.kind], ...), "payload": (Annotated[answer, Clean], ...)}  # ty: ignore[invalid-type-form]
    return create_model(f"{answer.__name__}Fact", __base__=FactHead, __doc__=answer.__doc__, **named)


_TOLD: Any = tuple(_fact_model(answer) for answer in ANSWERS if answer not in BY_RULE)
FactIn = Annotated[Union[_TOLD], Field(discriminator="kind")]  # noqa: UP007 (a union of what is only known at run time)


class FactOut(BaseModel):
    """A fact as it was kept."""

    id: int
    deal: int
    kind: str
    external_id: str
    actor: str
    payload: dict[str, Any]
    happened_at: datetime
    known_at: datetime


class Deals(BaseModel):
    """Deals, the newest first. `next` is the address of the next page, null on the last."""

    items: list[DealCard]
    next: str | None
