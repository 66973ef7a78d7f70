"""The balance sheet on the last day of each column."""

from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.report_base import ReportRequest, Sums, build_period_column
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cells,
    build_data_row,
    build_section,
    format_amount,
)
from qbo_sandbox.reports.statements import (
    EARNING_TYPES,
    GAAP_OPTION,
    Tree,
    Values,
    add,
    list_period_ends,
    sum_closing_balances,
    summarize,
)

Part = tuple[str, str, tuple[str, ...], "tuple[Part, ...]"]
CURRENT_ASSETS: Part = (
    "Current Assets",
    "CurrentAssets",
    (),
    (
        ("Bank Accounts", "BankAccounts", ("Bank",), ()),
        ("Accounts Receivable", "AR", ("Accounts Receivable",), ()),
        ("Other Current Assets", "OtherCurrentAssets", ("Other Current Asset",), ()),
    ),
)
ASSETS: Part = (
    "ASSETS",
    "TotalAssets",
    (),
    (
        CURRENT_ASSETS,
        ("Fixed Assets", "FixedAssets", ("Fixed Asset",), ()),
        ("Other Assets", "OtherAssets", ("Other Asset",), ()),
    ),
)
CURRENT_LIABILITIES: Part = (
    "Current Liabilities",
    "CurrentLiabilities",
    (),
    (
        ("Accounts Payable", "AP", ("Accounts Payable",), ()),
        ("Credit Cards", "CreditCards", ("Credit Card",), ()),
        ("Other Current Liabilities", "OtherCurrentLiabilities", ("Other Current Liability",), ()),
    ),
)
LIABILITIES: Part = (
    "Liabilities",
    "Liabilities",
    (),
    (
        CURRENT_LIABILITIES,
        ("Long-Term Liabilities", "LongTermLiabilities", ("Long Term Liability",), ()),
    ),
)


def report_balance_sheet(request: ReportRequest) -> Report:
    """Report assets, liabilities and equity; headings only if nothing is posted."""
    width = len(list_period_ends(request))
    sums: Sums = {}
    for index, part in enumerate(list_period_ends(request)):
        for id, value in sum_closing_balances(request, part.end).items():
            sums.setdefault(id, [ZERO] * width)[index] = value
    debit_sheet = _Sheet(request, sums, 1)
    credit_sheet = _Sheet(request, sums, -1)
    assets = debit_sheet.part(ASSETS, "TOTAL ASSETS")
    rows = [*credit_sheet.part(LIABILITIES, "Total Liabilities"), _build_equity_rows(credit_sheet)]
    total = add(credit_sheet.sum(LIABILITIES), credit_sheet.equity())
    both = build_cells("TOTAL LIABILITIES AND EQUITY", credit_sheet.amounts(total))
    rows = [
        build_section(
            "LIABILITIES AND EQUITY",
            rows,
            both,
            width=credit_sheet.column_count,
            group="TotalLiabilitiesAndEquity",
        )
    ]
    columns = [Column("", "Account", "account"), *_list_day_columns(request)]
    return Report(
        columns,
        [*assets, *rows],
        {"SummarizeColumnsBy": summarize(request)},
        not sums,
        [GAAP_OPTION],
    )


def _list_day_columns(request: ReportRequest) -> list[Column]:
    """Return the columns of the amounts: one for each part of the period, or one for all."""
    if not request.column_periods:
        return [Column("Total", key="total")]
    return [build_period_column(part) for part in request.column_periods]


class _Sheet(Tree):
    """The tree of accounts with one column for each day of balance."""

    def __init__(self, request: ReportRequest, sums: Sums, sign: int) -> None:
        super().__init__(request, sums, sign)
        self.column_count = len(list_period_ends(request)) + 1

    def amounts(self, values: Values) -> list[str]:
        """Format sums; all are empty in a sheet without any."""
        return [format_amount(value) if self.sums else "" for value in values]

    def sum(self, part: Part) -> Values:
        """Return the sums of a part and the parts below it."""
        _, _, types, below = part
        values = self.total(types)
        for each in below:
            values = add(values, self.sum(each))
        return values

    def part(self, part: Part, total: str = "") -> list[Row]:
        """Return a heading with the accounts below it, or no row if there are none."""
        name, group, types, parts_below = part
        rows = []
        for part_below in parts_below:
            rows += self.part(part_below)
        rows += self.rows(types)
        if not rows and not total:
            return []
        whole = build_cells(total or f"Total {name}", self.amounts(self.sum(part)))
        return [build_section(name, rows, whole, width=self.column_count, group=group)]

    def earnings(self) -> Values:
        """Return the net income up to each day."""
        return self.total(EARNING_TYPES)

    def equity(self) -> Values:
        """Return the sums of equity, with the net income of the period."""
        return add(self.total(("Equity",)), self.earnings())


def _build_equity_rows(sheet: _Sheet) -> Row:
    """Return the equity accounts, with the net income of the period."""
    net_income: list[Decimal] = sheet.earnings()
    rows = sheet.rows(("Equity",))
    if any(net_income):
        rows.append(build_data_row("Net Income", sheet.amounts(net_income), group="NetIncome"))
    total = build_cells("Total Equity", sheet.amounts(sheet.equity()))
    return build_section("Equity", rows, total, width=sheet.column_count, group="Equity")
