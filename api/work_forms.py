"""What the project manager posts on their page, read into what may be told; or the problems by field."""

from decimal import Decimal, InvalidOperation

from api.posted import Posted
from api.project_forms import Problems, read_link
from models import passwords
from models.after_answers import Access, AccessListed
from models.answer import MOST_HOURS, Answer
from models.delivery_answers import MOST_DAYS, ChangeOffered, DateMoved, FaultsMended, LaunchChecked, MaterialReviewed, StageReady
from models.errors import Invalid
from models.reading import FieldError

ROWS = 60
MOST_PRICE = 10_000_000
Read = tuple[Answer | None, Problems]
NOT_HERE = "This looks like a password. Please say only where it is and who holds it; passwords are handed over in another way."


def read_review(slug: str, posted: Posted) -> Read:
    """The word on a material. Raises Invalid for a form that is not ours."""
    decision, reason = posted.one("decision"), posted.one("reason")
    if decision not in {"accept", "reject", "waive"}:
        raise Invalid("Please press one of the buttons.")
    problems = too_long(posted, reason=2000)
    if decision == "reject" and not reason:
        problems["reason"] = "Please say what is wrong with it: the client reads it."
    return (None, problems) if problems else (MaterialReviewed(item=slug[:60], decision=decision, reason=reason), {})


def read_ready(posted: Posted) -> Read:
    """A stage that can be shown, with its address and a word to the client."""
    problems = too_long(posted, note=5000)
    url, wrong = _url(posted)
    problems |= wrong
    return (None, problems) if problems else (StageReady(stage=posted.one("stage")[:60], url=url, note=posted.one("note")), {})


def read_offer(posted: Posted) -> Read:
    """The price of a change."""
    problems = {} if posted.one("text") else {"text": "Please say what will be changed: the client reads it."}
    problems |= too_long(posted, text=5000)
    price, hours = figure(posted, "price", MOST_PRICE), figure(posted, "hours", MOST_HOURS)
    days = figure(posted, "days", MOST_DAYS)
    if price is None or not posted.one("price"):
        problems["price"] = "Please give the net price as a number, such as 480.00."
    if hours is None:
        problems["hours"] = "Hours are a number, such as 6 or 4.5."
    if days is None or days % 1:
        problems["days"] = "Working days are a whole number."
    if problems or price is None or hours is None or days is None:
        return None, problems
    said = ChangeOffered(
        stage=posted.one("stage")[:60], text=posted.one("text"), hours=float(hours), price=price.quantize(Decimal("0.01")), days=int(days)
    )
    return said, {}


def read_launch(posted: Posted, checklist: list[str]) -> Read:
    """The launch checklist, whole: what is not ticked is named."""
    ticked = posted.all("item")
    open_items = [item for item in checklist if item not in ticked]
    problems = too_long(posted, note=5000)
    url, wrong = _url(posted)
    if open_items:
        problems = {"item": f"Not ticked yet: {'; '.join(open_items)}."} | problems
    problems |= wrong
    return (None, problems) if problems else (LaunchChecked(items=checklist, url=url, note=posted.one("note")), {})


def read_mended(posted: Posted) -> Read:
    """The word that the client's faults are put right."""
    problems = too_long(posted, note=5000)
    return (None, problems) if problems else (FaultsMended(note=posted.one("note")), {})


def read_access(posted: Posted, known: list[str]) -> Read:
    """The inventory of accesses, row by row; what there is none of is left out, and nothing that looks like a password is taken.

    `known` are those that the plan names: a row of theirs without more says that there is none.
    """
    items: list[tuple[str, str, str]] = []
    problems: Problems = {}
    for row in range(ROWS):
        what, where, held_by = (posted.one(f"{name}_{row}") for name in ("what", "where", "held_by"))
        if not (where or held_by) and (not what or what in known):
            continue
        problems |= too_long(posted, **{f"what_{row}": 200, f"where_{row}": 500, f"held_by_{row}": 200})
        problems |= {f"{name}_{row}": NOT_HERE for name in ("where", "held_by") if passwords.looks_like_one(posted.one(f"{name}_{row}"))}
        asked = {"what": "Please say what this opens.", "where": "Please say where it is.", "held_by": "Please say who holds it."}
        problems |= {f"{name}_{row}": sentence for name, sentence in asked.items() if not posted.one(f"{name}_{row}")}
        items.append((what, where, held_by))
    if not items:
        problems["where_0"] = "Please list at least one access."
    if problems:
        return None, problems
    return AccessListed(items=[Access(what=what, where=where, held_by=held_by) for what, where, held_by in items]), {}


def read_move(posted: Posted) -> Read:
    """That the studio needs longer, and why."""
    days, reason = figure(posted, "days", MOST_DAYS), posted.one("reason")
    problems = too_long(posted, reason=1000)
    if days is None or days < 1 or days % 1:
        problems["days"] = "Please give the working days as a whole number, 1 or more."
    if len(reason) < 3:  # noqa: PLR2004
        problems["reason"] = "Please say why: the client reads it."
    return (None, problems) if problems or days is None else (DateMoved(days=int(days), reason=reason), {})


def figure(posted: Posted, name: str, most: int) -> Decimal | None:
    """A number from 0 to `most` as people type it; nothing is 0, None is no number."""
    text = posted.one(name).replace(" ", "").replace(",", ".")
    try:
        value = Decimal(text or "0") if len(text) <= 12 else Decimal("NaN")  # noqa: PLR2004
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value <= most else None


def too_long(posted: Posted, **longest: int) -> Problems:
    """The fields that are longer than may be kept."""
    return {name: f"Please keep this under {most:,} characters." for name, most in longest.items() if len(posted.one(name)) > most}


def _url(posted: Posted) -> tuple[str, Problems]:
    try:
        return read_link(posted, "url"), {}
    except FieldError as wrong:
        return "", {"url": str(wrong)}
