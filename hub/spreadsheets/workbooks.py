"""Read the first sheet of an XLSX file that somebody uploads.

The file may be hostile: it is unpacked piece by piece up to a limit, has no document types or
entities, and is refused with a sentence if it holds a formula.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from xml.parsers import expat

from hub.errors import Refused, Sentence

SIGNATURE = b"PK\x03\x04"  # with which an XLSX file begins, as each ZIP file does
MAX_UNPACKED = 10_000_000  # bytes of all parts that are read
MAX_SHARED_CHARACTERS = 10_000_000  # of texts that cells refer to, each time that one does
MAX_PARTS = 1000
MAX_ROWS = 10_000
MAX_COLUMNS = 50
CHUNK_SIZE = 64_000
# Of other packings, a few bytes are unpacked to gigabytes in one step. No program writes them.
KNOWN_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
SHARED_STRINGS = "xl/sharedStrings.xml"
REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
# What is raised for a part that is damaged or encrypted.
DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,
)
NOT_A_WORKBOOK = Sentence(
    "The file is not an XLSX file. Save it as “Excel workbook (.xlsx)” and try again."
)
Attributes = dict[str, str]


def read(content: bytes) -> list[list[str]]:
    """Return the rows of the first sheet as texts; a row that the file leaves out is empty."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _Workbook(archive).rows()
    except DAMAGED_ARCHIVE:
        raise Refused(NOT_A_WORKBOOK) from None
    except (KeyError, ValueError, expat.ExpatError):
        raise Refused(NOT_A_WORKBOOK) from None


class _Workbook:
    """An XLSX file that is read part by part."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._unpacked = 0
        if len(archive.namelist()) > MAX_PARTS:
            raise _build_size_error()
        if any(part.compress_type not in KNOWN_PACKINGS for part in archive.infolist()):
            raise Refused(NOT_A_WORKBOOK)

    def rows(self) -> list[list[str]]:
        """Return the rows of the first sheet."""
        relations: dict[str, str] = {}
        sheets: list[str] = []

        def handle_sheet(name: str, attributes: Attributes) -> None:
            if name == "sheet":
                sheets.extend(
                    value for key, value in attributes.items() if key.endswith("relationships id")
                )

        def handle_relation(name: str, attributes: Attributes) -> None:
            if name == "Relationship":
                relations[attributes["Id"]] = attributes["Target"]

        self._parse(WORKBOOK, handle_sheet)
        self._parse(RELATIONS, handle_relation)
        if not sheets:
            raise Refused(NOT_A_WORKBOOK)
        target = relations[sheets[0]]
        path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        sheet = _Sheet(self._shared_strings())
        self._parse(path, sheet.start, sheet.end, sheet.add_text)
        return sheet.rows

    def _shared_strings(self) -> list[str]:
        """Return the texts that cells refer to by their number."""
        if SHARED_STRINGS not in self._archive.namelist():
            return []
        strings = _SharedStrings()
        self._parse(SHARED_STRINGS, strings.start, strings.end, strings.add_text)
        return strings.texts

    def _parse(
        self,
        path: str,
        start: Callable[[str, Attributes], None],
        end: Callable[[str], None] | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Read a part, calling a function for each beginning, end and text of an element."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = lambda name, attributes: start(
            name.rpartition(" ")[2], attributes
        )
        if end is not None:
            parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
        if text is not None:
            parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = _refuse_document_type
        parser.buffer_text = True
        with self._archive.open(path) as part:
            while chunk := part.read(CHUNK_SIZE):
                self._unpacked += len(chunk)
                if self._unpacked > MAX_UNPACKED:
                    raise _build_size_error()
                parser.Parse(chunk, False)
        parser.Parse(b"", True)


class _SharedStrings:
    """The texts of a workbook; the parts of a text with several formats are joined."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._is_phonetic = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin an element."""
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._is_text = not self._is_phonetic

    def end(self, name: str) -> None:
        """End an element."""
        if name == "si":
            self.texts.append("".join(self._parts))
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "t":
            self._is_text = False

    def add_text(self, text: str) -> None:
        """Add text of the element."""
        if self._is_text:
            self._parts.append(text)


class _Sheet:
    """The rows of a sheet; a cell without a place follows the one before it."""

    def __init__(self, shared_strings: list[str]) -> None:
        self.rows: list[list[str]] = []
        self._strings = shared_strings
        self._shared_characters = 0
        self._type = ""
        self._column = 0
        self._parts: list[str] = []
        self._is_value = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin an element: a row, a cell, its value, or a formula, which is refused."""
        if name == "row":
            self._begin_row(attributes.get("r", ""))
        elif name == "c":
            self._begin_cell(attributes)
        elif name in ("v", "t"):
            self._is_value = True
        elif name == "f":
            raise Refused(
                "Row %(number)s holds a formula. Copy the cells, paste them as values and try"
                " again.",
                number=len(self.rows),
            )

    def end(self, name: str) -> None:
        """End an element; the end of a cell stores its text."""
        if name in ("v", "t"):
            self._is_value = False
        elif name == "c":
            row = self.rows[-1]
            row.extend([""] * (self._column - len(row)))
            row.append(self._cell_text())
            self._column += 1

    def add_text(self, text: str) -> None:
        """Add text of the element."""
        if self._is_value:
            self._parts.append(text)

    def _begin_row(self, number: str) -> None:
        """Begin a row; those that the file leaves out before it are empty.

        Raise ValueError for a row that does not follow the one before it.
        """
        place = int(number) - 1 if number else len(self.rows)
        if place < len(self.rows):
            raise ValueError(number)
        if place >= MAX_ROWS:
            raise _build_size_error()
        self.rows.extend([] for _ in range(place - len(self.rows) + 1))
        self._column = 0

    def _begin_cell(self, attributes: Attributes) -> None:
        """Begin a cell at the place that it names, else after the one before it.

        Raise ValueError for a cell outside of a row, or one that does not follow the one before.
        """
        self._type = attributes.get("t", "n")
        self._parts = []
        reference = REFERENCE.fullmatch(attributes.get("r", ""))
        column = _parse_column_number(reference[1]) if reference else self._column
        if not self.rows or column < self._column:
            raise ValueError(attributes.get("r"))
        self._column = column
        if self._column >= MAX_COLUMNS:
            raise _build_size_error()

    def _cell_text(self) -> str:
        """Return the text of the cell."""
        text = "".join(self._parts)
        if self._type == "s":
            return self._get_shared_text(_parse_shared_text_index(text, len(self._strings)))
        return _format_number(text) if self._type == "n" else text

    def _get_shared_text(self, index: int) -> str:
        """Return a shared text; one that is stored once may be in each cell, and count there."""
        text = self._strings[index]
        self._shared_characters += len(text)
        if self._shared_characters > MAX_SHARED_CHARACTERS:
            raise _build_size_error()
        return text


def _parse_column_number(letters: str) -> int:
    """Return the place of a column: 0 for A, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _parse_shared_text_index(text: str, count: int) -> int:
    """Return the number of a shared text; raise ValueError if there is none of this number."""
    index = int(text)
    if not 0 <= index < count:
        raise ValueError(text)
    return index


def _format_number(text: str) -> str:
    """Return a number as a person writes it: without an exponent, and 7 for 7.0."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return text
    return f"{number.normalize():f}"


def _refuse_document_type(*declaration: object) -> None:
    """Refuse a document type: no workbook has one, and entities could expand without end."""
    raise Refused(NOT_A_WORKBOOK)


def _build_size_error() -> Refused:
    return Refused(
        "The file holds too much: it may have %(rows)s rows. Split it and try again.",
        rows=MAX_ROWS,
    )
