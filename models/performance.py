"""A project's performance: what it brought, what it took. Pure: everything is handed in.

Costs are minutes × what an hour of that person costs (studio.toml), rounded half up to the minor unit, once for each person. Whoever
studio.toml does not name costs nothing, and is named. Margin = amount − cost, net of VAT.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer

from models import hours
from models.clocks import Clocks
from models.delivery_tables import TimeEntry
from models.money import Money, total
from models.proposal import Record
from models.studio import Studio

_CENT, _TENTH, _HOUR, _WHOLE = Decimal("0.01"), Decimal("0.1"), 60, 100
Number = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""A decimal that is a number in JSON."""
Outcome = Literal["completed", "cancelled", "under way"]
OTHERS = "others"
"""The role of hours that belong to none: people we do not know, and what changes were estimated at."""


class PersonHours(Record):
    """What one person worked on a project. `hourly_cost` (major units) is None for somebody whom studio.toml does not name."""

    person: str
    email: str
    role: str
    minutes: int
    hourly_cost: Decimal | None
    cost: Money


class RoleHours(Record):
    """Hours of one role: worked, and planned in the estimate."""

    role: str = Field(description="Role as in rates.toml or studio.toml; others: of nobody we know, or planned for changes.")
    hours: Number = Field(description="Hours worked.")
    planned: Number = Field(description="Hours of the estimate.")


class Figures(Record):
    """A project in numbers, for everybody who may see reports. Money is net, days as `models.clocks` counts them."""

    deal: int
    round: int = Field(description="Which round of the deal, from 1.")
    project: str
    client: str
    service: str = Field(description="Slug of the service, as in rates.toml.")
    service_name: str
    outcome: Outcome
    closed_on: date | None
    amount: Money = Field(description="Net: the contract with the changes taken, less what was credited.")
    hours: Number = Field(description="Hours worked, in all.")
    planned_hours: Number = Field(description="Hours of the estimate and of the changes taken.")
    roles: list[RoleHours]
    cost: Money = Field(description="Hours times what each person's hour costs the studio.")
    margin: Money = Field(description="Amount less cost.")
    margin_percent: Number | None = Field(description="Margin in per cent of the amount; null where there is no amount.")
    working_days: int = Field(description="From the contract's start to completion, less those lost to waiting for the client.")
    calendar_days: int = Field(description="All days from the first payment to closing.")
    waiting_days: int = Field(description="Working days lost to waiting for the client.")
    rounds: int = Field(description="Rounds of changes that the client used.")
    manager: str
    review: int | None = Field(description="Stars of the client's review, 1 to 5; null while there is none.")
    strangers: list[str] = Field(description="Whose hours cost nothing, since studio.toml does not name them.")

    @property
    def key(self) -> tuple[int, int]:
        """What tells one project from another."""
        return self.deal, self.round


class PerformanceRow(Figures):
    """The same as it is kept: with who worked how long at which cost, so that a pay rise changes no older project."""

    people: list[PersonHours]


class Known(Record):
    """What the figures are counted from. `planned` are hours by role; `changes` those of the changes taken."""

    deal: int
    round: int
    project: str
    client: str
    service: str
    service_name: str
    outcome: Outcome
    closed_on: date | None
    amount: Money
    planned: dict[str, Decimal]
    changes: Decimal
    clocks: Clocks
    rounds: int
    manager: str
    review: int | None


def counted(studio: Studio, known: Known, worked: Iterable[TimeEntry]) -> PerformanceRow:
    """A project's figures from what is known and what was worked."""
    people = people_of(studio, worked, known.amount.currency)
    roles = roles_of(people, known.planned | {OTHERS: known.planned.get(OTHERS, Decimal(0)) + known.changes})
    told = known.model_dump(exclude={"planned", "changes", "clocks", "amount"})
    clocks = known.clocks
    return PerformanceRow(
        **told, working_days=clocks.working, calendar_days=clocks.calendar, waiting_days=clocks.waiting, **sums(known.amount, people, roles)
    )


def restated(studio: Studio, row: PerformanceRow, worked: Iterable[TimeEntry], *, amount: Money, review: int | None) -> PerformanceRow:
    """A closed project as it is known now. Days, rounds and rates stay as they were; hours, money and the review may have changed."""
    people = people_of(studio, worked, amount.currency, row.people)
    planned = {role.role: role.planned for role in row.roles}
    return row.model_copy(update={**sums(amount, people, roles_of(people, planned)), "review": review})


def sums(amount: Money, people: Sequence[PersonHours], roles: list[RoleHours]) -> dict:
    """Hours, cost and margin as fields of a row."""
    cost = total((one.cost for one in people), amount.currency)
    margin = amount - cost
    return {
        "amount": amount, "hours": in_hours(sum(one.minutes for one in people)), "planned_hours": sum((one.planned for one in roles), Decimal(0)),
        "roles": roles, "cost": cost, "margin": margin, "margin_percent": percent(margin, amount), "people": list(people),
        "strangers": [one.person for one in people if one.hourly_cost is None],
    }  # fmt: skip


def people_of(studio: Studio, worked: Iterable[TimeEntry], currency: str, before: Sequence[PersonHours] = ()) -> list[PersonHours]:
    """Who worked how long at what cost, in the order of studio.toml, strangers last. A cost that was counted `before` stays the one it was."""
    minutes: dict[tuple[str, str, str, Decimal | None], int] = {}
    for entry in worked:
        who = _who(studio, entry, before)
        minutes[who] = minutes.get(who, 0) + entry.minutes
    order = {person.email: place for place, person in enumerate(studio.people)}
    found = sorted(minutes.items(), key=lambda one: (order.get(one[0][1], len(order)), one[0][0]))
    return [
        PersonHours(person=name, email=email, role=role, minutes=many, hourly_cost=rate, cost=cost_of(many, rate, currency))
        for (name, email, role, rate), many in found
    ]


def _who(studio: Studio, entry: TimeEntry, before: Sequence[PersonHours]) -> tuple[str, str, str, Decimal | None]:
    staff, told = hours.person(studio, entry.person), hours.same_name(entry.person)
    name, email = (staff.name, staff.email) if staff else (entry.person, "")
    same = {told, hours.same_name(name), email.casefold()} - {""}
    was = next((one for one in before if one.hourly_cost is not None and same & {hours.same_name(one.person), one.email.casefold()}), None)
    if was:
        return was.person, was.email, was.role, was.hourly_cost
    return name, email, (staff.role if staff else entry.role) or OTHERS, staff.hourly_cost if staff else None


def cost_of(minutes: int, hourly_cost: Decimal | None, currency: str) -> Money:
    """What so many minutes cost, rounded half up to the minor unit; nothing where nobody knows the rate."""
    return Money.of_major((hourly_cost or Decimal(0)) * minutes / _HOUR, currency)


def roles_of(people: Iterable[PersonHours], planned: Mapping[str, Decimal]) -> list[RoleHours]:
    """Hours by role, worked and planned: planned roles in their order, then the others that worked."""
    worked: dict[str, int] = {}
    for one in people:
        worked[one.role] = worked.get(one.role, 0) + one.minutes
    roles = [*(role for role in planned if role != OTHERS), *sorted(worked.keys() - planned.keys() - {OTHERS}), OTHERS]
    made = [RoleHours(role=role, hours=in_hours(worked.get(role, 0)), planned=_cents(planned.get(role, Decimal(0)))) for role in roles]
    return [one for one in made if one.hours or one.planned]


def in_hours(minutes: int) -> Decimal:
    """Minutes as hours with two decimals, rounded half up."""
    return _cents(Decimal(minutes) / _HOUR)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def percent(part: Money, whole: Money) -> Decimal | None:
    """A part in per cent of a whole, one decimal, rounded half up; None of nothing."""
    return (Decimal(part.amount) * _WHOLE / whole.amount).quantize(_TENTH, rounding=ROUND_HALF_UP) if whole.amount else None
