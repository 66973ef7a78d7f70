"""Reports that list postings: the journal, lists of transactions, parts of the general ledger."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby
from typing import Any

from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.reports.report_base import Frame
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    amount,
    cell,
    cells,
    section,
    summary,
)
from qbo_sandbox.reports.report_postings import Move
from qbo_sandbox.reports.statements import EARNING

NATURAL_DEBIT = ("Asset", "Expense")
PARTIES = ("customer", "vendor", "employee")
LEDGER = (
    ("Date", "tx_date"),
    ("Transaction Type", "txn_type"),
    ("Num", "doc_num"),
    ("Name", "name"),
    ("Memo/Description", "memo"),
    ("Split", "split_acc"),
    ("Amount", "subt_nat_amount"),
    ("Balance", "rbal_nat_amount"),
)
LIST = (
    ("Date", "Date", "tx_date"),
    ("Transaction Type", "String", "txn_type"),
    ("Num", "String", "doc_num"),
    ("Posting", "Boolean", "is_no_post"),
    ("Name", "String", "name"),
    ("Memo/Description", "String", "memo"),
    ("Account", "String", "account_name"),
    ("Split", "String", "other_account"),
    ("Amount", "Money", "subt_nat_amount"),
)
JOURNAL = (
    ("Date", "Date", "tx_date"),
    ("Transaction Type", "String", "txn_type"),
    ("Num", "String", "doc_num"),
    ("Name", "String", "name"),
    ("Memo/Description", "String", "memo"),
    ("Account", "String", "account_name"),
    ("Debit", "Money", "debt_amt"),
    ("Credit", "Money", "credit_amt"),
)


Split = Callable[[Move], tuple[str, str]]


def party_of(move: Move) -> tuple[str, str]:
    return next((move.about[sort] for sort in PARTIES if sort in move.about), ("", ""))


def splits(frame: Frame) -> Split:
    """Return a function from a posting to the other account of its transaction."""
    accounts: dict[tuple[str, str], set[str]] = {}
    for move in frame.all_moves:
        accounts.setdefault((move.kind, move.id), set()).add(move.account)

    def split(move: Move) -> tuple[str, str]:
        others = accounts[move.kind, move.id] - {move.account}
        if len(others) != 1:
            return "", "-Split-" if others else ""
        [other] = others
        return other, str(frame.account(other)["Name"])

    return split


def list_postings(
    moves: Iterable[Move], sign: int, balance: Decimal, split: Split
) -> tuple[list[Row], Decimal]:
    """Return a row for each posting with a running balance, and their sum."""
    rows: list[Row] = []
    total = ZERO
    for move in moves:
        total, balance = total + sign * move.amount, balance + sign * move.amount
        values = [cell(amount(sign * move.amount)), cell(amount(balance))]
        rows.append({"ColData": [*_description(move), _pair(split(move)), *values], "type": "Data"})
    return rows, total


def of_account(name: str, rows: list[Row], total: Decimal, id: str) -> Row:
    whole = cells(f"Total for {name}", [*[""] * 5, amount(total, blank=True), ""])
    return section(name, rows, whole, width=len(LEDGER), id=id)


def own_side(account: dict[str, Any]) -> int:
    return 1 if account.get("Classification") in NATURAL_DEBIT else -1


def _description(move: Move) -> list[Row]:
    """Return date, transaction, number, name and memo of a posting."""
    id, name = party_of(move)
    party = {"value": name, "id": id}
    return [cell(move.date), cell(move.label, move.id), cell(move.number), party, cell(move.memo)]


def _pair(pair: tuple[str, str]) -> Row:
    return cell(pair[1], pair[0])


def journal(frame: Frame) -> Report:
    """List every transaction with all its postings in debit and credit."""
    rows: list[Row] = []
    debits = credits = ZERO
    for _, group in groupby(frame.moves, key=lambda move: (move.date, move.kind, move.id)):
        debit = credit = ZERO
        for move in group:
            rows.append(_side(frame, move))
            debit += max(move.amount, ZERO)
            credit += max(-move.amount, ZERO)
        debits += debit
        credits += credit
        total = cells("", [*[""] * 5, amount(debit), amount(credit)])
        rows.append({"Summary": total, "type": "Section"})
    if rows:
        rows.append(summary("TOTAL", [*[""] * 5, amount(debits), amount(credits)], "GrandTotal"))
    return Report([Column(*column) for column in JOURNAL], rows, {}, not rows)


def _side(frame: Frame, move: Move) -> Row:
    account = cell(frame.account(move.account)["Name"], move.account)
    sides = [
        amount(max(move.amount, ZERO), blank=True),
        amount(max(-move.amount, ZERO), blank=True),
    ]
    return {"ColData": [*_description(move), account, *map(cell, sides)], "type": "Data"}


def _by_party(frame: Frame, by: str) -> list[tuple[tuple[str, str], Row]]:
    """Return (party, row) of each transaction; with `by`, only of those that have such a party."""
    split = splits(frame)
    rows: list[tuple[tuple[str, str], Row]] = []
    for (_, _, id), group in groupby(frame.moves, key=lambda move: (move.date, move.kind, move.id)):
        if not frame.is_wanted(id):
            continue
        moves = list(group)
        head = max(moves, key=lambda move: abs(move.amount))
        parties = [move.about[by] for move in moves if by in move.about]
        party = parties[0] if parties else ("", "Not specified")
        if not by or party[0]:
            rows.append((party, _transaction(frame, head, split)))
    return rows


def transactions(frame: Frame, by: str = "") -> Report:
    """List transactions, each with the account that it moves most; `by` groups them by a party."""
    whole = _by_party(frame, by)
    columns = [Column(*column) for column in LIST]
    if not by:
        whole += [(("", ""), row) for row in _list_unbooked(frame)]
        whole.sort(key=lambda pair: str(pair[1]["ColData"][0]["value"]))
        return Report(columns, [row for _, row in whole], {}, not whole)
    return Report(columns, _group(whole, len(columns)), {}, not whole)


def _transaction(frame: Frame, move: Move, split: Split) -> Row:
    date, label, number, name, memo = _description(move)
    account = cell(frame.account(move.account)["Name"], move.account)
    values = [
        date,
        label,
        number,
        cell("Yes"),
        name,
        memo,
        account,
        _pair(split(move)),
        cell(amount(abs(move.amount))),
    ]
    return {"ColData": values, "type": "Data"}


def _list_unbooked(frame: Frame) -> list[Row]:
    """Return rows of orders and estimates, which are not booked."""
    rows: list[Row] = []
    for kind in ("PurchaseOrder", "Estimate"):
        for row in frame.company.table(kind).rows.values():
            data = row.read()
            if str(frame.period.start) <= data["TxnDate"] <= str(
                frame.period.end
            ) and frame.is_wanted(row.id):
                party = data.get("VendorRef") or data.get("CustomerRef") or {}
                description = [
                    cell(data["TxnDate"]),
                    cell(TXN_KINDS[kind].label, row.id),
                    cell(data.get("DocNumber") or ""),
                ]
                account = [
                    cell(party.get("name", ""), party.get("value")),
                    cell(data.get("PrivateNote") or ""),
                ]
                values = [
                    *description,
                    cell("No"),
                    *account,
                    cell(""),
                    cell(""),
                    cell(amount(Decimal(data["TotalAmt"]))),
                ]
                rows.append({"ColData": values, "type": "Data"})
    return rows


def _group(whole: list[tuple[tuple[str, str], Row]], width: int) -> list[Row]:
    rows: list[Row] = []
    for party in sorted({party for party, _ in whole}, key=lambda pair: pair[1].casefold()):
        own = [row for other, row in whole if other == party]
        total = sum((Decimal(row["ColData"][-1]["value"]) for row in own), ZERO)
        end = cells(f"Total for {party[1]}", [*[""] * (width - 2), amount(total)])
        rows.append(section(party[1], own, end, width=width, id=party[0]))
    return rows


def earned_detail(frame: Frame) -> Report:
    """List the postings of profit and loss, account by account."""
    split, rows = splits(frame), []
    by_account: dict[str, list[Move]] = {}
    for move in frame.moves:
        if frame.account(move.account)["AccountType"] in EARNING:
            by_account.setdefault(move.account, []).append(move)
    for id in sorted(
        by_account, key=lambda id: (_order(frame, id), str(frame.account(id)["Name"]).casefold())
    ):
        account = frame.account(id)
        lines, total = list_postings(by_account[id], own_side(account), ZERO, split)
        rows.append(of_account(str(account["Name"]), lines, total, id))
    return Report([Column(title, kind) for title, kind in LEDGER], rows, {}, not rows)


def _order(frame: Frame, id: str) -> int:
    return EARNING.index(frame.account(id)["AccountType"])
