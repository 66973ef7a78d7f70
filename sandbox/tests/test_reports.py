"""Tests of reports: header, columns and rows as QuickBooks sends them, and correct sums."""

import json

import pytest
import yaml

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock
from qbo_sandbox.reports import REPORTS
from sandbox_tests.official import EVIDENCE

RECORDED = EVIDENCE / "recorded-json" / "reports"
recorded = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recordings at {EVIDENCE}")
CHECKING, ADVERTISING, RENT, PAYABLE, RECEIVABLE, SERVICES = "35", "7", "17", "33", "84", "1"
CUSTOMER = "41"
TODAY = "2027-01-15"


def fresh():
    return create(companies=[US, NORWAY], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, kind, **body):
    answer = quickbooks.ask("POST", kind.lower(), body)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expense_line(amount, account=ADVERTISING, **detail):
    detail = {"AccountRef": {"value": account}, **detail}
    return {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }


def sale_line(amount, **detail):
    detail = {"ItemRef": {"value": "1"}, **detail}
    return {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


@pytest.fixture(scope="module")
def quickbooks():
    """Return books of two months.

    They hold a sale paid in part, two bills of which one is paid in part, and an expense of a
    previous year.
    """
    books = fresh()
    bank = {"AccountRef": {"value": CHECKING}}
    post(
        books,
        "Purchase",
        PaymentType="Cash",
        **bank,
        Line=[expense_line("70.00", RENT)],
        TxnDate="2025-06-01",
    )
    post(
        books,
        "Bill",
        VendorRef={"value": "2"},
        Line=[expense_line("300.00", RENT)],
        TxnDate="2026-11-20",
    )
    owed = post(
        books,
        "Bill",
        VendorRef={"value": "1"},
        Line=[expense_line("100.00")],
        TxnDate="2027-01-04",
        DocNumber="B1",
    )
    books.act("pay", id=owed["Id"], amount="40")
    klass = books.select("select * from Class")["Class"][0]["Id"]
    line = sale_line("250.00", ClassRef={"value": klass})
    due = post(
        books,
        "Invoice",
        CustomerRef={"value": CUSTOMER},
        Line=[line],
        TxnDate="2027-01-10",
        DocNumber="I1",
    )
    books.act("pay", kind="Invoice", id=due["Id"], amount="100")
    return books


def report(quickbooks, name, query="", realm=None):
    answer = quickbooks.ask("GET", f"reports/{name}?{query}", realm=realm)
    assert answer.status == 200, answer.text
    return answer.json()


def rows(body):
    """Return every row at any depth as (name, values)."""
    return [
        (cells[0]["value"], *[cell["value"] for cell in cells[1:]])
        for cells in _lines(body["Rows"].get("Row", ()))
    ]


def _lines(report_rows):
    for row in report_rows:
        for part in (row.get("Header"), row):
            if part and "ColData" in part:
                yield part["ColData"]
        yield from _lines(row.get("Rows", {}).get("Row", ()))
        if "Summary" in row:
            yield row["Summary"]["ColData"]


def values_of(body, name):
    return next(list(values) for title, *values in rows(body) if title == name)


def exchange(name):
    [pair] = yaml.safe_load((RECORDED / name).read_text())["http_interactions"]
    return pair["request"]["uri"].partition("?")[2], json.loads(pair["response"]["body"]["string"])


@recorded
def test_a_profit_and_loss_without_a_posting_is_the_recorded_one():
    query, answer = exchange("profit_and_loss.yml")
    actual = report(fresh(), "ProfitAndLoss", query)
    assert actual | {"Header": actual["Header"] | {"Time": ""}} == answer | {
        "Header": answer["Header"] | {"Time": ""}
    }


@recorded
def test_a_general_ledger_is_built_as_recorded(quickbooks):
    _, answer = exchange("gl.yml")
    actual = report(quickbooks, "GeneralLedger")
    assert (list(actual["Header"]), actual["Columns"]) == (
        list(answer["Header"]),
        answer["Columns"],
    )
    for line_rows, other in zip(actual["Rows"]["Row"], answer["Rows"]["Row"], strict=False):
        assert set(line_rows) == set(other)
        assert [len(part["ColData"]) for part in _parts(line_rows)] == [8] * len(
            list(_parts(line_rows))
        )


def _parts(section):
    yield section["Header"]
    yield from section["Rows"]["Row"]
    yield section["Summary"]


@pytest.mark.parametrize("realm", [US.realm, NORWAY.realm])
@pytest.mark.parametrize("name", list(REPORTS))
def test_every_report_has_a_header_columns_and_rows_that_fit_them(quickbooks, name, realm):
    body = report(quickbooks, name, "start_date=2025-01-01&end_date=2027-12-31", realm)
    assert list(body) == ["Header", "Columns", "Rows"]
    header = body["Header"]
    assert header["ReportName"] == name
    _, usual_period = REPORTS[name]
    days = (TODAY, TODAY) if usual_period == "today" else ("2025-01-01", "2027-12-31")
    assert (header["StartPeriod"], header["EndPeriod"]) == days
    assert header["Currency"] == ("USD" if realm == US.realm else "NOK")
    columns = body["Columns"]["Column"]
    for column in columns:
        assert {"ColTitle", "ColType"} <= set(column)
    rows = body["Rows"]
    widths = {len(values) for values in _lines(rows.get("Row", ()))}
    assert widths <= {len(columns)}
    if not rows:
        assert {"Name": "NoReportData", "Value": "true"} in header["Option"]


def test_profit_and_loss_adds_up(quickbooks):
    body = report(quickbooks, "ProfitAndLoss", "start_date=2026-11-01&end_date=2027-01-31")
    assert values_of(body, "Total Income") == values_of(body, "Gross Profit") == ["250.00"]
    assert (values_of(body, "Advertising"), values_of(body, "Total Expenses")) == (
        ["100.00"],
        ["400.00"],
    )
    assert values_of(body, "Net Income") == ["-150.00"]
    assert [row["group"] for row in body["Rows"]["Row"]] == [
        "Income",
        "GrossProfit",
        "Expenses",
        "NetOperatingIncome",
        "NetIncome",
    ]


def test_on_a_cash_basis_only_what_is_paid_counts(quickbooks):
    body = report(
        quickbooks,
        "ProfitAndLoss",
        "start_date=2026-11-01&end_date=2027-01-31&accounting_method=Cash",
    )
    assert body["Header"]["ReportBasis"] == "Cash"
    assert (values_of(body, "Total Income"), values_of(body, "Total Expenses")) == (
        ["100.00"],
        ["40.00"],
    )


def test_profit_and_loss_has_a_column_for_each_month(quickbooks):
    query = "start_date=2026-11-01&end_date=2027-01-15&summarize_column_by=Month"
    body = report(quickbooks, "ProfitAndLoss", query)
    titles = [column["ColTitle"] for column in body["Columns"]["Column"]]
    assert titles == ["", "Nov 2026", "Dec 2026", "Jan 1 - 15, 2027", "TOTAL"]
    assert values_of(body, "Net Income") == ["-300.00", "0.00", "150.00", "-150.00"]


def test_profit_and_loss_by_class_and_for_one_customer(quickbooks):
    body = report(quickbooks, "ProfitAndLoss", "summarize_column_by=Classes")
    titles = [column["ColTitle"] for column in body["Columns"]["Column"]]
    assert (titles[-2:], len(titles)) == (["Not specified", "TOTAL"], 4)
    assert values_of(body, "Net Income") == ["250.00", "-100.00", "150.00"]
    body = report(quickbooks, "ProfitAndLoss", f"customer={CUSTOMER}")
    assert (body["Header"]["Customer"], values_of(body, "Net Income")) == (CUSTOMER, ["250.00"])


def test_a_balance_sheet_balances_and_keeps_former_years_apart(quickbooks):
    body = report(quickbooks, "BalanceSheet")
    assert body["Header"]["DateMacro"] == "this calendar year-to-date"
    assert (
        values_of(body, "TOTAL ASSETS")
        == values_of(body, "TOTAL LIABILITIES AND EQUITY")
        == ["140.00"]
    )
    assert (
        values_of(body, "Total Accounts Receivable"),
        values_of(body, "Total Accounts Payable"),
    ) == (
        ["150.00"],
        ["360.00"],
    )
    assert (values_of(body, "Net Income"), values_of(body, "Retained Earnings")) == (
        ["150.00"],
        ["-370.00"],
    )


def test_a_trial_balance_has_equal_sides(quickbooks):
    body = report(quickbooks, "TrialBalance", "start_date=2027-01-01&end_date=2027-01-31")
    assert values_of(body, "TOTAL") == ["720.00", "720.00"]
    assert values_of(body, "Accounts Payable (A/P)") == ["", "360.00"]
    assert [column["ColTitle"] for column in body["Columns"]["Column"]] == ["", "Debit", "Credit"]


def test_payables_are_sorted_by_age(quickbooks):
    body = report(quickbooks, "AgedPayables")
    assert [column["ColTitle"] for column in body["Columns"]["Column"]] == [
        "",
        "Current",
        "1 - 30",
        "31 - 60",
        "61 - 90",
        "91 and over",
        "Total",
    ]
    assert values_of(body, "TOTAL") == ["0.00", "60.00", "300.00", "0.00", "0.00", "360.00"]
    assert {"Name": "report_date", "Value": "2027-01-15"} in body["Header"]["Option"]
    wider = report(quickbooks, "AgedPayables", "aging_period=60&num_periods=2")
    assert values_of(wider, "TOTAL") == ["0.00", "360.00", "0.00", "360.00"]


def test_aging_on_an_earlier_day_leaves_out_later_transactions(quickbooks):
    body = report(quickbooks, "AgedPayables", "report_date=2027-01-05")
    assert values_of(body, "TOTAL")[-1] == "400.00"
    assert (
        values_of(report(quickbooks, "AgedPayables", "report_date=2026-12-31"), "TOTAL")[-1]
        == "300.00"
    )


@pytest.mark.parametrize(
    "name",
    ["AgedPayables", "AgedReceivables", "CustomerBalance", "VendorBalance", "AccountList"],
)
def test_a_report_of_what_is_open_takes_no_period(quickbooks, name):
    body = report(quickbooks, name, "start_date=2026-01-01&end_date=2026-12-31")
    assert body["Header"]["EndPeriod"] == TODAY
    assert body["Rows"] == report(quickbooks, name)["Rows"]


def test_receivables_and_their_detail_agree(quickbooks):
    assert values_of(report(quickbooks, "AgedReceivables"), "TOTAL")[-1] == "150.00"
    assert values_of(report(quickbooks, "AgedReceivableDetail"), "TOTAL")[-2:] == [
        "250.00",
        "150.00",
    ]
    assert values_of(report(quickbooks, "CustomerBalance"), "TOTAL") == ["150.00"]
    assert values_of(report(quickbooks, "CustomerBalanceDetail"), "TOTAL")[3:5] == [
        "250.00",
        "150.00",
    ]


def test_cash_flow_ends_with_the_money_there_is(quickbooks):
    body = report(quickbooks, "CashFlow")
    assert (
        values_of(body, "Cash at beginning of period"),
        values_of(body, "Cash at end of period"),
    ) == (
        ["-70.00"],
        ["-10.00"],
    )


def test_lists_of_transactions_name_the_other_account(quickbooks):
    transactions = rows(report(quickbooks, "TransactionList"))
    bill = next(row for row in transactions if row[1] == "Bill")
    assert bill[:3] == ("2027-01-04", "Bill", "B1")
    assert {bill[6], bill[7]} == {"Advertising", "Accounts Payable (A/P)"}
    body = report(quickbooks, "TransactionListByVendor")
    assert body["Rows"]["Row"][0]["Header"]["ColData"][0] == {
        "value": "Alder Ridge Lumber",
        "id": "1",
    }


def test_sales_are_summed_by_customer_item_and_class(quickbooks):
    for name in ("CustomerSales", "ClassSales", "ItemSales"):
        assert "250.00" in values_of(report(quickbooks, name), "TOTAL")
    assert values_of(report(quickbooks, "VendorExpenses"), "TOTAL") == ["100.00"]
    assert values_of(report(quickbooks, "CustomerIncome"), "TOTAL") == [
        "250.00",
        "100.00",
        "150.00",
    ]


@pytest.mark.parametrize(
    ("macro", "start", "end"),
    [
        ("today", "2027-01-15", "2027-01-15"),
        ("Yesterday", "2027-01-14", "2027-01-14"),
        ("Last Month", "2026-12-01", "2026-12-31"),
        ("this month-to-date", "2027-01-01", "2027-01-15"),
        ("last fiscal quarter", "2026-10-01", "2026-12-31"),
        ("last calendar year-to-date", "2026-01-01", "2026-01-15"),
        ("this week", "2027-01-10", "2027-01-16"),
        ("next month", "2027-02-01", "2027-02-28"),
    ],
)
def test_a_period_may_be_named(quickbooks, macro, start, end):
    header = report(quickbooks, "ProfitAndLoss", f"date_macro={macro.replace(' ', '%20')}")[
        "Header"
    ]
    assert (header["StartPeriod"], header["EndPeriod"], header["DateMacro"]) == (
        start,
        end,
        macro.lower(),
    )


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("Wishes", "", "500"),
        ("ProfitAndLoss", "date_macro=someday", "2170"),
        ("ProfitAndLoss", "start_date=soon", "2060"),
        ("ProfitAndLoss", "start_date=2027-02-01&end_date=2027-01-01", "2060"),
        ("ProfitAndLoss", "summarize_column_by=Colour", "2170"),
        ("ProfitAndLoss", "accounting_method=Guess", "2170"),
        ("ProfitAndLoss", "end_date=9999-12-31&summarize_column_by=Month", "2060"),
        ("AgedPayables", "aging_period=many", "2070"),
        ("AgedPayables", "num_periods=9999999999", "2070"),
        ("AgedReceivables", "aging_period=9999999999", "2070"),
    ],
)
def test_an_unknown_report_or_parameter_is_refused(quickbooks, name, query, code):
    answer = quickbooks.ask("GET", f"reports/{name}?{query}")
    assert (answer.status, answer.json()["Fault"]["Error"][0]["code"]) == (400, code)
