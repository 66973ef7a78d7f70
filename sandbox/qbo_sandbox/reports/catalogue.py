"""Every report by its name, and its answer: header, columns, rows."""

from collections.abc import Callable

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.refusals import unsupported_operation
from qbo_sandbox.accounting.values import dump
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports import (
    aging,
    balance_sheet,
    cash_flows,
    general_ledger,
    item_reports,
    listing,
    parties,
    statements,
)
from qbo_sandbox.reports.period import TODAY
from qbo_sandbox.reports.report_base import FILTER_PARTS, MONTH_TO_DATE, YEAR_TO_DATE, ReportRequest
from qbo_sandbox.reports.report_parts import Report, build_header_options

Builder = Callable[[ReportRequest], Report]
ALL_DATES = "all"
REPORTS_WITH_BASIS = (
    "ProfitAndLoss",
    "ProfitAndLossDetail",
    "BalanceSheet",
    "TrialBalance",
    "GeneralLedger",
    "CustomerIncome",
    "CustomerSales",
    "ItemSales",
    "ClassSales",
    "DepartmentSales",
    "VendorExpenses",
    "TaxSummary",
)
SALES_REPORTS: tuple[tuple[str, str, str], ...] = (
    ("CustomerSales", "customer", "Customer"),
    ("ClassSales", "class", "Class"),
    ("DepartmentSales", "department", "Department"),
)
REPORTS: dict[str, tuple[Builder, str]] = {
    "ProfitAndLoss": (statements.report_profit_and_loss, YEAR_TO_DATE),
    "ProfitAndLossDetail": (listing.report_profit_and_loss_detail, YEAR_TO_DATE),
    "BalanceSheet": (balance_sheet.report_balance_sheet, YEAR_TO_DATE),
    "TrialBalance": (statements.report_trial_balance, MONTH_TO_DATE),
    "TrialBalanceFR": (statements.report_trial_balance, MONTH_TO_DATE),
    "CashFlow": (cash_flows.report_cash_flow, YEAR_TO_DATE),
    "AgedPayables": (lambda request: aging.report_aging(request, "Vendor"), TODAY),
    "AgedReceivables": (lambda request: aging.report_aging(request, "Customer"), TODAY),
    "AgedPayableDetail": (lambda request: aging.report_aging_detail(request, "Vendor"), TODAY),
    "AgedReceivableDetail": (lambda request: aging.report_aging_detail(request, "Customer"), TODAY),
    "CustomerBalance": (
        lambda request: parties.report_balances_by_party(request, "Customer"),
        TODAY,
    ),
    "CustomerBalanceDetail": (
        lambda request: parties.report_balance_detail(request, "Customer"),
        TODAY,
    ),
    "VendorBalance": (lambda request: parties.report_balances_by_party(request, "Vendor"), TODAY),
    "VendorBalanceDetail": (
        lambda request: parties.report_balance_detail(request, "Vendor"),
        TODAY,
    ),
    "CustomerIncome": (parties.report_income_by_customer, YEAR_TO_DATE),
    "VendorExpenses": (
        lambda request: parties.sum_by(request, "vendor", parties.EXPENSE_TYPES, 1, "Vendor"),
        YEAR_TO_DATE,
    ),
    "ItemSales": (item_reports.report_item_sales, MONTH_TO_DATE),
    "InventoryValuationSummary": (item_reports.report_stock_summary, TODAY),
    "InventoryValuationDetail": (item_reports.report_stock_detail, MONTH_TO_DATE),
    "AccountList": (item_reports.report_account_list, TODAY),
    "AccountListDetail": (item_reports.report_account_list, TODAY),
    "TaxSummary": (item_reports.report_tax_summary, MONTH_TO_DATE),
    "GeneralLedger": (general_ledger.report_general_ledger, MONTH_TO_DATE),
    "GeneralLedgerFR": (general_ledger.report_general_ledger, MONTH_TO_DATE),
    "JournalReport": (listing.list_journal, MONTH_TO_DATE),
    "JournalReportFR": (listing.list_journal, MONTH_TO_DATE),
    "FECReport": (listing.list_journal, YEAR_TO_DATE),
    "TransactionList": (listing.list_transactions, MONTH_TO_DATE),
    "TransactionListWithSplits": (listing.list_journal, MONTH_TO_DATE),
    "TransactionListByCustomer": (
        lambda request: listing.list_transactions(request, "customer"),
        MONTH_TO_DATE,
    ),
    "TransactionListByVendor": (
        lambda request: listing.list_transactions(request, "vendor"),
        MONTH_TO_DATE,
    ),
}


def _get_sales_builder(part: str, kind: str) -> Builder:
    """Return the builder of a report of sales by a party, item or the like."""
    return lambda request: parties.sum_by(request, part, parties.INCOME_TYPES, -1, kind)


REPORTS |= {
    name: (_get_sales_builder(part, kind), MONTH_TO_DATE) for name, part, kind in SALES_REPORTS
}
REPORT_NAMES = {name.lower(): name for name in REPORTS}


def answer(company: Company, name: str, params: dict[str, str]) -> bytes:
    """Return the report with this name; name and parameters are case-insensitive."""
    report_name = REPORT_NAMES.get(name.lower())
    if report_name is None:
        raise unsupported_operation(f"report {name}")
    build, default_period = REPORTS[report_name]
    request = ReportRequest(
        company, {key.lower(): value for key, value in params.items()}, default_period
    )
    report = build(request)
    body = {
        "Header": _report_header(report_name, request, report),
        "Columns": {"Column": [column.as_json() for column in report.columns]},
        "Rows": {"Row": report.rows} if report.rows else {},
    }
    return dump(body).encode()


def _report_header(name: str, request: ReportRequest, report: Report) -> JsonObject:
    """Return the header of a report: its name, period, basis, filters and options."""
    period = request.period
    header = {
        "Time": request.company.stamp(request.company.now()),
        "ReportName": name,
    }
    if period.macro:
        header["DateMacro"] = period.macro
    if name in REPORTS_WITH_BASIS:
        header["ReportBasis"] = request.basis
    if period.macro != ALL_DATES:
        header["StartPeriod"] = period.start.isoformat()
        header["EndPeriod"] = period.end.isoformat()
    for key, value in report.header_fields.items():
        if value:
            header[key] = value
    header["Currency"] = request.company.options.currency
    for part in FILTER_PARTS:
        if request.params.get(part):
            header[part.capitalize()] = request.params[part]
    pairs = [*report.options, ("NoReportData", str(report.empty).lower())]
    return {**header, "Option": build_header_options(pairs)}
