"""Letters and deals of the measured system, seen in its database by one watcher for all clients."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Condition, Event, Thread

from sqlmodel import Session, col, select

from benchmarks.house import PATIENCE, House
from models.errors import StudioError
from models.tables import Client, Deal, Effect, StageRun

LOOK = 0.05


class Watch:
    """Sees letters handed over and deals made, from now on: two small queries each 50 ms, however many clients wait."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._since = datetime.now(UTC)
        self._letters: dict[str, float] = {}
        self._deals: dict[str, int] = {}
        self._failed = ""
        self._news = Condition()
        self._stopped = Event()
        self._thread = Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def handed_over(self, email: str, ending: str) -> tuple[int, float]:
        """Wait for this client's letter; return the deal and when it was handed over, in seconds since 1970.

        Raises StudioError with the worker's last words when it does not come.
        """

        def there() -> bool:
            return bool(self._failed) or f"deal/{self._deals.get(email)}/{ending}" in self._letters

        with self._news:
            if not self._news.wait_for(there, timeout=PATIENCE) or self._failed:
                why = self._failed or f"it did not come within {PATIENCE:.0f} s"
                raise StudioError(f"The letter {ending} is not handed over: {why}.\n{self._house.log('worker')}")
            deal = self._deals[email]
            return deal, self._letters[f"deal/{deal}/{ending}"]

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stopped.wait(LOOK):
            with self._house.db.reading() as session:
                letters, deals = self._new_letters(session), self._new_deals(session)
                failed = session.exec(select(StageRun.key, StageRun.why).where(StageRun.state == "failed")).first()
            if letters or deals or failed:
                with self._news:
                    self._failed = " failed: ".join(failed) if failed else ""
                    self._letters |= letters
                    self._deals |= deals
                    self._news.notify_all()

    def _new_letters(self, session: Session) -> dict[str, float]:
        settled = select(Effect.key, Effect.deal_id, Effect.settled_at).where(Effect.state == "done", col(Effect.settled_at) >= self._since)
        named = [(of_deal(key, deal), at) for key, deal, at in session.exec(settled.order_by(col(Effect.settled_at).desc()))]
        return {key: at.timestamp() for key, at in named if at and key not in self._letters}

    def _new_deals(self, session: Session) -> dict[str, int]:
        owned = select(Client.email, Deal.id).join(Client, col(Client.id) == Deal.client_id)
        rows = session.exec(owned.where(Deal.opened_at >= self._since))
        return {email: deal for email, deal in rows if deal and email not in self._deals}


def of_deal(key: str, deal: int | None) -> str:
    """An effect's key as a client knows it: what is an invoice's is their deal's, `deal/3/invoice/mail`, `deal/3/invoice/receipt`."""
    return f"deal/{deal}/invoice/{key.rpartition('/')[2]}" if key.startswith("invoice/") else key


@contextmanager
def watching(house: House) -> Generator[Watch]:
    """Watch for the length of the block."""
    watch = Watch(house)
    try:
        yield watch
    finally:
        watch.stop()
