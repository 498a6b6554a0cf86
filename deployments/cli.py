"""The commands behind `./studio`. Each reads its arguments, calls one function, shows what came of it."""

import dataclasses
import json
import sys
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from deployments import health, running
from models.errors import BadSetup, StudioError
from models.settings import Settings, read

app = typer.Typer(
    name="studio", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Studioflow on this machine."
)
keys = typer.Typer(no_args_is_help=True, help="Keys with which other systems call the API.")
app.add_typer(keys, name="keys")
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

ApiPort = Annotated[int | None, typer.Option(help="Port of the pages and the API.", min=1, max=65535)]
PrefectPort = Annotated[int | None, typer.Option(help="Port of the Prefect server and its UI.", min=1, max=65535)]
Json = Annotated[bool, typer.Option("--json", help="Plain JSON, for scripts.")]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return once all is well and leave it running.")]


@app.command()
def up(api_port: ApiPort = None, prefect_port: PrefectPort = None, detach: Detach = False) -> None:
    """Start everything and keep it running until Ctrl-C."""
    from deployments import start  # noqa: PLC0415

    over = _ports(api_port, prefect_port)
    found = running.find(read(**over).home)
    if found is None and detach:
        found = start.up_detached(read(**over), _options(over))
        _show_addresses(read(**found.ports), "Everything is well, and runs until ./studio down.")
        return
    end = found or _run(over)
    if isinstance(end, running.Running):
        _show_addresses(read(**end.ports), f"Studioflow is running here already (process {end.pid}).")
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
    """Show which parts are well; exit 1 when one is not."""
    settings = _settings(api_port, prefect_port)
    found, parts = running.find(settings.home), health.parts(settings)
    well = all(part.well for part in parts)
    if as_json:
        pid = found.pid if found else None
        _show_json({"ok": well, "pid": pid, "parts": parts, "addresses": health.addresses(settings)})
    else:
        out.print(f"Running as process {found.pid}." if found else "Not started by ./studio up on this home.")
        _show_table([(part.name, "[green]well[/]" if part.well else f"[red]{escape(part.says)}[/]", part.address) for part in parts])
    raise typer.Exit(0 if well else 1)


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database up to date."""
    from deployments import start  # noqa: PLC0415

    before, after = start.migrate(read())
    if as_json:
        _show_json({"before": before, "after": after})
    else:
        out.print(f"The database is at {after}." if before == after else f"The database went from {before or 'nothing'} to {after}.")


@app.command()
def demo(api_port: ApiPort = None, prefect_port: PrefectPort = None, as_json: Json = False) -> None:
    """Play a client against the running system, over HTTP only; starts it when it is not up."""
    from deployments.demo import play  # noqa: PLC0415

    over = _ports(api_port, prefect_port)
    if running.find(read(**over).home) is None:
        from deployments import start  # noqa: PLC0415

        err.print("Starting the system; it keeps running until ./studio down.")
        start.up_detached(read(**over), _options(over))
    raise typer.Exit(play(_settings(api_port, prefect_port), json=as_json))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure this machine; see benchmarks/README.md."""
    from benchmarks.__main__ import main as measure  # noqa: PLC0415

    raise typer.Exit(measure(context.args) or 0)


def _run(over: dict[str, Any]) -> Any:
    from deployments import start  # noqa: PLC0415

    settings = start.prepare(**over)
    return start.up(settings, lambda: _show_addresses(settings, "Everything is well. Ctrl-C stops it."))


def _ports(api_port: int | None, prefect_port: int | None) -> dict[str, Any]:
    return {name: port for name, port in (("api_port", api_port), ("prefect_port", prefect_port)) if port}


def _settings(api_port: int | None = None, prefect_port: int | None = None) -> Settings:
    """Settings with the ports given, else those of what runs here, else the environment's."""
    found = running.find(read().home)
    return read(**((found.ports if found else {}) | _ports(api_port, prefect_port)))


def _options(over: dict[str, Any]) -> list[str]:
    return [word for name, port in over.items() for word in (f"--{name.replace('_', '-')}", str(port))]


def _show_addresses(settings: Settings, said: str) -> None:
    out.print(said)
    _show_table([(name, address) for name, address in health.addresses(settings).items()])
    sys.stdout.flush()


def _show_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(Text.from_markup(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [Text.from_markup(cell) for cell in row]
        for cell, width in zip(cells[:-1], widths, strict=False):
            cell.pad_right(width - len(cell) + 2)
        out.print(Text.assemble("  ", *cells))


def _show_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def main() -> None:
    """Run a command; a broken set-up ends with a sentence and 2, any other of our errors with a sentence and 1."""
    try:
        app()
    except BadSetup as error:
        for problem in error.problems:
            err.print(problem, markup=False)
        sys.exit(2)
    except StudioError as error:
        err.print(str(error), markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
