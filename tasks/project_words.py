"""The words of letters about a project: counted when the letter is written, from where the project then stands.

An order names `stage`, `item`, `offer` or `fact` in its facts where its letter is about one; otherwise the newest one is meant.
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date, format_interval

from models import clocks, project_clock, wording
from models.delivery_answers import MaterialSent
from models.projects import Stand
from models.stage_state import MaterialStand
from models.tables import Upload
from models.tracks import Work
from models.worktime import add_working_days
from tasks.after_words import AFTER, accepted_stages, deemed_on, faults, mended, reviewed, reviewer, support, trained
from tasks.project_reading import by_letter, closes_on, is_asked_about, stage_of, stand_of, waited
from tasks.stage_words import STAGE, approved_by, comments, late, note

if TYPE_CHECKING:
    from tasks.words import About

OPENING = ("stage-shown", "stage-shown-again", "change-offer")
"""Letters that put a question to the client, and go out before its wait is written."""
YOUR_WORD = {"shown": "your word on “{title}”", "priced": "your word on the price of a change to “{title}”"}


def _manager(about: "About") -> str:
    studio = about.company.studio
    person = studio.person(stand_of(about).project.manager)
    return person.name if person else studio.name


def _welcome(about: "About") -> str:
    """The owner's words, a paragraph each; one with a blank that nothing fills is left out."""
    words = {"manager": _manager(about), "first_stage": stand_of(about).plan.stages[0].title, "promised_on": _promised_on(about)}
    filled = (wording.fill(text, words) for text in about.company.delivery.welcome)
    return "\n".join(text for text in filled if text)


def _people(about: "About") -> str:
    """Who is who, a line each."""
    studio, manager = about.company.studio, stand_of(about).project.manager
    known = [
        (studio.person(manager), "leads the work and answers for its date"),
        (studio.person(about.deal.salesperson), "invoices, and whatever you would rather not tell the person who leads the work"),
        (support(about), "trains your people, and is there for you after the launch"),
    ]
    return "\n".join(f"{person.name} · {what} · {person.phone}" for person, what in known if person)


def _stages(about: "About") -> str:
    """The timetable as it was planned, a line a stage."""
    plan = stand_of(about).plan
    return "\n".join(f"{stage.title} · {format_interval(stage.starts_on, stage.ends_on, 'yMMMd', locale=about.locale)}" for stage in plan.stages)


def _needed(about: "About") -> str:
    """What the client is to give us, a line each, with what it is for and until when."""
    stand = stand_of(about)
    return "\n".join(f"{item.plan.title} · {_until(about, stand, item)}" for item in stand.materials if item.place == "missing")


def _until(about: "About", stand: Stand, item: MaterialStand) -> str:
    stage = stand.plan.stage(item.plan.before)
    if stage is None:
        return "now, so that we can begin"
    return f"for {stage.title}{_before(about, stage.starts_on)}"


def _before(about: "About", day: date) -> str:
    return f", by {format_date(day, 'long', locale=about.locale)}" if day > about.today else ""


def _missing(about: "About") -> str:
    """What is missing now, a line each: what it is for, and why it was sent back if it was."""
    stand = stand_of(about)
    rows = [
        (item.plan.title, _until(about, stand, item), f"sent back: {item.reason}" if item.reason else "")
        for item in stand.materials
        if item.place == "missing"
    ]
    return "\n".join(" · ".join(filter(None, row)) for row in rows)


def _item(about: "About") -> MaterialStand | None:
    """The material that the order names, else the one that moved last."""
    stand = stand_of(about)
    named = about.order.facts.get("item")
    if named:
        return stand.material(named)
    moved = [item for item in stand.materials if item.changed_at]
    return max(moved, key=lambda item: (item.changed_at or about.now, item.sent_fact), default=None)


def _item_title(about: "About") -> str:
    item = _item(about)
    return item.plan.title if item else ""


def _needed_for(about: "About") -> str:
    item = _item(about)
    return _until(about, stand_of(about), item) if item else ""


def _reason(about: "About") -> str:
    item = _item(about)
    return item.reason if item else ""


def _sent(about: "About") -> MaterialSent | None:
    item = _item(about)
    return item.sent if item else None


def _sent_words(about: "About") -> str:
    """What came with it: a link, words, or both."""
    sent = _sent(about)
    return "\n".join(filter(None, (sent.link, sent.text))) if sent else ""


def _files(about: "About") -> str:
    sent = _sent(about)
    found = [about.session.get(Upload, number) for number in sent.uploads] if sent else []
    return ", ".join(upload.name for upload in found if upload)


def _what(about: "About") -> str:
    """The materials that somebody has to look at."""
    return "\n".join(item.plan.title for item in stand_of(about).materials if item.place == "sent")


def _promised_on(about: "About") -> str:
    """The day that holds if the client answers today; "" once it is past: then no letter names a day."""
    day = project_clock.promise(about.session, about.company, about.deal, about.now).day
    if about.order.name.startswith("change-offer"):
        offer, studio = stage_of(about).offer, about.company.studio
        day = add_working_days(day, offer.offered.days, studio.holidays, studio.office) if offer else day
    return format_date(day, "full", locale=about.locale) if day >= about.today else ""


def _answer_by(about: "About") -> str:
    """Until when an answer keeps the promised day: "today, Monday 2 March 2026"; "" where that day does not wait for the client."""
    promised, calendar = project_clock.promise(about.session, about.company, about.deal, about.now), project_clock.calendar(about.company)
    close = promised.answer_by
    if close is None and _asks(about) and calendar.closes(promised.day) >= clocks.next_close(calendar, about.now):
        close = clocks.next_close(calendar, about.now)
    if close is None:
        return ""
    day = about.day(close)
    return f"today, {day}" if calendar.day_of(close) == about.today else f"by {day}"


def _asks(about: "About") -> bool:
    return about.order.name in OPENING or (about.order.name == "materials-rejected" and about.deal.work == Work.MATERIALS)


def _still_yours(about: "About") -> str:
    """What is still asked of the client once they are back: "your word on “Design”"; "" while it is our move."""
    stand = stand_of(about)
    stage = stand.current if about.deal.work != Work.MATERIALS else None
    if stage and stage.place in YOUR_WORD:
        return YOUR_WORD[stage.place].format(title=stage.plan.title)
    needed = stand.needed_for(stage.slug if stage else "") if stage is None or stage.place == "working" else []
    return "; ".join(item.plan.title for item in needed if item.place == "missing")


def _silence(about: "About") -> str:
    """What silence to the end means, as the contract has it."""
    stand, name = stand_of(about), about.order.name
    terms, is_late = stand.plan.terms, about.deal.work == Work.MATERIALS or is_asked_about(about, "materials")
    if terms.silence_accepts and name.startswith(("stage-", "act-")):
        what = f"“{stage_of(about).plan.title}” counts" if name.startswith("stage-") else "the work counts"
        return f"{what} as accepted, as our contract says, and {'we go on' if name.startswith('stage-') else 'the project is completed'}"
    if terms.silence_pauses and (is_late or not name.startswith("materials-")):
        return "the project is paused, as our contract says; it goes on, with a new date, when you are back"
    return "the work that rests on it cannot go on, and the date moves with every working day"


PROJECT: dict[str, Callable[["About"], str]] = {
    **STAGE, **AFTER,
    "welcome": _welcome, "manager": _manager, "people": _people, "needed": _needed, "missing": _missing, "item_title": _item_title,
    "needed_for": _needed_for, "promised_on": _promised_on, "answer_by": _answer_by, "still_yours": _still_yours, "silence": _silence,
    "stages": by_letter({"project-": _stages, "act-": accepted_stages}),
    "closes_on": by_letter({"act-deemed": deemed_on, "": closes_on}),
    "waiting": by_letter({"stage-late": late, "": waited}),
    "message": by_letter({"materials-": _sent_words, "stage-": comments, "change-": comments, "act-": faults, "review-": reviewed}),
    "note": by_letter({"stage-": note, "act-": mended}),
    "who": by_letter({"stage-": approved_by, "training-": trained, "review-": reviewer}),
    "reason": by_letter({"materials-": _reason}), "files": by_letter({"materials-": _files}), "what": by_letter({"materials-": _what}),
    "consent": lambda about: about.company.delivery.course.consent, "subject": lambda _about: "", "said": lambda _about: "",
    **dict.fromkeys(("hours_worked", "hours_planned", "done_percent", "over_percent"), lambda _about: ""),
}  # fmt: skip
"""The words of `models.delivery_letters`. Those that only an order can know (mail that came, hours) are "" without it."""
