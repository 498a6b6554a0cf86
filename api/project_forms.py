"""What a client posts on the project's page, read into what may be told."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import ValidationError
from sqlmodel import Session

from api.door import Door
from api.posted import Posted
from models import reading, training
from models.after_answers import CourseAnswered, TrainingAnswered
from models.delivery_answers import ChangeAnswered, MaterialSent, StageAnswered
from models.errors import Invalid
from models.reading import FieldError
from models.tables import Deal, Upload

NUMBER_LONGEST = 15
TEXT_LONGEST = 20_000
Problems = dict[str, str]
TOO_LONG = "Please keep this under 20,000 characters, or send it as a file."


def number(posted: Posted, name: str) -> int:
    """A posted whole number. Raises Invalid for anything else."""
    text = posted.one(name)
    if not text.isascii() or not text.isdecimal() or len(text) > NUMBER_LONGEST:
        raise Invalid("The form was not complete. Please go back to the page, reload it and try again.")
    return int(text)


def read_stage(posted: Posted) -> tuple[StageAnswered | None, Problems]:
    """The client's word on a stage as it was shown, or what is missing in it. Raises Invalid for a form that is not ours."""
    decision, text, name = posted.one("decision"), posted.one("text"), posted.one("name")[:200]
    if decision not in {"approve", "comment"}:
        raise Invalid("Please press one of the buttons.")
    problems = {} if name else {"name": "Please type your name."}
    if decision == "comment" and (not text or len(text) > TEXT_LONGEST):
        problems = {"text": TOO_LONG if text else "Please say what should change."} | problems
    if problems:
        return None, problems
    said = StageAnswered(
        stage=posted.one("stage")[:60], version=max(1, number(posted, "version")), decision=decision, name=name,
        text=text if decision == "comment" else "",
    )  # fmt: skip
    return said, {}


def read_change(posted: Posted) -> tuple[ChangeAnswered | None, Problems]:
    """The client's word on the price of a change, or what is missing in it. Raises Invalid for a form that is not ours."""
    decision, name = posted.one("decision"), posted.one("name")[:200]
    if decision not in {"accept", "decline"}:
        raise Invalid("Please press one of the buttons.")
    if decision == "accept" and not name:
        return None, {"name": "Please type your name: the change is ordered with it."}
    total = number(posted, "total") if decision == "accept" else None
    offer = max(1, number(posted, "offer"))
    return ChangeAnswered(stage=posted.one("stage")[:60], offer=offer, decision=decision, total=total, name=name), {}


def read_course(posted: Posted) -> CourseAnswered:
    """Whether the client wants the letters. Raises Invalid for a form that is not ours."""
    try:
        return CourseAnswered.model_validate({"decision": posted.one("decision")})
    except ValidationError:
        raise Invalid("Please press one of the buttons.") from None


def read_training(session: Session, here: Door, deal: Deal, posted: Posted) -> tuple[TrainingAnswered | None, Problems]:
    """The slot that was chosen, among those offered now, or that none is wanted."""
    name = posted.one("name")[:200]
    if posted.one("decision") == "decline":
        return TrainingAnswered(decision="decline", name=name), {}
    try:
        slot = datetime.fromisoformat(posted.one("slot")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, {"slot": "Please choose a time."}
    if not training.is_offered(here.company, training.taken(session, but=deal), slot, here.now()):
        return None, {"slot": "This time is no longer free. Please choose another."}
    return TrainingAnswered(decision="book", slot=slot, name=name), {}


class _Link(NamedTuple):
    """A link, as `models.reading` reads one."""

    type: str = "link"
    options: Sequence[reading.Offered] = ()
    min: int | None = None
    max: int | None = None


def read_link(posted: Posted, name: str) -> str:
    """A web address, completed where only a domain was typed; "" without one. Raises FieldError."""
    return str(reading.read_value(_Link(), posted.all(name)) or "")


def read_words(posted: Posted) -> tuple[dict[str, str], Problems]:
    """The link and the words that come with a material, and what is wrong with them."""
    text, problems, link = posted.one("text"), {}, ""
    if len(text) > TEXT_LONGEST:
        problems["text"] = TOO_LONG
    try:
        link = read_link(posted, "link")
    except FieldError as wrong:
        problems["link"] = str(wrong)
    return {"link": link, "text": text}, problems


def material(slug: str, files: Sequence[Upload], words: dict[str, str]) -> MaterialSent | None:
    """What is sent of a material; None when that is nothing."""
    if not (files or any(words.values())):
        return None
    return MaterialSent(item=slug, uploads=[file.id or 0 for file in files], link=words["link"], text=words["text"])
