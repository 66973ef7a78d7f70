"""The general ledger: each account with its subaccounts, opening balance and postings."""

import datetime as dt
from decimal import Decimal

from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.listing import (
    LEDGER_COLUMNS,
    Split,
    account_section,
    list_postings,
    own_side,
    split_finder,
)
from qbo_sandbox.reports.report_base import Frame
from qbo_sandbox.reports.report_parts import Column, Report, Row, format_amount, name_and_values
from qbo_sandbox.reports.report_postings import ReportPosting
from qbo_sandbox.reports.statements import account_order, closing_balances


def general_ledger(frame: Frame) -> Report:
    """Report accounts in the order of the chart, with earlier earnings retained."""
    only = set(filter(None, frame.params.get("account", "").split(",")))
    opening_balances = {id: sum for id, sum in _opening_balances(frame).items() if sum}
    moves_by_account: dict[str, list[ReportPosting]] = {}
    for move in frame.moves:
        moves_by_account.setdefault(move.account, []).append(move)
    if only:
        opening_balances = {id: opening_balances[id] for id in opening_balances.keys() & only}
        moves_by_account = {id: moves_by_account[id] for id in moves_by_account.keys() & only}
    below = _subaccounts(frame, {*opening_balances, *moves_by_account})
    split = split_finder(frame)
    rows = [
        _account_section(frame, id, opening_balances, moves_by_account, below, split, "")[0]
        for id in below.get("", ())
    ]
    return Report([Column(title, kind) for title, kind in LEDGER_COLUMNS], rows, {}, not rows)


def _opening_balances(frame: Frame) -> dict[str, Decimal]:
    """Return debit balances on the morning of the first day."""
    start = frame.period.start
    if start == dt.date.min:
        return {}
    return closing_balances(frame, start - dt.timedelta(days=1), start.replace(month=1, day=1))


def _subaccounts(frame: Frame, ids: set[str]) -> dict[str, list[str]]:
    """Return the subaccounts of each account in the order of the chart; "" has the top ones."""
    children: dict[str, set[str]] = {}
    for id in ids:
        while id:
            above = (frame.account(id).get("ParentRef") or {}).get("value", "")
            children.setdefault(above, set()).add(id)
            id = above
    return {
        above: sorted(inner, key=lambda id: account_order(frame.account(id)))
        for above, inner in children.items()
    }


def _account_section(
    frame: Frame,
    id: str,
    opening_balances: dict[str, Decimal],
    moves_by_account: dict[str, list[ReportPosting]],
    below: dict[str, list[str]],
    split: Split,
    above: str,
) -> tuple[Row, Decimal]:
    """Return (section, total) of an account with those below it."""
    account = frame.account(id)
    sign = own_side(account)
    balance = sign * opening_balances.get(id, ZERO)
    rows: list[Row] = []
    if balance:
        rows.append(
            name_and_values("Beginning Balance", [*[""] * 6, format_amount(balance)])
            | {"type": "Data"}
        )
    listed, total = list_postings(moves_by_account.get(id, ()), sign, balance, split)
    rows += listed
    for child in below.get(id, ()):
        inner, sum = _account_section(
            frame, child, opening_balances, moves_by_account, below, split, id
        )
        rows.append(inner)
        total += sum
    return account_section(str(account["Name"]), rows, total, "" if above else id), total
