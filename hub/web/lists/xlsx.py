"""Write XLSX files row by row, with constant memory."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
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
Cell = str | int | Decimal | None


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


def stream_file(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the parts of a file with these rows; more than a sheet holds go into further sheets."""
    output = _Output()
    sheets = 0
    remaining = iter(rows)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        is_complete = False
        while not is_complete:
            sheets += 1
            name = f"xl/worksheets/sheet{sheets}.xml"
            with archive.open(name, "w", force_zip64=True) as sheet:
                sheet.write(
                    f'{_XML_DECLARATION}<worksheet xmlns="{_MAIN_NAMESPACE}"><sheetData>'.encode()
                )
                sheet.write(_build_row(header))
                is_complete = True
                part: list[bytes] = []
                size = 0
                for count, row in enumerate(remaining, start=2):
                    part.append(_build_row(row))
                    size += len(part[-1])
                    if size >= PART_SIZE:
                        sheet.write(b"".join(part))
                        part, size = [], 0
                        yield output.take()
                    if count == MAX_SHEET_ROWS:
                        is_complete = False
                        break
                sheet.write(b"".join(part) + b"</sheetData></worksheet>")
        for name, text in _iter_frame_files(sheets):
            archive.writestr(name, f"{_XML_DECLARATION}{text}")
    yield output.take()


def _build_row(cells: Sequence[Cell]) -> bytes:
    """Return a row of a sheet."""
    content = "".join(map(_build_cell, cells))
    return f"<row>{content}</row>".encode()


def _build_cell(cell: Cell) -> str:
    """Return a cell: numbers are numbers, and texts are never formulas."""
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, Decimal):
        return f"<c><v>{cell:f}</v></c>"
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    text = escape(_NOT_IN_XML.sub("", cell)[:MAX_CELL_LENGTH])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _iter_frame_files(sheets: int) -> Iterator[tuple[str, str]]:
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
        f"{types}</Types>",
    )
    yield (
        "_rels/.rels",
        f'<Relationships xmlns="{_RELATIONS_NAMESPACE}"><Relationship Id="rId1"'
        f' Type="{_OFFICE_NAMESPACE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    listed = "".join(
        f'<sheet name="Sheet{number}" sheetId="{number}" r:id="rId{number}"/>' for number in numbers
    )
    yield (
        "xl/workbook.xml",
        f'<workbook xmlns="{_MAIN_NAMESPACE}" xmlns:r="{_OFFICE_NAMESPACE}">'
        f"<sheets>{listed}</sheets></workbook>",
    )
    targets = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE_NAMESPACE}/worksheet"'
        f' Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'<Relationships xmlns="{_RELATIONS_NAMESPACE}">{targets}</Relationships>',
    )
