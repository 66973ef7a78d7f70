"""The request for a report: company, parameters, period, postings and columns."""

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
from qbo_sandbox.reports.period import (
    INTERVALS,
    Period,
    format_column_title,
    read_period,
    split_period,
)
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
class ReportRequest:
    """A request for a report: the company, and the parameters with what follows from them."""

    company: Company
    params: dict[str, str]
    default_period: str = YEAR_TO_DATE

    @cached_property
    def today(self) -> dt.date:
        """Return the present day in the company's zone."""
        return dt.date.fromisoformat(self.company.today())

    @cached_property
    def period(self) -> Period:
        """Return the period of the parameters, or else the report's usual one."""
        return read_period(self.params, self.today, self.default_period)

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
    def all_postings(self) -> list[ReportPosting]:
        """Return the postings that the parameters do not filter out, of any date."""
        postings = report_postings(self.company, cash=self.basis == "Cash")
        for name in FILTER_PARTS:
            if self.params.get(name):
                ids = set(self.params[name].split(","))
                postings = [
                    posting
                    for posting in postings
                    if posting.references.get(name, ("", ""))[0] in ids
                ]
        return postings

    @cached_property
    def postings(self) -> list[ReportPosting]:
        """Return the postings of the period."""
        return [
            posting
            for posting in self.all_postings
            if self.period.start <= posting.date <= self.period.end
        ]

    def has_wanted_status(self, id: str) -> bool:
        """Return whether a transaction has the status in the parameter `cleared`.

        The stand-in only knows uncleared and reconciled transactions; other statuses match none.
        """
        status = self.params.get("cleared", "").capitalize()
        if not status:
            return True
        if status not in RECONCILED_BY_STATUS:
            raise Refusal("2170", f"Invalid Enumeration : {status}", "cleared")
        is_reconciled = id in self.company.options.reconciled
        return RECONCILED_BY_STATUS[status] == is_reconciled

    @cached_property
    def group_by(self) -> str:
        """Return what the columns are grouped by: periods, parties or the like, or "total"."""
        text = self.params.get("summarize_column_by") or "Total"
        name = text.lower()
        if name not in (*INTERVALS, *GROUP_PARTS, "total"):
            raise Refusal("2170", f"Invalid Enumeration : {name}", "summarize_column_by")
        return name

    @cached_property
    def column_periods(self) -> list[Period]:
        """Return the periods that are columns of their own; none if there is only the total."""
        if self.group_by not in INTERVALS:
            return []
        period = self.period
        if period.macro == "all":
            dates = [posting.date for posting in self.all_postings] or [self.today]
            period = Period(min(dates), max(dates))
        else:
            period = Period(period.start, period.end)
        return split_period(period, self.group_by)

    @cached_property
    def groups(self) -> list[tuple[str, str]]:
        """Return the parties, classes or the like that are columns of their own."""
        group_part = GROUP_PARTS.get(self.group_by)
        if not group_part:
            return []
        names = {posting.references.get(group_part, UNSPECIFIED) for posting in self.postings}
        return sorted(names, key=_group_order)

    @cached_property
    def column_count(self) -> int:
        """Return the number of columns with sums."""
        return len(self.columns()) - 1

    def columns(self, kind: str = "Account") -> list[Column]:
        """Return the column of names, one for each period or group, and the total."""
        columns = [Column("", kind, kind.lower())]
        for part in self.column_periods:
            columns.append(build_period_column(part))
        for id, name in self.groups:
            metadata = (("ID", id),) if id else ()
            columns.append(Column(name, metadata=metadata))
        if len(self.column_periods) == 1:
            return columns
        has_parts = self.column_periods or self.group_by in GROUP_PARTS
        total = "TOTAL" if has_parts else "Total"
        columns.append(Column(total, key="total"))
        return columns

    def column_indexes(self, posting: ReportPosting) -> list[int]:
        """Return the columns in which a posting is counted."""
        last = self.column_count - 1
        if self.column_periods:
            periods = enumerate(self.column_periods)
            index = next(index for index, part in periods if part.start <= posting.date <= part.end)
            return [index] if last == 0 else [index, last]
        if self.groups:
            group = posting.references.get(GROUP_PARTS[self.group_by], UNSPECIFIED)
            return [self.groups.index(group), last]
        return [last]

    def sums(self, postings: Iterable[ReportPosting] | None = None) -> Sums:
        """Return the sum of each account's postings in every column, with debits positive."""
        if postings is None:
            postings = self.postings
        width = self.column_count
        totals: Sums = defaultdict(lambda: [ZERO] * width)
        for posting in postings:
            account_totals = totals[posting.account]
            for place in self.column_indexes(posting):
                account_totals[place] += posting.amount
        return totals

    def account(self, id: str) -> JsonObject:
        """Return an account, or a stand-in for one that is gone."""
        row = self.company.row("Account", id)
        if row is None:
            return {"Id": id, "Name": id, "AccountType": "Other Expense"}
        return row.read()


def _group_order(group: tuple[str, str]) -> tuple[bool, str]:
    """Return the sort key of a group: by name, with the unspecified one at the end."""
    id, name = group
    return not id, name.casefold()


def build_period_column(period: Period) -> Column:
    """Return the column of the sums of a period."""
    dates = (("StartDate", str(period.start)), ("EndDate", str(period.end)))
    return Column(format_column_title(period), metadata=dates)
