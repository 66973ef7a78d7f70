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
from qbo_sandbox.reports.period import STEPS, Period, column_title, read_period, split_period
from qbo_sandbox.reports.report_parts import Column
from qbo_sandbox.reports.report_postings import ReportPosting, report_postings

SORTS = {
    "customers": "customer",
    "vendors": "vendor",
    "classes": "class",
    "departments": "department",
    "employees": "employee",
    "productsandservices": "item",
}
FILTERS = ("customer", "vendor", "class", "department", "item", "employee")
STATUSES = {"Reconciled": True, "Uncleared": False, "Cleared": None, "Deposited": None}
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
        text = self.params.get("accounting_method") or self.company.preference(
            "ReportPrefs", "ReportBasis"
        )
        if str(text).capitalize() not in ("Cash", "Accrual"):
            raise Refusal("2170", f"Invalid Enumeration : {text}", "accounting_method")
        return str(text).capitalize()

    @cached_property
    def all_moves(self) -> list[ReportPosting]:
        """Return the postings that the parameters do not filter out, of any date."""
        filters = {
            name: set(self.params[name].split(",")) for name in FILTERS if self.params.get(name)
        }
        return [
            move
            for move in report_postings(self.company, cash=self.basis == "Cash")
            if all(move.about.get(name, ("", ""))[0] in ids for name, ids in filters.items())
        ]

    @cached_property
    def moves(self) -> list[ReportPosting]:
        """Return the postings of the period."""
        return [
            move for move in self.all_moves if self.period.start <= move.date <= self.period.end
        ]

    def is_wanted(self, id: str) -> bool:
        """Return whether the parameter `cleared` lets a transaction into the list."""
        status = self.params.get("cleared", "").capitalize()
        if status not in ("", *STATUSES):
            raise Refusal("2170", f"Invalid Enumeration : {status}", "cleared")
        return not status or STATUSES[status] == (id in self.company.options.reconciled)

    @cached_property
    def by(self) -> str:
        """Return what the columns are."""
        text = (self.params.get("summarize_column_by") or "Total").lower()
        if text not in (*STEPS, *SORTS, "total"):
            raise Refusal("2170", f"Invalid Enumeration : {text}", "summarize_column_by")
        return text

    @cached_property
    def parts(self) -> list[Period]:
        """Return the periods that are columns of their own; none if there is only the total."""
        if self.by not in STEPS:
            return []
        start, end, macro = self.period
        if macro == "all":
            dates = [move.date for move in self.all_moves] or [self.today]
            start = min(dates)
            end = max(dates)
        return split_period(Period(start, end), self.by)

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """Return the parties, classes or the like that are columns of their own."""
        sort = SORTS.get(self.by)
        if not sort:
            return []
        names = {move.about.get(sort, ("", "Not specified")) for move in self.moves}
        return sorted(names, key=lambda pair: (not pair[0], pair[1].casefold()))

    @cached_property
    def width(self) -> int:
        """Return the number of columns with sums."""
        return len(self.columns()) - 1

    def columns(self, kind: str = "Account") -> list[Column]:
        """Return the column of names, one for each period or group, and the total."""
        columns = [Column("", kind, kind.lower())]
        for part in self.parts:
            dates = (("StartDate", str(part.start)), ("EndDate", str(part.end)))
            columns.append(Column(column_title(part), about=dates))
        for id, name in self.groups:
            about = (("ID", id),) if id else ()
            columns.append(Column(name, about=about))
        if self.by in STEPS and len(self.parts) == 1:
            return columns
        several = self.parts or self.by in SORTS
        total = "TOTAL" if several else "Total"
        columns.append(Column(total, key="total"))
        return columns

    def places(self, move: ReportPosting) -> list[int]:
        """Return the columns in which a posting is counted."""
        width = self.width
        if self.parts:
            place = next(
                place
                for place, part in enumerate(self.parts)
                if part.start <= move.date <= part.end
            )
            return [place] if width == 1 else [place, width - 1]
        if self.groups:
            return [
                self.groups.index(move.about.get(SORTS[self.by], ("", "Not specified"))),
                width - 1,
            ]
        return [width - 1]

    def sums(self, moves: Iterable[ReportPosting] | None = None) -> Sums:
        """Return the sum of each account's postings in every column, with debits positive."""
        width = self.width
        totals: Sums = defaultdict(lambda: [ZERO] * width)
        for move in self.moves if moves is None else moves:
            for place in self.places(move):
                totals[move.account][place] += move.amount
        return totals

    def account(self, id: str) -> JsonObject:
        """Return an account, or a stand-in for one that is gone."""
        row = self.company.row("Account", id)
        return row.read() if row else {"Id": id, "Name": id, "AccountType": "Other Expense"}
