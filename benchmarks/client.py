"""A client of the measured system: forms over HTTP, letters seen in the effect ledger by one watcher for all clients."""

import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from threading import Condition, Event, Thread
from urllib.parse import urlencode

from sqlmodel import Session, col, select

from benchmarks.house import PATIENCE, House
from deployments.demo import ANSWERS
from deployments.forms import Form, Page
from models import links
from models.errors import StudioError
from models.tables import Client, Deal, Effect, StageRun

LOOK = 0.05
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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
        rows = session.exec(select(Effect.key, Effect.settled_at).where(Effect.state == "done", col(Effect.settled_at) >= self._since))
        return {key: at.timestamp() for key, at in rows if at and key not in self._letters}

    def _new_deals(self, session: Session) -> dict[str, int]:
        owned = select(Client.email, Deal.id).join(Client, col(Client.id) == Deal.client_id)
        rows = session.exec(owned.where(Deal.opened_at >= self._since))
        return {email: deal for email, deal in rows if deal and email not in self._deals}


@contextmanager
def watching(house: House) -> Generator[Watch]:
    """Watch for the length of the block."""
    watch = Watch(house)
    try:
        yield watch
    finally:
        watch.stop()


class Somebody:
    """Somebody who wants a site. Every `…s` returns when the post began, in seconds since 1970."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.email = f"ada.{secrets.token_hex(5)}@acme.example"
        self._line = HTTPConnection(house.settings.host, house.settings.api_port, timeout=60)

    def prepares(self) -> bytes:
        """Open the intake form and fill it in; return the body to post, its line open."""
        typed: dict[str, str | list[str]] = {
            "service": "corporate-site", "name": "Ada Byron", "email": self.email, "company": "Acme", "budget": "24000",
            "message": "Our site is nine years old and nobody finds us.",
        }  # fmt: skip
        return _body(self._form("/apply", "/apply").answer(typed))

    def posts(self, path: str, body: bytes) -> float:
        """Post a form; return the seconds to the whole answer. Raises StudioError when it is not taken."""
        began = time.perf_counter()
        self._line.request("POST", path, body, FORM)
        answer = self._line.getresponse()
        said = answer.read()
        took = time.perf_counter() - began
        if answer.status != 303:
            raise StudioError(f"POST {path.partition('/')[0]} was answered {answer.status}: {said[:300]!r}")
        return took

    def applies(self) -> float:
        """Fill in the intake form and send it."""
        body = self.prepares()
        began = time.time()
        self.posts("/apply", body)
        return began

    def sends_brief(self, deal: int) -> float:
        """Fill in the brief and send it."""
        path = self._link("brief", deal)
        answers: dict[str, str | list[str]] = {f"q_{slug}": value for slug, value in ANSWERS.items()}
        body = _body(self._form(path, path).answer(answers) | {"action": ["send"]})
        began = time.time()
        self.posts(path, body)
        return began

    def accepts(self, deal: int) -> float:
        """Accept the proposal as it is shown."""
        path = self._link("proposal", deal)
        body = _body(self._form(path, "/accept").answer({"name": "Ada Byron"}))
        began = time.time()
        self.posts(f"{path}/accept", body)
        return began

    def leaves(self) -> None:
        """Hang up."""
        self._line.close()

    def _form(self, path: str, action: str) -> Form:
        self._line.close()  # a line at rest for five seconds may be gone
        self._line.request("GET", path)
        return Page(self._line.getresponse().read().decode()).form(action)

    def _link(self, kind: str, deal: int) -> str:
        token = links.token(self.house.settings.secret.get_secret_value(), kind, deal, 1)
        return f"/{links.PATHS[kind]}/{token}"


def _body(fields: dict[str, list[str]]) -> bytes:
    return urlencode(fields, doseq=True).encode()
