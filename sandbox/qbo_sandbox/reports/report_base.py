"""What every financial report uses: company, parameters, period, postings and columns."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports.period import INTERVALS, Period, column_title, read_period, split_period
from qbo_sandbox.reports.report_parts import Column
from qbo_sandbox.reports.report_postings import ReportPosting, report_postings

GROUP_PARTS = {
    "customers": "customer",
    "vendors": "vendor",
    "classes": "class",
    "departments": "department",
    "employees": "employee",
    "productsandservices": "item",
}
FILTER_PARTS = ("customer", "vendor", "class", "department", "item", "employee")
RECONCILED_BY_STATUS = {"Reconciled": True, "Uncleared": False, "Cleared": None, "Deposited": None}
UNSPECIFIED = ("", "Not specified")  # the group of postings that name no party, class or the like
YEAR_TO_DATE, MONTH_TO_DATE = "this calendar year-to-date", "this month-to-date"
Sums = dict[str, list[Decimal]]


@dataclass
class Frame:
    """One question for a report."""

    company: Company
    params: dict[str, str]
    usual: str = YEAR_TO_DATE

    @cached_property
    def today(self) -> dt.date:
        """Return the present day in the company's zone."""
        return dt.date.fromisoformat(self.company.today())

    @cached_property
    def period(self) -> Period:
        """Return the period of the parameters, or else the report's usual one."""
        return read_period(self.params, self.today, self.usual)

    @cached_property
    def basis(self) -> str:
        """Return Cash or Accrual: as requested, else as in the preferences."""
        text = self.params.get("accounting_method")
        if not text:
            text = self.company.preference("ReportPrefs", "ReportBasis")
        basis = str(text).capitalize()
        if basis not in ("Cash", "Accrual"):
            raise Refusal("2170", f"Invalid Enumeration : {text}", "accounting_method")
        return basis

    @cached_property
    def all_moves(self) -> list[ReportPosting]:
        """Return the postings that the parameters do not filter out, of any date."""
        moves = report_postings(self.company, cash=self.basis == "Cash")
        for name in FILTER_PARTS:
            if self.params.get(name):
                ids = set(self.params[name].split(","))
                moves = [move for move in moves if move.about.get(name, ("", ""))[0] in ids]
        return moves

    @cached_property
    def moves(self) -> list[ReportPosting]:
        """Return the postings of the period."""
        return [
            move for move in self.all_moves if self.period.start <= move.date <= self.period.end
        ]

    def is_wanted(self, id: str) -> bool:
        """Return whether the parameter `cleared` lets a transaction into the list.

        The stand-in has no state between uncleared and reconciled: the others match nothing.
        """
        status = self.params.get("cleared", "").capitalize()
        if not status:
            return True
        if status not in RECONCILED_BY_STATUS:
            raise Refusal("2170", f"Invalid Enumeration : {status}", "cleared")
        is_reconciled = id in self.company.options.reconciled
        return RECONCILED_BY_STATUS[status] == is_reconciled

    @cached_property
    def by(self) -> str:
        """Return what the columns are: periods, parties or the like, or only the total."""
        text = self.params.get("summarize_column_by") or "Total"
        name = text.lower()
        if name not in (*INTERVALS, *GROUP_PARTS, "total"):
            raise Refusal("2170", f"Invalid Enumeration : {name}", "summarize_column_by")
        return name

    @cached_property
    def parts(self) -> list[Period]:
        """Return the periods that are columns of their own; none if there is only the total."""
        if self.by not in INTERVALS:
            return []
        period = self.period
        if period.macro == "all":
            dates = [move.date for move in self.all_moves] or [self.today]
            period = Period(min(dates), max(dates))
        else:
            period = Period(period.start, period.end)
        return split_period(period, self.by)

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """Return the parties, classes or the like that are columns of their own."""
        group_part = GROUP_PARTS.get(self.by)
        if not group_part:
            return []
        names = {move.about.get(group_part, UNSPECIFIED) for move in self.moves}
        return sorted(names, key=_group_order)

    @cached_property
    def width(self) -> int:
        """Return the number of columns with sums."""
        return len(self.columns()) - 1

    def columns(self, kind: str = "Account") -> list[Column]:
        """Return the column of names, one for each period or group, and the total."""
        columns = [Column("", kind, kind.lower())]
        for part in self.parts:
            columns.append(period_column(part))
        for id, name in self.groups:
            about = (("ID", id),) if id else ()
            columns.append(Column(name, about=about))
        if len(self.parts) == 1:
            return columns
        has_parts = self.parts or self.by in GROUP_PARTS
        total = "TOTAL" if has_parts else "Total"
        columns.append(Column(total, key="total"))
        return columns

    def column_indexes(self, move: ReportPosting) -> list[int]:
        """Return the columns in which a posting is counted."""
        last = self.width - 1
        if self.parts:
            periods = enumerate(self.parts)
            index = next(index for index, part in periods if part.start <= move.date <= part.end)
            return [index] if last == 0 else [index, last]
        if self.groups:
            group = move.about.get(GROUP_PARTS[self.by], UNSPECIFIED)
            return [self.groups.index(group), last]
        return [last]

    def sums(self, moves: Iterable[ReportPosting] | None = None) -> Sums:
        """Return the sum of each account's postings in every column, with debits positive."""
        if moves is None:
            moves = self.moves
        width = self.width
        totals: Sums = defaultdict(lambda: [ZERO] * width)
        for move in moves:
            account_totals = totals[move.account]
            for place in self.column_indexes(move):
                account_totals[place] += move.amount
        return totals

    def account(self, id: str) -> JsonObject:
        """Return an account, or a stand-in for one that is gone."""
        row = self.company.row("Account", id)
        if row is None:
            return {"Id": id, "Name": id, "AccountType": "Other Expense"}
        return row.read()


def _group_order(group: tuple[str, str]) -> tuple[bool, str]:
    """Return what puts groups in the order of their names, with the unspecified one at the end."""
    id, name = group
    return not id, name.casefold()


def period_column(period: Period) -> Column:
    """Return the column of the sums of a period."""
    dates = (("StartDate", str(period.start)), ("EndDate", str(period.end)))
    return Column(column_title(period), about=dates)
