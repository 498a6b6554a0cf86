"""How commands speak: plain words and aligned columns for a person, JSON for a script."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

ApiPort = Annotated[int | None, typer.Option(help="Port of the pages and the API.", min=1, max=65535)]
PrefectPort = Annotated[int | None, typer.Option(help="Port of the Prefect server and its UI.", min=1, max=65535)]
Json = Annotated[bool, typer.Option("--json", help="Plain JSON, for scripts.")]


def show_table(rows: Sequence[tuple[str | Text, ...]]) -> None:
    """Print rows in aligned columns; never folded, so that links stay whole in a pipe."""
    cells = [[cell.copy() if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))] if cells else []
    for row in cells:
        for cell, width in zip(row[:-1], widths, strict=False):
            cell.pad_right(width - len(cell) + 2)
        out.print(Text.assemble("  ", *row))
    sys.stdout.flush()


def show_json(value: object) -> None:
    """Print a value, records and times included, as JSON."""
    sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
