"""The balance sheet on the last day of each column."""

from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.period import title
from qbo_sandbox.reports.report_base import Frame, Sums
from qbo_sandbox.reports.report_parts import Column, Report, Row, amount, cells, line, section
from qbo_sandbox.reports.statements import (
    EARNING,
    GAAP,
    Tree,
    Values,
    add,
    balances,
    ends,
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


def balance_sheet(frame: Frame) -> Report:
    """Report assets, liabilities and equity; headings only if nothing is posted."""
    width = len(ends(frame))
    sums: Sums = {}
    for place, part in enumerate(ends(frame)):
        for id, value in balances(frame, part.end).items():
            sums.setdefault(id, [ZERO] * width)[place] = value
    had, owed = _Sheet(frame, sums, 1), _Sheet(frame, sums, -1)
    assets = had.part(ASSETS, "TOTAL ASSETS")
    rows = [*owed.part(LIABILITIES, "Total Liabilities"), _equity(owed)]
    total = add(owed.sum(LIABILITIES), owed.equity())
    both = cells("TOTAL LIABILITIES AND EQUITY", owed.amounts(total))
    rows = [
        section(
            "LIABILITIES AND EQUITY",
            rows,
            both,
            width=owed.width,
            group="TotalLiabilitiesAndEquity",
        )
    ]
    columns = [Column("", "Account", "account"), *_columns(frame)]
    return Report(
        columns, [*assets, *rows], {"SummarizeColumnsBy": summarize(frame)}, not sums, [GAAP]
    )


def _columns(frame: Frame) -> list[Column]:
    if not frame.parts:
        return [Column("Total", key="total")]
    return [
        Column(title(part), about=(("StartDate", str(part.start)), ("EndDate", str(part.end))))
        for part in frame.parts
    ]


class _Sheet(Tree):
    """The tree of accounts with one column for each day of balance."""

    def __init__(self, frame: Frame, sums: Sums, sign: int) -> None:
        super().__init__(frame, sums, sign)
        self.width = len(ends(frame)) + 1

    def amounts(self, values: Values) -> list[str]:
        return [amount(value) if self.sums else "" for value in values]

    def sum(self, part: Part) -> Values:
        _, _, types, below = part
        values = self.total(types)
        for each in below:
            values = add(values, self.sum(each))
        return values

    def part(self, part: Part, total: str = "") -> list[Row]:
        """Return a heading with the accounts below it, or no row if there are none."""
        name, group, types, below = part
        rows = [row for each in below for row in self.part(each)] + self.rows(types)
        if not rows and not total:
            return []
        whole = cells(total or f"Total {name}", self.amounts(self.sum(part)))
        return [section(name, rows, whole, width=self.width, group=group)]

    def earnings(self) -> Values:
        return self.total(EARNING)

    def equity(self) -> Values:
        return add(self.total(("Equity",)), self.earnings())


def _equity(sheet: _Sheet) -> Row:
    earned: list[Decimal] = sheet.earnings()
    rows = sheet.rows(("Equity",))
    if any(earned):
        rows.append(line("Net Income", sheet.amounts(earned), group="NetIncome"))
    total = cells("Total Equity", sheet.amounts(sheet.equity()))
    return section("Equity", rows, total, width=sheet.width, group="Equity")
