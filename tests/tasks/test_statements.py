"""The watched folder: whole files are taken in and put away, bad ones put aside with the reason."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from models import upkeep
from models.cash_tables import Payment, Statement
from models.errors import Missing, Refused
from models.tables import Fact
from tasks import statements
from tasks.world import real_now
from tests.models import bank_files as files
from tests.models.bank_files import BankLine
from tests.models.billing import an_invoice, payments_of

GOOD = files.camt([BankLine("10.00", "hello")])


@pytest.fixture
def folder(here) -> Path:
    path = here.settings.statements_folder
    path.mkdir(parents=True)
    return path


def put(folder: Path, name: str, content: bytes, *, quiet: float = 60) -> Path:
    path = folder / name
    path.write_bytes(content)
    os.utime(path, (time.time() - quiet,) * 2)
    return path


def lying(folder: Path) -> dict[str, list[str]]:
    return {place: sorted(path.name for path in (folder.parent / place).glob("*")) for place in ("in", "done", "refused")}


def test_whole_files_are_taken_in_and_bad_ones_put_aside_with_the_reason(here, folder: Path) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=10)
    put(folder, "1.xml", files.camt([BankLine("10.00", invoice.number)]))
    put(folder, "2.sta", b"not a statement")
    said = statements.take_folder()
    assert said == [
        "1.xml: 1 of 1 lines are fresh, 1 booked on invoices, 0 in suspense.",
        "refused: 2.sta: this is neither camt.053 (XML) nor MT940, or its beginning is missing.",
    ]
    assert lying(folder) == {"in": [], "done": ["1.xml"], "refused": ["2.sta", "2.sta.txt"]}
    assert statements.refused_files(here) == ["2.sta: this is neither camt.053 (XML) nor MT940, or its beginning is missing."]
    with here.db.reading() as session:
        kept = session.exec(select(Statement)).one()
    assert (here.settings.home / kept.path).read_bytes() == (folder.parent / "done" / "1.xml").read_bytes()
    assert (kept.came_by, kept.actor, kept.name) == ("folder", "system", "1.xml")
    assert statements.take_folder() == []


def test_a_file_that_may_still_be_growing_is_left_alone(here, folder: Path) -> None:
    put(folder, "growing.xml", GOOD[:300], quiet=0)
    put(folder, ".hidden.xml", GOOD)
    put(folder, "march.xml.part", GOOD)
    (folder / "sub").mkdir()
    (folder / "link.xml").symlink_to(folder / ".hidden.xml")
    assert statements.take_folder() == []
    put(folder, "growing.xml", GOOD)
    assert len(statements.take_folder()) == 1
    assert lying(folder)["done"] == ["growing.xml"]


def test_a_crash_between_booking_and_putting_away_books_nothing_twice(here, folder: Path) -> None:
    put(folder, "1.xml", GOOD)
    statements.take_folder()
    put(folder, "1.xml", GOOD)
    assert statements.take_folder() == ["1.xml: 1 of 1 lines are fresh, 0 booked on invoices, 1 in suspense."]
    assert lying(folder) == {"in": [], "done": ["1-2.xml", "1.xml"], "refused": []}
    with here.db.reading() as session:
        assert len(payments_of(session)) == 1


def test_without_a_folder_there_is_nothing_to_do(here) -> None:
    assert statements.take_folder() == []
    assert statements.refused_files(here) == []


@pytest.mark.parametrize(("place", "content"), [("done", GOOD), ("refused", b"not a statement")])
def test_a_file_that_cannot_be_put_away_is_told_of_in_one_sentence_and_booked_once(
    here, folder: Path, caplog: pytest.LogCaptureFixture, place: str, content: bytes
) -> None:
    put(folder, "1.xml", content)
    put(folder, "2.xml", GOOD if place == "refused" else b"nor this")
    (folder.parent / place).write_text("a file where a folder should be")
    with caplog.at_level("INFO"):
        assert len(statements.take_folder()) == 1, "the other one is put away"
        assert statements.take_folder() == statements.take_folder() == []
    (told,) = caplog.records
    assert f"1.xml cannot be put from {folder} into {folder.parent / place} (File exists)." in told.getMessage()
    assert f"ReadWritePaths={folder.parent}, docs/scale.md" in told.getMessage() and told.exc_info is None
    with here.db.reading() as session:
        assert len(payments_of(session)) == 1
    assert statements.left_lying(real_now()) == []
    (lies,) = reconcile_finds(minutes=11)
    assert lies.startswith(f"The statement 1.xml lies in {folder} and is not put away") and "docs/scale.md" in lies
    with here.db.writing() as session:
        upkeep.note_up(session, now=real_now() + timedelta(minutes=5))
    assert reconcile_finds(minutes=11) == [], "what came while the studio was down is not late"
    with pytest.raises(Refused, match=r"1\.xml cannot be put"):
        statements.import_file.fn("1.xml", "conor")
    (folder.parent / place).unlink()
    assert len(statements.take_folder()) == 1
    assert lying(folder)["in"] == reconcile_finds(minutes=60) == []


def reconcile_finds(*, minutes: float) -> list[str]:
    return statements.left_lying(real_now() + timedelta(minutes=minutes))


def test_a_refused_file_is_taken_in_by_a_persons_word_once_it_is_mended(here, folder: Path) -> None:
    put(folder, "march.xml", GOOD[:300])
    statements.take_folder()
    with pytest.raises(Refused, match="no whole XML"):
        statements.import_file.fn("march.xml", "conor")
    assert lying(folder)["refused"] == ["march.xml", "march.xml.txt"]
    (folder.parent / "refused" / "march.xml").write_bytes(GOOD)
    assert "1 of 1 lines are fresh" in statements.import_file.fn("march.xml", "conor", "The bank sent it again.")
    with here.db.reading() as session:
        kept, fact = session.exec(select(Statement)).one(), session.exec(select(Fact).where(Fact.kind == statements.IMPORTED)).one()
    assert (kept.actor, fact.actor) == ("staff:conor", "staff:conor")
    assert fact.payload == {"statement": kept.id, "name": "march.xml", "reason": "The bank sent it again."}
    assert lying(folder) == {"in": [], "done": ["march.xml"], "refused": []}
    with here.db.reading() as session:
        assert session.exec(select(Statement)).one().actor == "staff:conor"


def test_a_run_whose_worker_died_after_it_had_put_the_file_away_says_the_same_again(here, folder: Path) -> None:
    for number, where in enumerate(("refused", "in"), 1):
        content = files.camt([BankLine("10.00", f"hello {number}")])
        (folder.parent / where).mkdir(exist_ok=True)
        put(folder.parent / where, "march.xml", content)
        said = [statements.import_file.fn("march.xml", "conor", "The bank sent it again.") for _ in range(2)]
        assert [one.partition(": ")[2] for one in said] == ["1 of 1 lines are fresh, 0 booked on invoices, 1 in suspense."] * 2
    assert lying(folder) == {"in": [], "done": ["march-2.xml", "march.xml"], "refused": []}
    with here.db.reading() as session:
        assert [len(session.exec(select(kind)).all()) for kind in (Statement, Payment)] == [2, 2]
        assert len(session.exec(select(Fact).where(Fact.kind == statements.IMPORTED)).all()) == 2


@pytest.mark.parametrize("name", ["missing.xml", "../secrets.env", "/etc/passwd", "sub", ".."])
def test_only_files_of_the_folder_are_taken_in(here, folder: Path, name: str) -> None:
    (here.settings.home / "statements" / "secrets.env").write_text("x")
    (folder / "sub").mkdir()
    (folder.parent / "done").mkdir()
    with pytest.raises(Missing, match="There is no file"):
        statements.import_file.fn(name, "conor")


def test_a_file_that_is_too_large_is_not_read_whole(here, folder: Path) -> None:
    path = put(folder, "huge.xml", b"")
    os.truncate(path, 5 * 1024**3)
    os.utime(path, (0, 0))
    [said] = statements.take_folder()
    assert "larger than 20 MB" in said


def test_a_file_whose_name_is_not_text_or_that_nobody_may_read_keeps_no_other_waiting(here, folder: Path) -> None:
    odd = put(folder, os.fsdecode(b"caf\xe9.xml"), GOOD)
    (folder / "broken.xml").symlink_to(folder / "nowhere")
    put(folder, "z.xml", files.camt([BankLine("20.00", "another")]))
    assert len(statements.take_folder()) == 2
    assert not odd.exists()
    with here.db.reading() as session:
        assert {one.name for one in session.exec(select(Statement))} == {"caf\ufffd.xml", "z.xml"}
