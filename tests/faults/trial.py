"""A house, a post office, clients and an operator: scenes are played while things die, and then everything is looked at."""

import logging
import shutil
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from random import Random
from typing import Any

from sqlmodel import Session, col, select

from models.clock import real_now
from models.effects import SETTLED, EffectState
from models.orphans import GRACE
from models.settings import ROOT
from models.stages import RunState
from models.tables import Effect, StageRun
from models.worktime import next_office_moment
from tasks.gateways import providers
from tasks.waker import STUCK
from tests.e2e.system import free_port, patience
from tests.faults.forms import Ended
from tests.faults.hands import Hands
from tests.faults.house import House
from tests.faults.operators import DOMAIN, Operator
from tests.faults.players import Player
from tests.faults.scenes import Scene
from tests.faults.verdict import Seen, verdict
from tests.studio import the_company

AT_ONCE = 4
RECONCILES = 30.0
"""Seconds; the studio's own schedule looks every ten minutes."""
GOES_ON = 20.0
"""Seconds within which a run that `reconcile` has handed out is at its question again."""
log = logging.getLogger("studioflow.faults")
RESTLESS = (RunState.WANTED, RunState.CREATED, RunState.RUNNING, RunState.WITHDRAWN)
"""States in which a run stays for moments only."""


@dataclass(frozen=True)
class Broken:
    """A scene that did not come to its end, and why."""

    scene: str
    why: str


class Trial:
    """One system's life. `seed` decides everything that is left to chance."""

    def __init__(self, home: Path, seed: int, *, by_files: bool = False) -> None:
        self.chance = Random(seed)
        self.post = Hands(free_port())
        self.by_files = by_files
        home.mkdir(parents=True, exist_ok=True)
        company = shutil.copytree(ROOT / "company", home / "company")
        contract = company / "contract.toml"
        contract.write_text(contract.read_text().replace('countersign = "at once"', 'countersign = "director"'))
        mail = {} if by_files else {"STUDIO_MAIL_URL": self.post.url}
        self.house = House(home / "home", {"STUDIO_COMPANY": str(company)} | mail)
        self.operators: list[Operator] = []
        self.operator = self.an_operator()
        self.before: list[str] = []
        self.flows_of: dict[str, set[str]] = {}
        self._playing = threading.Event()

    def open(self) -> None:
        """Start everything, on a working day at its morning."""
        self.post.open()
        studio = the_company().studio
        opens = next_office_moment(datetime.now(UTC) + timedelta(hours=10), studio.zone, studio.country)
        self.house.clock.write_text(str((opens - datetime.now(UTC)).total_seconds()))
        self.house.start()
        self.house.keep()

    def close(self) -> None:
        self.house.stop()
        self.post.close()

    def an_operator(self) -> Operator:
        """Somebody else at the Prefect UI; what they fill in is looked at in the end."""
        self.operators.append(Operator(self.house, self.delivered, self.chance))
        return self.operators[-1]

    def delivered(self) -> list[str]:
        """The letters that came, by Message-ID, each as often as it came."""
        files = (self.house.home / "outbox").glob("*.eml") if self.by_files else ()
        return [*self.post.taken, *(str(message_from_bytes(path.read_bytes())["Message-ID"]) for path in files)]

    def play(self, scenes: Sequence[Scene], at_once: int = AT_ONCE) -> list[Broken]:
        """Play scenes beside each other; those that broke off. Meanwhile the operator looks after what fails."""
        self._playing.set()
        looking = threading.Thread(target=self._look_after, daemon=True)
        looking.start()
        pool = ThreadPoolExecutor(at_once)
        try:
            ended = list(pool.map(self._one, scenes))
        finally:
            self._playing.clear()
            pool.shutdown(wait=False, cancel_futures=True)  # whoever stops the play does not wait for those who still wait
        looking.join()
        return [broken for broken in ended if broken]

    def settle(self, seconds: float = 90) -> list[str]:
        """Nobody dies any more: wait until everything has come to rest, with `reconcile` looking often; what has not."""
        self.house.arm()
        self.post.mood = lambda _mark: ""
        now = time.monotonic()
        until, looks = now + seconds * patience(), now + RECONCILES
        while (restless := self._restless()) and time.monotonic() < until:
            self.mend()
            self.house.nudge()
            if time.monotonic() > looks:
                self.operator.runs("reconcile")
                looks = time.monotonic() + RECONCILES
            time.sleep(1)
        return restless

    def judge(self) -> list[str]:
        """The verdict on everything since the beginning, once `reconcile` has had its chances to mend what is wrong."""
        for so_long in (STUCK, GRACE):  # a worker may take so long to say what became of a run; then so long does Prefect's word count
            if not (wrong := self._look()):
                return []
            log.info("Not right yet: %s", wrong)
            time.sleep(so_long.total_seconds() + 1)
            self.operator.runs("reconcile")
        until = time.monotonic() + GOES_ON * patience()  # what it has handed out is on its way
        while (wrong := self._look()) and time.monotonic() < until:
            time.sleep(1)
        return wrong

    def _look(self) -> list[str]:
        pay = providers.from_settings(self.house.settings)
        moved = pay.movements(real_now() - timedelta(days=2), real_now() + timedelta(days=400))
        with self.house.db.reading() as session:
            rows = session.exec(select(StageRun.flow_run_id).where(col(StageRun.flow_run_id).is_not(None))).all()
            ours = {row for row in rows if row}
            secret = self.house.settings.secret.get_secret_value()
            bank = self.house.bank.balance if self.house.bank.statements else None
            letters = [*self.delivered(), *self.before]
            seen = Seen(DOMAIN, secret, letters, moved, bank=bank, runs=self._states(ours), left=self._left(ours), forms=self._ended())
            return verdict(session, seen)

    def _left(self, ours: set[str]) -> list[str]:
        """The runs without a row that are under way, or taken and not begun; what a schedule has just begun is at work."""
        due = {"before_": (real_now() - STUCK).isoformat()}
        asked = {"flow_runs": {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}, "expected_start_time": due}, "limit": 200}
        return [run["name"] for run in self.house.prefect("POST", "/flow_runs/filter", asked) if run["id"] not in ours]

    def unknown(self) -> list[str]:
        """The keys of what nobody knows the fate of."""
        with self.house.db.reading() as session:
            return list(session.exec(select(Effect.key).where(Effect.state == EffectState.UNKNOWN.value)).all())

    def _one(self, scene: Scene) -> Broken | None:
        player, operator = Player(self.house, before=self.before), self.an_operator()
        try:
            scene(player, operator)
        except Exception as error:  # noqa: BLE001 (whatever it is, the others play on, and it is told)
            return Broken(scene.__name__, f"{type(error).__name__}: {error}\n{player.told()}")
        finally:
            with self.house.db.reading() as session:
                stages = session.exec(select(StageRun.stage).where(StageRun.deal_id == player.deal)).all()
            self.flows_of.setdefault(scene.__name__, set()).update(stages, (form.name for form in operator.forms))
        return None

    def _look_after(self) -> None:
        while self._playing.is_set():
            self.mend()
            time.sleep(2)

    def mend(self, *, all_unknown: bool = False) -> int:
        """The operator looks at the error inbox; how much there was to do."""
        try:
            return self.operator.mends(all_unknown=all_unknown)
        except (OSError, LookupError, AssertionError):
            time.sleep(1)  # Prefect is away, or what was started died with its worker: the next look sees what is left
            return 1

    def _restless(self) -> list[str]:
        with self.house.db.reading() as session:
            return [*_restless_runs(session), *_restless_effects(session)]

    def _ended(self) -> list[Ended]:
        forms = {form.run: form for operator in self.operators for form in operator.forms}
        found = self._runs(forms)
        states = {run: found[run]["state"] if run in found else {"type": "", "message": ""} for run in forms}
        return [Ended(form, states[run]["type"], states[run]["message"] or "") for run, form in forms.items()]

    def _states(self, ids: Iterable[str]) -> dict[str, str]:
        return {run: found["state_type"] for run, found in self._runs(ids).items()}

    def _runs(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        known, found = list(ids), {}
        for start in range(0, len(known), 200):
            asked = {"flow_runs": {"id": {"any_": known[start : start + 200]}}, "limit": 200}
            found |= {run["id"]: run for run in self.house.prefect("POST", "/flow_runs/filter", asked)}
        return found


def _restless_runs(session: Session) -> list[str]:
    rows = session.exec(select(StageRun).where(col(StageRun.state).in_([*RESTLESS, RunState.FAILED]))).all()
    return [f"{row.key} is {row.state}" for row in rows]


def _restless_effects(session: Session) -> list[str]:
    rows = session.exec(select(Effect).where(col(Effect.state).not_in([state.value for state in SETTLED]))).all()
    return [f"{row.key} is {row.state}: {row.said}" for row in rows]
