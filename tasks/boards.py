"""Boards: what operators read in the Prefect UI besides runs, kept as artifacts. A loop in the worker, beside the waker.

    deal-42   a deal's card          pipeline   open deals by stage          error-inbox   what waits for a person          month   charts

Drawn from our database, after the fact, and never by a stage: a page that cannot be drawn or written fails no stage, it is logged. Each look
asks which deals have changed since the last one, so that ten ends of stages in a second are one page; a page that says the same as before
is not sent. Pages are written in place: one artifact a key, under one address, whatever happens. Only the process that holds the waker's
lease draws, so it knows what was written last.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import effects, error_inbox, leases, links, month_so_far, pipeline
from models.board_words import moment
from models.card_page import card_page, whose_move
from models.deal_card import DealCard, deal_card, without_link
from models.errors import Unavailable
from models.markdown import plain
from models.tables import Fact, FailedOperation, StageRun
from tasks.engine import Engine, engine
from tasks.world import World, world

EVERY = 3.0
A_LOOK = 20
"""How many cards are drawn in one look; the others wait for the next."""
PAUSE, DAWN = 5.0, 60.0
"""Seconds until the pages about all deals are drawn again: when something has changed, and for what no run, no fact and no letter tells (money that
nobody could place, another day)."""
SHARE, DAWN_SHARE = 100, 300
"""Either is longer where drawing takes longer, by these factors: so it never takes more than a hundredth of a core, or a third of that."""
BEFORE = timedelta(minutes=10)
"""How far the first look goes back: to what an earlier process may not have drawn."""
OVERLAP = timedelta(seconds=5)
"""How far each look goes back behind the last one: to what was being written then."""
REMEMBERED = 2_000
log = logging.getLogger("studioflow.boards")


@dataclass(frozen=True)
class Page:
    """A page as it is shown: its text, and what the list of artifacts says of it."""

    text: str
    says: str


@dataclass
class Boards:
    """The pages as this process has written them last. One for a process; `talk` opens a conversation with Prefect.

    `pause` is the shortest time in seconds between two drawings of the pages about all deals; 0: they are drawn whenever something changed.
    """

    talk: Callable[[], AbstractContextManager[Engine]] = engine
    pause: float = PAUSE
    ids: dict[str, str] = field(default_factory=dict)
    written: dict[str, Page] = field(default_factory=dict)
    due: dict[int, None] = field(default_factory=dict)
    seen: datetime | None = None
    last_fact: int | None = None
    failed: tuple[int, datetime | None] = (0, None)
    is_stale: bool = True
    next_at: float = 0.0
    dawn_at: float = 0.0

    def refresh(self) -> int:
        """Look once, and bring what has changed; how many pages were written. Never raises: what went wrong is logged and tried again."""
        try:
            return self.look()
        except Unavailable as away:
            log.warning("Boards wait: %s", away)
        except Exception:
            log.exception("Boards cannot be drawn; it is tried again.")
        return 0

    def look(self) -> int:
        """As `refresh`. Raises Unavailable while Prefect is away; nothing is forgotten by it."""
        here = world()
        with here.db.reading() as session:
            if leases.holder(session, "waker") != here.worker:
                self._forget()
                return 0
            self._find_changed(session, here.now())
        deals = list(self.due)[:A_LOOK]
        pages = {f"deal-{deal_id}": page for deal_id in deals if (page := _drawn(here, deal_id))}
        pages |= self._about_all(here)
        count = self._write(here, {key: page for key, page in pages.items() if self.written.get(key) != page})
        for deal_id in deals:
            self.due.pop(deal_id, None)
        return count

    def _forget(self) -> None:
        """Another process draws: what was written last is not known here any more."""
        for known in (self.ids, self.written, self.due):
            known.clear()
        self.seen, self.last_fact, self.is_stale = None, None, True

    def _find_changed(self, session: Session, now: datetime) -> None:
        """Put down the deals whose runs were touched, of which something came to be known, or whose letters (reminders, errands) were settled."""
        first = self.seen is None or self.seen > now + BEFORE  # a rehearsed clock may be set back
        since = now - BEFORE if first or self.seen is None else min(self.seen, now) - OVERLAP
        newest = session.exec(select(func.max(col(Fact.id)))).one() or 0
        touched = select(StageRun.deal_id).where(StageRun.touched_at >= since).distinct()
        known = select(Fact.deal_id).where(col(Fact.id) > (newest if self.last_fact is None else self.last_fact)).distinct()
        changed = [*(deal_id for query in (touched, known) for deal_id in session.exec(query)), *effects.deals_settled(session, since)]
        failed_count, failed_last = session.exec(select(func.count(), func.max(col(FailedOperation.at))).select_from(FailedOperation)).one()
        self.is_stale |= bool(changed) or self.failed != (failed_count, failed_last)
        self.failed = failed_count, failed_last
        self.due |= dict.fromkeys(deal_id for deal_id in changed if deal_id)
        self.seen, self.last_fact = now, newest

    def _about_all(self, here: World) -> dict[str, Page]:
        """The pages about all deals, when something has changed or a while has passed, and not more often than they are worth."""
        began = time.monotonic()
        if began < (self.next_at if self.is_stale else self.dawn_at):
            return {}
        studio, now = here.company.studio, here.now()
        with here.db.reading() as session:
            sums, rows = pipeline.gather(session)
            kinds = error_inbox.gather(session, now=now)
            month = month_so_far.gather(session, currency=studio.currency, zone=studio.zone, now=now)
        open_deals, troubles = sum(one.count for one in sums), sum(len(kind.troubles) for kind in kinds)
        pages = {
            "pipeline": Page(
                pipeline.pipeline_page(sums, rows, now=now, zone=studio.zone, locale=studio.locale), f"Open deals by stage: {open_deals} in all"
            ),
            "error-inbox": Page(error_inbox.inbox_page(kinds, zone=studio.zone), f"What waits for a person: {troubles or 'nothing'}"),
            "month": Page(month_so_far.month_page(month, locale=studio.locale), f"{month.begins:%B %Y} so far, in charts"),
        }
        over = time.monotonic()
        self.is_stale, self.dawn_at = False, over + max(DAWN, DAWN_SHARE * (over - began))
        self.next_at = over + max(self.pause, SHARE * (over - began)) if self.pause else over
        return pages

    def _write(self, here: World, pages: dict[str, Page]) -> int:
        if not pages:
            return 0
        stamp = f"\n\n*As of {moment(here.now(), here.company.studio.zone)}.*"
        try:
            with self.talk() as prefect:
                unknown = [key for key in pages if key not in self.ids]
                self.ids |= prefect.shown(unknown) if unknown else {}
                for key, page in pages.items():
                    self.ids[key] = prefect.show(key, page.text + stamp, page.says, self.ids.get(key))
                    self.written[key] = page
        except Unavailable:
            self.is_stale, self.next_at = True, 0.0
            raise
        for key in list(self.written)[:-REMEMBERED]:
            del self.written[key]
            self.ids.pop(key, None)
        return len(pages)


def _drawn(here: World, deal_id: int) -> Page | None:
    """A deal's card; None, and a word in the log, when it cannot be drawn: that keeps no other page from being written."""
    try:
        card = _card(here, deal_id)
        return Page(card_page(card, zone=here.company.studio.zone, locale=here.company.studio.locale), says_of(card))
    except Unavailable:
        raise
    except Exception:
        log.exception("The card of deal %s cannot be drawn.", deal_id)
        return None


def says_of(card: DealCard) -> str:
    """A deal in a line."""
    return f"{plain(card.client.company or card.client.name, 60)}: {whose_move(card)[0].lower()}{whose_move(card)[1:]}"


def _card(here: World, deal_id: int) -> DealCard:
    """The record behind the card. Its staff links are handed out first, so that drawing holds no write lock."""
    with here.db.reading() as session:
        card = _read(here, session, deal_id)
    missing = without_link(card)
    if not missing:
        return card
    with here.db.writing() as session:
        for kind in missing:
            links.hand_out(session, here.secret, kind, deal_id, now=here.now())
    with here.db.reading() as session:
        return _read(here, session, deal_id)


def _read(here: World, session: Session, deal_id: int) -> DealCard:
    return DealCard.model_validate(deal_card(session, here.company, here.settings, here.secret, deal_id, here.now(), reads_only=True))
