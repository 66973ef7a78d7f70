"""Profit and loss, balance sheet and trial balance."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.period import Period
from qbo_sandbox.reports.report_base import Frame, Sums
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    data_row,
    format_amount,
    name_and_values,
    section_rows,
    summary_row,
)

Values = list[Decimal]
INCOME, COST, EXPENSE = ("Income",), ("Cost of Goods Sold",), ("Expense",)
OTHER_INCOME, OTHER_EXPENSE = ("Other Income",), ("Other Expense",)
EARNING = (*INCOME, *COST, *EXPENSE, *OTHER_INCOME, *OTHER_EXPENSE)
RETAINED = "RetainedEarnings"


class Tree:
    """The accounts of some types with their sums, sub-accounts below their parents."""

    def __init__(self, frame: Frame, sums: Sums, sign: int) -> None:
        self.frame, self.sign, self.sums = frame, sign, sums
        self.width = len(frame.columns())
        self.children: dict[str, list[str]] = {}
        for id, row in frame.company.table("Account").rows.items():
            parent = (row.read().get("ParentRef") or {}).get("value", "")
            self.children.setdefault(parent, []).append(id)

    def own(self, id: str) -> Values:
        values = self.sums.get(id)
        return [self.sign * value for value in values] if values else [ZERO] * (self.width - 1)

    def whole(self, id: str) -> Values:
        total = self.own(id)
        for child in self.children.get(id, ()):
            total = add(total, self.whole(child))
        return total

    def has_moved(self, id: str) -> bool:
        return any(self.own(id)) or any(
            self.has_moved(child) for child in self.children.get(id, ())
        )

    def rows(self, types: tuple[str, ...], parent: str = "") -> list[Row]:
        rows = []
        for id in self.children.get(parent, ()):
            account = self.frame.account(id)
            if account["AccountType"] in types and self.has_moved(id):
                rows.append((account["Name"].casefold(), self._row(types, id, account["Name"])))
        return [row for _, row in sorted(rows, key=lambda pair: pair[0])]

    def _row(self, types: tuple[str, ...], id: str, name: str) -> Row:
        below = self.rows(types, id)
        own = self.texts(self.own(id), blank=True)
        if not below:
            return data_row(name, own, id)
        total = name_and_values(f"Total {name}", self.texts(self.whole(id)))
        return section_rows(name, below, total, width=self.width, id=id, own=own)

    def total(self, types: tuple[str, ...]) -> Values:
        values = [ZERO] * (self.width - 1)
        for id in self.sums:
            if self.frame.account(id)["AccountType"] in types:
                values = add(values, self.own(id))
        return values

    def texts(self, values: Values, *, blank: bool = False) -> list[str]:
        return [format_amount(value, blank=blank) for value in values]


def add(one: Values, other: Values, sign: int = 1) -> Values:
    return [left + sign * right for left, right in zip(one, other, strict=True)]


def profit_and_loss(frame: Frame) -> Report:
    """Report income less cost and expense; sums are blank if nothing is posted."""
    earned = {
        id: sums for id, sums in frame.sums().items() if frame.account(id)["AccountType"] in EARNING
    }
    income, spent = Tree(frame, earned, -1), Tree(frame, earned, 1)
    texts: Callable[[Values], list[str]] = (
        income.texts if earned else lambda values: [""] * len(values)
    )
    gross = add(income.total(INCOME), spent.total(COST), -1)
    operating = add(gross, spent.total(EXPENSE), -1)
    other = add(income.total(OTHER_INCOME), spent.total(OTHER_EXPENSE), -1)

    def part(
        tree: Tree, types: tuple[str, ...], title: str, group: str, *, always: bool = False
    ) -> list[Row]:
        rows = tree.rows(types)
        total = name_and_values(f"Total {title}", texts(tree.total(types)))
        return (
            [section_rows(title, rows, total, width=tree.width, group=group)]
            if rows or always
            else []
        )

    rows = [
        *part(income, INCOME, "Income", "Income", always=True),
        *part(spent, COST, "Cost of Goods Sold", "COGS"),
        summary_row("Gross Profit", texts(gross), "GrossProfit"),
        *part(spent, EXPENSE, "Expenses", "Expenses", always=True),
        summary_row("Net Operating Income", texts(operating), "NetOperatingIncome"),
        *part(income, OTHER_INCOME, "Other Income", "OtherIncome"),
        *part(spent, OTHER_EXPENSE, "Other Expenses", "OtherExpenses"),
    ]
    if any(frame.account(id)["AccountType"] in (*OTHER_INCOME, *OTHER_EXPENSE) for id in earned):
        rows.append(summary_row("Net Other Income", texts(other), "NetOtherIncome"))
    rows.append(summary_row("Net Income", texts(add(operating, other)), "NetIncome"))
    return Report(
        frame.columns(), rows, {"SummarizeColumnsBy": summarize(frame)}, not earned, [GAAP]
    )


GAAP = ("AccountingStandard", "GAAP")


def summarize(frame: Frame) -> str:
    return frame.params.get("summarize_column_by") or "Total"


def closing_balances(frame: Frame, end: dt.date, year: dt.date | None = None) -> dict[str, Decimal]:
    """Return debit balances at the end of a day.

    Earnings before its fiscal year, or before the day `year`, are in retained earnings.
    """
    sums: dict[str, Decimal] = {}
    year = year or end.replace(month=1, day=1)
    retained = retained_account(frame)
    for move in frame.all_moves:
        if move.date > end:
            break
        earned = frame.account(move.account)["AccountType"] in EARNING
        account = retained if earned and move.date < year else move.account
        sums[account] = sums.get(account, ZERO) + move.amount
    return sums


def retained_account(frame: Frame) -> str:
    rows = frame.company.table("Account").rows
    return next(
        (id for id, row in rows.items() if row.read().get("AccountSubType") == RETAINED), ""
    )


def trial_balance(frame: Frame) -> Report:
    """Report every account with its balance in debit or credit."""
    sums = closing_balances(frame, min(frame.period.end, dt.date.max))
    accounts = sorted(sums, key=lambda id: insert_account(frame.account(id)))
    rows: list[Row] = []
    for id in accounts:
        if sums[id]:
            debit, credit = max(sums[id], ZERO), max(-sums[id], ZERO)
            values = [format_amount(debit, blank=True), format_amount(credit, blank=True)]
            rows.append(
                name_and_values(str(frame.account(id).get("FullyQualifiedName") or id), values, id)
            )
    debits = sum((value for value in sums.values() if value > 0), ZERO)
    credits = -sum((value for value in sums.values() if value < 0), ZERO)
    if rows:
        rows.append(
            summary_row("TOTAL", [format_amount(debits), format_amount(credits)], "GrandTotal")
        )
    columns = [Column("", "Account"), Column("Debit"), Column("Credit")]
    return Report(columns, rows, {"SummarizeColumnsBy": summarize(frame)}, not rows)


ORDER = (
    "Bank",
    "Accounts Receivable",
    "Other Current Asset",
    "Fixed Asset",
    "Other Asset",
    "Accounts Payable",
    "Credit Card",
    "Other Current Liability",
    "Long Term Liability",
    "Equity",
    *EARNING,
)


def insert_account(account: dict[str, Any]) -> tuple[int, str]:
    kind = account["AccountType"]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), str(account["Name"]).casefold())


def period_ends(frame: Frame) -> list[Period]:
    return frame.parts or [frame.period]
