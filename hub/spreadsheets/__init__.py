"""Files for spreadsheet programs: CSV files, written so that no cell runs as a formula.

Pages, commands and the audit log write and read lists with it. `hub.web.lists.xlsx` streams XLSX
files.

Imports only `hub.errors`. Start reading here; `workbooks` reads XLSX files.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from hub.errors import Refused

MIME = "text/csv"
BOM = "\ufeff"  # tells Excel that the file is UTF-8
PART_LENGTH = 100_000  # characters of a large file that are sent together
DELIMITERS = (
    ",",
    ";",
    "\t",
)  # the regional settings of the reader's computer decide which one is used

# A program that splits at another delimiter than the comma does not honour the quotes of a cell, so
# a formula may begin after a delimiter or line break inside it, behind characters that programs
# skip.
_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20"  # with the full-width forms
_SKIPPED = '\\s"\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202f\u2060\ufeff'
_BREAK = "[;\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]"
# Skipped characters and apostrophes before what may be a formula. They are read once: no place
# within them is tried as their beginning.
_BEFORE_FORMULA = re.compile(f"(?<![{_SKIPPED}])(?:([{_SKIPPED}]++)|(?<!'))('*+)(?=[{_FORMULA}])")
_LINE_BREAK = re.compile(_BREAK)

Cell = str | int | Decimal | None


def encode(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write a CSV file; numbers stay numbers.

    A text that a program could run as a formula is guarded.
    """
    return b"".join(stream(header, rows))


def stream(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the parts of the file that `encode` returns, row by row."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    file.write(BOM)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_guard_cell(cell) for cell in row])
        if file.tell() >= PART_LENGTH:
            yield file.getvalue().encode()
            file.seek(0)
            file.truncate()
    yield file.getvalue().encode()


class Sheet(NamedTuple):
    """The columns of a file, and its rows as texts by column."""

    header: list[str]
    rows: list[dict[str, str]]


def read(content: bytes) -> Sheet:
    """Return the columns and the rows of an uploaded file, which is XLSX or CSV."""
    from hub.spreadsheets import workbooks  # few processes ever read such a file

    if not content.startswith(workbooks.SIGNATURE):
        return decode(content)
    lines = workbooks.read(content)
    if not lines:
        return Sheet([], [])
    header = [name.strip() for name in lines[0]]
    return Sheet(header, [dict(zip(header, line, strict=False)) for line in lines[1:]])


def decode(content: bytes) -> Sheet:
    """Return the columns and the rows of a CSV file, with the texts that `encode` was given."""
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_guess_delimiter(text))
        lines = list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise Refused(
            "The file is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again."
        ) from None
    if not lines:
        return Sheet([], [])
    header = [name.strip() for name in lines[0]]
    rows = []
    for line in lines[1:]:
        cells = map(unguard, line)
        rows.append(dict(zip(header, cells, strict=False)))  # a short line lacks its last columns
    return Sheet(header, rows)


def guard(text: str) -> str:
    """Put an apostrophe before every text that a spreadsheet program would run as a formula."""
    return _BEFORE_FORMULA.sub(_add_apostrophe, text)


def unguard(text: str) -> str:
    """Return the text that `guard` was given."""
    return _BEFORE_FORMULA.sub(_drop_apostrophe, text)


def _add_apostrophe(match: re.Match[str]) -> str:
    """Return what stands before a formula, with an apostrophe if a cell may begin there."""
    return f"{match[0]}'" if _may_begin_cell(match) else match[0]


def _drop_apostrophe(match: re.Match[str]) -> str:
    """Return what stands before a formula, without the apostrophe that guards it."""
    if not match[2] or not _may_begin_cell(match):
        return match[0]
    return match[0][:-1]


def _may_begin_cell(match: re.Match[str]) -> bool:
    """Return whether a program may take what stands before a formula for the start of a cell."""
    place = match.start()
    if place == 0 or match.string[place - 1] == ";":
        return True
    return bool(_LINE_BREAK.search(match[1] or ""))


def _guard_cell(cell: Cell) -> str | int | Decimal:
    """Return a cell that no spreadsheet program runs as a formula."""
    if isinstance(cell, Decimal):
        return _Plain(cell)
    if isinstance(cell, int):
        return cell
    return guard(cell or "")


class _Plain(Decimal):
    """A number that is written without an exponent."""

    def __str__(self) -> str:
        """Return the digits; the csv module writes a number as its string."""
        return format(self, "f")


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the first line into most columns, a comma if none does."""
    lines = text.splitlines()
    header = lines[0] if lines else ""
    return max(DELIMITERS, key=header.count)
