"""`/metrics` for Prometheus: the installation's figures, read when they are asked for, and this process's requests."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlmodel import Session

from api.access import MAY_SEE_METRICS, problems
from api.door import Door, Here
from models import leases, troubles, upkeep, vitals
from models.clock import real_now
from models.effects import EffectState

routes = APIRouter(tags=["health"])
QUANTILES = (0.5, 0.9, 0.99, 1.0)
TEXT = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "The figures"}}


class House:
    """The figures that are the same whichever process is asked."""

    def __init__(self, here: Door) -> None:
        self._here = here

    def collect(self) -> Iterable[Metric]:
        """All of them, from one look at the database."""
        now = self._here.now()
        with self._here.db.reading() as session:
            effects = vitals.effects(session)
            yield _by("studio_deals", "Deals by where they stand on each track.", ("track", "place"), vitals.deals(session))
            yield _by("studio_stage_runs", "Wanted runs by stage and state.", ("stage", "state"), vitals.runs(session))
            counted = {(one.state, one.kind): one.count for one in effects}
            yield _by("studio_effects", "Acts on the world by state and kind.", ("state", "kind"), counted)
            yield _by("studio_open_waits", "Open questions by stage and whose move it is.", ("stage", "whose"), vitals.open_waits(session))
            yield from _wakes(session, now)
            wait = {(kind,): count for kind, count in troubles.counts(session, now).items()}
            yield _by("studio_errors", "What waits for a person, as in the error inbox.", ("kind",), wait)
            yield _letters(effects)
            beats = leases.heartbeats(session, now=real_now())
            ages = {(name,): age.total_seconds() for name, age in beats.items()}
            yield _by("studio_worker_heartbeat_age_seconds", "Since each worker at work was last heard of.", ("worker",), ages)
            silence = upkeep.schedule(session).silence(real_now()).total_seconds()
            yield _one("studio_reconcile_age_seconds", "Since reconcile last ran, or the studio came up after that.", silence)


@routes.get("/metrics", summary="Read the figures", dependencies=[MAY_SEE_METRICS], responses=TEXT | problems(), response_class=Response)
def metrics(here: Here) -> Response:
    """Figures in Prometheus' text format: deals, waits, effects, runs, errors, letters, and the requests of the process that answers."""
    house = CollectorRegistry(auto_describe=False)
    house.register(House(here))
    return Response(generate_latest(house) + generate_latest(here.requests.registry), media_type=CONTENT_TYPE_LATEST)


def _wakes(session: Session, now: datetime) -> Iterable[Metric]:
    waited = vitals.wakes(session, now)
    yield _one("studio_oldest_due_wait_seconds", "How long the oldest wait has been due.", vitals.overdue(session, now).total_seconds())
    unbegun = vitals.unbegun(session, now).total_seconds()
    yield _one("studio_oldest_unbegun_run_seconds", "How long the oldest run has been wanted, or made, and not begun.", unbegun)
    yield _one("studio_wakes_last_hour", "Answers that stages took within the last hour.", len(waited))
    shown = {(f"{share:g}",): vitals.quantile(waited, share) for share in QUANTILES}
    yield _by("studio_wake_seconds", "From an answer being known to its stage taking it, within the last hour.", ("quantile",), shown)


def _letters(effects: Sequence[vitals.Effects]) -> Metric:
    last = max((one.last.timestamp() for one in effects if one.kind in vitals.LETTERS and one.state == EffectState.DONE and one.last), default=0.0)
    return _one("studio_last_letter_timestamp_seconds", "When a letter was last handed over.", last)


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _by(name: str, says: str, labels: Sequence[str], values: dict) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for at, value in values.items():
        family.add_metric(list(at), value)
    return family
