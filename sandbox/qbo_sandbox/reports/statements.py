"""Profit and loss, balance sheet and trial balance."""

import datetime as dt
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports.period import Period
from qbo_sandbox.reports.report_base import Frame, Sums
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    data_row,
    format_amounts,
    grand_total,
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
        self.frame = frame
        self.sign = sign
        self.sums = sums
        self.width = len(frame.columns())
        self.children: dict[str, list[str]] = {}
        for id, row in frame.company.table("Account").rows.items():
            reference = row.read().get("ParentRef") or {}
            parent = reference.get("value", "")
            self.children.setdefault(parent, []).append(id)

    def own(self, id: str) -> Values:
        """Return the sums of an account without those below it."""
        values = self.sums.get(id)
        if not values:
            return [ZERO] * (self.width - 1)
        return [self.sign * value for value in values]

    def whole(self, id: str) -> Values:
        """Return the sums of an account with those below it."""
        total = self.own(id)
        for child in self.children.get(id, ()):
            total = add(total, self.whole(child))
        return total

    def has_moved(self, id: str) -> bool:
        """Return whether an account or one below it has a sum."""
        if any(self.own(id)):
            return True
        return any(self.has_moved(child) for child in self.children.get(id, ()))

    def rows(self, types: tuple[str, ...], parent: str = "") -> list[Row]:
        """Return the accounts of some types below another, in the order of their names."""
        ids_by_name = []
        for id in self.children.get(parent, ()):
            account = self.frame.account(id)
            if account["AccountType"] in types and self.has_moved(id):
                ids_by_name.append((account["Name"], id))
        ids_by_name.sort(key=lambda pair: pair[0].casefold())
        return [self._row(types, id, name) for name, id in ids_by_name]

    def _row(self, types: tuple[str, ...], id: str, name: str) -> Row:
        """Return an account, with those below it."""
        below = self.rows(types, id)
        own = self.texts(self.own(id), blank=True)
        if not below:
            return data_row(name, own, id)
        total = name_and_values(f"Total {name}", self.texts(self.whole(id)))
        return section_rows(name, below, total, width=self.width, id=id, own=own)

    def total(self, types: tuple[str, ...]) -> Values:
        """Return the sums of all accounts of some types."""
        values = [ZERO] * (self.width - 1)
        for id in self.sums:
            if self.frame.account(id)["AccountType"] in types:
                values = add(values, self.own(id))
        return values

    def texts(self, values: Values, *, blank: bool = False) -> list[str]:
        """Format sums; return "" for zero with `blank`."""
        return format_amounts(values, blank=blank)


def add(values: Values, other_values: Values, sign: int = 1) -> Values:
    """Add sums, or with `sign` -1 subtract them."""
    return [left + sign * right for left, right in zip(values, other_values, strict=True)]


def profit_and_loss(frame: Frame) -> Report:
    """Report income less cost and expense; sums are blank if nothing is posted."""
    earned: dict[str, Values] = {}
    for id, sums in frame.sums().items():
        if frame.account(id)["AccountType"] in EARNING:
            earned[id] = sums
    income = Tree(frame, earned, -1)
    spent = Tree(frame, earned, 1)

    def texts(values: Values) -> list[str]:
        return income.texts(values) if earned else [""] * len(values)

    gross = add(income.total(INCOME), spent.total(COST), -1)
    operating = add(gross, spent.total(EXPENSE), -1)
    other = add(income.total(OTHER_INCOME), spent.total(OTHER_EXPENSE), -1)

    def part(
        tree: Tree, types: tuple[str, ...], title: str, group: str, *, always: bool = False
    ) -> list[Row]:
        rows = tree.rows(types)
        if not rows and not always:
            return []
        total = name_and_values(f"Total {title}", texts(tree.total(types)))
        return [section_rows(title, rows, total, width=tree.width, group=group)]

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
    """Return what the columns are, as the header says it."""
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
    """Return the id of the account of retained earnings, or ""."""
    for id, row in frame.company.table("Account").rows.items():
        if row.read().get("AccountSubType") == RETAINED:
            return id
    return ""


def trial_balance(frame: Frame) -> Report:
    """Report every account with its balance in debit or credit."""
    sums = closing_balances(frame, min(frame.period.end, dt.date.max))
    rows: list[Row] = []
    debits = ZERO
    credits = ZERO
    for id in sorted(sums, key=lambda id: account_order(frame.account(id))):
        if not sums[id]:
            continue
        debit = max(sums[id], ZERO)
        credit = max(-sums[id], ZERO)
        debits += debit
        credits += credit
        name = str(frame.account(id).get("FullyQualifiedName") or id)
        rows.append(name_and_values(name, format_amounts([debit, credit], blank=True), id))
    if rows:
        rows.append(grand_total([debits, credits]))
    columns = [Column("", "Account"), Column("Debit"), Column("Credit")]
    about = {"SummarizeColumnsBy": summarize(frame)}
    return Report(columns, rows, about, not rows)


def account_order(account: JsonObject) -> tuple[int, str]:
    """Return what puts accounts in the order of the chart."""
    kind = account["AccountType"]
    place = ORDER.index(kind) if kind in ORDER else len(ORDER)
    return place, str(account["Name"]).casefold()


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


def period_ends(frame: Frame) -> list[Period]:
    """Return the periods that are columns."""
    return frame.parts or [frame.period]
