"""How the rarer moves of rows come about, one after the other: runs that Prefect lost or failed, deals closed in every state, two workers."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

from sqlmodel import Session, select

from models import keys, leases
from models.answers import ClosedAsLost
from models.clock import real_now
from models.stages import RUN_MOVES, RunState, Stage
from models.tables import Client, Deal, StageRun
from models.tracks import Sales
from models.wanted import want
from tests.e2e.post import LOSE
from tests.e2e.system import eventually, free_port
from tests.factories import a_client, a_deal, a_run, a_signed_deal, an_invoice
from tests.faults.players import Player
from tests.faults.trial import Trial

Turn = Callable[[Trial], None]
FAILED = {"type": "FAILED", "message": "A test says so."}
CANCELLED = {"type": "CANCELLED", "message": "A test says so."}
TRIES = 4
"""Two sides of a moment, one time more for whoever dies of something else, and one to be told in peace."""


def closes_deals_in_every_state(trial: Trial) -> None:
    """A machine tells that deals are lost while their runs stand in each state; the worker is not there to move them."""
    house = trial.house
    house.kill("worker")
    states = [was for was, ends in RUN_MOVES.items() if RunState.WITHDRAWN in ends]
    players = [_with_a_run(trial, state, str(uuid4()))[0] for state in states]
    with house.db.writing() as session:
        key = keys.add(session, f"faults-{uuid4().hex[:8]}", ["facts:write"], now=house.now())
    for player in players:
        body = {"kind": ClosedAsLost.kind, "external_id": uuid4().hex, "payload": {"reason": "They chose somebody else."}}
        player.does(lambda player=player, body=body: _posts(player, key, body))
        player.stands("lost")
    house.start_mortal("worker")
    for player in players:
        player.has_ended("brief", "cancelled")


def loses_runs(trial: Trial) -> None:
    """Prefect does not know runs that we take for live."""
    house = trial.house
    lost = [state for state, ends in RUN_MOVES.items() if RunState.SUPERSEDED in ends and state != RunState.RUNNING]
    players = [_with_a_run(trial, state, str(uuid4()))[0] for state in lost]
    trial.operator.runs("reconcile")
    for player in players:
        player.has_ended("brief", "superseded")
        player.is_asked("brief")
    assert house.running


def finds_runs_failed(trial: Trial) -> None:
    """Runs failed in Prefect before they could say so to us; Retry goes on."""
    _finds(trial, RunState.FAILED, FAILED)


def finds_runs_cancelled(trial: Trial) -> None:
    """Runs that an operator cancelled in Prefect, where the rows know that; their deals are then closed."""
    for player in _finds(trial, RunState.CANCELLED, CANCELLED):
        player.tells(ClosedAsLost(reason="It was cancelled."))


def _finds(trial: Trial, to: RunState, said: dict[str, str]) -> list[Player]:
    states = [was for was, ends in RUN_MOVES.items() if to in ends and was != RunState.WITHDRAWN]
    players = [_with_a_run_of_prefects(trial, state, said) for state in states]
    if players:
        trial.operator.runs("reconcile")
    for player in players:
        player.has_ended("brief", to)
    return players


def fails_and_is_retried(trial: Trial) -> None:
    """A payment whose invoice is not there yet: the stage fails, and goes on at Retry once it is."""
    player = Player(trial.house, before=trial.before)
    player.begins(a_signed_deal)
    with trial.house.db.writing() as session:
        want(session, Stage.PAYMENT, deal=session.get_one(Deal, player.deal), part=1, now=trial.house.now())
    trial.house.nudge()
    player.has_ended("payment", "failed")
    with trial.house.db.writing() as session:
        an_invoice(session, session.get_one(Deal, player.deal), at=trial.house.now())

    def is_retried() -> bool:
        trial.mend()
        return RunState.WAITING in _states(trial, player)  # whichever generation it is by then

    eventually(is_retried, player.told, seconds=60)


def begins_twice(trial: Trial) -> None:
    """A run is handed out again whose row is running and nobody's."""
    trial.house.kill("worker")
    player = _with_a_run_of_prefects(trial, RunState.RUNNING, {"type": "SCHEDULED"})
    trial.house.start_mortal("worker")
    player.is_asked("brief", seconds=60)


def begins_before_it_is_written_down(trial: Trial) -> None:
    """Whoever made a run died before it was written down; a worker that only works has taken the run by then, and dies as well."""
    house = trial.house
    for side in ("before", "after"):
        house.kill("worker")
        with _woken_from_elsewhere(trial):
            second = house.launch_beside({"STUDIO_NUDGE_PORT": str(free_port()), "STUDIO_WORKER_POLL": "1"}, [f"run/wanted>running/{side}"])
            player = _with_a_run_of_prefects(trial, RunState.WANTED, {"type": "SCHEDULED"}, is_written_down=False)
            eventually(lambda second=second: second.poll() is not None, "the second worker does not die", seconds=60)
        house.start_mortal("worker")
        player.is_asked("brief", seconds=90)


@contextmanager
def _woken_from_elsewhere(trial: Trial) -> Generator[None]:
    """Some worker on another machine, which does nothing, is the waker meanwhile."""
    other, now = "elsewhere/1/0", real_now()
    with trial.house.db.writing() as session:
        leases.give_back(session, "waker", leases.holder(session, "waker"))
        session.flush()
        for name in ("waker", f"worker/{other}"):
            assert leases.take(session, name, other, length=timedelta(minutes=15), now=now)
    yield
    with trial.house.db.writing() as session:
        for name in ("waker", f"worker/{other}"):
            leases.give_back(session, name, other)


def cannot_be_written_to(trial: Trial) -> None:
    """A client whose letters come back, a server that refuses one for good and puts one off; a person says to send them again.

    The worker dies on either side of the moment at which that is written down, and takes what it was told into its grave: so somebody else
    is refused, one after another, until both sides were reached.
    """
    players = []
    for said, move in (("550 no such user", "claimed>failed"), ("451 later", "claimed>planned")):
        for _ in range(TRIES):
            once = iter([said])
            trial.post.mood = lambda mark, once=once: next(once, "") if "brief-mail" in mark else ""
            players.append(_with_a_run(trial, RunState.WANTED, "")[0])
            players[-1].is_asked("brief", seconds=90)
            if not any(f"effect/{move}/" in point for point in trial.house.left()):
                break
    with trial.house.db.writing() as session:
        gone = _with_a_run(trial, RunState.WANTED, "", session)[0]
        client = session.get_one(Client, session.get_one(Deal, gone.deal).client_id)
        client.bounced_at, client.bounce_said = trial.house.now(), "5.1.1"
        session.add(client)
    trial.house.nudge()
    gone.is_asked("brief")
    trial.post.mood = lambda _mark: ""
    for player in players:
        if player.letters()[f"deal/{player.deal}/r1/brief/mail"] == "failed":
            trial.operator.runs("settle-effect", key=f"deal/{player.deal}/r1/brief/mail", who="Conor Walsh", outcome="send it again")
            player.gets("r1/brief/mail")


def says_what_became_of_the_unknown(trial: Trial) -> None:
    """A person who has asked the clients settles every unknown letter; one that was lost goes out again."""
    lost = iter([LOSE])
    trial.post.mood = lambda mark: next(lost, "") if "brief-mail" in mark else ""
    player = _with_a_run(trial, RunState.WANTED, "")[0]
    player.is_asked("brief", seconds=90)
    trial.post.mood = lambda _mark: ""
    eventually(lambda: not trial.mend(all_unknown=True), "there is always something unknown", seconds=120)


TURNS: tuple[Turn, ...] = (
    loses_runs, finds_runs_failed, finds_runs_cancelled, fails_and_is_retried, begins_twice, begins_before_it_is_written_down,
    closes_deals_in_every_state, cannot_be_written_to, says_what_became_of_the_unknown,
)  # fmt: skip


def _with_a_run(trial: Trial, state: RunState, flow_run_id: str, session: Session | None = None) -> tuple[Player, StageRun]:
    """Somebody in briefing, whose run stands in a state since long ago."""
    player = Player(trial.house, before=trial.before)

    def make(session: Session) -> StageRun:
        client = a_client(session, email=player.email, name="Ada Byron")
        deal = a_deal(session, client=client, sales=Sales.BRIEFING, opened_at=trial.house.now())
        player.deal = deal.id or 0
        return a_run(session, Stage.BRIEF, deal, state=state, flow_run_id=flow_run_id)

    if session is not None:
        return player, make(session)
    with trial.house.db.writing() as own:
        row = make(own)
    trial.house.nudge()
    return player, row


def _with_a_run_of_prefects(trial: Trial, state: RunState, said: dict[str, str], *, is_written_down: bool = True) -> Player:
    """Somebody in briefing whose row stands in one state, and whose run in Prefect in another; whether the row knows the run."""
    found = trial.house.prefect("GET", "/deployments/name/brief/brief")
    with trial.house.db.writing() as session:
        player, row = _with_a_run(trial, state, "", session)
        order = {"parameters": {"deal_id": player.deal}, "idempotency_key": row.key, "state": said}
        made = trial.house.prefect("POST", f"/deployments/{found['id']}/create_flow_run", order)["id"]
        row.flow_run_id = made if is_written_down else None
        session.add(row)
    return player


def _posts(player: Player, key: str, body: dict) -> None:
    with player.http as http:
        answer = http.post(f"/api/deals/{player.deal}/facts", json=body, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code in {200, 201}, answer.text


def _states(trial: Trial, player: Player) -> list[str]:
    with trial.house.db.reading() as session:
        return list(session.exec(select(StageRun.state).where(StageRun.deal_id == player.deal)))
