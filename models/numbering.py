"""Numbers of invoices: without a gap within series and year, taken in the transaction that issues."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from models.cash_tables import Series
from models.db import serialise
from models.references import reference_of
from models.studio import Studio


class Number(NamedTuple):
    """A number that was given out, and the creditor reference made from it."""

    series: str
    year: int
    seq: int
    number: str
    reference: str


def take(session: Session, studio: Studio, series: str, now: datetime) -> Number:
    """The next number of `series` in the year that it is in the studio's zone.

    It is given back when the transaction is; whoever wants the next one waits until then.
    """
    year = now.astimezone(ZoneInfo(studio.zone)).year
    seq = _raised(session, series, year)
    number = studio.invoices.number.format(series=series, year=year, number=seq)
    return Number(series, year, seq, number, reference_of(number))


def _raised(session: Session, series: str, year: int) -> int:
    serialise(session, f"series/{series}/{year}")
    mine = select(Series).where(Series.name == series, Series.year == year).with_for_update().execution_options(populate_existing=True)
    row = session.exec(mine).first() or Series(name=series, year=year)
    row.last += 1
    session.add(row)
    session.flush()
    return row.last
