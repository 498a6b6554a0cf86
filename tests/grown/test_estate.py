"""The grown system on a bad day: each part is killed, and every line to the database and to Redis cut, while deals go their way. Nothing is lost or doubled."""

from collections import Counter
from email import message_from_bytes
from pathlib import Path

import httpx
from sqlmodel import col, select

from models import ledger
from models.cash_tables import Invoice, Payment
from models.tables import Deal, StageRun
from models.troubles import stranded
from tests.e2e import leaks
from tests.e2e.client import Someone
from tests.e2e.system import eventually
from tests.grown.estate import Estate, estate
from tests.parts import requires

BUYERS, PAYERS = 2, 2


def test_a_worker_an_api_and_both_halves_of_the_engine_are_killed_while_deals_go_their_way_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    requires("postgres")
    requires("redis")
    with estate(tmp_path / "home") as grown:
        crowd = [Someone(grown) for _ in range(BUYERS)]
        for one in crowd:
            one.applies()
        grown.kill("worker-1")
        for one in crowd:
            one.gets("r1/brief/mail", seconds=60)
            one.sends_brief()
        grown.cuts_every_line()
        grown.kill("api-2")
        grown.begin("worker-1")
        for one in crowd:
            one.gets("proposal/v1/mail", seconds=60)
        grown.is_well("worker-1")  # one that is still starting ends without an engine, and nobody starts it again here
        grown.kill("prefect")
        for one in crowd:
            assert one.accepts().status_code == 200
        grown.kill("services")
        grown.start("prefect")
        payers = [Someone(grown) for _ in range(PAYERS)]
        bills = [one.has_signed() for one in payers]
        grown.start("api-2")
        for one, bill in zip(payers, bills, strict=True):
            one.pays_online(bill)
        grown.cuts_every_line()
        grown.kill("worker-2")
        grown.begin("services")
        for one in crowd:
            one.gets("r1/contract/details", seconds=60)
        for one in payers:
            one.money("deposit_paid", seconds=60)
            one.is_asked("materials", seconds=60)
        _comes_to_rest(grown)
        _is_whole(grown, [*crowd, *payers])
        _lets_in_only_who_says_the_login(grown)
        _says_when_its_engine_has_no_database_and_goes_on_once_it_has(grown)
        looked_through = {place for place, _ in leaks.places(grown)}
        assert {"studio.effect", "studio.wait", "prefect.flow_run", "prefect.log"} <= looked_through
        assert leaks.leaks(grown) == [], "neither what works nor what fails tells a password"


def _comes_to_rest(grown: Estate) -> None:
    def rests() -> bool:
        with grown.db.reading() as session:
            return not session.exec(select(StageRun).where(col(StageRun.state).in_(["wanted", "created", "running"]))).all()

    eventually(rests, lambda: grown.log("worker"), seconds=60)


def _lets_in_only_who_says_the_login(grown: Estate) -> None:
    asked = f"{grown.settings.prefect_api}/flow_runs/filter"
    assert [httpx.post(asked, json={}, auth=login).status_code for login in (None, ("studio", "guessed"))] == [401, 401]
    with grown.db.reading() as session:
        made = {row.flow_run_id for row in session.exec(select(StageRun)) if row.flow_run_id}
    known = grown.prefect("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": sorted(made)}}})
    assert {run["id"] for run in known} == made, "every run of ours came to be behind it"


def _says_when_its_engine_has_no_database_and_goes_on_once_it_has(grown: Estate) -> None:
    def ready() -> dict:
        return httpx.get(f"{grown.base}/health/ready", timeout=30).json()

    eventually(lambda: ready()["ready"], lambda: str(ready()), seconds=60)
    with grown.engine_without_database():
        told = eventually(lambda: (found := ready()) and not found["ready"] and found, lambda: str(ready()), seconds=60)
        assert told["detail"] == told["parts"]["engine"]["says"] == "The Prefect server answers, and does not reach its database."
    eventually(lambda: ready()["ready"], lambda: str(ready()), seconds=60)
    late = Someone(grown)
    late.applies()
    late.gets("r1/brief/mail", seconds=60)


def _is_whole(grown: Estate, everybody: list[Someone]) -> None:
    letters = [key for one in everybody for key in one.letters() if "/pay/" not in key and "/tracker" not in key]
    assert {state for one in everybody for state in one.letters().values()} <= {"done", "skipped"}
    marks = Counter(str(message_from_bytes(path.read_bytes())["Message-ID"]) for path in (grown.home / "outbox").glob("*.eml"))
    sent = [key for one in everybody for key, state in one.letters().items() if key in letters and state == "done"]
    assert len(sent) == len(marks) and max(marks.values()) == 1, "one file a letter"
    with grown.db.reading() as session:
        assert ledger.check(session) == [] and stranded(session) == []
        numbers = sorted(invoice.number for invoice in session.exec(select(Invoice)))
        assert len(numbers) == len(session.exec(select(Payment)).all()) == PAYERS
        assert [int(number[-4:]) for number in numbers] == list(range(int(numbers[0][-4:]), int(numbers[0][-4:]) + PAYERS)), "no gap"
        assert len(session.exec(select(Deal)).all()) == BUYERS + PAYERS
        rows = session.exec(select(StageRun)).all()
    carried = [row for row in rows if row.state != "superseded"]
    assert {row.state for row in carried} <= {"done", "waiting"}, [f"{row.key} {row.state} {row.why}" for row in rows]
    assert max(Counter((row.deal_id, row.stage, row.round, row.part) for row in carried).values()) == 1, "each stage of a deal was carried out once"
