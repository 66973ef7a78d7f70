"""Reports by customer and vendor: open balances, income and expenses."""

from collections import defaultdict
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.aging import get_party_name
from qbo_sandbox.reports.open_balances import OpenItem, list_open_items
from qbo_sandbox.reports.report_base import UNSPECIFIED, ReportRequest
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
from qbo_sandbox.reports.statements import COST, EXPENSE, INCOME, OTHER_EXPENSE, OTHER_INCOME

INCOME_TYPES, EXPENSE_TYPES = (*INCOME, *OTHER_INCOME), (*COST, *EXPENSE, *OTHER_EXPENSE)
Sums = dict[str, list[Decimal]]


def report_balances_by_party(request: ReportRequest, side: str) -> Report:
    """Report one row for each party with something open."""
    day = request.period.end
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for item in list_open_items(request.company, side, day):
        sums[item.party] += item.balance
    names = {id: get_party_name(request, side, id) for id in sums}
    rows: list[Row] = []
    for id in sorted(sums, key=lambda id: names[id].casefold()):
        if sums[id]:
            rows.append(build_cells(names[id], [format_amount(sums[id])], id))
    if rows:
        rows.append(build_grand_total([sum(sums.values(), ZERO)]))
    columns = [
        Column("", side, side.lower()),
        Column("Total", key="total"),
    ]
    return Report(columns, rows, empty=not rows, options=[("report_date", day.isoformat())])


def report_balance_detail(request: ReportRequest, side: str) -> Report:
    """List the open transactions of each party with a running balance."""
    day = request.period.end
    items = list_open_items(request.company, side, day)
    items_by_party: dict[str, list[OpenItem]] = {}
    for item in items:
        items_by_party.setdefault(item.party, []).append(item)
    columns = _list_balance_columns("neg" if side == "Vendor" else "nat")
    names = {id: get_party_name(request, side, id) for id in items_by_party}
    rows: list[Row] = []
    for id in sorted(items_by_party, key=lambda id: names[id].casefold()):
        running = ZERO
        item_rows = []
        for item in items_by_party[id]:
            running += item.balance
            item_rows.append(_open_row(item, running))
        sums = ["", "", "", *_sum_by_party(items_by_party[id]), ""]
        total = build_cells(f"Total for {names[id]}", sums)
        rows.append(build_section(names[id], item_rows, total, width=len(columns), id=id))
    if rows:
        sums = ["", "", "", *_sum_by_party(items), ""]
        rows.append(build_summary_row("TOTAL", sums, "GrandTotal"))
    return Report(columns, rows, empty=not rows, options=[("report_date", day.isoformat())])


def _list_balance_columns(sign: str) -> list[Column]:
    """Return the columns of open transactions; `sign` is part of the names of amounts."""
    return [
        Column("Date", "Date", "tx_date"),
        Column("Transaction Type", "String", "txn_type"),
        Column("Num", "String", "doc_num"),
        Column("Due Date", "Date", "due_date"),
        Column("Amount", "Money", f"subt_{sign}_amount"),
        Column("Open Balance", "Money", f"subt_{sign}_open_bal"),
        Column("Balance", "Money", f"rbal_{sign}_open_bal"),
    ]


def _open_row(item: OpenItem, running: Decimal) -> Row:
    """Return the row of one open document with the running balance."""
    cells = [
        build_cell(item.date),
        build_cell(item.label, item.id),
        build_cell(item.number),
        build_cell(item.due),
        build_cell(format_amount(item.whole)),
        build_cell(format_amount(item.balance)),
        build_cell(format_amount(running)),
    ]
    return {"ColData": cells, "type": "Data"}


def _sum_by_party(items: list[OpenItem]) -> list[str]:
    """Return the sums of the amounts and of the open balances."""
    total = sum((item.whole for item in items), ZERO)
    balance = sum((item.balance for item in items), ZERO)
    return format_amounts([total, balance])


def sum_by(
    request: ReportRequest, part: str, types: tuple[str, ...], sign: int, kind: str
) -> Report:
    """Sum postings on accounts of some types by party, item, class or location."""
    sums: Sums = {}
    names: dict[str, str] = {}
    for posting in request.postings:
        if request.account(posting.account)["AccountType"] not in types:
            continue
        id, name = posting.references.get(part, UNSPECIFIED)
        names[id] = name
        values = sums.setdefault(id, [ZERO] * request.column_count)
        for index in request.column_indexes(posting):
            values[index] += sign * posting.amount
    rows: list[Row] = []
    for id in sorted(sums, key=lambda id: (not id, names[id].casefold())):
        texts = format_amounts(sums[id], blank=True)
        rows.append(build_cells(names[id], texts, id))
    rows = _add_totals(rows, sums)
    return Report(request.columns(kind), rows, empty=not rows)


def _add_totals(rows: list[Row], sums: Sums) -> list[Row]:
    """Return the rows with one for the sum of each column, unless there are none."""
    if not rows:
        return rows
    columns = zip(*sums.values(), strict=True)
    total = build_grand_total(sum(column, ZERO) for column in columns)
    return [*rows, total]


def report_income_by_customer(request: ReportRequest) -> Report:
    """Report income, expense and the difference for each customer."""
    sums: Sums = {}
    names: dict[str, str] = {}
    for posting in request.postings:
        account_type = request.account(posting.account)["AccountType"]
        if account_type not in (*INCOME_TYPES, *EXPENSE_TYPES):
            continue
        id, name = posting.references.get("customer", UNSPECIFIED)
        names[id] = name
        values = sums.setdefault(id, [ZERO, ZERO, ZERO])
        if account_type in INCOME_TYPES:
            values[0] -= posting.amount
        else:
            values[1] += posting.amount
        values[2] -= posting.amount
    rows: list[Row] = []
    for id in sorted(sums, key=lambda id: (not id, names[id].casefold())):
        texts = format_amounts(sums[id])
        rows.append(build_cells(names[id], texts, id))
    columns = [
        Column("", "Customer", "customer"),
        Column("Total Income"),
        Column("Total Expenses"),
        Column("Net Income"),
    ]
    return Report(columns, _add_totals(rows, sums), {}, not rows)
