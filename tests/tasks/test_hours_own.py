"""Steps about hours that are kept here: the watched folder, pasted lines, the form."""

import os
import time
from pathlib import Path

import pytest
from sqlmodel import select

from models import facts
from models.delivery_tables import TimeEntry
from models.errors import Invalid, Missing, Refused
from models.tables import Fact
from tasks import hours_own
from tests.projecting import a_project

HEAD = "date;person;deal;hours;stage;note;id\n"


@pytest.fixture
def deal(here_sqlite) -> int:
    with here_sqlite.db.writing() as session:
        return a_project(session).id or 0


@pytest.fixture
def folder(here_sqlite) -> Path:
    path = hours_own.folder(here_sqlite)
    path.mkdir(parents=True)
    return path


def put(folder: Path, name: str, text: str, *, quiet: float = 60) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    os.utime(path, (time.time() - quiet,) * 2)
    return path


def lying(folder: Path) -> dict[str, list[str]]:
    return {place: sorted(path.name for path in (folder.parent / place).glob("*")) for place in ("in", "done", "refused")}


def kept(here) -> list[tuple]:
    with here.db.reading() as session:
        return [(row.person, row.minutes) for row in session.exec(select(TimeEntry).order_by(TimeEntry.id)) if row.deleted_at is None]


def told(here, kind: str) -> list[Fact]:
    with here.db.reading() as session:
        return list(session.exec(select(Fact).where(Fact.kind == kind).order_by(Fact.id)))


def test_whole_files_are_taken_in_and_bad_ones_put_aside_with_every_mistake(here_sqlite, folder: Path, deal: int) -> None:
    put(folder, "may.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};7,5;;;a\n2026-03-02;Zed;{deal};1;;;b\n")
    put(folder, "bad.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};7,5;;;c\n2026-03-02;Zed;{deal};x;;;d\n2026-03-02;Zed;999;1;;;e\n")
    put(folder, "growing.csv", HEAD, quiet=0)
    assert hours_own.take_folder.fn() == [
        "refused: bad.csv: Nothing was taken in: 2 mistakes.",
        "may.csv: 2 lines, 2 new, 0 corrected, 0 taken back, 0 as they were. Nobody here is called “Zed”: 1.00 h are counted, and cost nothing.",
    ]
    assert lying(folder) == {"in": ["growing.csv"], "done": ["may.csv"], "refused": ["bad.csv", "bad.csv.txt"]}
    assert (folder.parent / "refused" / "bad.csv.txt").read_text("utf-8").splitlines()[1] == "Line 3: “x” are no hours; write them like 7.5 or 7:30."
    assert kept(here_sqlite) == [("Hanna Lindqvist", 450), ("Zed", 60)]
    [fact] = told(here_sqlite, "hours.imported")
    assert (fact.source, fact.actor, fact.payload["name"], fact.payload["new"]) == ("folder", "system", "may.csv", 2)


def test_the_same_file_again_changes_nothing_and_leaves_no_second_fact(here_sqlite, folder: Path, deal: int) -> None:
    for _ in range(2):
        put(folder, "may.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};7,5;;;a\n")
        said = hours_own.take_folder.fn()
    assert said == ["may.csv: 1 line, 0 new, 0 corrected, 0 taken back, 1 as they were."]
    assert len(told(here_sqlite, "hours.imported")) == len(kept(here_sqlite)) == 1
    assert lying(folder)["done"] == ["may-2.csv", "may.csv"]


def test_a_file_is_taken_in_by_a_persons_word_and_a_refused_one_once_it_is_mended(here_sqlite, folder: Path, deal: int) -> None:
    put(folder, "may.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};x;;;a\n")
    with pytest.raises(Invalid, match="Line 2"):
        hours_own.import_file.fn("may.csv", "conor", "run/1")
    assert lying(folder)["in"] == ["may.csv"]
    hours_own.take_folder.fn()
    put(folder.parent / "refused", "may.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};1;;;a\n")
    assert "1 new" in hours_own.import_file.fn("may.csv", "conor", "run/2")
    assert lying(folder) == {"in": [], "done": ["may.csv"], "refused": []}
    [fact] = told(here_sqlite, "hours.imported")
    assert (fact.source, fact.external_id, fact.actor) == ("operator", "run/2", "staff:conor")


def test_a_run_whose_worker_died_after_it_had_taken_the_lines_says_the_same_again_and_leaves_what_corrected_them(
    here_sqlite, folder: Path, deal: int
) -> None:
    lines = f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};{{}};;;a\n"
    put(folder, "may.csv", lines.format(1))
    first = hours_own.import_file.fn("may.csv", "conor", "run/1")
    pasted = hours_own.import_text.fn(lines.format(2), "conor", "run/2")
    assert "1 corrected" in hours_own.import_text.fn(lines.format(3), "conor", "run/3")
    assert hours_own.import_file.fn("may.csv", "conor", "run/1") == first == "may.csv: 1 line, 1 new, 0 corrected, 0 taken back, 0 as they were."
    assert hours_own.import_text.fn(lines.format(2), "conor", "run/2") == pasted
    assert kept(here_sqlite) == [("Hanna Lindqvist", 180)]
    assert [fact.external_id for fact in told(here_sqlite, "hours.imported")] == ["run/1", "run/2", "run/3"]
    with pytest.raises(Missing, match="There is no file"):
        hours_own.import_file.fn("may.csv", "conor", "run/4")


@pytest.mark.parametrize("name", ["missing.csv", "../secrets.env", "/etc/passwd", "..", "."])
def test_only_files_of_the_folder_are_taken_in(here_sqlite, folder: Path, name: str) -> None:
    (folder.parent / "secrets.env").write_text("x")
    with pytest.raises(Missing, match="There is no file"):
        hours_own.import_file.fn(name, "conor", "run/1")


def test_a_file_that_nobody_can_read_keeps_no_other_waiting(here_sqlite, folder: Path, deal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    put(folder, "1.csv", HEAD)
    put(folder, "2.csv", f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};1;;;a\n")
    whole = Path.open

    def locked(path: Path, *args, **kwargs):
        if path.name == "1.csv":
            raise PermissionError(path)
        return whole(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", locked)
    assert len(hours_own.take_folder.fn()) == 1
    assert lying(folder)["in"] == ["1.csv"]


def test_pasted_lines_are_taken_in_and_kept_beside_the_files(here_sqlite, deal: int) -> None:
    text = f"{HEAD}2026-03-02;Hanna Lindqvist;{deal};1;;Ærø;\n"
    assert hours_own.import_text.fn(text, "conor", "run/1").startswith("pasted: 1 line, 1 new")
    [path] = (hours_own.folder(here_sqlite).parent / "done").glob("pasted-*.csv")
    assert path.read_text("utf-8") == text
    with pytest.raises(Invalid):
        hours_own.import_text.fn("nonsense", "conor", "run/2")


def test_typed_hours_are_kept_once_for_each_run_of_the_form(here_sqlite, deal: int) -> None:
    line = {"deal": deal, "person": " hanna@northlight.example\x00", "on": "2026-03-02", "stage": "Design", "note": "at the client's"}
    said = {hours_own.record_hours.fn(line, "7.5", 0, "conor", "run/1") for _ in range(2)}
    assert said == {f"Entry 1: 7.50 h of Hanna Lindqvist on deal {deal}, 2026-03-02."}
    assert hours_own.record_hours.fn(line, "2", 1, "conor", "run/2") == f"Entry 1: 2.00 h of Hanna Lindqvist on deal {deal}, 2026-03-02."
    assert hours_own.record_hours.fn(line, "0", 1, "conor", "run/3") == "Entry 1: taken back, 2026-03-02."
    assert kept(here_sqlite) == []
    found = told(here_sqlite, "hours.recorded")
    assert [(fact.external_id, fact.actor, fact.deal_id, fact.payload["minutes"]) for fact in found] == [
        ("run/1", "staff:conor", deal, 450), ("run/2", "staff:conor", deal, 120), ("run/3", "staff:conor", deal, 0),
    ]  # fmt: skip
    with here_sqlite.db.reading() as session:
        assert len(facts.of_deal(session, deal, "hours.recorded")) == 3


def test_hours_that_cannot_be_are_refused(here_sqlite, deal: int) -> None:
    line = {"deal": deal, "person": "Zed", "on": "2026-03-03", "stage": "", "note": ""}
    with pytest.raises(Refused, match="still to come"):
        hours_own.record_hours.fn(line, "1", 0, "conor", "run/1")
    with pytest.raises(Missing, match="Deal 999 has no project"):
        hours_own.record_hours.fn({**line, "deal": 999, "on": "2026-03-02"}, "1", 0, "conor", "run/1")
    said = hours_own.record_hours.fn({**line, "on": "2026-03-02"}, "1", 0, "conor", "run/2")
    assert said.endswith("Nobody here is called “Zed”: 1.00 h are counted, and cost nothing.")
    assert len(told(here_sqlite, "hours.recorded")) == 1
