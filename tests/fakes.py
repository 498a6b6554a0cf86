"""Stand-ins for the world outside: each ten lines, each says what it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from uuid import uuid4

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Crashed, Scheduled
from pypdf import PdfWriter

from models.errors import Unavailable
from models.message import Message, Receipt
from models.orphans import Seen
from models.tracking import Entry, IssueStatus, ProjectOrder, ProjectRef, Ticket, TicketRef
from tasks.engine import OTHERS
from tasks.gateways.payments import Checkout, Movement, PayOrder, Refund, RefundOrder
from tasks.gateways.pdf_archive import Embedded
from tasks.gateways.pdf_join import Part, joined

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class ManualClock:
    """A clock that stands until it is moved."""

    at: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> datetime:
        """Let time go by: `clock.pass_(days=3)`."""
        self.at += timedelta(**span)
        return self.at


@dataclass
class RecordingMailer:
    """Takes every letter, or raises the next of `troubles` first. `after` letters are taken and then the line goes dead."""

    can_ask: bool = True
    sent: list[Message] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    away: bool = False
    dies_after: list[BaseException] = field(default_factory=list)

    def send(self, message: Message) -> Receipt:
        if self.away:
            raise Unavailable("The mail server is away.")
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(message)
        if self.dies_after:
            raise self.dies_after.pop(0)
        return Receipt(said="250 taken", message_id=message.message_id)

    def ask(self, key: str) -> Receipt | None:
        found = [message for message in self.sent if message.key == key] if self.can_ask else []
        return Receipt(said="found", message_id=found[0].message_id) if found else None

    def letters(self) -> list[str]:
        """What went out, by key, in order."""
        return [message.key for message in self.sent]


@dataclass
class CardTill:
    """A payment provider: one page and one refund a key. Raises the next of `troubles` first; after an act it dies of the next of `dies_after`."""

    name: str = "sandbox"
    opened: list[PayOrder] = field(default_factory=list)
    refunded: list[RefundOrder] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    dies_after: list[BaseException] = field(default_factory=list)
    away: bool = False
    made: dict[str, str] = field(default_factory=dict)

    def open(self, order: PayOrder) -> Checkout:
        self.opened.append(order)
        page = self._once(order.key, "co")
        return Checkout(id=page, url=f"https://pay.example/{page}", said="page made")

    def refund(self, order: RefundOrder) -> Refund:
        self.refunded.append(order)
        return Refund(id=self._once(order.key, "re"), said="refund taken")

    def movements(self, since: datetime, until: datetime) -> list[Movement]:
        return []

    def _once(self, key: str, kind: str) -> str:
        if self.away:
            raise Unavailable("The provider is away.")
        if self.troubles:
            raise self.troubles.pop(0)
        made = self.made.setdefault(key, f"{kind}_{len(self.made) + 1}")
        if self.dies_after:
            raise self.dies_after.pop(0)
        return made


@dataclass
class RecordingDesk:
    """A support desk: one ticket a key. Raises the next of `troubles` first; after an act it dies of the next of `dies_after`."""

    can_ask: bool = True
    opened: list[Ticket] = field(default_factory=list)
    troubles: list[BaseException] = field(default_factory=list)
    dies_after: list[BaseException] = field(default_factory=list)
    away: bool = False

    def open_ticket(self, ticket: Ticket) -> TicketRef:
        if self.away:
            raise Unavailable("The desk is away.")
        if self.troubles:
            raise self.troubles.pop(0)
        found = self.find(ticket.key)
        if found is None:
            self.opened.append(ticket)
        if self.dies_after:
            raise self.dies_after.pop(0)
        return found or TicketRef(id=str(len(self.opened)), url=f"https://desk.example/{len(self.opened)}")

    def find(self, key: str) -> TicketRef | None:
        place = next((number for number, ticket in enumerate(self.opened, start=1) if ticket.key == key), 0)
        return TicketRef(id=str(place), url=f"https://desk.example/{place}") if place and self.can_ask else None


@dataclass
class RecordingTracker:
    """A task tracker that keeps projects, statuses and hours in lists; away when it is told so."""

    name: str = "redmine"
    orders: list[ProjectOrder] = field(default_factory=list)
    told: list[IssueStatus] = field(default_factory=list)
    worked: list[Entry] = field(default_factory=list)
    dies_after: list[BaseException] = field(default_factory=list)
    away: bool = False

    def open_project(self, order: ProjectOrder) -> ProjectRef:
        self._be_there()
        if self.find(order.key) is None:
            self.orders.append(order)
        if self.dies_after:
            raise self.dies_after.pop(0)
        return ProjectRef(id=str(len(self.orders)), url=f"https://tracker.example/{len(self.orders)}")

    def statuses(self, ref: ProjectRef) -> list[IssueStatus]:
        self._be_there()
        return self.told

    def entries(self, since, until) -> list[Entry]:
        self._be_there()
        return [entry for entry in self.worked if since <= entry.worked_on <= until]

    def find(self, key: str) -> ProjectRef | None:
        self._be_there()
        place = next((number for number, order in enumerate(self.orders, start=1) if order.key == key), 0)
        return ProjectRef(id=str(place), url=f"https://tracker.example/{place}") if place else None

    def _be_there(self) -> None:
        if self.away:
            raise Unavailable("The tracker is away.")


@dataclass
class PlainPrinter:
    """Prints anything as a few bytes that depend on what was printed."""

    printed: list[str] = field(default_factory=list)
    attached: list[str] = field(default_factory=list)

    def print(self, html: str, *, assets=(), when: datetime, title: str = "", attachments=(), facturx: str = "") -> bytes:
        self.printed.append(html)
        self.attached += [file.name for file in attachments]
        inside = "".join(f" {file.name} {len(file.content)}" for file in attachments)
        return f"%PDF-1.7 {title} {when.isoformat()} {len(html)}{inside}{facturx and ' ' + facturx}".encode()

    def join(self, parts, *, foreign=(), when: datetime, title: str = "", attachments=()) -> bytes:
        """A real PDF, of blank pages, since it may be sealed."""
        writer = PdfWriter()
        for _ in (*parts, *foreign):
            writer.add_blank_page(595, 842)
        blank = BytesIO()
        writer.write(blank)
        self.attached += [file.name for file in attachments]
        files = [Embedded(**vars(file)) for file in attachments]
        return joined([Part(blank.getvalue(), foreign=False)], files, {"when": f"{when:%Y-%m-%dT%H:%M:%SZ}", "title": title})


class Killed(BaseException):
    """The worker dies: nothing of ours runs after it."""


@dataclass
class FakeEngine:
    """Prefect as far as the waker asks it: runs by id with their states, and what was done to them."""

    states: dict[str, State] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    made: list[dict] = field(default_factory=list)
    did: list[tuple[str, str]] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    cut_off: set[str] = field(default_factory=set)
    tries: dict[str, int] = field(default_factory=dict)
    whose: str = ""
    away: bool = False

    @contextmanager
    def talk(self) -> Iterator["FakeEngine"]:
        if self.away:
            raise Unavailable("The Prefect server is away.")
        yield self

    def create(self, stage: str, parameters: dict, *, key: str, name: str, tags: list[str]) -> str:
        if key not in self.keys:
            self.keys[key] = str(uuid4())
            self.states[self.keys[key]] = Scheduled()
            self.made.append({"stage": stage, "parameters": parameters, "key": key, "name": name, "tags": tags})
        return self.keys[key]

    def look(self, flow_run_ids: list[str]) -> dict[str, State]:
        return {one: self.states[one] for one in flow_run_ids if one in self.states}

    def run(self, flow_run_id: str) -> SimpleNamespace | None:
        known = self.states.get(flow_run_id)
        return SimpleNamespace(id=flow_run_id, name=flow_run_id, state=known, run_count=self.tries.get(flow_run_id, 1)) if known else None

    def all_paused(self, flow_run_ids: list[str]) -> bool:
        return all(one in self.states and self.states[one].is_paused() and one not in self.cut_off for one in flow_run_ids)

    def _do(self, verb: str, flow_run_id: str, state: State) -> None:
        self.did.append((verb, flow_run_id))
        self.states[flow_run_id] = state

    def paused(self) -> int:
        return sum(state.is_paused() and run not in self.others for run, state in self.states.items())

    def live(self, tags: tuple[str, ...] = (), *, paused: bool = True) -> list[Seen]:
        others, keys = tags == OTHERS, {run: key for key, run in self.keys.items()}
        mine = {run: state for run, state in self.states.items() if (run in self.others) is others and not state.is_final()}
        mine = {run: state for run, state in mine.items() if paused or not state.is_paused()}
        return [Seen(run, run, keys.get(run, ""), state.type.value, state.timestamp, run not in self.cut_off) for run, state in mine.items()]

    def newest(self) -> list[str]:
        return list(self.states)

    def forget(self) -> int:
        count = len(self.states)
        self.states.clear()
        self.keys.clear()
        return count

    def installation(self) -> str:
        return self.whose

    def belong_to(self, installation: str) -> None:
        self.whose = installation

    def resume(self, flow_run_id: str) -> None:
        self._do("resume", flow_run_id, Scheduled(name="Resuming"))

    def restart(self, flow_run_id: str) -> None:
        self._do("restart", flow_run_id, Scheduled())

    def bury(self, flow_run_id: str, *, crashed: bool, why: str) -> None:
        self._do("crash" if crashed else "complete", flow_run_id, Crashed() if crashed else Completed())

    def cancel(self, flow_run_id: str, *, name: str, why: str) -> None:
        self._do("cancel", flow_run_id, Cancelled(name=name))
