"""Where a process may die, found in the code and never listed by hand.

effect/planned>claimed/before    the transaction that makes this move of the ledger is about to be committed
effect/planned>claimed/after     it has just been committed
run/running>waiting/before …     the same for wanted runs
step/proposal/mail_proposal/worked   the step has done its work, and Prefect knows nothing of it
step/proposal/mail_proposal/kept     its result is kept, and the flow has not gone on
step/correct-invoice/refund/worked   the same for operations and chores: the next worker takes their run over
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType

from deployments.serve import FLOWS
from models.effects import EFFECT_MOVES
from models.stages import RUN_MOVES
from tasks.step import Step

NEW = "new"
"""Where a row comes from that was not there."""
BORN = {"effect": "planned", "run": "wanted"}


def every() -> list[str]:
    """Every point, in the order of the tables and of the flows."""
    return [*moves("effect", EFFECT_MOVES), *moves("run", RUN_MOVES), *steps()]


def moves(kind: str, table: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """Both sides of the commit of each move, births among them."""
    pairs = [(NEW, BORN[kind]), *((was, to) for was, ends in table.items() for to in sorted(ends))]
    for was, to in pairs:
        yield from (f"{kind}/{was}>{to}/{side}" for side in ("before", "after"))


def steps() -> Iterator[str]:
    """Both sides of the moment at which Prefect learns that a step is done, for each step that a flow may reach."""
    for flow in FLOWS:
        for name in steps_of(inspect.unwrap(flow.fn)):
            yield from (f"step/{flow.name}/{name}/{side}" for side in ("worked", "kept"))


def steps_of(function: FunctionType) -> list[str]:
    """The names of the steps that a flow's function names, itself or through functions of the flows."""
    found: dict[str, None] = {}
    seen: set[FunctionType] = set()
    _look(function, found, seen)
    return list(found)


def _look(function: FunctionType, found: dict[str, None], seen: set[FunctionType]) -> None:
    if function in seen:
        return
    seen.add(function)
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        meant = _meant(node, function.__globals__)
        if isinstance(meant, Step):
            found[meant.name] = None
        elif isinstance(meant, FunctionType) and meant.__module__.startswith("flows."):
            _look(meant, found, seen)


def _meant(node: ast.AST, names: Mapping[str, object]) -> object:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        module = names.get(node.value.id)
        return getattr(module, node.attr, None) if isinstance(module, ModuleType) else None
    return None
