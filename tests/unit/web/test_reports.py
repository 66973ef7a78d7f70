"""The reports: control totals that add up to the cent, ages, and who approved what."""

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from html import unescape

import pytest

from hub.db.engine import transaction
from hub.installations import enable
from hub.models import Posting, SourceDocument
from hub.scheduling import runner
from tests.support.pages.list_pages import queries_of
from tests.support.pages.page_visitor import Visitor
from tests.support.pages.report_pages import (
    ALL_MARCH,
    CELL,
    EVERYTHING,
    REPORTS_PAGE,
    add_companies,
    control_totals,
    decimal,
    drawing,
    name_of,
    report_table,
)
from tests.support.rows.page_rows import (
    Story,
    add_company,
    add_people,
)
from tests.support.rows.rights_rows import APPS, COMPANIES
from tests.support.sources.small_source import SLUG, bill, make_page

FEBRUARY, MARCH = dt.date(2026, 2, 10), dt.date(2026, 3, 1)


@pytest.fixture
def app(source, make_source_pages):
    app = make_source_pages(source)
    with app.app_context():
        yield app


@pytest.fixture
def visitor(app, source, quickbooks):
    """Provide a person of one company, whose app posts to QuickBooks by itself."""
    enable.enable(1, SLUG, {"start_date": "2025-01-01"}, who="olga", mode="auto")
    with transaction() as session:
        add_people(session)
    new_visitor = Visitor(app, Story(1, 1))
    new_visitor.log_in("olga")
    return new_visitor


def sync(source, *items):
    source.items = make_page(*items, cursor=str(len(items)))
    source.by_id = {item.source_id: item for item in items}
    return runner.sync(1, requested_by="kari")


def normal(id, total="100.00", **values):
    """Return a bill that QuickBooks accepts."""
    return bill(id, total=total, supplier="31", account="7", **values)


def totals(visitor, path=REPORTS_PAGE):
    return report_table(visitor, "by the month of their date, app and currency", path)


def test_documents_are_added_up_by_the_month_of_their_date(visitor, source):
    counts = sync(
        source,
        normal("1", "100.10", date=FEBRUARY),
        normal("2", "200.20", date=FEBRUARY),
        normal("3", "30.03", date=MARCH),
        bill("4", total="50.00", supplier="31", account="no such account", date=MARCH),
    ).counts["result"]
    assert (counts["posted"], counts["held"]) == (3, 1)
    assert totals(visitor) == [
        ["Mar 2026", "Small", "1", "30.03 USD", "1", "50.00 USD"],
        ["Feb 2026", "Small", "2", "300.30 USD", "", ""],
    ]


def test_a_credit_is_subtracted(visitor, source):
    sync(source, normal("1", "100.00"), normal("2", "40.50", kind="vendor_credit"))
    assert totals(visitor)[0][2:4] == ["2", "59.50 USD"]


def test_of_a_changed_document_only_the_newest_amount_counts(visitor, source, clock):
    sync(source, normal("1", "100.00"))
    clock.advance(3600)
    sync(source, normal("1", "120.00"))
    visitor.log_in("olga")
    assert totals(visitor) == [["Feb 2026", "Small", "1", "120.00 USD", "", ""]]


def test_documents_that_left_quickbooks_are_counted_separately(visitor, source, quickbooks, clock):
    sync(source, normal("1", "100.00"), normal("2", "20.00"))
    (gone, _) = quickbooks.select("select * from Bill where DocNumber in ('F-1', 'F-2')")["Bill"]
    quickbooks.ask("POST", "bill?operation=delete", {"Id": gone["Id"], "SyncToken": "0"})
    clock.advance(7200)
    runner.sync(1, requested_by="kari")
    runner.run_company_job("reconcile", 1, requested_by="kari")
    visitor.log_in("olga")
    (row,) = totals(visitor)
    assert (row[2], row[6]) == ("1", "1")


def test_each_number_leads_to_exactly_its_documents(visitor, source, quickbooks, clock):
    unmatched = {"supplier": "31", "account": "no such account"}
    documents = [
        normal("1", "100.10", date=FEBRUARY),
        normal("2", "200.20", date=FEBRUARY),
        normal("3", "30.03", date=MARCH),
        normal("4", "40.50", kind="vendor_credit", date=FEBRUARY),
        normal("5", "7.00", date=MARCH),
        bill("6", total="50.00", date=MARCH, **unmatched),
        bill("7", total="8.25", kind="vendor_credit", date=MARCH, **unmatched),
    ]
    sync(source, *documents)
    clock.advance(3600)
    sync(source, *documents[:2], normal("3", "33.33", date=MARCH), *documents[3:])
    (gone,) = quickbooks.select("select * from Bill where DocNumber = 'F-5'")["Bill"]
    token = {"Id": gone["Id"], "SyncToken": gone["SyncToken"]}
    quickbooks.ask("POST", "bill?operation=delete", token)
    clock.advance(7200)
    runner.sync(1, requested_by="kari")
    runner.run_company_job("reconcile", 1, requested_by="kari")
    visitor.log_in("olga")
    sums = control_totals(visitor)
    assert sorted((count, amount) for _, count, amount in sums) == [
        (1, Decimal("7.00")),
        (1, Decimal("33.33")),
        (2, Decimal("41.75")),
        (3, Decimal("259.80")),
    ]
    for address, count, amount in sums:
        rows = report_table(visitor, "Documents of this number, the latest date first", address)
        assert (len(rows), sum(decimal(row[5]) for row in rows)) == (count, amount)
        text = visitor.page(address)
        assert f"<strong>{count}</strong> document" in text
        exported = visitor.page(address.replace("documents?", "documents/export?"))
        lines = list(csv.DictReader(io.StringIO(exported.removeprefix("\ufeff"))))
        assert sum(Decimal(line["amount"]) for line in lines) == amount


def test_a_number_of_documents_is_paged(visitor, source):
    sync(source, *[normal(str(number), "1.00", date=FEBRUARY) for number in range(1, 61)])
    ((address, count, amount),) = control_totals(visitor)
    assert (count, amount) == (60, Decimal("60.00"))
    names = set()
    while address:
        names |= {row[0] for row in report_table(visitor, "the latest date first", address)}
        following = re.search(r'rel="next" href="([^"]+)"', visitor.page(address))
        address = unescape(following[1]) if following else ""
    assert len(names) == 60


def test_an_address_that_names_no_number_leads_to_the_reports(visitor, source):
    sync(source, normal("1"))
    for query in ("", "?month=2026-13&installation=1&group=posted", "?month=2026-02&group=x"):
        answer = visitor.get(f"{REPORTS_PAGE}documents{query}")
        assert (answer.status_code, answer.headers["Location"]) == (302, REPORTS_PAGE)


def test_a_number_of_another_company_has_no_documents(two_companies):
    alpha, bravo = COMPANIES
    other = two_companies.rows.installations[bravo, APPS[0]]
    page = two_companies.visitor(f"viewer/{alpha}/every app").page(
        f"{REPORTS_PAGE}documents?month=2026-03&installation={other}&currency=NOK&group=posted"
    )
    assert "The reports count no document here." in page
    assert bravo not in page


def test_another_year_is_shown_where_there_is_one(visitor, source):
    sync(source, normal("1"), normal("2", "77.00", date=dt.date(2025, 12, 31)))
    assert [row[0] for row in totals(visitor)] == ["Feb 2026"]
    path = f"{REPORTS_PAGE}?year=2025"
    assert totals(visitor, path)[0][:4] == ["Dec 2025", "Small", "1", "77.00 USD"]
    assert totals(visitor, f"{REPORTS_PAGE}?year=1999") == totals(visitor)


def test_the_table_of_each_chart_is_named_after_it(visitor, source):
    sync(source, normal("1"))
    page = visitor.page(f"/reports/?company={visitor.story.company}")
    names = re.findall(r"<summary>As a table<span [^>]*>: (.*?)</span>", page)
    assert len(names) == page.count("As a table") > 0
    assert all(f'<caption class="visually-hidden">{name}</caption>' in page for name in names)


def test_documents_that_need_attention_are_listed_by_age(visitor, source, clock):
    unmatched = {"supplier": "31", "account": "no such account"}
    sync(source, bill("1", total="10.00", **unmatched))
    clock.advance(20 * 86400)
    sync(source, bill("1", total="10.00", **unmatched), bill("2", total="5.00", **unmatched))
    visitor.log_in("olga")
    (row,) = report_table(visitor, "by the days since the hub first wanted to post them")
    assert row == ["Small", "1", "5.00 USD", "1", "10.00 USD", "", "", "", ""]


def lines_of(visitor, table):
    text = visitor.page(f"{REPORTS_PAGE}export?table={table}&format=csv").removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_time_to_the_books_counts_a_split_document_once_with_its_last_part(visitor, source):
    sync(source, normal("1"), normal("2"))
    with transaction() as session:
        first, last = session.query(Posting).filter_by(kind="bill").order_by(Posting.id)
        last.document_id = first.document_id
        first.part, last.part = "class:1", "class:2"
        last.changed_at += dt.timedelta(days=30)
    (delays,) = lines_of(visitor, "delays")
    assert (delays["up_to_1_hours"], delays["over_168_hours"]) == ("0", "1")


def test_each_other_table_is_a_file_too(visitor, source, clock):
    unmatched = {"supplier": "31", "account": "no such account"}
    sync(source, normal("1", "100.10"), normal("2", "200.20"))
    sync(source, normal("1", "100.10"), bill("3", total="5.00", **unmatched))
    (age,) = lines_of(visitor, "age")
    assert (age["app"], age["currency"]) == ("Small", "USD")
    assert (age["up_to_7_days"], age["up_to_7_days_amount"]) == ("1", "5.00")
    assert (age["over_60_days"], age["over_60_days_amount"]) == ("0", "0.00")
    (delays,) = lines_of(visitor, "delays")
    assert (delays["app"], delays["up_to_1_hours"], delays["over_168_hours"]) == ("Small", "2", "0")
    (automatic,) = lines_of(visitor, "approvals")
    assert list(automatic.values()) == ["", "USD", "2", "300.30"]
    page = visitor.page(REPORTS_PAGE)
    for table in ("age", "delays", "approvals"):
        assert re.search(rf"/reports/export\?format=xlsx&amp;table={table}", page), table


def test_each_approver_leads_to_exactly_the_documents(visitor, source):
    sync(source, normal("1", "100.10"), normal("2", "200.20"))
    with transaction() as session:
        posting = session.query(Posting).filter_by(kind="bill").order_by(Posting.id).first()
        posting.approved_by = "kari@nordvik.example"
    links = re.findall(r'href="(/reports/documents\?approver=[^"]*)">', visitor.page(REPORTS_PAGE))
    addresses = {"kari" in address: unescape(address) for address in links}
    for is_kari, number in ((True, "F-1"), (False, "F-2")):
        address = addresses[is_kari]
        (row,) = report_table(visitor, "Documents of this number, the latest date first", address)
        assert row[0] == number
        exported = visitor.page(address.replace("documents?", "documents/export?"))
        assert ("100.10" in exported, "200.20" in exported) == (is_kari, not is_kari)
    assert "Approved by kari@nordvik.example, 2026" in visitor.page(addresses[True])
    assert visitor.get("/reports/documents?approver=kari&year=none").status_code == 302


def test_the_file_has_the_same_totals(visitor, source):
    sync(source, normal("1", "100.10"), normal("2", "200.20"))
    text = visitor.page(f"{REPORTS_PAGE}export?format=csv").removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["month"], row["app"], row["posted"]) == ("2026-02", "Small", "2")
    assert (row["currency"], row["posted_amount"]) == ("USD", "300.30")


def test_a_document_that_was_withdrawn_before_it_was_posted_is_not_in_the_file(visitor, source):
    sync(source, normal("1", "100.10"), normal("2", "200.20"))
    with transaction() as session:
        posting = session.query(Posting).filter_by(kind="bill").order_by(Posting.id).first()
        posting.state, posting.total, posting.posted_total = "withdrawn", None, None
    text = visitor.page(f"{REPORTS_PAGE}export?format=csv").removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["posted"], row["other"], row["other_amount"]) == ("1", "0", "0.00")


def test_without_documents_the_reports_say_what_to_do_and_show_no_table(visitor):
    text = visitor.page(REPORTS_PAGE)
    assert "Nothing to report yet" in text
    assert "Next: Download the lists. The app gets the accounts" in text
    main = text.partition('id="main"')[2]
    assert 'href="/installations/1/"' in main
    assert "<table" not in main
    assert "Control totals" not in main


def test_a_viewer_sees_who_can_take_the_next_step(visitor):
    visitor.post("/logout")
    visitor.log_in("vera")
    main = visitor.page(REPORTS_PAGE).partition('id="main"')[2]
    assert "An owner or operator does this: olga" in main
    assert 'href="/installations/1/"' not in main


def test_a_company_whose_documents_wait_has_reports(visitor, source):
    sync(source, bill("1", total="50.00", supplier="31", account="no such account"))
    text = visitor.page(REPORTS_PAGE)
    assert "Nothing to report yet" not in text
    assert "Nothing dated in this year is posted." in text


def test_of_an_empty_company_in_a_hub_that_posts_the_apps_are_the_next_step(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    with two_companies.app.app_context(), transaction() as session:
        company = add_company(session, "7700", "Newcomer").id
    main = visitor.page(f"{REPORTS_PAGE}?company={company}").partition('id="main"')[2]
    assert "Enable an app, or run one that is enabled." in main
    assert 'href="/apps/"' in main
    assert "Nothing to report yet" not in visitor.page(ALL_MARCH)

    visitor.post("/logout")
    visitor.log_in("vera")
    main = visitor.page(f"{REPORTS_PAGE}?company={company}").partition('id="main"')[2]
    assert "Reports begin with the first documents of an app." in main
    assert "Enable an app" not in main


def test_of_several_companies_without_documents_no_table_is_shown(visitor):
    with transaction() as session:
        add_company(session, "7700", "Newcomer")
    main = visitor.page(REPORTS_PAGE).partition('id="main"')[2]
    assert "All companies" in main
    assert "Nothing to report yet" in main
    assert "<table" not in main


def test_three_times_as_many_documents_need_no_more_queries(visitor, source, clock):
    sync(source, normal("1"))
    visitor.page(REPORTS_PAGE)  # the first page of a process reads more
    few = queries_of(visitor, REPORTS_PAGE)
    clock.advance(3600)
    sync(source, *[normal(str(number), date=MARCH) for number in range(1, 6)])
    visitor.log_in("olga")
    assert queries_of(visitor, REPORTS_PAGE) == few


def test_a_person_with_several_companies_sees_all_and_may_choose_one(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    rows = report_table(visitor, "Documents by company and currency")
    assert [row[0] for row in rows] == [name_of(two_companies, company) for company in COMPANIES]
    alpha = two_companies.rows.companies[COMPANIES[0]]
    visitor.post("/companies/choose", company=alpha, next=REPORTS_PAGE)
    text = visitor.page(REPORTS_PAGE)
    assert "Documents by company and currency" not in text
    assert name_of(two_companies, COMPANIES[0]) in text


def test_the_sums_over_all_companies_are_those_of_their_rows(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    rows = report_table(visitor, "Documents by company and currency", ALL_MARCH)
    (sums,) = report_table(visitor, "Documents of all companies, by currency", ALL_MARCH)
    assert len(rows) == 2
    assert sums[0] == "NOK"
    for place in range(1, 5):
        total = sum(decimal(row[place]) for row in rows)
        assert decimal(sums[place]) == total > 0, place
    exported = visitor.page(f"{REPORTS_PAGE}export?month=2026-03").removeprefix("\ufeff")
    lines = list(csv.DictReader(io.StringIO(exported)))
    assert [line["company"] for line in lines] == [row[0] for row in rows]
    assert [Decimal(line["posted_amount"]) for line in lines] == [decimal(row[2]) for row in rows]
    assert {line["month"] for line in lines} == {"2026-03"}


def test_each_company_leads_to_its_own_report_whichever_is_chosen(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    alpha, bravo = (two_companies.rows.companies[name] for name in COMPANIES)
    address = f"{REPORTS_PAGE}?company={alpha}&amp;year=2026"
    assert f'href="{address}"' in visitor.page(ALL_MARCH)
    visitor.post("/companies/choose", company=bravo, next=REPORTS_PAGE)
    text = visitor.page(unescape(address)).partition('id="main"')[2]
    assert name_of(two_companies, COMPANIES[0]) in text
    assert name_of(two_companies, COMPANIES[1]) not in text
    assert len(totals(visitor, unescape(address))) == 2  # one for each app
    for cell, *_ in CELL.findall(text):
        assert report_table(visitor, "the latest date first", unescape(cell))
        assert f'href="{REPORTS_PAGE}?year=2026&amp;company={alpha}"' in visitor.page(
            unescape(cell)
        )


def test_a_person_of_one_app_sees_its_part_of_each_company(two_companies):
    visitor = two_companies.visitor(f"owner/every company/{APPS[0]}")
    whole = report_table(
        two_companies.visitor(EVERYTHING), "Documents by company and currency", ALL_MARCH
    )
    part = report_table(visitor, "Documents by company and currency", ALL_MARCH)
    assert [row[1] for row in whole] == ["4", "4"]
    assert [row[1] for row in part] == ["2", "2"]
    alpha = two_companies.visitor(f"viewer/{COMPANIES[0]}/every app")
    bravo = two_companies.rows.companies[COMPANIES[1]]
    assert name_of(two_companies, COMPANIES[1]) not in alpha.page(f"{REPORTS_PAGE}?company={bravo}")


def test_the_month_of_all_companies_is_chosen(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    assert '<option value="2026-03" selected>' in visitor.page(REPORTS_PAGE)
    assert '<option value="2026-03" selected>' in visitor.page(f"{REPORTS_PAGE}?month=2026-13")
    text = visitor.page(f"{REPORTS_PAGE}?month=2026-02")
    assert "No document is dated in this month." in text
    assert '<option value="2026-02" selected>' in text
    assert '<option value="1999-12" selected>' in visitor.page(f"{REPORTS_PAGE}?month=1999-12")


def date_documents(session, company, *dates):
    """Date documents of a company, the oldest ones first."""
    documents = session.query(SourceDocument).filter_by(company_id=company)
    for document, date in zip(documents.order_by(SourceDocument.id), dates, strict=False):
        document.date = date


def test_dates_that_stand_for_never_hide_no_other_month_or_year(two_companies):
    """Sources write 9999-12-31 or 0001-01-01."""
    alpha = two_companies.rows.companies[COMPANIES[0]]
    with two_companies.app.app_context(), transaction() as session:
        date_documents(session, alpha, dt.date.max, dt.date.min)
    visitor = two_companies.visitor(EVERYTHING)
    assert '<option value="2026-03" selected>' in visitor.page(REPORTS_PAGE)
    page = visitor.page(f"{REPORTS_PAGE}?company={alpha}")
    years = re.findall(r'<option(?: value="\d+")?( selected)?>(\d+)</option>', page)
    assert years == [("", "9999"), (" selected", "2026"), ("", "1")]
    assert len(totals(visitor, f"{REPORTS_PAGE}?company={alpha}&year=9999")) == 1


def test_the_reports_open_on_no_month_or_year_that_is_ahead(two_companies):
    """Invoices of the coming months are dated ahead."""
    alpha = two_companies.rows.companies[COMPANIES[0]]
    with two_companies.app.app_context(), transaction() as session:
        date_documents(session, alpha, dt.date(2027, 1, 15), dt.date(2026, 3, 28))
    visitor = two_companies.visitor(EVERYTHING)
    page = visitor.page(REPORTS_PAGE)
    assert '<option value="2026-03" selected>' in page
    assert '<option value="2027-01">' in page
    year_page = visitor.page(f"{REPORTS_PAGE}?company={alpha}")
    years = re.findall(r'<option(?: value="\d+")?( selected)?>(\d+)</option>', year_page)
    assert years == [("", "2027"), (" selected", "2026")]


def test_documents_may_have_no_date_but_the_last_day_that_there_is(two_companies):
    with two_companies.app.app_context(), transaction() as session:
        session.query(SourceDocument).update({"date": dt.date.max})
    visitor = two_companies.visitor(EVERYTHING)
    assert '<option value="9999-12" selected>' in visitor.page(REPORTS_PAGE)
    assert len(report_table(visitor, "Documents by company and currency")) == 2


def test_documents_may_have_no_date_but_the_first_day_that_there_is(two_companies):
    with two_companies.app.app_context(), transaction() as session:
        session.query(SourceDocument).update({"date": dt.date.min})
    visitor = two_companies.visitor(EVERYTHING)
    assert visitor.page(REPORTS_PAGE).count("<option") == 1
    assert len(report_table(visitor, "Documents by company and currency")) == 2


def test_documents_of_all_companies_that_need_attention_are_listed_by_age(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    (row,) = report_table(visitor, "by the days since the hub first wanted to post them")
    assert row[0] == "NOK"
    assert sum(int(count) for count in row[1::2] if count) == 8
    assert "/reports/export?format=xlsx&amp;table=age" in visitor.page(REPORTS_PAGE)
    (line,) = lines_of(visitor, "age")
    currency, *cells = line.values()
    assert (currency, sum(map(int, cells[::2]))) == ("NOK", 8)
    amounts = [decimal(text) for text in row[2::2] if text]
    assert sum(map(Decimal, cells[1::2])) == sum(amounts) > 0


def test_companies_are_paged_and_need_no_more_queries(two_companies):
    visitor = two_companies.visitor(EVERYTHING)
    visitor.page(ALL_MARCH)  # the first page of a process reads more
    few = queries_of(visitor, ALL_MARCH)
    add_companies(two_companies, 30)
    assert queries_of(visitor, ALL_MARCH) == few
    names, address = [], ALL_MARCH
    while address:
        names += [
            row[0] for row in report_table(visitor, "Documents by company and currency", address)
        ]
        following = re.search(r'rel="next" href="([^"]+)"', visitor.page(address))
        address = unescape(following[1]) if following else ""
    assert len(names) == len(set(names)) == 32
    exported = visitor.page(f"{REPORTS_PAGE}export?month=2026-03").removeprefix("\ufeff")
    assert [line["company"] for line in csv.DictReader(io.StringIO(exported))] == names


def test_each_app_has_a_chart_of_its_months_with_a_table(visitor, source):
    unmatched = {"supplier": "31", "account": "no such account"}
    sync(
        source,
        normal("1", date=FEBRUARY),
        normal("2", date=FEBRUARY),
        normal("3", date=MARCH),
        bill("4", total="5.00", date=MARCH, **unmatched),
    )
    title = "Small, 2026: documents by month"
    bars = drawing(visitor, title)
    assert bars["posted"][0] == pytest.approx(2 * bars["posted"][1], abs=0.2)
    assert bars["second"] == [bars["posted"][1]]
    rows = report_table(visitor, title)
    assert len(rows) == 12
    assert rows[:4] == [["Jan", "0", "0"], ["Feb", "2", "0"], ["Mar", "1", "1"], ["Apr", "0", "0"]]


def test_the_time_from_source_to_books_is_counted_by_app(visitor, source, clock):
    unmatched = {"supplier": "31", "account": "no such account"}
    sync(source, normal("1"), bill("2", total="5.00", **unmatched))
    clock.advance(2 * 86400)
    sync(source, normal("1"), normal("2", "5.00"))
    visitor.log_in("olga")
    rows = report_table(visitor, "until they were in QuickBooks")
    assert rows == [["Small", "1", "", "1", "", ""]]
    bars = drawing(visitor, "Posted documents by the time from the source to the books")
    assert (len(bars["posted"]), bars["posted"][0] == bars["posted"][1]) == (2, True)


def test_the_age_of_what_waits_has_a_chart(visitor, source, clock):
    unmatched = {"supplier": "31", "account": "no such account"}
    first = bill("1", total="10.00", **unmatched)
    sync(source, first)
    clock.advance(20 * 86400)
    sync(source, first, bill("2", total="5.00", **unmatched), bill("3", total="5.00", **unmatched))
    visitor.log_in("olga")
    bars = drawing(visitor, "Open documents, by age")
    assert bars["posted"][0] == pytest.approx(2 * bars["posted"][1], abs=0.2)


def test_without_documents_there_is_no_chart(visitor):
    assert '<svg class="chart"' not in visitor.page(REPORTS_PAGE)
