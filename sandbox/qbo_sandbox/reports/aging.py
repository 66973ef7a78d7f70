"""Open balances by age."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.open_balances import OpenItem, list_open_items
from qbo_sandbox.reports.report_base import ReportRequest
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cell,
    build_cells,
    build_grand_total,
    build_section,
    build_summary_row,
    format_amount,
    format_amounts,
)

MAX_AGE_DAYS, MAX_AGES = 9999, 100


def report_aging(request: ReportRequest, side: str) -> Report:
    """Return a row for each party and a column for each age."""
    day = request.period.end
    titles = _list_age_titles(request)
    sums_by_party: dict[str, list[Decimal]] = {}
    for item in _open_items(request, side, day):
        zeros = [ZERO] * (len(titles) + 1)
        sums = sums_by_party.setdefault(item.party, zeros)
        age = _get_age_index(request, item, day)
        sums[age] += item.balance
        sums[-1] += item.balance
    names = {id: get_party_name(request, side, id) for id in sums_by_party}
    rows: list[Row] = []
    for id in sorted(sums_by_party, key=lambda id: names[id].casefold()):
        texts = format_amounts(sums_by_party[id], blank=True)
        rows.append(build_cells(names[id], texts, id))
    if rows:
        columns_of_sums = zip(*sums_by_party.values(), strict=True)
        rows.append(build_grand_total(sum(column, ZERO) for column in columns_of_sums))
    columns = [Column("", side), *(Column(title) for title in titles), Column("Total")]
    return Report(
        columns,
        rows,
        empty=not rows,
        options=[("report_date", day.isoformat())],
    )


def report_aging_detail(request: ReportRequest, side: str) -> Report:
    """List open transactions by age, the longest due first."""
    day = request.period.end
    items = _open_items(request, side, day)
    items_by_age: dict[int, list[OpenItem]] = defaultdict(list)
    for item in items:
        age = _get_age_index(request, item, day)
        items_by_age[age].append(item)
    columns = _list_detail_columns(side)
    width = len(columns)
    rows: list[Row] = []
    for age in sorted(items_by_age, reverse=True):
        title = _format_age_heading(request, age)
        items_of_age = items_by_age[age]
        item_rows = [_build_party_row(request, side, item, day) for item in items_of_age]
        total = build_cells(f"Total for {title}", _sum_columns(items_of_age, width))
        rows.append(build_section(title, item_rows, total, width=width))
    if rows:
        rows.append(build_summary_row("TOTAL", _sum_columns(items, width), "GrandTotal"))
    return Report(
        columns,
        rows,
        empty=not rows,
        options=[("report_date", day.isoformat())],
    )


def _list_detail_columns(side: str) -> list[Column]:
    """Return the columns of the detailed report."""
    party = Column(side, "String", "vend_name" if side == "Vendor" else "cust_name")
    sign = "neg" if side == "Vendor" else "nat"
    return [
        Column("Date", "Date", "tx_date"),
        Column("Transaction Type", "String", "txn_type"),
        Column("Num", "String", "doc_num"),
        party,
        Column("Due Date", "Date", "due_date"),
        Column("Past Due", "String", "past_due"),
        Column("Amount", "Money", f"subt_{sign}_amount"),
        Column("Open Balance", "Money", f"subt_{sign}_open_bal"),
    ]


def _build_party_row(request: ReportRequest, side: str, item: OpenItem, day: dt.date) -> Row:
    """Return an open transaction with its party and its days past due."""
    values = [
        build_cell(item.date),
        build_cell(item.label, item.id),
        build_cell(item.number),
        build_cell(get_party_name(request, side, item.party), item.party),
        build_cell(item.due),
        build_cell((day - item.due).days),
        build_cell(format_amount(item.whole)),
        build_cell(format_amount(item.balance)),
    ]
    return {"ColData": values, "type": "Data"}


def _sum_columns(items: list[OpenItem], width: int) -> list[str]:
    """Return the sums of the last two columns, amount and open balance, after empty ones."""
    total = sum((item.whole for item in items), ZERO)
    balance = sum((item.balance for item in items), ZERO)
    empty = [""] * (width - 3)
    return [*empty, format_amount(total), format_amount(balance)]


def _open_items(request: ReportRequest, side: str, day: dt.date) -> list[OpenItem]:
    """Return what is open on a day, of the parties that the parameters name or of all."""
    items = list_open_items(request.company, side, day)
    wanted_text = request.params.get(side.lower(), "")
    wanted_parties = {id for id in wanted_text.split(",") if id}
    if not wanted_parties:
        return items
    return [item for item in items if item.party in wanted_parties]


def get_party_name(request: ReportRequest, side: str, id: str) -> str:
    """Return the name of a party, or its id if it was deleted."""
    row = request.company.row(side, id)
    if row is None:
        return id
    data = row.read()
    return str(data.get("FullyQualifiedName") or data.get("DisplayName") or id)


def _get_age_sizes(request: ReportRequest) -> tuple[int, int]:
    """Return the days of an age, and the number of ages after "not yet due"."""
    try:
        days = int(request.params.get("aging_period", 30))
        count = int(request.params.get("num_periods", 4))
    except ValueError:
        raise _invalid_age() from None
    if days > MAX_AGE_DAYS or count > MAX_AGES:
        raise _invalid_age()
    return max(days, 1), max(count, 1)


def _invalid_age() -> Refusal:
    """Return the refusal of ages that are no numbers, or too many to list."""
    return Refusal("2070", "Invalid Number : aging_period or num_periods", "aging_period")


def _list_age_titles(request: ReportRequest) -> list[str]:
    """Return the titles of the ages, like "1 - 30"."""
    days, count = _get_age_sizes(request)
    titles = ["Current"]
    first = 1
    for _ in range(count - 1):
        last = first + days - 1
        titles.append(f"{first} - {last}")
        first += days
    titles.append(f"{first} and over")
    return titles


def _format_age_heading(request: ReportRequest, index: int) -> str:
    """Return the heading of an age's section."""
    days, count = _get_age_sizes(request)
    if not index:
        return "Current"
    last = index * days
    first = last - days + 1
    if index == count:
        return f"{first} or more days past due"
    return f"{first} - {last} days past due"


def _get_age_index(request: ReportRequest, item: OpenItem, day: dt.date) -> int:
    """Return the index of the age of an item; 0 if it is not yet due."""
    days, count = _get_age_sizes(request)
    days_late = (day - item.due).days
    if days_late <= 0:
        return 0
    return min((days_late - 1) // days + 1, count)
