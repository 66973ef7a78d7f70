"""Lists as files: filtered, limited to the person's roles, and never all rows at once."""

import csv
import datetime as dt
import io
import json
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import event, update

from hub import spreadsheets
from hub.cases import inbox
from hub.context import current_hub
from hub.db.engine import db, read_only_session, transaction
from hub.models import Case, Installation, Posting
from hub.models.enums import CaseDecision
from hub.web.lists import exports, xlsx
from tests.support.pages.list_pages import add_case
from tests.support.pages.page_texts import compact
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_document

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def table_of(content: bytes, sheet: int = 1) -> list[list[str]]:
    """Return the texts of the cells of an XLSX sheet."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        root = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{sheet}.xml"))
    rows = []
    for row in root.iter(f"{SHEET}row"):
        rows.append(["".join(cell.itertext()) for cell in row])
    return rows


def read_part(content: bytes, name: str) -> str:
    """Return the text of a part of an XLSX file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("size", [1, 3, 500])
def test_a_file_has_the_rows_of_the_list_in_its_order(
    viewer: Visitor, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", size)
    rows = rows_of_csv(viewer.get("/documents/export").data)
    ids = [int(row["id"]) for row in rows]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(rows) >= len(viewer.story.documents)
    dated = rows_of_csv(viewer.get("/documents/export?from=2000-01-01").data)
    assert [row["date"] for row in dated] == sorted((row["date"] for row in dated), reverse=True)


@pytest.mark.parametrize("query", ["from=2026-02-31", "to=2026-02-31", "amount=cheap"])
@pytest.mark.parametrize("format", ["csv", "json", "xlsx"])
def test_a_file_is_refused_if_a_filter_cannot_be_used(
    viewer: Visitor, format: str, query: str
) -> None:
    answer = viewer.get(f"/documents/export?format={format}&{query}")
    assert answer.status_code == 400
    assert "is not used" in answer.get_data(as_text=True)


def test_the_amounts_of_a_file_add_up_to_the_sum_of_the_list(viewer: Visitor) -> None:
    with viewer.app.app_context(), transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        for place, (kind, total) in enumerate((("bill", "100.25"), ("vendor_credit", "30"))):
            document, posting = add_document(session, app, "held", 940 + place)
            document.kind = posting.kind = kind
            document.party, document.currency = "Filed AS", "EUR"
            document.total = posting.total = Decimal(total)
    address = "/documents?q=filed"
    assert '<strong class="sum">70.25 EUR</strong>' in viewer.page(address)
    export = address.replace("?", "/export?")
    from_csv = rows_of_csv(viewer.get(export).data)
    from_json = json.loads(viewer.get(f"{export}&format=json").data)
    for rows in (from_csv, from_json):
        assert [row["total"] for row in rows] == ["-30.00", "100.25"]


def test_a_file_says_why_a_document_cannot_be_read(viewer: Visitor) -> None:
    with viewer.app.app_context(), transaction() as session:
        app = session.get_one(Installation, viewer.story.installation)
        document, posting = add_document(session, app, "held", 940)
        document.unreadable = "Its total is missing."
        session.delete(posting)
        id = document.id
    rows = {row["id"]: row for row in rows_of_csv(viewer.get("/documents/export").data)}
    row = rows[str(id)]
    assert (row["state"], row["reason"]) == ("unreadable", "Its total is missing.")


def test_the_amounts_of_cases_have_the_decimals_of_their_currency(viewer: Visitor) -> None:
    add_case(viewer, 0, "55398.5", currency="NOK")
    add_case(viewer, 1, "1200", currency="JPY")
    rows = rows_of_csv(viewer.get("/inbox/export").data)
    amounts = [(row["amount"], row["currency"]) for row in rows[:2]]
    assert amounts == [("1200", "JPY"), ("55398.50", "NOK")]
    places = {(row["company"], row["app"]) for row in rows[:2]}
    assert places == {("Nordvik Bygg AS", "CostTracker")}
    sheet = zipfile.ZipFile(io.BytesIO(viewer.get("/inbox/export?format=xlsx").data))
    assert "<v>55398.5" in sheet.read("xl/worksheets/sheet1.xml").decode()


def test_nobody_has_closed_an_open_case_that_was_retried(viewer: Visitor) -> None:
    case_id = add_case(viewer, 0, "10")
    with viewer.app.app_context(), transaction() as session:
        inbox.record_decision(session, [case_id], CaseDecision.RETRIED, "oda")
    [row, *_] = rows_of_csv(viewer.get("/inbox/export").data)
    assert (row["id"], row["closed"], row["closed_by"], row["why"]) == (str(case_id), "", "", "")
    with viewer.app.app_context(), transaction() as session:
        session.get_one(Case, case_id).closed_at = current_hub().clock.now()
    [row, *_] = rows_of_csv(viewer.get("/inbox/export?show=closed").data)
    assert (row["id"], row["closed_by"], row["why"]) == (str(case_id), "oda", "Retried")


def test_the_file_of_closed_cases_has_why_as_the_page_does(viewer: Visitor) -> None:
    skipped, gone = add_case(viewer, 0, "10"), add_case(viewer, 1, "20")
    with viewer.app.app_context(), transaction() as session:
        inbox.record_decision(session, [skipped], CaseDecision.SKIPPED, "oda", "twice there")
        for case_id in (skipped, gone):
            session.get_one(Case, case_id).closed_at = current_hub().clock.now()
    rows = rows_of_csv(viewer.get("/inbox/export?show=closed").data)
    reasons = {row["id"]: row["why"] for row in rows}
    assert reasons[str(skipped)] == "Skipped: twice there"
    assert reasons[str(gone)] == "Its cause is gone"
    page = compact(viewer.page("/inbox/?show=closed"))
    for row in rows:
        assert f"<td>{row['why']}</td>" in page


def test_every_format_has_the_same_rows(viewer: Visitor) -> None:
    address = "/documents/export?state=held"
    from_csv = rows_of_csv(viewer.get(address).data)
    from_json = json.loads(viewer.get(f"{address}&format=json").data)
    head, *from_xlsx = table_of(viewer.get(f"{address}&format=xlsx").data)
    assert [row["id"] for row in from_csv] == [str(row["id"]) for row in from_json]
    assert [row[head.index("id")] for row in from_xlsx] == [row["id"] for row in from_csv]
    assert {row["state"] for row in from_json} == {"held"}
    assert [row["total"] for row in from_csv] == [row["total"] for row in from_json]


@pytest.mark.parametrize("path", ["/documents", "/runs/", "/inbox/"])
def test_the_page_leads_to_the_file_with_its_filters(viewer: Visitor, path: str) -> None:
    page = viewer.page(f"{path}?installation={viewer.story.installation}")
    export = f"{path.rstrip('/')}/export"
    assert f"{export}?format=xlsx&amp;installation={viewer.story.installation}" in page
    answer = viewer.get(f"{export}?format=json&installation={viewer.story.installation}")
    assert json.loads(answer.data)
    assert json.loads(viewer.get(f"{export}?format=json&installation=99").data) == []
    assert viewer.get(f"{export}?format=exe").status_code == 404


def test_the_audit_log_is_for_owners_in_every_format(visitor: Visitor) -> None:
    visitor.enter("olga")
    entries = json.loads(visitor.get("/audit/export?format=json").data)
    assert entries
    table = table_of(visitor.get("/audit/export?format=xlsx").data)
    columns = ["number", "at", "who", "what", "subject", "address", "detail", "action"]
    assert table[0] == columns


def test_a_sheet_holds_text_numbers_and_signs_that_xml_does_not_have() -> None:
    row = ("=1+1", Decimal("1E+2"), 7, None, "a\x00b\x0b<&>\ud800", " x ")
    content = b"".join(xlsx.stream_file("Rows", ["a", "b", "c", "d", "e", "f"], [row]))
    assert table_of(content)[1] == ["=1+1", "100", "7", "", "ab<&>", " x "]


def test_rows_that_a_sheet_cannot_hold_go_into_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_SHEET_ROWS", 3)
    content = b"".join(xlsx.stream_file("Rows", ["n"], ([number] for number in range(5))))
    assert table_of(content) == [["n"], ["0"], ["1"]]
    assert table_of(content, 2) == [["n"], ["2"], ["3"]]
    assert table_of(content, 3) == [["n"], ["4"]]
    workbook = read_part(content, "xl/workbook.xml")
    assert re.findall('<sheet name="(.+?)"', workbook) == ["Rows", "Rows 2", "Rows 3"]
    assert '<autoFilter ref="A1:A2"/>' in read_part(content, "xl/worksheets/sheet3.xml")


def test_dates_and_amounts_of_a_sheet_can_be_sorted_and_added(viewer: Visitor) -> None:
    """A cell names its format by its place in the list of styles."""
    address = "/documents/export?state=held"
    [row, *_] = json.loads(viewer.get(f"{address}&format=json").data)
    content = viewer.get(f"{address}&format=xlsx").data
    sheet = read_part(content, "xl/worksheets/sheet1.xml")
    days = (dt.date.fromisoformat(row["date"]) - dt.date(1899, 12, 30)).days
    assert f'<c s="2"><v>{days}' in sheet
    assert f'<c s="5"><v>{row["total"]}</v>' in sheet
    assert 'state="frozen"' in sheet
    assert re.search('<autoFilter ref="A1:N[0-9]+"/>', sheet)
    formats = re.findall('formatCode="(.+?)"', read_part(content, "xl/styles.xml"))
    assert (formats[0], formats[3]) == ("yyyy-mm-dd", "#,##0.00")
    assert '<sheet name="documents"' in read_part(content, "xl/workbook.xml")


def test_moments_of_a_sheet_are_in_utc_and_yen_have_no_decimals() -> None:
    moment = dt.datetime(2026, 3, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    row = (moment, dt.date(1899, 1, 1), Decimal(1200), Decimal("0.125"), Decimal("0.1234567"))
    content = b"".join(xlsx.stream_file("a/b", [f"c{number}" for number in range(28)], [row]))
    sheet = read_part(content, "xl/worksheets/sheet1.xml")
    assert table_of(content)[1] == ["46082.50000000", "1899-01-01", "1200", "0.125", "0.1234567"]
    assert re.findall('<c s="([0-9])"', sheet)[28:] == ["3", "0", "4", "6", "0"]
    assert 'ref="A1:AB2"' in sheet
    assert '<sheet name="a_b"' in read_part(content, "xl/workbook.xml")


def test_a_moment_of_a_sheet_says_that_it_is_in_utc() -> None:
    moment = dt.datetime(2026, 3, 1, 23, 30, tzinfo=dt.timezone(dt.timedelta(hours=-5)))
    content = b"".join(xlsx.stream_file("cases", ["opened"], [(moment,)]))
    assert table_of(content)[1] == ["46083.18750000"]  # 4:30 on the next day
    styles = ElementTree.fromstring(read_part(content, "xl/styles.xml"))
    formats = [format.get("formatCode") for format in styles.iter(f"{SHEET}numFmt")]
    assert formats[1] == 'yyyy-mm-dd hh:mm:ss" UTC"'


@pytest.mark.parametrize("format", ["csv", "xlsx", "json"])
def test_parts_leave_before_the_last_row_is_read(format: str) -> None:
    read = 0

    def rows() -> Iterator[dict[str, str]]:
        nonlocal read
        for number in range(20_000):
            read += 1
            yield {"text": f"row {number} {'x' * 100}"}

    _, encode = exports.FORMATS[format]
    parts = encode("texts", ["text"], rows())
    next(parts)
    assert read < 2_000
    tracemalloc.start()
    for _ in parts:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == 20_000
    assert peak < 2_000_000


def test_an_empty_list_is_a_file_too() -> None:
    for format in exports.FORMATS:
        _, encode = exports.FORMATS[format]
        assert b"".join(encode("a", ["a"], []))
    assert exports.FORMATS["csv"][0] == spreadsheets.MIME


@pytest.mark.parametrize("path", ["documents", "documents/export"])
def test_a_document_that_changes_while_a_list_is_read_is_left_out(
    owner: Visitor, path: str
) -> None:
    """PostgreSQL shows each query of a page the rows as they are at its moment."""
    with owner.app.app_context(), read_only_session() as session:
        posting = session.get_one(Posting, owner.story.postings["posted"])
        id, number, installation = posting.id, posting.number, posting.installation_id
        address = f"/reports/{path}?month={posting.document.date:%Y-%m}&installation={installation}"
        address += f"&currency={posting.currency}&group=posted"
        engine = db.engine
    assert number in owner.page(address)

    changed: list[int] = []

    def change(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        """Withdraw the document before the query of the rows, after that of their ids."""
        if "source_document.id IN" in statement and not changed:
            changed.append(id)
            with engine.begin() as other:
                other.execute(update(Posting).where(Posting.id == id).values(state="withdrawn"))

    event.listen(engine, "before_cursor_execute", change)
    page = owner.page(address)
    assert changed == [id]
    assert (number in page) == (engine.dialect.name == "sqlite")
