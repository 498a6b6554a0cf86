"""The words of letters about the end of the work and the time after it: launch, act of acceptance, training, hand-over, review."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlmodel import col, select

from models import act_state, cash, clocks, documents, issued, ledger, project_clock, signing, training
from models.act import ActBody
from models.after_answers import AccessListed, HandedOver, ReviewGiven, TrainingAnswered
from models.cash_tables import SignCode
from models.delivery_answers import ActDeemed, ActFaults, ActSigned, FaultsMended
from models.money import Money
from models.studio import Staff
from models.tables import Document, Move
from models.tracks import Work
from tasks.project_reading import heard, lines, newest, stand_of
from tasks.world import world

if TYPE_CHECKING:
    from tasks.words import About

HOW = {"approved": "approved", "silence": "accepted by silence", "done": "done"}


def _checklist(about: "About") -> str:
    return lines(stand_of(about).plan.checklist)


def act_of(about: "About") -> Document:
    """The version of the act of acceptance that the order names, else the newest. Raises LookupError before there is one."""
    named = about.order.facts.get("version")
    found = documents.version(about.session, about.deal_id, act_state.NOUN, int(named)) if named else act_state.newest(about.session, about.deal)
    if found is None:
        raise LookupError(f"Deal {about.deal_id} has no act of acceptance yet.")
    return found


def accepted_stages(about: "About") -> str:
    """What was delivered, a line a stage, as the act has it: "Design · approved, 20 April 2026"."""
    body = ActBody.model_validate(act_of(about).body)
    return lines([f"{stage.title} · {HOW[stage.how]}, {format_date(stage.on, 'long', locale=about.locale)}" for stage in body.stages])


def faults(about: "About") -> str:
    """What the client named in place of a signature, last."""
    said = newest(about, ActFaults)
    return said.text if said else ""


def mended(about: "About") -> str:
    """The manager's word on what was put right."""
    said = newest(about, FaultsMended)
    return said.note if said else ""


def deemed_on(about: "About") -> str:
    """The day on which silence became acceptance."""
    told = heard(about, ActDeemed)
    return about.day(told[-1][0].happened_at) if told else ""


def _signed_by(about: "About") -> str:
    said = newest(about, ActSigned)
    return said.name if said else ""


def _signed_on(about: "About") -> str:
    told = heard(about, ActSigned)
    return about.day(told[-1][0].happened_at) if told else ""


def _open_amount(about: "About") -> str:
    """What is still to be paid in all, asked for already or not; "" when everything is in."""
    plan = [one for one in cash.agreed(about.session, about.deal).schedule if not one.settled]
    parts = [(one.gross, issued.of_part(about.session, about.deal, one.part)) for one in plan]
    rest = [ledger.open_of(about.session, paper) if paper else gross for gross, paper in parts]
    amount = sum(one.amount for one in rest if one.amount > 0)
    return Money(amount=amount, currency=about.deal.currency).format(about.locale) if amount else ""


def _code_row(about: "About") -> SignCode:
    mine = select(SignCode).where(SignCode.deal_id == about.deal_id, SignCode.kind == "act", SignCode.version == act_of(about).version)
    named = about.order.facts.get("code_number")
    row = about.session.exec((mine.where(SignCode.number == int(named)) if named else mine).order_by(col(SignCode.number).desc())).first()
    if row is None:
        raise LookupError(f"Nobody asked for a code for the act of deal {about.deal_id}.")
    return row


def _code(about: "About") -> str:
    row = _code_row(about)
    return signing.digits(world().secret, row.deal_id, row.version, row.number, kind=row.kind)


def _code_until(about: "About") -> str:
    # The zone's name is the zone data's own: Babel takes Dublin's winter for its summer.
    until = _code_row(about).expires_at.astimezone(ZoneInfo(about.company.studio.zone))
    return f"{until:%H:%M} {until.tzname()}"


def _slots(about: "About") -> str:
    """The hours that are offered for the training now, a line each."""
    taken = training.taken(about.session, but=about.deal)
    return lines([_moment(about, slot.starts_at) for slot in training.slots(about.company, taken, about.now)])


def _slot(about: "About") -> str:
    booked = training.booking(about.session, about.deal)
    return _moment(about, booked.starts_at) if booked else ""


def _moment(about: "About", moment: datetime) -> str:
    return training.in_words(moment, about.company.studio.zone, about.locale)


def trained(about: "About") -> str:
    """Who booked the training."""
    said = newest(about, TrainingAnswered)
    return (said.name if said else "") or about.client.name


def _access_list(about: "About") -> str:
    """Where each access is and who holds it, a line each."""
    said = newest(about, AccessListed)
    return lines([" · ".join(filter(None, (one.what, one.where, one.held_by and f"held by {one.held_by}"))) for one in said.items]) if said else ""


def support(about: "About") -> Staff:
    """Who looks after the client from the hand-over on."""
    studio = about.company.studio
    return (studio.with_role("support", about.deal.service) or studio.with_role("support"))[0]


def _ticket(about: "About") -> str:
    said = newest(about, HandedOver)
    return said.ticket if said else ""


def _days_worked(about: "About") -> str:
    """The working days from the beginning to completion that the client was not waited for: "46 working days"."""
    mine = select(Move).where(Move.deal_id == about.deal_id, Move.to == Work.COMPLETED.value).order_by(col(Move.id).desc())
    done = about.session.exec(mine).first()
    calendar, begins = project_clock.calendar(about.company), stand_of(about).plan.begins_on
    ended = calendar.day_of(done.at if done else about.now)
    days = clocks.working_days(begins, ended, project_clock.spans(about.session, about.deal, about.now), calendar, about.now)
    return f"{days} working day{'' if days == 1 else 's'}"


def _stars(about: "About") -> str:
    said = newest(about, ReviewGiven)
    return f"{said.stars} of 5 stars" if said else ""


def reviewed(about: "About") -> str:
    """The review in the client's words."""
    said = newest(about, ReviewGiven)
    return said.text if said else ""


def reviewer(about: "About") -> str:
    """Who wrote the review."""
    said = newest(about, ReviewGiven)
    return ", ".join(filter(None, (said.name, said.company))) if said else ""


def _published(about: "About") -> str:
    said = newest(about, ReviewGiven)
    if said is None:
        return ""
    return "yes, as it is" if said.publish else "no, it is for us only"


AFTER: dict[str, Callable[["About"], str]] = {
    "checklist": _checklist, "number": lambda about: str(act_of(about).body["number"]), "signed_by": _signed_by, "signed_on": _signed_on,
    "open_amount": _open_amount, "code": _code, "code_until": _code_until,
    "training": lambda about: about.company.delivery.training.title, "minutes": lambda about: f"{about.company.delivery.training.minutes} minutes",
    "place": lambda about: about.company.delivery.training.place, "slots": _slots, "slot": _slot,
    "access": lambda about: lines(stand_of(about).plan.access), "access_list": _access_list,
    "support_name": lambda about: support(about).name, "support_phone": lambda about: support(about).phone,
    "support_address": lambda about: about.company.studio.mail.support_address,
    "ticket": _ticket, "days_worked": _days_worked, "stars": _stars, "published": _published,
}  # fmt: skip
