"""The shape of the house: who may import whom, how long things may be, what must be written down, and where."""

import ast
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

import deployments
import flows
import models
import tasks
import templates
from deployments.serve import FLOWS, STAGES, deployment_of
from models import migrate
from models.letter_views import LETTER_NEEDS
from models.settings import ROOT, Settings
from models.stages import Stage

OURS = ("api", "deployments", "flows", "models", "tasks", "templates")
MAY_IMPORT = {
    "models": set(),
    "templates": {"models"},
    "tasks": {"models", "templates"},
    "flows": {"models", "tasks"},
    "api": {"models", "templates"},
    "deployments": {"api", "flows", "models", "tasks", "templates"},
}
OUTSIDE = {"httpx", "aiosmtplib", "weasyprint", "stripe", "requests", "smtplib", "urllib3", "imap_tools", "imaplib"}
"""Talks to the world: only the gateways do."""
MAY_TALK = {
    "tasks/engine.py": {"httpx"},  # names the errors that Prefect's client lets out
    "api/engine.py": {"httpx"},  # asks whether Prefect is there
    "deployments/": {"httpx", "weasyprint"},  # health, the demo, which plays a client, and a check of libraries
}
LONG_FILES = {
    "models/tables.py": "every table on one page",
    "models/pages.py": "one contract, read side by side with the templates",
    "models/deal_card.py": "everything that is told of a deal, on one page",
    "models/inbox.py": "one door, and what follows from each fact",
    "tasks/gateways/smtp.py": "one conversation, each failure judged by how far it had got",
    "tasks/waker.py": "one round, read from top to bottom",
    "deployments/worker.py": "the worker beside its waker",
    "deployments/supervisor.py": "one process that looks after the others",
    "deployments/demo.py": "one story",
}
LINES, LINES_WITH_A_REASON, FUNCTION_LINES, FLOW_STATEMENTS = 200, 300, 50, 25
"""Functions aim at 40; up to 50 where every line is a field of one record."""


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@lru_cache(maxsize=512)
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands in it."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name(path)} imports relatively"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


CODE = list(files(*OURS))


# Layers


@pytest.mark.parametrize("layer", OURS)
def test_imports_point_inwards(layer: str) -> None:
    allowed = MAY_IMPORT[layer] | {layer}
    wrong = {f"{name(path)}: {one}" for path in files(layer) for one in imported(path) if one.split(".")[0] in set(OURS) - allowed}
    assert wrong == set()


def test_nothing_of_ours_imports_the_tests_and_only_the_command_line_the_benchmarks() -> None:
    assert [name(path) for path in CODE if any(one.split(".")[0] == "tests" for one in imported(path))] == []
    assert {name(path) for path in CODE if any(one.split(".")[0] == "benchmarks" for one in imported(path))} <= {"deployments/cli.py"}


def test_only_the_gateways_talk_to_the_world() -> None:
    wrong = set()
    for path in CODE:
        if name(path).startswith("tasks/gateways/"):
            continue
        may = set().union(*(modules for place, modules in MAY_TALK.items() if name(path).startswith(place)))
        wrong |= {f"{name(path)}: {one}" for one in imported(path) if one.split(".")[0] in OUTSIDE - may}
    assert wrong == set()


def test_models_and_gateways_and_the_door_do_not_know_prefect() -> None:
    without = [*files("models", "api", "templates", "tasks/gateways")]
    assert [f"{name(path)}: {one}" for path in without for one in imported(path) if one.split(".")[0] == "prefect"] == []


def test_the_rules_ask_no_clock_but_their_own() -> None:
    asked = {"now", "utcnow", "today"}
    for path in files("models"):
        if name(path) == "models/clock.py":
            continue
        calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        wrong = [call.lineno for call in calls if call.func.attr in asked and isinstance(call.func.value, ast.Name)]
        assert wrong == [], name(path)


def test_packages_are_the_ones_of_this_repository() -> None:
    for package in (deployments, flows, models, tasks, templates):
        assert Path(package.__file__).is_relative_to(ROOT)


# Names and sizes


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    assert [name(path) for path in CODE if path.stem in sys.stdlib_module_names] == []


def test_files_are_short_or_say_why_not() -> None:
    lengths = {name(path): len(path.read_text("utf-8").splitlines()) for path in CODE if "migrations" not in path.parts}
    assert {file: length for file, length in lengths.items() if length > LINES_WITH_A_REASON} == {}
    long = {file for file, length in lengths.items() if length > LINES}
    unexplained = {file for file in long - set(LONG_FILES) if "longer than 200" not in (ROOT / file).read_text("utf-8").lower()}
    assert unexplained == set()


def test_functions_are_short() -> None:
    long = [
        f"{name(path)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in CODE
        if "migrations" not in path.parts
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in files("tests")}
    assert [name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_tests_mirror_the_folders_of_the_code() -> None:
    own = {"e2e", "faults", "grown"}
    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"} - own <= set(OURS) | {"benchmarks"}


# Flows and steps


def flow_functions() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in files("flows"):
        yield from ((path, node) for node in tree(path).body if isinstance(node, ast.FunctionDef))


def test_a_flow_is_prose() -> None:
    for path, function in flow_functions():
        statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function]
        assert len(statements) <= FLOW_STATEMENTS, f"{name(path)}: {function.name} has {len(statements)} statements"
        assert not [node for node in statements if isinstance(node, ast.Try | ast.With | ast.AsyncWith)], f"{name(path)}: {function.name}"
    for path in files("flows"):
        assert {"time", "sqlmodel", "sqlalchemy", "asyncio"}.isdisjoint(one.split(".")[0] for one in imported(path)), name(path)


def test_every_task_is_a_step() -> None:
    for path in CODE:
        if name(path) == "tasks/step.py":
            continue
        assert not [one for one in imported(path) if one in {"prefect.task", "prefect.tasks", "prefect.tasks.task"}], name(path)
        decorators = [d for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef) for d in node.decorator_list]
        assert not [d for d in decorators if "task" in ast.unparse(d).split("(")[0].split(".")], name(path)


def test_every_step_is_said_in_a_sentence() -> None:
    steps = [
        (name(path), node)
        for path in files("tasks")
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "step" for d in node.decorator_list)
    ]
    assert len(steps) > 20
    assert [f"{file}: {node.name}" for file, node in steps if not (ast.get_docstring(node) or "").split("\n")[0].endswith((".", ":"))] == []


def test_every_stage_has_its_flow_and_every_flow_its_deployment() -> None:
    assert {one.name for one in STAGES} == set(Stage)
    declared = {
        node.name
        for _, node in flow_functions()
        if any(ast.unparse(d).split("(")[0] in {"chore", "flow", "operation", "stage"} for d in node.decorator_list)
    }  # fmt: skip
    assert {one.fn.__name__ for one in FLOWS} == declared


@pytest.mark.parametrize("one", FLOWS, ids=lambda one: one.name)
def test_a_deployment_tells_an_operator_what_it_does(one) -> None:
    deployment = deployment_of(one)
    assert deployment.name == one.name == one.name.lower()
    assert len(deployment.description or "") > 60
    assert deployment.entrypoint.split(":")[0].startswith("flows.") or one.fn.__module__.startswith("flows.")
    assert one in STAGES or deployment.tags != ["stage"]


# Words


@pytest.mark.parametrize("letter", sorted(LETTER_NEEDS))
def test_a_letter_has_three_parts(letter: str) -> None:
    folder = ROOT / "templates" / "mail" / letter
    assert {path.name for path in folder.iterdir()} == {"subject.txt", "body.txt", "body.html"}


def test_there_are_no_letters_that_nobody_knows() -> None:
    assert {path.name for path in (ROOT / "templates" / "mail").iterdir() if path.is_dir()} == set(LETTER_NEEDS)


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [setting for setting in Settings.model_fields if f"STUDIO_{setting.upper()}" not in readme] == []


def test_there_is_one_head_of_migrations() -> None:
    assert len(ScriptDirectory.from_config(migrate.configuration()).get_heads()) == 1


def test_public_things_say_what_they_are() -> None:
    silent = [
        f"{name(path)}: {node.name}"
        for path in CODE
        if "migrations" not in path.parts
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_every_field_of_a_run_form_says_what_it_is(flow) -> None:
    fields = deployment_of(flow)._parameter_openapi_schema.properties
    assert [name for name, field in fields.items() if not field.get("description")] == []
