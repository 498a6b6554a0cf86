"""`./studio bench`: start a system of its own, measure it, show the figures beside the aims. Leaves nothing behind."""

import argparse
import sys
from collections.abc import Callable, Sequence

from rich.console import Console

from benchmarks import figures
from benchmarks.figures import Figure
from deployments.terminal import show_json
from models.errors import StudioError

WIDTH = 150
TAKEN = {
    "letters": "form → brief letter, brief → proposal letter",
    "pdf": "seconds a PDF, new process and warm",
    "deals": "deals a minute",
    "paid": "deals a minute to the paid deposit, signature → invoice, payment → receipt",
    "invoice": "seconds an invoice's PDF, beside factur-x",
    "engines": "the warm worker beside Prefect's process worker, and beside one that forks for each run",
    "triggers": "fifty runs triggered in parallel: none refused, none lost",
    "rest": "memory and processor time at rest",
    "waits": "100, 1,000, 10,000 deals that wait: memory, processor, a round of the waker, a wake",
    "crowd": "a thousand applications at once: none lost, each deal in order",
    "start": "second start",
    "issuing": "invoices a second while workers are killed: no gap, no double",
    "ledger": "the daily proof over ten thousand invoices",
    "statement": "a bank statement of ten thousand lines",
    "hours": "ten thousand entries of a tracker, and the report of a month over them",
    "scrape": "what /metrics and a probe cost over ten thousand deals",
    "webhook": "payment provider's webhook → answer",
    "answer": "form post → answer",
}
"""What is measured, in this order: the posts come last, since what they begin takes minutes to work off."""


def main(args: list[str]) -> int:
    """Measure what `args` ask for and print it; return the exit code: 1 if something could not be measured, 2 for wrong arguments.

    A missed aim is shown, and is no error: how fast a machine is depends on the machine.
    """
    try:
        wanted = _parser().parse_args(args)
    except SystemExit as stopped:
        return int(stopped.code or 0)
    machine, told = figures.machine(wanted.profile), Console(stderr=True, highlight=False)
    try:
        found = _measured([name for name in TAKEN if name in (wanted.only or TAKEN)], told, quick=wanted.quick, profile=wanted.profile)
    except StudioError as error:
        told.print(str(error), markup=False)
        return 1
    _show(found, machine, wanted)
    return 0


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {name:<9} {what}" for name, what in TAKEN.items())
    about = f"Measure this machine, on a system of its own:\n{names}\nMethod and figures: benchmarks/README.md."
    parser = argparse.ArgumentParser(prog="./studio bench", description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repeats: a look, no measurement")
    parser.add_argument("--only", action="append", choices=list(TAKEN), metavar="NAME", help="only this one; may be given again")
    parser.add_argument("--profile", choices=["embedded", "postgres"], default="embedded", help="on SQLite as it comes, or on PostgreSQL and Redis")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="plain JSON, for scripts")
    shape.add_argument("--markdown", action="store_true", help="the table of benchmarks/README.md")
    return parser


def _measured(names: Sequence[str], told: Console, *, quick: bool, profile: str) -> list[Figure]:
    # Here, so that a wrong argument is told before they are read.
    from benchmarks import bank, books, cash, crowd, engines, hours, house, paper, rest, sale, scrape, storms, waits, webhook

    measures: dict[str, Callable[..., list[Figure]]] = {
        "letters": sale.letters, "pdf": paper.pdf, "deals": sale.deals, "paid": cash.paid, "invoice": paper.invoice, "engines": engines.engines,
        "triggers": crowd.triggers, "rest": rest.rest, "waits": waits.waits, "crowd": crowd.crowd, "start": rest.restart,
        "issuing": storms.issuing, "ledger": books.books, "statement": bank.statement, "hours": hours.hours,
        "scrape": scrape.scrape, "webhook": webhook.webhook, "answer": sale.answers,
    }  # fmt: skip
    found: list[Figure] = []
    with told.status("Starting a system to measure …"), house.at_home(profile=profile) as system:
        sale.warm_up(system)
        for name in names:
            with told.status(f"{TAKEN[name]} …"):
                found += measures[name](system, quick=quick)
            told.print(f"{name}: done")
    return found


def _show(found: list[Figure], machine: str, wanted: argparse.Namespace) -> None:
    if wanted.json:
        show_json(figures.plain(found, machine))
    elif wanted.markdown:
        print(figures.markdown(found, machine))
    else:
        Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH).print(figures.table(found, machine))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
