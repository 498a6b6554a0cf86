import io
import json
import os

import pytest
from rich.console import Console

from benchmarks import __main__ as bench
from benchmarks import figures, plain_flow, processes
from benchmarks.figures import Figure
from models.settings import ROOT

ANSWER = Figure("answer", "form post → answer, median", 12.34, "ms", "of 100 posts", at_most=50)
DEALS = Figure("deals", "deals a minute, form → accepted", 4.5, "a minute", "20 at once", at_least=6)
MEMORY = Figure("rest", "memory at rest, all", 412.4, "MiB", "PSS")
HERE = "2 cores, 4 GiB memory"


def drawn(*found: Figure) -> str:
    paper = io.StringIO()
    Console(file=paper, width=150).print(figures.table(found, HERE))
    return paper.getvalue()


def row_of(name: str, text: str) -> str:
    return next(line for line in text.splitlines() if name in line)


@pytest.mark.parametrize(("values", "middle"), [([3], 3), ([1, 9], 5), ([9, 1, 2], 2), ([4, 1, 3, 2], 2.5)])
def test_a_median_is_the_middle_or_between_the_two_in_the_middle(values, middle):
    assert figures.median(values) == middle


@pytest.mark.parametrize(("count", "found"), [(1, 1), (2, 2), (20, 19), (21, 20), (100, 95)])
def test_a_percentile_is_a_value_that_was_measured(count, found):
    assert figures.percentile(range(count, 0, -1), 0.95) == found


@pytest.mark.parametrize("of", [figures.median, lambda values: figures.percentile(values, 0.95)])
def test_nothing_measured_has_no_figure(of):
    with pytest.raises(ValueError, match="Nothing was measured"):
        of([])


@pytest.mark.parametrize(
    ("value", "aim", "meets"),
    [(50, {"at_most": 50}, True), (50.1, {"at_most": 50}, False), (6, {"at_least": 6}, True), (5.9, {"at_least": 6}, False), (7, {}, None)],
)
def test_an_aim_is_met_up_to_its_limit(value, aim, meets):
    assert Figure("x", "x", value, "s", **aim).meets is meets


@pytest.mark.parametrize(("value", "shown"), [(412.4, "412 s"), (12.34, "12.3 s"), (1.239, "1.24 s"), (0, "0.00 s")])
def test_a_figure_is_shown_with_the_digits_that_mean_something(value, shown):
    assert Figure("x", "x", value, "s").measured == shown


def test_the_table_shows_each_figure_beside_its_aim_and_marks_a_missed_one():
    text = drawn(ANSWER, DEALS, MEMORY)
    assert "12.3 ms" in row_of(ANSWER.name, text)
    assert "≤ 50 ms" in row_of(ANSWER.name, text)
    assert "missed" not in row_of(ANSWER.name, text)
    assert "4.50 a minute (missed)" in row_of(DEALS.name, text)
    assert "≥ 6 a minute" in row_of(DEALS.name, text)
    assert "≤" not in row_of(MEMORY.name, text)
    assert HERE in text


def test_markdown_is_a_whole_table_under_its_machine():
    first, blank, *lines = figures.markdown([ANSWER, MEMORY], HERE).splitlines()
    assert (first, blank) == (HERE, "")
    assert [line.count("|") for line in lines] == [5] * 4
    assert lines[2] == "| form post → answer, median | 12.3 ms | ≤ 50 ms | of 100 posts |"


def test_json_says_of_each_figure_whether_its_aim_is_met():
    told = json.loads(json.dumps(figures.plain([ANSWER, DEALS, MEMORY], HERE)))
    assert told["machine"] == HERE
    assert [figure["meets"] for figure in told["figures"]] == [True, False, None]


def test_the_machine_is_told_in_one_line():
    line = figures.machine()
    assert "\n" not in line
    assert all(word in line for word in ("cores", "GiB", "load", "Python", "Prefect"))


@pytest.mark.parametrize("args", [["--only", "tea"], ["--only"], ["--json", "--markdown"], ["--slow"], ["tea"]])
def test_arguments_that_make_no_sense_end_with_2_before_anything_starts(args, capsys):
    assert bench.main(args) == 2
    assert "./studio bench" in capsys.readouterr().err


def test_a_wrong_name_is_answered_with_the_right_ones(capsys):
    bench.main(["--only", "tea"])
    said = capsys.readouterr().err
    assert all(name in said for name in bench.TAKEN)


def test_help_names_everything_that_is_measured(capsys):
    assert bench.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(what in said for what in bench.TAKEN.values())


def test_the_readme_explains_every_measure_and_holds_one_table_of_figures():
    text = (ROOT / "benchmarks" / "README.md").read_text()
    assert [name for name in bench.TAKEN if f"`{name}`" not in text] == []
    table = text.partition("<!-- figures -->")[2].partition("<!-- /figures -->")[0]
    assert table.count("| figure | measured | aim | how |\n| --- | --- | --- | --- |\n") == 1


@pytest.mark.skipif(not processes.SMAPS.exists(), reason="needs Linux's /proc")
def test_a_process_is_seen_with_its_children_memory_and_time():
    read, write = os.pipe()
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "read line"], dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, read, 0)])
    try:
        found = {process.pid: process for process in processes.family(os.getpid())}
    finally:
        os.close(write)
        os.close(read)
        os.waitpid(child, 0)
    assert found[child].name == "guard"
    assert found[os.getpid()].memory > 1
    assert found[os.getpid()].seconds > 0


def test_the_flow_that_is_compared_has_six_steps_and_needs_none_of_our_parts():
    steps = [step for step in (plain_flow.begin, plain_flow.count, plain_flow.end) if step.persist_result and step.cache_key_fn]
    assert len(steps) == 3
    assert plain_flow.SUMS - 1 + 2 == 6
    source = (ROOT / "benchmarks" / "plain_flow.py").read_text()
    assert not any(f"from {layer}" in source for layer in ("models", "tasks", "flows", "deployments"))


def test_the_first_and_the_last_step_leave_their_times(tmp_path):
    mark = str(tmp_path / "0")
    began = plain_flow.begin.fn(mark)
    assert plain_flow.end.fn(mark, 7) == 7
    assert began == float((tmp_path / "0.first").read_text()) <= float((tmp_path / "0.last").read_text())
