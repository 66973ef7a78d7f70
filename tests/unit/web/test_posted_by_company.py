"""The tables of all companies: time from source to books, and what was posted by whom."""

import csv
import io
from html import unescape
from typing import Any

import pytest
from flask import Flask

from hub.db.engine import transaction
from hub.models import ConnectedCompany, Posting
from tests.support.pages.list_pages import queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.report_pages import (
    ALL_MARCH,
    EVERYTHING,
    REPORTS_PAGE,
    add_companies,
    decimal,
    drawing,
    name_of,
    report_table,
)
from tests.support.rows.rights_rows import APPS, COMPANIES

DELAYS = "until they were in QuickBooks"
APPROVALS = "by company and the person who approved them"


def rows_of(visitor: Visitor, name: str) -> list[dict[str, str]]:
    """Return the lines of a table's file."""
    exported = visitor.page(f"{REPORTS_PAGE}export?month=2026-03&table={name}").removeprefix(
        "\ufeff"
    )
    return list(csv.DictReader(io.StringIO(exported)))


def approve(app: Flask, company_id: int, who: str, count: int) -> None:
    """Let a person have approved some of the posted documents of a company."""
    with app.app_context(), transaction() as session:
        postings = session.query(Posting).filter_by(company_id=company_id, state="posted")
        for posting in postings.order_by(Posting.id).limit(count):
            posting.approved_by = who


def test_approvals_of_each_person_are_listed_by_company(two_companies: Any) -> None:
    alpha, bravo = (two_companies.rows.companies[name] for name in COMPANIES)
    approve(two_companies.app, alpha, "kari", 3)
    approve(two_companies.app, bravo, "olga", 1)
    visitor = two_companies.visitor(EVERYTHING)
    rows = report_table(visitor, APPROVALS, ALL_MARCH)
    first, second = (name_of(two_companies, name) for name in COMPANIES)
    numbers = [row[:3] for row in rows]
    assert numbers == [
        [first, "kari", "3"],
        [first, "Automatic", "1"],
        [second, "Automatic", "3"],
        [second, "olga", "1"],
    ]
    by_company = report_table(visitor, "Documents by company and currency", ALL_MARCH)
    assert sum(decimal(row[3]) for row in rows) == sum(decimal(row[2]) for row in by_company)
    lines = rows_of(visitor, "approvals")
    written = [[line["company"], line["approved_by"], line["documents"]] for line in lines]
    assert written == [[row[0], row[1].replace("Automatic", ""), row[2]] for row in rows]
    assert [line["amount"] for line in lines] == [str(decimal(row[3])) for row in rows]


def test_each_number_of_all_companies_leads_to_its_documents(two_companies: Any) -> None:
    alpha = two_companies.rows.companies[COMPANIES[0]]
    approve(two_companies.app, alpha, "kari", 3)
    visitor = two_companies.visitor(EVERYTHING)
    text = visitor.page(ALL_MARCH).partition(APPROVALS)[2]
    rows = report_table(visitor, APPROVALS, ALL_MARCH)
    addresses = [unescape(part.partition('"')[0]) for part in text.split('href="')]
    addresses = [part for part in addresses if part.startswith("/reports/documents")]
    assert len(addresses) == len(rows)
    for row, address in zip(rows, addresses, strict=True):
        listed = report_table(visitor, "the latest date first", address)
        assert len(listed) == int(row[2])
        assert sum(decimal(document[-1]) for document in listed) == decimal(row[3])
        elsewhere = address.replace("2026-03", "2026-02")
        assert "The reports count no document here." in visitor.page(elsewhere)
    assert "Approved by kari, Mar 2026" in visitor.page(addresses[0])


def test_the_time_from_source_to_books_is_counted_by_company(two_companies: Any) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    rows = report_table(visitor, DELAYS, ALL_MARCH)
    names = [name_of(two_companies, name) for name in COMPANIES]
    assert [row[0] for row in rows] == ["All companies", *names]
    sums = [sum(int(row[place] or 0) for row in rows[1:]) for place in range(1, 6)]
    assert sums == [int(text or 0) for text in rows[0][1:]]
    assert sum(sums) == 8
    bars = drawing(visitor, "Posted documents by the time from the source to the books")
    assert len(bars["posted"]) == sum(1 for count in sums if count)
    lines = rows_of(visitor, "delays")
    assert [line["company"] for line in lines] == names
    assert {line["month"] for line in lines} == {"2026-03"}
    for line, row in zip(lines, rows[1:], strict=True):
        assert [line[name] for name in list(line)[3:]] == [text or "0" for text in row[1:]]


@pytest.mark.parametrize(("name", "sheet"), [("delays", "time-to"), ("approvals", "posted-by")])
def test_the_tables_of_all_companies_are_spreadsheets_too(
    two_companies: Any, name: str, sheet: str
) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    assert f"export?format=xlsx&amp;table={name}&amp;month=2026-03" in visitor.page(ALL_MARCH)
    answer = visitor.get(f"{REPORTS_PAGE}export?month=2026-03&table={name}&format=xlsx")
    assert answer.data.startswith(b"PK")
    assert f"filename={sheet}" in answer.headers["Content-Disposition"]


def test_a_person_of_one_app_sees_who_approved_its_documents_only(two_companies: Any) -> None:
    visitor = two_companies.visitor(f"owner/every company/{APPS[0]}")
    assert [row[2] for row in report_table(visitor, APPROVALS, ALL_MARCH)] == ["2", "2"]
    assert [line["documents"] for line in rows_of(visitor, "approvals")] == ["2", "2"]
    assert sum(int(text or 0) for text in report_table(visitor, DELAYS, ALL_MARCH)[0][1:]) == 4


def test_a_month_without_documents_has_neither_times_nor_approvals(two_companies: Any) -> None:
    text = two_companies.visitor(EVERYTHING).page(f"{REPORTS_PAGE}?month=2026-02")
    assert DELAYS not in text
    assert "Nothing of these companies that is dated in this month is posted." in text


def test_the_tables_have_the_companies_of_the_page_and_the_files_all(two_companies: Any) -> None:
    visitor = two_companies.visitor(EVERYTHING)
    visitor.page(ALL_MARCH)  # the first page of a process reads more
    few = queries_of(visitor, ALL_MARCH)
    add_companies(two_companies, 30)
    assert queries_of(visitor, ALL_MARCH) == few
    shown = {
        row[0] for row in report_table(visitor, "Documents by company and currency", ALL_MARCH)
    }
    assert len(shown) == 25
    assert {row[0] for row in report_table(visitor, APPROVALS, ALL_MARCH)} == shown
    delays = report_table(visitor, DELAYS, ALL_MARCH)
    assert {row[0] for row in delays[1:]} == shown
    assert sum(int(text or 0) for text in delays[0][1:]) == 38
    with two_companies.app.app_context(), transaction() as session:
        companies = session.query(ConnectedCompany).count()
    for name in ("delays", "approvals"):
        assert len({line["company"] for line in rows_of(visitor, name)}) == companies == 32
