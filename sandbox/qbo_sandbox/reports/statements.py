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
EARNING_TYPES = (*INCOME, *COST, *EXPENSE, *OTHER_INCOME, *OTHER_EXPENSE)
RETAINED_EARNINGS = "RetainedEarnings"


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
            siblings = self.children.setdefault(parent, [])
            siblings.append(id)

    def own(self, id: str) -> Values:
        """Return the sums of an account without those below it, one for each column."""
        values = self.sums.get(id)
        if not values:
            return self._zeros()
        return [self.sign * value for value in values]

    def _zeros(self) -> Values:
        """Return a sum of zero for each column; the first column has the names."""
        return [ZERO] * (self.width - 1)

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
        children = self.children.get(id, ())
        return any(self.has_moved(child) for child in children)

    def rows(self, types: tuple[str, ...], parent: str = "") -> list[Row]:
        """Return the accounts of some types below another, in the order of their names.

        Accounts without any sum are left out.
        """
        names: dict[str, str] = {}
        for id in self.children.get(parent, ()):
            account = self.frame.account(id)
            if account["AccountType"] in types and self.has_moved(id):
                names[id] = account["Name"]
        ids = sorted(names, key=lambda id: names[id].casefold())
        return [self._row(types, id, names[id]) for id in ids]

    def _row(self, types: tuple[str, ...], id: str, name: str) -> Row:
        """Return an account, with those below it."""
        below = self.rows(types, id)
        own = self.texts(self.own(id), blank=True)
        if not below:
            return data_row(name, own, id)
        whole = self.texts(self.whole(id))
        total = name_and_values(f"Total {name}", whole)
        return section_rows(name, below, total, width=self.width, id=id, own=own)

    def total(self, types: tuple[str, ...]) -> Values:
        """Return the sums of all accounts of some types."""
        values = self._zeros()
        for id in self.sums:
            account = self.frame.account(id)
            if account["AccountType"] in types:
                values = add(values, self.own(id))
        return values

    def texts(self, values: Values, *, blank: bool = False) -> list[str]:
        """Format sums; return "" for zero with `blank`."""
        return format_amounts(values, blank=blank)


def add(values: Values, other_values: Values, sign: int = 1) -> Values:
    """Add sums, or with `sign` -1 subtract them."""
    pairs = zip(values, other_values, strict=True)
    return [left + sign * right for left, right in pairs]


class ProfitAndLoss:
    """The sections and sums of profit and loss; sums are blank if nothing is posted."""

    def __init__(self, frame: Frame) -> None:
        self.sums: Sums = {}
        self.types: set[str] = set()
        for id, sums in frame.sums().items():
            account_type = frame.account(id)["AccountType"]
            if account_type in EARNING_TYPES:
                self.sums[id] = sums
                self.types.add(account_type)
        self.income = Tree(frame, self.sums, -1)
        self.spent = Tree(frame, self.sums, 1)

    def rows(self) -> list[Row]:
        """Return the sections, with the sums between them."""
        gross = add(self.income.total(INCOME), self.spent.total(COST), -1)
        operating = add(gross, self.spent.total(EXPENSE), -1)
        other = add(self.income.total(OTHER_INCOME), self.spent.total(OTHER_EXPENSE), -1)
        rows = [
            self._section(self.income, INCOME, "Income", "Income"),
            *self._optional_section(self.spent, COST, "Cost of Goods Sold", "COGS"),
            self._sum("Gross Profit", gross),
            self._section(self.spent, EXPENSE, "Expenses", "Expenses"),
            self._sum("Net Operating Income", operating),
            *self._optional_section(self.income, OTHER_INCOME, "Other Income", "OtherIncome"),
            *self._optional_section(self.spent, OTHER_EXPENSE, "Other Expenses", "OtherExpenses"),
        ]
        if self.types & {*OTHER_INCOME, *OTHER_EXPENSE}:
            rows.append(self._sum("Net Other Income", other))
        rows.append(self._sum("Net Income", add(operating, other)))
        return rows

    def _section(self, tree: Tree, types: tuple[str, ...], title: str, group: str) -> Row:
        """Return the accounts of some types, with their sum."""
        rows = tree.rows(types)
        sums = self._texts(tree.total(types))
        total = name_and_values(f"Total {title}", sums)
        return section_rows(title, rows, total, width=tree.width, group=group)

    def _optional_section(
        self, tree: Tree, types: tuple[str, ...], title: str, group: str
    ) -> list[Row]:
        """Return the accounts of some types; nothing if none of them has a sum."""
        if not tree.rows(types):
            return []
        return [self._section(tree, types, title, group)]

    def _sum(self, title: str, values: Values) -> Row:
        """Return the row of a sum; its name for programs is its title without spaces."""
        group = title.replace(" ", "")
        return summary_row(title, self._texts(values), group)

    def _texts(self, values: Values) -> list[str]:
        """Format sums."""
        if not self.sums:
            return [""] * len(values)
        return format_amounts(values)


def profit_and_loss(frame: Frame) -> Report:
    """Report income less cost and expense."""
    statement = ProfitAndLoss(frame)
    about = {"SummarizeColumnsBy": summarize(frame)}
    is_empty = not statement.sums
    return Report(frame.columns(), statement.rows(), about, is_empty, [GAAP_OPTION])


GAAP_OPTION = ("AccountingStandard", "GAAP")


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
        account = move.account
        account_type = frame.account(account)["AccountType"]
        if account_type in EARNING_TYPES and move.date < year:
            account = retained
        sums[account] = sums.get(account, ZERO) + move.amount
    return sums


def retained_account(frame: Frame) -> str:
    """Return the id of the account of retained earnings, or ""."""
    for id, row in frame.company.table("Account").rows.items():
        if row.read().get("AccountSubType") == RETAINED_EARNINGS:
            return id
    return ""


def trial_balance(frame: Frame) -> Report:
    """Report every account with its balance in debit or credit."""
    sums = closing_balances(frame, min(frame.period.end, dt.date.max))
    rows: list[Row] = []
    debits = ZERO
    credits = ZERO
    for id in sorted(sums, key=lambda id: account_order(frame.account(id))):
        balance = sums[id]
        if not balance:
            continue
        debit = max(balance, ZERO)
        credit = max(-balance, ZERO)
        debits += debit
        credits += credit
        account = frame.account(id)
        name = str(account.get("FullyQualifiedName") or id)
        texts = format_amounts([debit, credit], blank=True)
        rows.append(name_and_values(name, texts, id))
    if rows:
        rows.append(grand_total([debits, credits]))
    columns = [Column("", "Account"), Column("Debit"), Column("Credit")]
    about = {"SummarizeColumnsBy": summarize(frame)}
    return Report(columns, rows, about, not rows)


def account_order(account: JsonObject) -> tuple[int, str]:
    """Return what puts accounts in the order of the chart."""
    kind = account["AccountType"]
    index = len(ACCOUNT_TYPE_ORDER)
    if kind in ACCOUNT_TYPE_ORDER:
        index = ACCOUNT_TYPE_ORDER.index(kind)
    name = str(account["Name"])
    return index, name.casefold()


ACCOUNT_TYPE_ORDER = (
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
    *EARNING_TYPES,
)


def period_ends(frame: Frame) -> list[Period]:
    """Return the periods that are columns."""
    return frame.parts or [frame.period]
