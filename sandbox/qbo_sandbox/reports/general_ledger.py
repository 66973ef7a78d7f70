"""The general ledger: each account with its subaccounts, opening balance and postings."""

import datetime as dt
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.listing import (
    LEDGER_COLUMNS,
    Split,
    build_account_section,
    get_own_side,
    list_postings,
    split_finder,
)
from qbo_sandbox.reports.report_base import ReportRequest
from qbo_sandbox.reports.report_parts import Column, Report, Row, build_cells, format_amount
from qbo_sandbox.reports.report_postings import ReportPosting
from qbo_sandbox.reports.statements import build_account_sort_key, sum_closing_balances


def report_general_ledger(request: ReportRequest) -> Report:
    """Report accounts in the order of the chart, with earlier earnings retained."""
    only = set(filter(None, request.params.get("account", "").split(",")))
    opening_balances = {id: sum for id, sum in _sum_opening_balances(request).items() if sum}
    moves_by_account: dict[str, list[ReportPosting]] = {}
    for posting in request.postings:
        moves_by_account.setdefault(posting.account, []).append(posting)
    if only:
        opening_balances = {id: opening_balances[id] for id in opening_balances.keys() & only}
        moves_by_account = {id: moves_by_account[id] for id in moves_by_account.keys() & only}
    below = _list_subaccounts(request, {*opening_balances, *moves_by_account})
    split = split_finder(request)
    rows = [
        _build_account_section(request, id, opening_balances, moves_by_account, below, split, "")[0]
        for id in below.get("", ())
    ]
    return Report([Column(title, kind) for title, kind in LEDGER_COLUMNS], rows, {}, not rows)


def _sum_opening_balances(request: ReportRequest) -> dict[str, Decimal]:
    """Return debit balances on the morning of the first day."""
    start = request.period.start
    if start == dt.date.min:
        return {}
    return sum_closing_balances(
        request, start - dt.timedelta(days=1), start.replace(month=1, day=1)
    )


def _list_subaccounts(request: ReportRequest, ids: set[str]) -> dict[str, list[str]]:
    """Return the subaccounts of each account in the order of the chart; "" has the top ones."""
    children: dict[str, set[str]] = {}
    for id in ids:
        while id:
            above = (request.account(id).get("ParentRef") or {}).get("value", "")
            children.setdefault(above, set()).add(id)
            id = above
    return {
        above: sorted(inner, key=lambda id: build_account_sort_key(request.account(id)))
        for above, inner in children.items()
    }


def _build_account_section(
    request: ReportRequest,
    id: str,
    opening_balances: dict[str, Decimal],
    moves_by_account: dict[str, list[ReportPosting]],
    below: dict[str, list[str]],
    split: Split,
    above: str,
) -> tuple[Row, Decimal]:
    """Return (section, total) of an account with those below it."""
    account = request.account(id)
    sign = get_own_side(account)
    balance = sign * opening_balances.get(id, ZERO)
    rows: list[Row] = []
    if balance:
        rows.append(
            build_cells("Beginning Balance", [*[""] * 6, format_amount(balance)]) | {"type": "Data"}
        )
    posting_rows, total = list_postings(moves_by_account.get(id, ()), sign, balance, split)
    rows += posting_rows
    for child in below.get(id, ()):
        inner, sum = _build_account_section(
            request, child, opening_balances, moves_by_account, below, split, id
        )
        rows.append(inner)
        total += sum
    return build_account_section(str(account["Name"]), rows, total, "" if above else id), total
