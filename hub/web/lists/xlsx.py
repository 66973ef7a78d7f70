"""Write XLSX files row by row, with constant memory.

Dates and amounts are numbers with a format, so that a person can sort, filter and add them. The
header stays in view, and filters its columns.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import IO
from xml.sax.saxutils import escape

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_SHEET_ROWS = 1_048_576  # Excel opens no file with more
MAX_CELL_LENGTH = 32_767
PART_SIZE = 100_000  # bytes of a sheet that are compressed together
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS_NAMESPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE_NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES_NAMESPACE = "http://schemas.openxmlformats.org/package/2006/content-types"
_FORMAT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
FIRST_DAY = dt.date(1899, 12, 30)  # day 0 of a workbook
# Excel counts a 29 February 1900 that did not exist; earlier dates are written as texts.
FIRST_EXACT_DAY = dt.date(1900, 3, 1)
SECONDS_OF_DAY = 86_400
MAX_NAME_LENGTH = 31  # of a sheet
_NOT_IN_NAME = re.compile(r"[\[\]:*?/\\]")
# The formats of cells, by the number that a cell names. Amounts have as many decimals as were
# rounded to: those of their currency.
HEADER_STYLE = 1
DATE_STYLE = 2
MOMENT_STYLE = 3
AMOUNT_STYLES = {0: 4, 2: 5, 3: 6}
# A cell has no time zone, so the format of a moment names it.
NUMBER_FORMATS = (
    "yyyy-mm-dd",
    'yyyy-mm-dd hh:mm:ss" UTC"',
    "#,##0",
    "#,##0.00",
    "#,##0.000",
)
FIRST_NUMBER_FORMAT = 164  # smaller numbers are those of the formats that each program has
COLUMN_WIDTH = 23  # characters: a narrower column shows a moment as ####
_SHEET_BEGINNING = (
    f'{_XML_DECLARATION}<worksheet xmlns="{_MAIN_NAMESPACE}">'
    '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2"'
    ' activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    f'<sheetFormatPr defaultColWidth="{COLUMN_WIDTH}" defaultRowHeight="15"/>'
    "<sheetData>"
)
Cell = str | int | Decimal | dt.date | None


class _Output(io.RawIOBase):
    """A file that is only written, and emptied after each part."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Return that it can be written; it cannot be read or positioned."""
        return True

    def write(self, content: object) -> int:
        """Keep a part until it is taken."""
        part = bytes(content)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        """Return the bytes that were written since the last call."""
        content = b"".join(self._parts)
        self._parts.clear()
        return content


def stream_file(
    title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Iterator[bytes]:
    """Yield the parts of a file with these rows; more than a sheet holds go into further sheets.

    `title` is the name of the first sheet, and begins those of the others.
    """
    output = _Output()
    sheets = 0
    remaining = iter(rows)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        is_full = True
        while is_full:
            sheets += 1
            name = f"xl/worksheets/sheet{sheets}.xml"
            with archive.open(name, "w", force_zip64=True) as sheet:
                is_full = yield from _stream_sheet(sheet, output, header, remaining)
        for name, text in _iter_frame_files(title, sheets):
            archive.writestr(name, f"{_XML_DECLARATION}{text}")
    yield output.take()


def _stream_sheet(
    sheet: IO[bytes], output: _Output, header: Sequence[str], rows: Iterator[Sequence[Cell]]
) -> Generator[bytes, None, bool]:
    """Write as many rows as a sheet holds, and yield its parts; return whether it is full."""
    sheet.write(_SHEET_BEGINNING.encode() + _build_row(header, HEADER_STYLE))
    count = 1  # rows, with the header
    part: list[bytes] = []
    size = 0
    for row in islice(rows, MAX_SHEET_ROWS - 1):
        count += 1
        part.append(_build_row(row))
        size += len(part[-1])
        if size >= PART_SIZE:
            sheet.write(b"".join(part))
            part, size = [], 0
            yield output.take()
    sheet.write(b"".join(part) + _build_sheet_end(len(header), count))
    return count == MAX_SHEET_ROWS


def _build_row(cells: Sequence[Cell], style: int = 0) -> bytes:
    """Return a row of a sheet; `style` is that of its texts."""
    content = "".join(_build_cell(cell, style) for cell in cells)
    return f"<row>{content}</row>".encode()


def _build_cell(cell: Cell, style: int) -> str:
    """Return a cell: numbers and dates are numbers, and texts are never formulas."""
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, Decimal):
        return _build_amount(cell)
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    if isinstance(cell, dt.date):
        return _build_date(cell)
    text = escape(_NOT_IN_XML.sub("", cell)[:MAX_CELL_LENGTH])
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _build_amount(amount: Decimal) -> str:
    """Return the cell of an amount, with the decimals that it has."""
    exponent = amount.as_tuple().exponent
    decimals = max(-exponent, 0) if isinstance(exponent, int) else 0
    return f'<c s="{AMOUNT_STYLES.get(decimals, 0)}"><v>{amount:f}</v></c>'


def _build_date(value: dt.date) -> str:
    """Return the cell of a date, or of a moment, which is shown in UTC."""
    moment = None
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC) if value.tzinfo else value
        value = moment.date()
    if value < FIRST_EXACT_DAY:
        return _build_cell(str(value), 0)
    days = (value - FIRST_DAY).days
    if moment is None:
        return f'<c s="{DATE_STYLE}"><v>{days}</v></c>'
    seconds = moment.hour * 3600 + moment.minute * 60 + moment.second
    return f'<c s="{MOMENT_STYLE}"><v>{days + seconds / SECONDS_OF_DAY:.8f}</v></c>'


def _build_sheet_end(columns: int, rows: int) -> bytes:
    """Return the end of a sheet, with a filter for each of its columns."""
    area = f"A1:{_format_column(columns)}{rows}"
    return f'</sheetData><autoFilter ref="{area}"/></worksheet>'.encode()


def _format_column(number: int) -> str:
    """Return the letters of a column: A for 1, AA for 27."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def _build_sheet_name(title: str, number: int) -> str:
    """Return the name of a sheet, which is unique in the file and no longer than Excel accepts."""
    end = f" {number}" if number > 1 else ""
    name = _NOT_IN_NAME.sub("_", title)[: MAX_NAME_LENGTH - len(end)]
    return _escape_attribute(f"{name}{end}")


def _escape_attribute(value: str) -> str:
    """Return a text as it stands between the quotes of an attribute."""
    return escape(value, {'"': "&quot;"})


def _build_styles() -> str:
    """Return the part of a workbook with the formats of its cells."""
    numbers = range(FIRST_NUMBER_FORMAT, FIRST_NUMBER_FORMAT + len(NUMBER_FORMATS))
    formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{_escape_attribute(code)}"/>'
        for number, code in zip(numbers, NUMBER_FORMATS, strict=True)
    )
    styles = "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0"'
        ' applyNumberFormat="1"/>'
        for number in numbers
    )
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"'
    return (
        f'<styleSheet xmlns="{_MAIN_NAMESPACE}">'
        f'<numFmts count="{len(NUMBER_FORMATS)}">{formats}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        f'<cellStyleXfs count="1">{plain}/></cellStyleXfs>'
        f'<cellXfs count="{len(NUMBER_FORMATS) + 2}">{plain} xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        f"{styles}</cellXfs>"
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
        "</styleSheet>"
    )


def _iter_frame_files(title: str, sheets: int) -> Iterator[tuple[str, str]]:
    """Yield name and content of the files that make the sheets a workbook."""
    numbers = range(1, sheets + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml"'
        f' ContentType="{_FORMAT}.worksheet+xml"/>'
        for number in numbers
    )
    yield (
        "[Content_Types].xml",
        f'<Types xmlns="{_TYPES_NAMESPACE}"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_FORMAT}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_FORMAT}.styles+xml"/>'
        f"{types}</Types>",
    )
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_RELATIONS_NAMESPACE}"><Relationship Id="rId1"'
        f' Type="{_OFFICE_NAMESPACE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    sheet_list = "".join(
        f'<sheet name="{_build_sheet_name(title, number)}" sheetId="{number}" r:id="rId{number}"/>'
        for number in numbers
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN_NAMESPACE}" xmlns:r="{_OFFICE_NAMESPACE}">'
        f"<sheets>{sheet_list}</sheets></workbook>",
    )
    targets = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE_NAMESPACE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    targets += (
        f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE_NAMESPACE}/styles"'
        ' Target="styles.xml"/>'
    )
    yield "xl/styles.xml", _build_styles()
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{_RELATIONS_NAMESPACE}">{targets}</Relationships>',
    )
