"""Prefect's own server, started the way this installation needs it: `python -m deployments.prefect_server`.

Five things are changed, all in the running process only, all tested against the pinned version:

1. On SQLite it neither says 503, nor stands still, nor loses events (`deployments.prefect_sqlite`).
2. The loop that looks for the server's own due chores turns every second or two instead of four to ten times a second.
3. After a request that may mean work for it our worker is nudged (`deployments.prefect_nudges`).
4. Where it asks for no login, other pages than its own are refused (`deployments.prefect_door`).
5. No other page may show it in a frame (there as well).
"""

import gc
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

from deployments import hatch, prefect_halves, prefect_logs, prefect_sqlite
from deployments.prefect_pages import is_loopback, own_origins
from models import logs
from models.errors import BadSetup
from models.settings import ROOT, Settings, read

ASKED, SAID = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
UI = ("PREFECT_UI_API_URL", "PREFECT_SERVER_UI_API_URL")  # where a browser finds the API; Prefect reads either
LEAST_PASSWORD = 16
CHORES_EVERY = timedelta(seconds=2)
STOP_SECONDS = 3
KEPT_SECONDS = 150
"""How long our servers keep an idle line open: longer than who reuses it (Caddy: 120), or a post may meet its closing and be lost."""
LINES = 2
"""Connections to our database at most: this server only says a word there now and then."""


IN_BATCHES = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100", "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1"
}  # fmt: skip
"""Steps are shown up to a second later, many in one transaction; one by one they were a sixth of the server's work. Messages in its own memory are
lost with it either way; those in Redis are not, and are taken one by one."""


def environment(settings: Settings, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every PREFECT_… variable that server, worker and api share; what `given` (the environment) already has wins.

    Our deadlines are our own, so Prefect neither expires a suspended run nor calls one late. Where others reach the server it asks for
    a login. The UI sends it as a header of its own making, which no other site can forge: no CSRF tokens are needed besides.
    """
    home = settings.home / "prefect"
    ours = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": settings.prefect_api,
        "PREFECT_UI_API_URL": settings.prefect_api,
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_LOCAL_STORAGE_PATH": str(settings.home / "results"),
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),  # else it is written into the package, which may not be ours to write
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        **prefect_logs.as_ours(settings.log),
        **prefect_halves.through_redis(settings.redis_url),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT60S",
        "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "60",
        "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "60",
        "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "60",
        "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
        **({} if settings.redis_url else IN_BATCHES),
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "60",
    }
    told = os.environ if given is None else given
    ours["PREFECT_SERVER_CORS_ALLOWED_ORIGINS"] = ",".join(own_origins(settings.prefect_port, (told[name] for name in UI if told.get(name))))
    if is_open(settings):
        ours["PREFECT_UI_API_URL"] = "/api"  # by whatever name a browser came
    return ours | _login(settings, told) | {name: value for name, value in told.items() if name in ours}


def login(settings: Settings) -> tuple[str, str] | None:
    """User and password that our own calls of the Prefect server carry; None where it asks for none."""
    user, colon, word = environment(settings).get(SAID, "").partition(":")
    return (user, word) if colon else None


def is_open(settings: Settings) -> bool:
    """Whether the server listens where other machines reach it."""
    return not is_loopback(settings.host)


def check_guarded(settings: Settings) -> None:
    """Raises BadSetup where other machines would reach a server that asks nobody who they are."""
    user, _, word = environment(settings).get(ASKED, "").partition(":")
    if (door := _door_for_others(settings, os.environ)) and (not user or len(word) < LEAST_PASSWORD):
        raise BadSetup(
            f"{door}, where others reach the Prefect server, and STUDIO_PREFECT_AUTH does not protect it: give "
            f"user:password with at least {LEAST_PASSWORD} characters of password, or let ./studio up make it."
        )


def _login(settings: Settings, told: Mapping[str, str]) -> dict[str, str]:
    """What the server asks for where others reach it, and what its clients say to one that is not on this machine alone."""
    word = settings.prefect_auth.get_secret_value()
    asked = told.get(ASKED) or (word if _door_for_others(settings, told) else "")
    is_far = not is_loopback(urlsplit(told.get("PREFECT_API_URL") or settings.prefect_api).hostname or "")
    said = told.get(SAID) or asked or (word if is_far and "PREFECT_API_KEY" not in told else "")
    return {name: login for name, login in ((ASKED, asked), (SAID, said)) if login}


def _door_for_others(settings: Settings, told: Mapping[str, str]) -> str:
    """By which setting other machines reach the server: it listens to them, or a proxy of this machine does. "": they do not."""
    if is_open(settings):
        return f"STUDIO_HOST is {settings.host}"
    named = {name: told[name] for name in UI if told.get(name) and "PREFECT_API_KEY" not in told}
    far = (f"{name} is {address}" for name, address in named.items() if not is_loopback(urlsplit(address).hostname or ""))
    return next(far, "")


def look_less_often() -> None:
    """Let the server's worker for its own chores look every two seconds, from now on in this process."""
    from prefect.server.api import background_workers

    patient = partial(background_workers.Worker, minimum_check_interval=CHORES_EVERY, scheduling_resolution=CHORES_EVERY)
    background_workers.Worker = patient  # ty: ignore[invalid-assignment]


def make_database() -> None:
    """Make Prefect's tables, in a process of its own: what a hundred migrations load would stay in the server's memory."""
    import anyio
    from anyio import to_thread
    from prefect.server.database.alembic_commands import alembic_upgrade

    anyio.run(to_thread.run_sync, alembic_upgrade)


def serve(settings: Settings, half: str = "") -> None:
    """Serve Prefect's API and UI on the host and port of the settings until told to stop; `half` is "" for all of it, or "api"."""
    place = settings.path("prefect", "prefect.db")
    gc.disable()  # nothing that is imported is garbage: a second less to the first answer
    import uvicorn
    from prefect.server.api.server import create_app

    from deployments.prefect_door import guarded
    from deployments.prefect_nudges import Nudging  # here: the supervisor reads this file, which not everywhere has a use for them
    from models.db import Database

    gc.freeze()
    gc.enable()
    if hatch.CAN and not place.exists() and str(place) in os.environ["PREFECT_API_DATABASE_CONNECTION_URL"]:
        hatch.hatch("deployments.prefect_server:make_database", sys.stderr.fileno(), name="prefect's migrations", cwd=ROOT).wait()
    prefect_sqlite.mend()
    look_less_often()
    app = create_app(final=True, webserver_only=half == "api")
    logs.install(settings.log)
    uvicorn.run(
        guarded(Nudging(app, settings.nudges, Database(settings.database, LINES)), os.environ, settings.prefect_port),
        host=settings.host, port=settings.prefect_port, log_level="warning", log_config=None,
        timeout_graceful_shutdown=STOP_SECONDS, timeout_keep_alive=KEPT_SECONDS,
    )  # fmt: skip


def main() -> None:
    """Serve as the settings say: everything, or one half of the server."""
    half, settings = prefect_halves.wanted(), read()
    try:
        check_guarded(settings)
    except BadSetup as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    os.environ.update(environment(settings))
    if half:
        prefect_halves.expect_shared(os.environ)
    if half == "services":
        look_less_often()
        prefect_halves.serve_services(settings.log)
    else:
        serve(settings, half)


if __name__ == "__main__":
    main()
