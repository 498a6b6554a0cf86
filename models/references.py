"""References under which money comes: invoice numbers, and the structured creditor reference made from each (ISO 11649, "RF18…").

An invoice's reference is a function of its number's letters and digits alone, so a payer who wrote either of them, spaced and broken
as banks do, has named the same thing.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

_BODY_MAX = 21
"""What ISO 11649 leaves behind RF and the check digits."""
_GAP_MAX = 3
_GAP = rf"[^A-Z0-9]{{0,{_GAP_MAX}}}"
_PART = re.compile(r"[A-Z0-9]+")
_RUN = re.compile(r"[A-Z]+|[0-9]+")
_RF_START = re.compile(rf"(?<![A-Z0-9])R{_GAP}F{_GAP}[0-9]{_GAP}[0-9](?={_GAP}[A-Z0-9])")
_NUMBER = re.compile(rf"(?<![A-Z0-9])([A-Z][A-Z0-9]{{0,7}}?){_GAP}(20[0-9]{{2}}){_GAP}([0-9]{{1,9}})(?![0-9A-Z])")
_BROKEN = re.compile(r"\s*[\r\n]\s*([0-9]{1,9})(?![0-9A-Z])")
_RUNS_MAX = 16


def compact(text: str) -> str:
    """Letters A–Z and digits alone, in upper case: "nl-2026 / 0001" gives "NL20260001"."""
    return "".join(_PART.findall(text.upper()))


def reference_of(number: str) -> str:
    """The creditor reference of an invoice number, without spaces. A number that is too long for it goes in as a hash."""
    body = compact(number)
    if len(body) > _BODY_MAX:
        body = hashlib.sha256(body.encode()).hexdigest()[:20].upper()
    return f"RF{mod_97_10.calc_check_digits(f'{body}RF')}{body}"


def spaced(reference: str) -> str:
    """A reference in groups of four, as people read it: "RF18 5390 0754 7034"."""
    return iso11649.format(reference)


def find_numbers(text: str) -> list[str]:
    """Creditor references of all that a payer's text names, without spaces, in its order; to be looked up as `Invoice.reference`.

    An invoice number of the usual form (series, year, number) counts as the reference made from it: "inv nl 2026 0001" and the
    reference itself give the same. Where a text may be read in two ways both are given. What is not one of ours names no invoice.
    """
    upper = text.upper()
    found: list[tuple[int, str]] = []
    taken: list[range] = []
    for start, end, reference in _creditor_references(upper):
        found.append((start, reference))
        taken.append(range(start, end))
    for match in _NUMBER.finditer(upper):
        if any(match.start() in span for span in taken):
            continue
        number = "".join(match.groups())
        found.append((match.start(), reference_of(number)))
        if broken := _BROKEN.match(upper, match.end()):
            found.append((match.start(), reference_of(number + broken.group(1))))
    return list(dict.fromkeys(reference for _, reference in sorted(found, key=lambda one: one[0])))


def named(text: str, known: Iterable[str]) -> list[str]:
    """Which of the `known` numbers and references a text names, as they were given, in the order of the text.

    Numbers of any form. The longest reading wins; nothing is found inside longer letters or digits.
    """
    by_compact = {compact(one): one for one in known if compact(one)}
    longest = max(map(len, by_compact), default=0)
    runs = _RUN.findall(text.upper())
    found, place = [], 0
    while place < len(runs):
        width = next((width for width in _widths(runs, place, longest) if "".join(runs[place : place + width]) in by_compact), 0)
        if width:
            found.append(by_compact["".join(runs[place : place + width])])
        place += width or 1
    return list(dict.fromkeys(found))


def _widths(runs: list[str], place: int, longest: int) -> list[int]:
    """How many runs from `place` on may be one number, the most first."""
    widths, length = [], 0
    for width, run in enumerate(runs[place : place + _RUNS_MAX], start=1):
        length += len(run)
        if length > longest:
            break
        widths.append(width)
    return widths[::-1]


def _creditor_references(upper: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and every reading of a reference whose check digits are right, the longest first. A reading ends where letters or digits do."""
    for start in _RF_START.finditer(upper):
        readings, reading, end = [], "", start.start()
        for run in _RUN.finditer(upper, start.start()):
            reading += run.group()
            if len(reading) > _BODY_MAX + len("RF18") or run.start() - end > _GAP_MAX:
                break
            end = run.end()
            if end > start.end() and iso11649.is_valid(reading):
                readings.append((start.start(), end, reading))
        yield from reversed(readings)
