"""A crowd: a thousand applications at one moment, and fifty runs triggered in parallel. What is lost, and what is out of order."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlmodel import col, func, select

from benchmarks.client import Somebody
from benchmarks.engines import a_folder, deployment_in, earliest, latest, warm_pool
from benchmarks.figures import Figure, median, percentile
from benchmarks.house import House, at_home
from models.errors import StudioError
from models.tables import Client, Deal, Effect, Move, StageRun

LINES, TRIGGERS, TRIGGER_S = 50, 50, 0.5
HOURS = 3600.0
WAY = ("intake/thanks", "r1/brief/mail")


def crowd(beside: House, *, quick: bool) -> list[Figure]:
    """Applications on many lines at once, on a system of its own. Raises StudioError when one is lost or a deal goes its way out of order."""
    count = 30 if quick else 1_000
    with at_home(profile=beside.profile) as house:
        people = [Somebody(house) for _ in range(count)]
        with ThreadPoolExecutor(LINES) as lines:
            bodies = list(lines.map(lambda one: one.prepares(), people))
            began = time.monotonic()
            answers = list(lines.map(lambda pair: pair[0].posts("/apply", pair[1]), zip(people, bodies, strict=True)))
            taken = time.monotonic() - began
        for one in people:
            one.leaves()
        house.until(lambda: _invited(house) >= count, f"{count} clients have their brief", HOURS)
        took = time.monotonic() - began
        house.settle()
        lost, wrong = _lost(house, {one.email for one in people}), _wrong(house)
    if lost or wrong:
        raise StudioError("\n".join([f"{len(lost)} of {count} applications are lost.", *wrong[:20]]))
    how = f"{count:,} posts on {LINES} lines"
    return [
        Figure("crowd", f"{count:,} applications → all answered", taken, "s", how),
        Figure("crowd", "form post → answer in the crowd, 95 %", 1000 * percentile(answers, 0.95), "ms", how),
        Figure("crowd", "applications worked off a minute", 60 * count / took, "a minute", "from the first post to the last brief's letter"),
        Figure("crowd", "applications lost", len(lost), "lost", f"of {count:,}: each has its deal and both letters", at_most=0),
        Figure("crowd", "deals out of order", len(wrong), "deals", "moves and letters of each deal in the order of the process", at_most=0),
    ]


def _invited(house: House) -> int:
    with house.db.reading() as session:
        failed = session.exec(select(StageRun.key, StageRun.why).where(StageRun.state == "failed")).first()
        if failed:
            raise StudioError(f"{failed[0]} failed: {failed[1]}")
        return session.exec(select(func.count(col(Effect.key))).where(col(Effect.key).like(f"%/{WAY[1]}"), Effect.state == "done")).one()


def _lost(house: House, emails: set[str]) -> set[str]:
    with house.db.reading() as session:
        there = session.exec(select(Client.email).join(Deal, col(Deal.client_id) == Client.id)).all()
    return missing(emails, there)


def missing(emails: Iterable[str], there: Sequence[str]) -> set[str]:
    """Who has not exactly one deal."""
    count = Counter(there)
    return {email for email in emails if count[email] != 1}


def _wrong(house: House) -> list[str]:
    with house.db.reading() as session:
        moves = session.exec(select(Move.deal_id, Move.was, Move.to).where(Move.track == "sales").order_by(col(Move.id))).all()
        sent = session.exec(select(Effect.deal_id, Effect.key).where(Effect.state == "done").order_by(col(Effect.settled_at))).all()
    return out_of_order([(deal, was, to) for deal, was, to in moves], [(deal or 0, key) for deal, key in sent])


def out_of_order(moves: Sequence[tuple[int, str, str]], sent: Sequence[tuple[int, str]]) -> list[str]:
    """Deals whose moves do not follow each other, or whose letters went out in another order than the process has; a sentence each."""
    said, stands = [], {}
    for deal, was, to in moves:
        if stands.get(deal, was) != was:
            said.append(f"Deal {deal} moved from {was} to {to} while it was {stands[deal]}.")
        stands[deal] = to
    letters: dict[int, list[str]] = defaultdict(list)
    for deal, key in sent:
        letters[deal] += [ending for ending in WAY if key == f"deal/{deal}/{ending}"]
    return said + [f"Deal {deal} got {', '.join(found)}." for deal, found in letters.items() if tuple(found) != WAY]


def triggers(house: House, *, quick: bool) -> list[Figure]:
    """Fifty runs triggered in parallel over Prefect's API, nothing tried twice. Raises StudioError when one is refused or lost."""
    deployment = deployment_in(house, warm_pool(house))
    found = [_triggered(house, deployment) for _ in range(1 if quick else 3)]
    refused = [status for statuses, _, _ in found for status in statuses if status != 201]
    if refused:
        raise StudioError(f"Prefect's server answered {refused} to {len(refused)} of {TRIGGERS * len(found)} parallel triggers.")
    how = f"{TRIGGERS} at one moment, each on its own line; median of {len(found)}"
    return [
        Figure("triggers", "parallel triggers refused", len(refused), "refused", f"of {TRIGGERS * len(found)}, nothing tried twice", at_most=0),
        Figure("triggers", "runs that were triggered and never ended", 0, "runs", f"of {TRIGGERS * len(found)}", at_most=0),
        Figure("triggers", "parallel triggers → the first one's first step", median([first for _, first, _ in found]), "s", how),
        Figure("triggers", "runs of six steps a second, triggered in parallel", median([TRIGGERS / last for _, _, last in found]), "a second", how),
    ]


def _triggered(house: House, deployment: str) -> tuple[list[int], float, float]:
    """The statuses of the answers, and seconds to the first first step and to the last last step."""
    folder = a_folder(house)
    start = Barrier(TRIGGERS)
    address = f"{house.settings.prefect_api}/deployments/{deployment}/create_flow_run"

    def trigger(number: int) -> int:
        body = json.dumps({"parameters": {"mark": str(folder / str(number))}, "state": {"type": "SCHEDULED"}}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        start.wait()
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    began = time.time()
    with ThreadPoolExecutor(TRIGGERS) as lines:
        statuses = list(lines.map(trigger, range(TRIGGERS)))
    made = statuses.count(201)
    house.until(lambda: len(list(folder.glob("*.last"))) == made, f"{made} runs end", 300.0)
    return statuses, earliest(folder, "*.first") - began, latest(folder, "*.last") - began
