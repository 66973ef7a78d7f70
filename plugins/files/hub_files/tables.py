"""Tables in CSV and Excel files: their columns, and rows of texts, numbers and dates.

openpyxl is imported only when it is needed: it takes 8 MB, and most processes read no Excel file.
"""

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from hub import Refused
from hub_files.workbook_limits import (
    DAMAGED_ARCHIVE,
    SheetLimits,
    check_elements,
    check_unpacked_size,
)

MAX_ROWS = 10_000
MAX_COLUMNS = 100
MAX_CELL_LENGTH = 4_000
DELIMITERS = (",", ";", "\t", "|")
# A first line that tells Excel the delimiter, and is no part of the table.
DELIMITER_LINE = re.compile(r'"?sep=(.)"?\r?\n', re.IGNORECASE)
UTF_16_SAMPLE = 2_000  # bytes
# A cell with a formula whose result is not stored, as some programs write it; an empty text as
# the result has a type. The time grows with the length of a sheet, not with its square: no part
# reads on beyond the next element, and no two parts could share the same white space.
FORMULA_WITHOUT_RESULT = re.compile(
    rb"<c\b([^<>]*)>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:(?:<v\s*/>|<v>\s*</v>)\s*)?</c>"
)
TYPE_OF_TEXT = b't="str"'
CELL_REFERENCE = re.compile(rb'\br="([A-Z]+\d+)"')
SHEET_FOLDER = "xl/worksheets/"
ZIP_SIGNATURE = b"PK\x03\x04"
OLD_EXCEL_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also if it has a password
# What is raised for a part of a workbook that has other contents than it should.
DAMAGED_PART = (LookupError, ValueError, TypeError, AttributeError)

Cell = str | Decimal | dt.date


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with one cell for each column; `number` is its line in the file."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, each different, and the rows that are not empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(name: str, content: bytes) -> Table:
    """Read the table in a CSV file, or on the first sheet of an Excel file that is not empty.

    Raise Refused with the reason if the file has no table.
    """
    is_workbook = content.startswith((ZIP_SIGNATURE, OLD_EXCEL_SIGNATURE))
    lines = _read_workbook_lines(name, content) if is_workbook else _read_csv_lines(name, content)
    numbered_lines = [(number, cells) for number, cells in enumerate(lines, 1) if any(cells)]
    if len(numbered_lines) < 2:  # the names of the columns, and a row
        raise Refused("%(name)s has no row below the names of its columns.", name=name)
    if len(numbered_lines) > MAX_ROWS + 1:
        raise Refused(
            "%(name)s has more than %(count)s rows. Split it into several files, each document with"
            " all of its rows in one of them.",
            name=name,
            count=MAX_ROWS,
        )
    columns = _list_column_names(name, numbered_lines[0][1])
    rows = []
    for number, cells in numbered_lines[1:]:
        rows.append(_build_row(name, number, cells, len(columns)))
    return Table(columns, tuple(rows))


def require_results(name: str, content: bytes) -> None:
    """Raise Refused for an Excel file with a formula without its result, which reads as empty."""
    if not content.startswith(ZIP_SIGNATURE):
        return
    _check_unpacked_size(name, content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            paths = [path for path in archive.namelist() if path.startswith(SHEET_FOLDER)]
            cells = [_find_formula_without_result(archive.read(path)) for path in paths]
    except DAMAGED_ARCHIVE as error:
        raise _build_workbook_error(name) from error
    for cell in filter(None, cells):
        raise Refused(
            "%(name)s has a formula without its result in cell %(cell)s. Open the file in a"
            " spreadsheet program, save it, and try again.",
            name=name,
            cell=cell,
        )


def require_one_table(name: str, content: bytes) -> None:
    """Raise Refused for an Excel file with the same columns on several sheets: one is read."""
    if not content.startswith(ZIP_SIGNATURE):
        return
    sheets = _list_sheet_columns(name, content)
    for title, columns in sheets[1:]:
        first_title, first_columns = sheets[0]
        if columns == first_columns:
            raise Refused(
                "%(name)s has the same columns on the sheets “%(first)s” and “%(other)s”, and only"
                " one sheet of a file is read. Save each sheet as a file of its own.",
                name=name,
                first=first_title,
                other=title,
            )


def _find_formula_without_result(sheet: bytes) -> str:
    """Return the first cell of a sheet whose formula has no result; "" if there is none."""
    for match in FORMULA_WITHOUT_RESULT.finditer(sheet):
        attributes = match[1]
        reference = CELL_REFERENCE.search(attributes)
        if reference and TYPE_OF_TEXT not in attributes:
            return reference[1].decode()
    return ""


def format_cell(cell: Cell) -> str:
    """Return the text of a cell: a number without an exponent, a date in ISO 8601."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return cell


def _list_column_names(name: str, cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the names of the columns; a column without a name is called by its letter."""
    names = [" ".join(format_cell(cell).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAX_COLUMNS:
        raise _build_width_error(name)
    for index, column in enumerate(names):
        if not column:
            names[index] = f"Column {_format_column_letters(index)}"
    repeated_names = {column for column in names if names.count(column) > 1}
    if repeated_names:
        raise Refused(
            "%(name)s has two columns with the name %(column)s. Rename one of them.",
            name=name,
            column=min(repeated_names),
        )
    return tuple(names)


def _format_column_letters(index: int) -> str:
    """Return the letters of a column in spreadsheets: A to Z, then AA."""
    from openpyxl.utils import get_column_letter

    letters: str = get_column_letter(index + 1)
    return letters


def _build_row(name: str, number: int, cells: Sequence[Cell], width: int) -> Row:
    """Return a row with a cell for each column; raise Refused for a cell beyond the last one."""
    if any(cells[width:]):
        raise Refused(
            "Line %(number)s of %(name)s has more cells than there are columns. Check its quotes"
            " and separators.",
            number=number,
            name=name,
        )
    for cell in cells:
        if isinstance(cell, str) and len(cell) > MAX_CELL_LENGTH:
            raise Refused(
                "Line %(number)s of %(name)s has a text of more than %(count)s characters.",
                number=number,
                name=name,
                count=MAX_CELL_LENGTH,
            )
    missing = ("",) * (width - len(cells))
    return Row(number, (*cells[:width], *missing))


# -- CSV -------------------------------------------------------------------------------------------


def _read_csv_lines(name: str, content: bytes) -> list[list[Cell]]:
    """Return the lines of a CSV file as stripped texts; one that names the delimiter is empty.

    Many more lines than are allowed are not read.
    """
    text = _decode(name, content)
    delimiter_line = DELIMITER_LINE.match(text)
    delimiter = delimiter_line[1] if delimiter_line else _guess_delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[list[Cell]] = []
    empty_line: list[Cell] = []
    count = 0
    try:
        for line in reader:
            cells: list[Cell] = [cell.strip() for cell in line]
            lines.append(cells if any(cells) else empty_line)
            count += any(cells)
            if count > MAX_ROWS + 2:  # the delimiter, the names of the columns, and the rows
                break
        if delimiter_line:
            lines[0] = []
        return lines
    except csv.Error as error:
        raise Refused(
            "Line %(number)s of %(name)s is not CSV: %(why)s. Save the file as CSV again.",
            number=reader.line_num,
            name=name,
            why=str(error),
        ) from None


def _decode(name: str, content: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or Windows-1252, which Excel writes."""
    utf_16 = _find_utf_16(content)
    for encoding in [utf_16] if utf_16 else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Refused("%(name)s is not a text. Save it as “CSV UTF-8” and try again.", name=name)


def _find_utf_16(content: bytes) -> str | None:
    """Return the form of UTF-16 that a content has, with or without its mark; None if it has none.

    Without a mark, one byte of most characters is zero: the second if the lower byte comes first.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = content[:UTF_16_SAMPLE]
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        bytes_of_one_half = sample[first::2]
        if bytes_of_one_half.count(0) * 2 > len(bytes_of_one_half):
            return encoding
    return None


def _guess_delimiter(text: str) -> str:
    """Return the delimiter that splits the first line into most columns, a comma if none does."""
    first_line = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=first_line.count)


# -- Excel -----------------------------------------------------------------------------------------


def _read_workbook_lines(name: str, content: bytes) -> list[list[Cell]]:
    """Return the lines of the first sheet that is not empty, with the results of formulas."""
    with _workbook_errors(name):
        for sheet in _open_sheets(name, content):
            lines = _read_sheet_lines(name, sheet.iter_rows())
            if any(any(line) for line in lines):
                return lines
    return []


def _list_sheet_columns(name: str, content: bytes) -> list[tuple[str, str]]:
    """Return title and columns of each sheet with a row below them; the columns as one text."""
    sheets: list[tuple[str, str]] = []
    with _workbook_errors(name):
        for sheet in _open_sheets(name, content):
            lines = _read_first_lines(name, sheet.iter_rows())
            if len(lines) > 1:
                columns = "\t".join(map(format_cell, lines[0]))
                sheets.append((sheet.title, columns.rstrip().casefold()))
    return sheets


def _open_sheets(name: str, content: bytes) -> Sequence[Any]:
    """Open a workbook and return its sheets; their cells are read later."""
    from openpyxl import load_workbook

    _check_unpacked_size(name, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        check_elements(name, archive)
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    sheets: list[Any] = workbook.worksheets
    for sheet in sheets:
        sheet.reset_dimensions()  # they may be outdated, and hide rows and columns
    return sheets


@contextmanager
def _workbook_errors(name: str) -> Iterator[None]:
    """Raise Refused for what is raised if a file is no workbook, or a damaged one."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        yield
    except (InvalidFileException, ParseError, *DAMAGED_ARCHIVE, *DAMAGED_PART) as error:
        raise _build_workbook_error(name) from error


def _read_first_lines(name: str, rows: Iterable[Sequence[object]]) -> list[list[Cell]]:
    """Return the first two lines of a sheet that are not empty, or fewer if it has fewer."""
    lines: list[list[Cell]] = []
    limits = SheetLimits(name)
    for row in rows:
        limits.count(row)
        cells = [_convert_cell(cell) for cell in row[:MAX_COLUMNS]]
        if any(cells):
            lines.append(cells)
        if len(lines) == 2:
            break
    return lines


def _check_unpacked_size(name: str, content: bytes) -> None:
    """Raise Refused for a file that is no archive, or that is too large when it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_unpacked_size(name, archive)
    except DAMAGED_ARCHIVE as error:
        raise _build_workbook_error(name) from error


def _read_sheet_lines(name: str, rows: Iterable[Sequence[object]]) -> list[list[Cell]]:
    """Return the lines of a sheet, but at most one more that is not empty than is allowed.

    Raise Refused for a cell beyond the columns that a table may have: all cells before it would be
    kept in memory, for each line.
    """
    lines: list[list[Cell]] = []
    empty_line: list[Cell] = []
    count = 0
    limits = SheetLimits(name)
    for row in rows:
        limits.count(row)
        if any(_convert_cell(cell) for cell in row[MAX_COLUMNS:]):
            raise _build_width_error(name)
        cells = [_convert_cell(cell) for cell in row[:MAX_COLUMNS]]
        lines.append(cells if any(cells) else empty_line)
        count += any(cells)
        if count > MAX_ROWS + 1:
            break
    return lines


def _convert_cell(cell: object) -> Cell:
    """Return the value of a cell; a number as Excel shows it, with 15 digits."""
    value = getattr(cell, "value", None)
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _convert_number(cell, value)
    return str(value).strip()


def _convert_number(cell: object, value: float) -> Cell:
    """Return a number with 15 digits, or a percentage as text if its cell shows one."""
    number = Decimal(f"{value:.15g}")
    number_format = getattr(cell, "number_format", None) or ""
    if "%" not in number_format:
        return number
    percentage = (number * 100).normalize()
    return f"{percentage:f} %"


def _build_width_error(name: str) -> Refused:
    """Return the error for a table with too many columns."""
    return Refused(
        "%(name)s has more than %(count)s columns. Remove those that are not needed.",
        name=name,
        count=MAX_COLUMNS,
    )


def _build_workbook_error(name: str) -> Refused:
    """Return the error for a file that is not an Excel workbook."""
    return Refused(
        "%(name)s cannot be read as an Excel file. Save it as “Excel workbook (.xlsx)” without a"
        " password and try again.",
        name=name,
    )
