"""Hours as a spreadsheet gives them: every line of the file is taken, or none, with each mistake named by its line.

    date;person;deal;hours;stage;note;id
    2026-05-04;Hanna Lindqvist;42;7,5;design;Second draft;H-1017

Commas, semicolons or tabs; decimal commas, points or 1:30. Stage, note and id may be left out. A line with an id that came before is a
correction of it, and 0 hours take it back; one without an id is the same line whenever it comes again.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from models.errors import Invalid
from models.hours import same_name
from models.hours_cells import Mistake, day_of, deal_of, minutes_of
from models.proposal import Record
from models.reading import clean

NEEDED, MORE = ("date", "person", "deal", "hours"), ("stage", "note", "id")
COLUMNS = (*NEEDED, *MORE)
MOST_BYTES, MOST_LINES, MOST_NAMED = 5 * 1024 * 1024, 20_000, 500
LONGEST = {"person": 200, "stage": 100, "note": 2000, "id": 100}


class HoursLine(Record):
    """A line of the file: who worked how many minutes on which deal. `number` is its line; `key` is the same whenever it comes again."""

    number: int
    key: str
    on: date
    person: str
    deal: int
    minutes: int
    stage: str = ""
    note: str = ""
    id: str = ""


class HoursFile(Record):
    """What a file says: the lines that can be read, and by their numbers what is wrong with the others."""

    lines: list[HoursLine]
    wrong: dict[int, str]


def read(content: bytes | str, today: date) -> HoursFile:
    """A file, or pasted text. Raises Invalid for what is no such file, or has no lines."""
    text = content if isinstance(content, str) else _decoded(content)
    lines, wrong = [], {}
    for number, row in _rows(text):
        try:
            lines.append(_line(number, row, today))
        except Mistake as mistake:
            wrong[number] = str(mistake)
    if not lines and not wrong:
        raise Invalid("There is no line of hours in it.")
    return HoursFile(lines=_keyed(lines), wrong=wrong | _twice(lines))


def refuse_lines(wrong: Mapping[int, str]) -> None:
    """Return if nothing is wrong. Raises Invalid with every line that is, and that nothing was taken."""
    _refuse([f"Line {number}: {wrong[number]}" for number in sorted(wrong)])


def _refuse(wrong: Sequence[str]) -> None:
    if not wrong:
        return
    more = [f"… and {len(wrong) - MOST_NAMED} more."] if len(wrong) > MOST_NAMED else []
    many = "1 mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
    raise Invalid("\n".join([f"Nothing was taken in: {many}.", *wrong[:MOST_NAMED], *more]))


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise Invalid(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB.")
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise Invalid("The file is not written in UTF-8. Save it again as “CSV UTF-8”.") from None


def _rows(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each line that says anything, with the number of its first line. Raises Invalid for a head that cannot be."""
    sep, _, rest = text.removeprefix("\ufeff").partition("\n")
    told = re.fullmatch(r'"?sep=(.)"?\r?', sep, re.IGNORECASE)  # Excel's own first line
    body, skipped = (rest, 1) if told else (text.removeprefix("\ufeff"), 0)
    head = next((line for line in body.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=told[1] if told else _delimiter(head), strict=True)
    names: list[str] = []
    for number, cells in _cells(reader, skipped):
        if not names:
            names = _names(cells)
        elif number - skipped > MOST_LINES:
            raise Invalid(f"The file has more than {MOST_LINES} lines. Please send it in parts.")
        else:
            yield number, _row(names, cells)


def _cells(reader: Any, skipped: int) -> Iterator[tuple[int, list[str]]]:
    while True:
        number = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Invalid(f"Nothing was taken in. Line {number}: it cannot be read ({error}); is a quotation mark missing?") from None
        if any(cell.strip() for cell in cells):
            yield number, cells


def _delimiter(head: str) -> str:
    return max(";,\t", key=head.count)


def _names(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    wrong = [f"There is no column “{name}”." for name in NEEDED if name not in names]
    wrong += [f"Nobody knows what the column “{name[:40]}” is; columns are {', '.join(COLUMNS)}." for name in names if name not in COLUMNS]
    wrong += [f"The column “{name}” is there twice." for name, many in Counter(names).items() if many > 1 and name in COLUMNS]
    _refuse(wrong)
    return names


def _row(names: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {name: clean(cell) for name, cell in zip(names, cells, strict=False)}
    return row | {"more": " ".join(cells[len(names) :]).strip()}


def _line(number: int, row: Mapping[str, str], today: date) -> HoursLine:
    if row["more"]:
        raise Mistake(f"there is more in it than its head names: “{row['more'][:40]}”. Does a note hold the sign that parts the columns?")
    if empty := next((name for name in NEEDED if not row[name]), ""):
        raise Mistake(f"there is no {empty}." if empty != "hours" else "there are no hours.")
    if long := next((name for name, most in LONGEST.items() if len(row[name]) > most), ""):
        raise Mistake(f"the {long} is longer than {LONGEST[long]} characters.")
    minutes = minutes_of(row["hours"])
    if not minutes and not row["id"]:
        raise Mistake("0 hours take an entry back, and so need its id.")
    return HoursLine(
        number=number, key="", on=day_of(row["date"], today), person=row["person"], deal=deal_of(row["deal"]), minutes=minutes,
        stage=row["stage"], note=row["note"], id=row["id"],
    )  # fmt: skip


def _twice(lines: Sequence[HoursLine]) -> dict[int, str]:
    first: dict[str, int] = {}
    for line in lines:
        first.setdefault(line.id, line.number)
    again = [line for line in lines if line.id and first[line.id] != line.number]
    return {line.number: f"the id “{line.id}” stands in line {first[line.id]} already." for line in again}


def _keyed(lines: Sequence[HoursLine]) -> list[HoursLine]:
    """Each line with its key: of its id, else of what it says and how many that say the same came before it."""
    seen: Counter[str] = Counter()
    made: list[HoursLine] = []
    for line in lines:
        said = "|".join(map(str, (line.on, same_name(line.person), line.deal, line.minutes, line.stage.casefold(), line.note)))
        mark = hashlib.sha256(said.encode()).hexdigest()[:24]
        seen[mark] += not line.id
        made.append(line.model_copy(update={"key": f"csv/{line.id}" if line.id else f"csv/#{mark}/{seen[mark]}"}))
    return made
