"""The commands behind `./studio`. Each reads its arguments, calls one function, shows what came of it."""

import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from deployments import cli_backup, cli_reconcile, cli_verify, health, running
from deployments.running import Running
from deployments.supervisor import End
from deployments.terminal import ApiPort, Json, PrefectPort, err, out, show_json, show_table
from models.errors import BadSetup, StudioError
from models.settings import Settings, read

app = typer.Typer(
    name="studio", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="Studioflow on this machine. (test: run the whole suite; faults: kill everything everywhere.)",
)  # fmt: skip


@app.command()
def up(
    api_port: ApiPort = None,
    prefect_port: PrefectPort = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return once all is well and leave it running.")] = False,
) -> None:
    """Start everything and keep it running until Ctrl-C."""
    over = _ports(api_port, prefect_port)
    settings = read(**over)
    found = running.find(settings.home)
    if found is None and detach:
        _show_addresses(_start(settings, over), "Everything is well, and runs until ./studio down.")
        return
    end = found or _run(over)
    if isinstance(end, Running):
        _show_addresses(end, f"Studioflow is running here already (process {end.pid}).")
        return
    if end.why:
        err.print(end.why, markup=False)
    raise typer.Exit(end.code)


@app.command()
def down() -> None:
    """Stop what `up` started on this home."""
    home = read().home
    found = running.find(home)
    if found is None:
        out.print("Nothing is running here.")
        return
    if not running.stop(home, found):
        raise StudioError(f"Process {found.pid} does not stop; look at {home / 'logs'}.")
    out.print("Stopped.")


@app.command()
def status(api_port: ApiPort = None, prefect_port: PrefectPort = None, as_json: Json = False) -> None:
    """Show which parts are well; exit 1 when one that is needed is not."""
    settings, found = _settings(api_port, prefect_port)
    parts = health.parts(settings)
    well = all(part.well for part in parts if part.needed)
    if as_json:
        show_json({"ok": well, "pid": found.pid if found else None, "parts": parts, "addresses": health.addresses(settings)})
    else:
        out.print(f"Running as process {found.pid}." if found else "Not started by ./studio up on this home.")
        show_table([(part.name, Text(part.says, style="green" if part.well else "red"), part.address) for part in parts])
    raise typer.Exit(0 if well else 1)


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database up to date."""
    from deployments import set_up

    before, after = set_up.migrate(read())
    if as_json:
        show_json({"before": before, "after": after})
    else:
        out.print(f"The database is at {after}." if before == after else f"The database went from {before or 'nothing'} to {after}.")


@app.command()
def deal(number: Annotated[int, typer.Argument(metavar="ID", help="The deal's number.")], as_json: Json = False) -> None:
    """Show everything known about a deal: tracks, whose move, waits, documents, facts, effects, stage runs."""
    from deployments.cli_deal import card, show

    found = card(_settings(None, None)[0], number)
    (show_json if as_json else show)(found)


@app.command()
def outbox(deal: Annotated[int | None, typer.Option(help="Only letters of this deal.")] = None, as_json: Json = False) -> None:
    """Show the letters sent so far, oldest first, with the links in them (where mail goes into files)."""
    from models.sent_mail import letters

    found = [letter for letter in letters(read().home / "outbox") if deal in (None, letter.deal)]
    if as_json:
        show_json(found)
        return
    if not found:
        out.print("No letter has been sent yet.")
    for letter in found:
        out.print(f"{letter.at:%Y-%m-%d %H:%M}  {letter.to}  {letter.subject}", markup=False)
        for link in letter.links:
            out.print(f"    {link}", markup=False)


@app.command()
def demo(api_port: ApiPort = None, prefect_port: PrefectPort = None, as_json: Json = False) -> None:
    """Play a client against the running system, over HTTP only; starts it when it is not up."""
    from deployments.demo import play

    over = _ports(api_port, prefect_port)
    settings, found = _settings(api_port, prefect_port)
    if found is None and any(part.needed and not part.well for part in health.parts(settings)):
        err.print("Starting the system; it keeps running until ./studio down.")
        _start(settings, over)
    raise typer.Exit(play(settings, json=as_json))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure this machine; see benchmarks/README.md."""
    from benchmarks.__main__ import main as measure

    raise typer.Exit(measure(context.args) or 0)


app.command()(cli_verify.verify)
app.command()(cli_reconcile.reconcile)
app.command()(cli_backup.backup)
app.command()(cli_backup.restore)


@app.command()
def reports(as_json: Json = False) -> None:
    """Show where the monthly performance report is read in a browser: an address for each key with the scope reports:read."""
    from deployments import start
    from deployments.cli_reports import pages, show

    settings, running_here = _settings(None, None)
    found = pages(settings if running_here else start.settings_of())
    (show_json if as_json else show)(found)


def _run(over: dict[str, Any]) -> End | Running:
    from deployments import start

    settings = start.settings_of(**over)
    here = Running(pid=0, api_port=settings.api_port, prefect_port=settings.prefect_port)
    return start.up(settings, lambda: _show_addresses(here, "Everything is well. Ctrl-C stops it."))


def _start(settings: Settings, over: dict[str, Any]) -> Running:
    from deployments import start

    words = [word for name, port in over.items() for word in (f"--{name.replace('_', '-')}", str(port))]
    return start.up_detached(settings, words)


def _ports(api_port: int | None, prefect_port: int | None) -> dict[str, Any]:
    return {name: port for name, port in (("api_port", api_port), ("prefect_port", prefect_port)) if port}


def _settings(api_port: int | None, prefect_port: int | None) -> tuple[Settings, Running | None]:
    """Settings with the ports given, else those of what runs here, else the environment's; and what runs here."""
    found = running.find(read().home)
    return read(**((found.ports if found else {}) | _ports(api_port, prefect_port))), found


def _show_addresses(here: Running, said: str) -> None:
    out.print(said)
    show_table(list(health.addresses(read(**here.ports)).items()))


def main() -> None:
    """Run a command; a broken set-up ends with a sentence and 2, any other of our errors with a sentence and 1."""
    try:
        if sys.argv[1:2] == ["keys"]:  # the only group that needs the database at import
            from deployments import cli_keys

            app.add_typer(cli_keys.app, name="keys")
        else:
            app.command("keys", help="Keys with which other systems call the API: add, list, rotate, revoke.")(lambda: None)
        app(prog_name="./studio")
    except BadSetup as error:
        for problem in error.problems:
            err.print(problem, markup=False)
        sys.exit(2)
    except StudioError as error:
        err.print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
