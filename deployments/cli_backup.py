"""`./studio backup` and `./studio restore`: everything a studio cannot do without, in one file."""

from pathlib import Path
from typing import Annotated

import typer

from deployments.terminal import out
from models.settings import read

File = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", resolve_path=True)]


def backup(file: File) -> None:
    """Write database, documents, uploads, secrets and company/ into one file; the system may run meanwhile."""
    from deployments import backup as doing

    settings = read()
    for sentence in doing.told(doing.backup(settings, file), file, settings):
        out.print(sentence, markup=False)


def restore(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="Put aside what is there; a PostgreSQL database is emptied.")] = False,
    moved: Annotated[bool, typer.Option("--moved", help="The system was stopped before the backup: nothing has happened since.")] = False,
    last_invoice: Annotated[str, typer.Option(metavar="NUMBER", help="The last invoice number that was given out since.")] = "",
) -> None:
    """Put a backup back into an empty place, and say what may have happened since it was made."""
    from deployments.restore import Wish, restore

    for sentence in restore(read(), file, Wish(replace=replace, moved=moved, last_invoice=last_invoice)):
        out.print(sentence, markup=False)
