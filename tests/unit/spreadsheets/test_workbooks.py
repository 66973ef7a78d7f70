"""XLSX files that somebody uploads: what is read of them, and which are refused with a sentence."""

import io
import zipfile
from decimal import Decimal

import pytest

from hub import spreadsheets
from hub.errors import Refused
from hub.spreadsheets import workbooks
from hub.web.lists import xlsx

SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def workbook(rows="", *, shared=None, replaced=None, prefix="", packing=zipfile.ZIP_DEFLATED):
    """Return a file with these rows, as other programs write it, or with other parts."""
    (content,) = [b"".join(xlsx.stream_file("Rows", ("a",), []))]
    parts = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    text = f"{prefix}<worksheet {NAMESPACE}><sheetData>{rows}</sheetData></worksheet>"
    parts[SHEET] = text.encode()
    if shared is not None:
        parts["xl/sharedStrings.xml"] = f"<sst {NAMESPACE}>{shared}</sst>".encode()
    parts |= replaced or {}
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", packing) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return output.getvalue()


def test_a_written_workbook_is_read_back():
    rows = [["supplier", "0012", "Ærlig & Sønn", None], ["x", "=1+1", 5, Decimal("1234.50")]]
    content = b"".join(xlsx.stream_file("Rows", ("field", "code", "name", "amount"), rows))
    header, lines = spreadsheets.read(content)
    assert header == ["field", "code", "name", "amount"]
    assert lines == [
        {"field": "supplier", "code": "0012", "name": "Ærlig & Sønn", "amount": ""},
        {"field": "x", "code": "=1+1", "name": "5", "amount": "1234.5"},
    ]


def test_shared_and_formatted_texts_and_places_of_cells_are_read():
    shared = (
        "<si><t>code</t></si><si><r><t>Byg</t></r><r><t>gmakker</t></r><rPh><t>no</t></rPh></si>"
    )
    rows = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="str"><v>name</v></c></row>'
        '<row r="3"><c r="A3"><v>1999.0</v></c><c r="C3" t="s"><v>1</v></c></row>'
        '<row r="4"><c r="B4"><v>1.5E3</v></c></row>'
    )
    assert workbooks.read(workbook(rows, shared=shared)) == [
        ["code", "", "name"],
        [],
        ["1999", "", "Byggmakker"],
        ["", "1500"],
    ]


def test_a_csv_file_is_read_as_before():
    assert spreadsheets.read(b"a;b\r\n1;2\r\n") == (["a", "b"], [{"a": "1", "b": "2"}])


def test_a_formula_is_refused_with_its_row():
    rows = '<row r="1"><c><v>1</v></c></row><row r="2"><c><f>1+1</f><v>2</v></c></row>'
    with pytest.raises(Refused, match="Row 2 holds a formula"):
        workbooks.read(workbook(rows))


def test_a_bomb_is_refused_before_it_is_unpacked_whole():
    rows = "<row><c><v>1</v></c></row>" + " " * 200_000_000
    content = workbook(rows)
    assert len(content) < 1_000_000
    with pytest.raises(Refused, match="holds too much"):
        workbooks.read(content)


def test_a_long_text_that_many_cells_share_is_refused():
    rows = '<row><c t="s"><v>0</v></c></row>' * 10_000
    content = workbook(rows, shared=f"<si><t>{'a' * 5_000_000}</t></si>")
    assert len(content) < 50_000
    with pytest.raises(Refused, match="holds too much"):
        workbooks.read(content)


@pytest.mark.parametrize(
    "rows",
    [
        "<row/>" * 10_001,
        '<row r="10001"/>',
        '<row r="1048576"/>',
        "<row>" + "<c/>" * 51 + "</row>",
        '<row><c r="ZZZ1"/></row>',
    ],
)
def test_too_many_rows_or_columns_are_refused(rows):
    with pytest.raises(Refused, match="it may have 10,000 rows"):
        workbooks.read(workbook(rows))


def test_too_many_parts_are_refused():
    parts = {f"extra/{number}": b"" for number in range(workbooks.MAX_PARTS)}
    with pytest.raises(Refused, match="holds too much"):
        workbooks.read(workbook("<row/>", replaced=parts))


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 but no more",
        workbook("<row>"),
        workbook('<row><c t="s"><v>7</v></c></row>', shared=""),
        workbook('<row><c t="s"><v>-1</v></c></row>', shared="<si/>"),
        workbook('<row r="x"/>'),
        workbook('<c r="A1"><v>1</v></c>'),
        workbook('<row r="0"><c><v>1</v></c></row>'),
        workbook('<row r="2"><c><v>1</v></c></row><row r="1"><c><v>2</v></c></row>'),
        workbook('<row><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>'),
        workbook("<row><c><v>&b;</v></c></row>", prefix=ENTITIES),
        workbook("", replaced={"xl/workbook.xml": b"<workbook/>"}),
        workbook("", replaced={"xl/_rels/workbook.xml.rels": b"<Relationships/>"}),
        workbook("", replaced={SHEET: b"\xff\xfe\x00"}),
    ],
    ids=[
        "cut",
        "open",
        "shared",
        "negative",
        "row",
        "cell without a row",
        "row before the first",
        "rows in another order",
        "cells in another order",
        "entities",
        "no sheet",
        "no target",
        "bytes",
    ],
)
def test_a_file_that_is_no_workbook_is_refused_with_a_sentence(content):
    with pytest.raises(Refused, match="not an XLSX file"):
        workbooks.read(content)


def test_a_damaged_part_is_refused():
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 1000)
        place = archive.getinfo("xl/workbook.xml").header_offset + len("xl/workbook.xml") + 30
    content = bytearray(output.getvalue())
    content[place : place + 40] = bytes(40)
    with pytest.raises(Refused, match="not an XLSX file"):
        workbooks.read(bytes(content))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_part_that_is_packed_unlike_excel_does_is_not_unpacked(packing):
    """A file of 500 bytes took 800 MB of memory."""
    with pytest.raises(Refused, match="not an XLSX file"):
        workbooks.read(workbook("<row><c><v>1</v></c></row>", packing=packing))


def test_an_encrypted_part_is_refused():
    content = bytearray(workbook("<row/>"))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := content.find(signature, start)) >= 0:
            content[start + place] |= 1
            start += 4
    with pytest.raises(Refused, match="not an XLSX file"):
        workbooks.read(bytes(content))
