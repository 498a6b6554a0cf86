"""Copies of a suspended run in Prefect's own tables, on SQLite and PostgreSQL: its API would take minutes for ten thousand."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import Connection, create_engine, inspect, make_url, text

DRIVERS = {"sqlite": ("sqlite", {"timeout": 60}), "postgresql": ("postgresql+psycopg", {})}


def copy_runs(url: str, pattern: str, runs: Sequence[str]) -> None:
    """A run for each of these ids that is like `pattern`, with a state of its own. `url` is how Prefect's server finds its database."""
    address = make_url(url)
    driver, how = DRIVERS[address.get_backend_name()]
    engine = create_engine(address.set(drivername=driver), connect_args=how)
    kept = UUID if driver != "sqlite" else str
    made = [{"run": kept(run), "state": kept(str(uuid4())), "key": f"copy/{run}", "like": kept(pattern)} for run in runs]
    try:
        with engine.begin() as prefect:
            if made:  # run and state point at each other: the run comes first, without one
                others = _others(prefect, "flow_run", "id", "state_id", "idempotency_key")
                copied = f"INSERT INTO flow_run (id, idempotency_key, {others}) SELECT :run, :key, {others} FROM flow_run WHERE id = :like"
                prefect.execute(text(copied), made)
                others = _others(prefect, "flow_run_state", "id", "flow_run_id")
                its = "FROM flow_run_state WHERE id = (SELECT state_id FROM flow_run WHERE id = :like)"
                prefect.execute(text(f"INSERT INTO flow_run_state (id, flow_run_id, {others}) SELECT :state, :run, {others} {its}"), made)
                prefect.execute(text("UPDATE flow_run SET state_id = :state WHERE id = :run"), made)
    finally:
        engine.dispose()


def _others(prefect: Connection, table: str, *ours: str) -> str:
    """The columns that are copied as they are."""
    return ", ".join(f'"{column["name"]}"' for column in inspect(prefect).get_columns(table) if column["name"] not in ours)
