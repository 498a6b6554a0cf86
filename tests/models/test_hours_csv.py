"""Hours from spreadsheets: as people save them, all of a file or none."""

import csv
import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import hours_csv
from models.errors import Invalid
from models.hours_cells import Mistake, day_of, deal_of, minutes_of

TODAY = date(2026, 5, 31)
HEAD = "date;person;deal;hours;stage;note;id"
LINE = "2026-05-04;Hanna Lindqvist;42;7,5;design;Second draft;H-1"


def whole(content: bytes | str) -> list[hours_csv.HoursLine]:
    file = hours_csv.read(content, TODAY)
    hours_csv.refuse_lines(file.wrong)
    return file.lines


def read(*lines: str, head: str = HEAD) -> list[hours_csv.HoursLine]:
    return whole("\n".join([head, *lines]))


def wrong(*lines: str, head: str = HEAD) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read(*lines, head=head)
    return str(refused.value).splitlines()


def test_a_line_says_who_worked_how_long_on_what() -> None:
    [line] = read(LINE)
    assert line.model_dump() == {
        "number": 2, "key": "csv/H-1", "on": date(2026, 5, 4), "person": "Hanna Lindqvist", "deal": 42, "minutes": 450, "stage": "design",
        "note": "Second draft", "id": "H-1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}\n{LINE}\n".encode(),
        f"\ufeff{HEAD}\r\n{LINE}\r\n".encode(),
        f"{HEAD}\r{LINE}".encode(),
        f"sep=;\r\n{HEAD}\r\n{LINE}\r\n".encode(),
        f"\n\n{HEAD}\n;;;;;;\n{LINE}\n;;;\n".encode(),
        f"{HEAD}\n{LINE}\n".replace(";", "\t").encode(),
        f"{HEAD}\n{LINE}\n".replace(";", "\t").encode("utf-16"),
        f"{HEAD}\n{LINE}\n".replace("7,5", "7.5").replace(";", ",").encode(),
        f"{HEAD}\n{LINE}\n".replace(";", ",").replace("7,5", '"7,5"').replace("Second draft", '"Second draft"').encode(),
        b"DATE ; Person;DEAL;hours;Stage;note;ID\n" + LINE.encode(),
        b"id;note;stage;hours;deal;person;date\nH-1;Second draft;design;7:30;#42;Hanna Lindqvist;4.5.2026",
        f"{HEAD};\n{LINE};\n".encode(),
    ],
    ids=["plain", "excel", "old mac", "sep", "blank lines", "tabs", "utf-16", "commas", "quoted", "cases", "order", "trailing"],
)  # fmt: skip
def test_files_are_read_as_programs_save_them(content: bytes) -> None:
    [line] = whole(content)
    assert (line.on, line.person, line.deal, line.minutes, line.stage, line.note, line.key) == (
        date(2026, 5, 4), "Hanna Lindqvist", 42, 450, "design", "Second draft", "csv/H-1",
    )  # fmt: skip


def test_a_line_may_say_no_more_than_it_must() -> None:
    [line] = read("2026-05-04,Hanna,42,8", head="date,person,deal,hours")
    assert (line.stage, line.note, line.id) == ("", "", "")


def test_a_note_may_have_lines_of_its_own_and_lines_are_counted_as_an_editor_counts_them() -> None:
    lines = read('2026-05-04;Hanna;42;1;;"one\ntwo; three";a', "2026-05-04;Hanna;42;1;;;b")
    assert [(line.number, line.note) for line in lines] == [(2, "one\ntwo; three"), (4, "")]
    assert wrong('2026-05-04;Hanna;42;1;;"one\ntwo";a', "2026-05-04;Hanna;42;x;;;b")[1].startswith("Line 4: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("04/05/2026;Hanna;42;1;;;", "Line 2: “04/05/2026” is no day; write it like 2026-05-31."),
        ("2026-02-30;Hanna;42;1;;;", "Line 2: “2026-02-30” is no day; write it like 2026-05-31."),
        ("2026-06-01;Hanna;42;1;;;", "Line 2: 2026-06-01 is still to come."),
        ("1926-05-04;Hanna;42;1;;;", "Line 2: 1926-05-04 is too long ago."),
        (";Hanna;42;1;;;", "Line 2: there is no date."),
        ("2026-05-04; ;42;1;;;", "Line 2: there is no person."),
        ("2026-05-04;Hanna;;1;;;", "Line 2: there is no deal."),
        ("2026-05-04;Hanna", "Line 2: there is no deal."),
        ("2026-05-04;Hanna;42;;;;", "Line 2: there are no hours."),
        ("2026-05-04;Hanna;deal 42;1;;;", "Line 2: “deal 42” is no number of a deal."),
        ("2026-05-04;Hanna;42;-1;;;", "Line 2: “-1” are no hours; write them like 7.5 or 7:30."),
        ("2026-05-04;Hanna;42;1.234,5;;;", "Line 2: “1.234,5” are no hours; write them like 7.5 or 7:30."),
        ("2026-05-04;Hanna;42;7:75;;;", "Line 2: “7:75” are no hours; write them like 7.5 or 7:30."),
        ("2026-05-04;Hanna;42;24:01;;;", "Line 2: 24:01 hours are more than a day has."),
        ("2026-05-04;Hanna;42;0,001;;;a", "Line 2: 0,001 hours are not even a minute."),
        ("2026-05-04;Hanna;42;0;;;", "Line 2: 0 hours take an entry back, and so need its id."),
        (f"2026-05-04;{'x' * 201};42;1;;;", "Line 2: the person is longer than 200 characters."),
        ("2026-05-04;Hanna;42;1;;a;b;c", "Line 2: there is more in it than its head names: “c”. Does a note hold the sign that parts the columns?"),
    ],
)
def test_a_mistake_is_named_by_its_line_and_reason(line: str, said: str) -> None:
    assert wrong(line) == ["Nothing was taken in: 1 mistake.", said]


def test_every_mistake_of_a_file_is_listed_and_nothing_of_it_taken() -> None:
    said = wrong("x;Hanna;42;1;;;", LINE, "2026-05-04;Hanna;42;y;;;", LINE)
    assert said == [
        "Nothing was taken in: 3 mistakes.", "Line 2: “x” is no day; write it like 2026-05-31.",
        "Line 4: “y” are no hours; write them like 7.5 or 7:30.", "Line 5: the id “H-1” stands in line 3 already.",
    ]  # fmt: skip


def test_of_very_many_mistakes_the_first_are_listed_and_the_rest_counted() -> None:
    said = wrong(*(["x;Hanna;42;1;;;"] * (hours_csv.MOST_NAMED + 7)))
    assert len(said) == hours_csv.MOST_NAMED + 2
    assert said[-1] == "… and 7 more."


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("date;person;hours", ["There is no column “deal”."]),
        ("date;person;deal;houres", ["There is no column “hours”.", "Nobody knows what the column “houres” is; columns are date, person, deal, hours, stage, note, id."]),
        ("date;person;deal;hours;hours", ["The column “hours” is there twice."]),
    ],
)
def test_a_head_that_would_lose_a_column_is_refused(head: str, said: list[str]) -> None:
    assert wrong(LINE, head=head)[1:] == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "There is no line of hours in it."),
        (HEAD.encode(), "There is no line of hours in it."),
        (f"{HEAD}\n{LINE}\n".replace("Hanna", "Bjørn").encode("latin-1"), "The file is not written in UTF-8. Save it again as “CSV UTF-8”."),
        (b"PK\x03\x04\x00\x00\xff", "The file is not written in UTF-8. Save it again as “CSV UTF-8”."),
        (f'{HEAD}\n2026-05-04;"Hanna;42;1'.encode(), "Nothing was taken in. Line 2: it cannot be read (unexpected end of data); is a quotation mark missing?"),
        (b"x" * (hours_csv.MOST_BYTES + 1), "The file is larger than 5 MB."),
        ((HEAD + f"\n{LINE}" * (hours_csv.MOST_LINES + 1)).encode(), "The file has more than 20000 lines. Please send it in parts."),
    ],
    ids=["empty", "head only", "latin-1", "a workbook", "quotes", "huge", "many"],
)
def test_what_is_no_such_file_is_refused_with_a_sentence(content: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        whole(content)
    assert str(refused.value) == said


def test_a_line_without_an_id_is_the_same_whenever_it_comes_and_two_that_say_the_same_are_two() -> None:
    line = "2026-05-04;Hanna;42;1;;draft;"
    once, twice = read(line), read(line, line.replace("Hanna", " HANNA").replace(";1;", ";1:00;"), line.replace("draft", "other"))
    assert once[0].key == twice[0].key
    assert len({one.key for one in twice}) == 3
    assert twice[1].key.endswith("/2")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(lambda text: text.strip() == text)
ROWS = st.lists(
    st.tuples(st.dates(date(2000, 1, 1), TODAY), NAMES, st.integers(0, 999_999_999), st.integers(1, 1440), NAMES, st.text(st.characters(codec="utf-8"), max_size=30)), min_size=1, max_size=8
)


@given(ROWS, st.sampled_from(";,\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_spreadsheet_writes_comes_out_as_it_was(rows: list[tuple], delimiter: str, encoding: str, end: str) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["date", "person", "deal", "hours", "stage", "note"])
    for on, person, deal, minutes, stage, note in rows:
        writer.writerow([on.isoformat(), person, deal, f"{minutes // 60}:{minutes % 60:02}", stage, note])
    lines = whole(text.getvalue().encode(encoding))
    assert [(one.on, one.person, one.deal, one.minutes, one.stage) for one in lines] == [row[:5] for row in rows]
    assert len({one.key for one in lines}) == len(rows)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_nothing_that_is_no_file_of_hours_breaks_anything(content: bytes | str) -> None:
    with suppress(Invalid):
        assert hours_csv.read(content, TODAY)


@given(st.text(max_size=12))
def test_a_cell_is_read_or_refused(text: str) -> None:
    for act in (lambda: day_of(text, TODAY), lambda: minutes_of(text), lambda: deal_of(text)):
        with suppress(Mistake):
            assert act() is not None


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("8", 480), ("7.5", 450), ("7,25", 435), (".5", 30), ("0:15", 15), ("0.33", 20), ("0,3333", 20), ("0.0084", 1), ("0", 0), ("0:00", 0), ("24", 1440)],
)
def test_hours_are_minutes_rounded_half_up(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes
