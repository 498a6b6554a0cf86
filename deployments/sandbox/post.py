"""The sandbox's post: events written down with what they tell of, and delivered as signed webhooks until they are taken."""

import logging
import secrets
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
from sqlmodel import Session, col, select

from deployments.sandbox.tables import Delivery
from models import webhooks
from models.clock import real_now
from models.db import Database
from models.errors import StudioError
from models.sandbox_events import SandboxEvent, SandboxPayment

LONGEST_PAUSE = timedelta(minutes=5)
GIVEN_UP_AFTER = timedelta(days=3)
REST = 60.0
log = logging.getLogger("studioflow.sandbox")


def tell(session: Session, kind: str, about: SandboxPayment, *, now: datetime, late: timedelta = timedelta(), times: int = 1) -> None:
    """Write an event to be delivered after `late` has passed, this many times."""
    event = SandboxEvent(id=f"evt_{secrets.token_hex(12)}", type=kind, created=now, data=about)
    made = real_now()
    for _ in range(times):
        session.add(Delivery(event_id=event.id, body=event.model_dump_json(), made_at=made, due_at=made + late))
        session.flush()


class Postman:
    """Delivers what is due to `url`, in a thread of its own. What is waiting lies in the database and outlives a restart."""

    def __init__(self, db: Database, url: str, secret: str, clock: Callable[[], datetime] = real_now) -> None:
        self._db = db
        self._url = url
        self._secret = secret
        self._clock = clock
        self._heard = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin, with whatever was left waiting."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the delivery under way and stop."""
        self._stopping.set()
        self._heard.set()
        self._thread.join(timeout=10)

    def hear(self) -> None:
        """There is something new to deliver."""
        self._heard.set()

    def round(self, http: httpx.Client) -> float:
        """Deliver what is due now; in how many seconds to look again."""
        for delivery in self._due():
            if self._stopping.is_set():
                break
            said, taken = self._deliver(http, delivery.body)
            with self._db.writing() as session:
                settle(session.get_one(Delivery, delivery.id), said, taken=taken, now=self._clock())
        return self._until_next()

    def _run(self) -> None:
        with httpx.Client(timeout=10, trust_env=False) as http:
            while not self._stopping.is_set():
                self._heard.clear()
                rest = REST
                try:
                    rest = self.round(http)
                except StudioError as error:
                    log.warning("%s", error)
                except Exception:
                    log.exception("The post could not be delivered; it is tried again.")
                self._heard.wait(rest)

    def _due(self) -> list[Delivery]:
        with self._db.reading() as session:
            wanted = select(Delivery).where(Delivery.state == "waiting", Delivery.due_at <= self._clock())
            return list(session.exec(wanted.order_by(col(Delivery.due_at), col(Delivery.id)).limit(100)))

    def _until_next(self) -> float:
        with self._db.reading() as session:
            soonest = session.exec(select(Delivery.due_at).where(Delivery.state == "waiting").order_by(col(Delivery.due_at)).limit(1)).first()
        return REST if soonest is None else min(REST, max(0.0, (soonest - self._clock()).total_seconds()))

    def _deliver(self, http: httpx.Client, body: str) -> tuple[str, bool]:
        content = body.encode()
        headers = {"Content-Type": "application/json", webhooks.SIGNATURES["sandbox"]: webhooks.sign(self._secret, content, self._clock())}
        try:
            answer = http.post(self._url, content=content, headers=headers)
        except httpx.TransportError as error:
            return f"no answer ({type(error).__name__})", False
        return f"answered {answer.status_code}", answer.is_success


def settle(delivery: Delivery, said: str, *, taken: bool, now: datetime) -> None:
    """Write what became of a delivery: taken, or tried again after 1, 2, 4 … 300 seconds, for three days."""
    delivery.tries += 1
    delivery.said = said
    if taken:
        delivery.state = "delivered"
    elif now - delivery.made_at > GIVEN_UP_AFTER:
        delivery.state = "given up"
    else:
        delivery.due_at = now + min(LONGEST_PAUSE, timedelta(seconds=2 ** min(delivery.tries - 1, 20)))
