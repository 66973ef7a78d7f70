"""Profit and loss, balance sheet and trial balance."""

import datetime as dt
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports.period import Period
from qbo_sandbox.reports.report_base import ReportRequest, Sums
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cells,
    build_data_row,
    build_grand_total,
    build_section,
    build_summary_row,
    format_amounts,
)

Values = list[Decimal]
INCOME, COST, EXPENSE = ("Income",), ("Cost of Goods Sold",), ("Expense",)
OTHER_INCOME, OTHER_EXPENSE = ("Other Income",), ("Other Expense",)
EARNING_TYPES = (*INCOME, *COST, *EXPENSE, *OTHER_INCOME, *OTHER_EXPENSE)
RETAINED_EARNINGS = "RetainedEarnings"


class Tree:
    """The accounts of some types with their sums, sub-accounts below their parents."""

    def __init__(self, request: ReportRequest, sums: Sums, sign: int) -> None:
        self.request = request
        self.sign = sign
        self.sums = sums
        self.column_count = len(request.columns())
        self.children: dict[str, list[str]] = {}
        for id, row in request.company.table("Account").rows.items():
            reference = row.read().get("ParentRef") or {}
            parent = reference.get("value", "")
            siblings = self.children.setdefault(parent, [])
            siblings.append(id)

    def own_sums(self, id: str) -> Values:
        """Return the sums of an account without those below it, one for each column."""
        values = self.sums.get(id)
        if not values:
            return self._zeros()
        return [self.sign * value for value in values]

    def _zeros(self) -> Values:
        """Return a sum of zero for each column; the first column has the names."""
        return [ZERO] * (self.column_count - 1)

    def total_sums(self, id: str) -> Values:
        """Return the sums of an account with those below it."""
        total = self.own_sums(id)
        for child in self.children.get(id, ()):
            total = add(total, self.total_sums(child))
        return total

    def has_sum(self, id: str) -> bool:
        """Return whether an account or one below it has a sum."""
        if any(self.own_sums(id)):
            return True
        children = self.children.get(id, ())
        return any(self.has_sum(child) for child in children)

    def rows(self, types: tuple[str, ...], parent: str = "") -> list[Row]:
        """Return the accounts of some types below another, in the order of their names.

        Accounts without any sum are left out.
        """
        names: dict[str, str] = {}
        for id in self.children.get(parent, ()):
            account = self.request.account(id)
            if account["AccountType"] in types and self.has_sum(id):
                names[id] = account["Name"]
        ids = sorted(names, key=lambda id: names[id].casefold())
        return [self._row(types, id, names[id]) for id in ids]

    def _row(self, types: tuple[str, ...], id: str, name: str) -> Row:
        """Return an account, with those below it."""
        below = self.rows(types, id)
        own = self.texts(self.own_sums(id), blank=True)
        if not below:
            return build_data_row(name, own, id)
        whole = self.texts(self.total_sums(id))
        total = build_cells(f"Total {name}", whole)
        return build_section(name, below, total, width=self.column_count, id=id, own=own)

    def total(self, types: tuple[str, ...]) -> Values:
        """Return the sums of all accounts of some types."""
        values = self._zeros()
        for id in self.sums:
            account = self.request.account(id)
            if account["AccountType"] in types:
                values = add(values, self.own_sums(id))
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

    def __init__(self, request: ReportRequest) -> None:
        self.sums: Sums = {}
        self.types: set[str] = set()
        for id, sums in request.sums().items():
            account_type = request.account(id)["AccountType"]
            if account_type in EARNING_TYPES:
                self.sums[id] = sums
                self.types.add(account_type)
        self.income = Tree(request, self.sums, -1)
        self.spent = Tree(request, self.sums, 1)

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
        total = build_cells(f"Total {title}", sums)
        return build_section(title, rows, total, width=tree.column_count, group=group)

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
        return build_summary_row(title, self._texts(values), group)

    def _texts(self, values: Values) -> list[str]:
        """Format sums."""
        if not self.sums:
            return [""] * len(values)
        return format_amounts(values)


def report_profit_and_loss(request: ReportRequest) -> Report:
    """Report income less cost and expense."""
    statement = ProfitAndLoss(request)
    header_fields = {"SummarizeColumnsBy": summarize(request)}
    is_empty = not statement.sums
    return Report(request.columns(), statement.rows(), header_fields, is_empty, [GAAP_OPTION])


GAAP_OPTION = ("AccountingStandard", "GAAP")


def summarize(request: ReportRequest) -> str:
    """Return the name of the columns in the header."""
    return request.params.get("summarize_column_by") or "Total"


def sum_closing_balances(
    request: ReportRequest, end: dt.date, year: dt.date | None = None
) -> dict[str, Decimal]:
    """Return debit balances at the end of a day.

    Earnings before its fiscal year, or before the day `year`, are in retained earnings.
    """
    sums: dict[str, Decimal] = {}
    year = year or end.replace(month=1, day=1)
    retained_account = find_retained_account(request)
    for posting in request.all_postings:
        if posting.date > end:
            break
        account = posting.account
        account_type = request.account(account)["AccountType"]
        if account_type in EARNING_TYPES and posting.date < year:
            account = retained_account
        sums[account] = sums.get(account, ZERO) + posting.amount
    return sums


def find_retained_account(request: ReportRequest) -> str:
    """Return the id of the account of retained earnings, or ""."""
    for id, row in request.company.table("Account").rows.items():
        if row.read().get("AccountSubType") == RETAINED_EARNINGS:
            return id
    return ""


def report_trial_balance(request: ReportRequest) -> Report:
    """Report every account with its balance in debit or credit."""
    sums = sum_closing_balances(request, min(request.period.end, dt.date.max))
    rows: list[Row] = []
    debits = ZERO
    credits = ZERO
    for id in sorted(sums, key=lambda id: build_account_sort_key(request.account(id))):
        balance = sums[id]
        if not balance:
            continue
        debit = max(balance, ZERO)
        credit = max(-balance, ZERO)
        debits += debit
        credits += credit
        account = request.account(id)
        name = str(account.get("FullyQualifiedName") or id)
        texts = format_amounts([debit, credit], blank=True)
        rows.append(build_cells(name, texts, id))
    if rows:
        rows.append(build_grand_total([debits, credits]))
    columns = [Column("", "Account"), Column("Debit"), Column("Credit")]
    header_fields = {"SummarizeColumnsBy": summarize(request)}
    return Report(columns, rows, header_fields, not rows)


def build_account_sort_key(account: JsonObject) -> tuple[int, str]:
    """Return the sort key of an account in the chart."""
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


def list_period_ends(request: ReportRequest) -> list[Period]:
    """Return the periods that are columns."""
    return request.column_periods or [request.period]
