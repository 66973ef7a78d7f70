"""Reports that list postings: the journal, lists of transactions, parts of the general ledger."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby

from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports.report_base import Frame
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    format_amount,
    name_and_values,
    section_rows,
    summary_row,
    value_cell,
)
from qbo_sandbox.reports.report_postings import ReportPosting
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


Split = Callable[[ReportPosting], tuple[str, str]]


def party_of(move: ReportPosting) -> tuple[str, str]:
    """Return (id, name) of the party of a posting."""
    for sort in PARTIES:
        if sort in move.about:
            return move.about[sort]
    return "", ""


def split_finder(frame: Frame) -> Split:
    """Return a function from a posting to the other account of its transaction."""
    accounts: dict[tuple[str, str], set[str]] = {}
    for move in frame.all_moves:
        accounts.setdefault((move.kind, move.id), set()).add(move.account)

    def split(move: ReportPosting) -> tuple[str, str]:
        others = accounts[move.kind, move.id] - {move.account}
        if len(others) != 1:
            return "", "-Split-" if others else ""
        [other] = others
        return other, str(frame.account(other)["Name"])

    return split


def list_postings(
    moves: Iterable[ReportPosting], sign: int, balance: Decimal, split: Split
) -> tuple[list[Row], Decimal]:
    """Return a row for each posting with a running balance, and their sum."""
    rows: list[Row] = []
    total = ZERO
    for move in moves:
        total, balance = total + sign * move.amount, balance + sign * move.amount
        values = [value_cell(format_amount(sign * move.amount)), value_cell(format_amount(balance))]
        rows.append(
            {
                "ColData": [*_describe_posting(move), _split_cell(split(move)), *values],
                "type": "Data",
            }
        )
    return rows, total


def of_account(name: str, rows: list[Row], total: Decimal, id: str) -> Row:
    """Return a section with the postings of an account and their total."""
    values = [*[""] * 5, format_amount(total, blank=True), ""]
    whole = name_and_values(f"Total for {name}", values)
    return section_rows(name, rows, whole, width=len(LEDGER), id=id)


def own_side(account: JsonObject) -> int:
    """Return 1 for an account that a debit increases, else -1."""
    return 1 if account.get("Classification") in NATURAL_DEBIT else -1


def _describe_posting(move: ReportPosting) -> list[Row]:
    """Return date, transaction, number, name and memo of a posting."""
    id, name = party_of(move)
    party = {"value": name, "id": id}
    return [
        value_cell(move.date),
        value_cell(move.label, move.id),
        value_cell(move.number),
        party,
        value_cell(move.memo),
    ]


def _split_cell(pair: tuple[str, str]) -> Row:
    """Return a cell with the account on the other side of a posting."""
    id, name = pair
    return value_cell(name, id)


def list_journal(frame: Frame) -> Report:
    """List every transaction with all its postings in debit and credit."""
    rows: list[Row] = []
    debits = credits = ZERO
    for _, group in groupby(frame.moves, key=lambda move: (move.date, move.kind, move.id)):
        debit = credit = ZERO
        for move in group:
            rows.append(_side_of(frame, move))
            debit += max(move.amount, ZERO)
            credit += max(-move.amount, ZERO)
        debits += debit
        credits += credit
        total = name_and_values("", [*[""] * 5, format_amount(debit), format_amount(credit)])
        rows.append({"Summary": total, "type": "Section"})
    if rows:
        rows.append(
            summary_row(
                "TOTAL", [*[""] * 5, format_amount(debits), format_amount(credits)], "GrandTotal"
            )
        )
    return Report([Column(*column) for column in JOURNAL], rows, {}, not rows)


def _side_of(frame: Frame, move: ReportPosting) -> Row:
    """Return a posting with its amount in the column of debits or of credits."""
    account = value_cell(frame.account(move.account)["Name"], move.account)
    debit = format_amount(max(move.amount, ZERO), blank=True)
    credit = format_amount(max(-move.amount, ZERO), blank=True)
    cells = [*_describe_posting(move), account, value_cell(debit), value_cell(credit)]
    return {"ColData": cells, "type": "Data"}


def _by_party(frame: Frame, by: str) -> list[tuple[tuple[str, str], Row]]:
    """Return (party, row) of each transaction; with `by`, only of those that have such a party."""
    split = split_finder(frame)
    rows: list[tuple[tuple[str, str], Row]] = []
    for (_, _, id), group in groupby(frame.moves, key=lambda move: (move.date, move.kind, move.id)):
        if not frame.is_wanted(id):
            continue
        moves = list(group)
        head = max(moves, key=lambda move: abs(move.amount))
        parties = [move.about[by] for move in moves if by in move.about]
        party = parties[0] if parties else ("", "Not specified")
        if not by or party[0]:
            rows.append((party, _transaction_rows(frame, head, split)))
    return rows


def list_transactions(frame: Frame, by: str = "") -> Report:
    """List transactions, each with the account that it moves most; `by` groups them by a party."""
    pairs = _by_party(frame, by)
    columns = [Column(*column) for column in LIST]
    if by:
        return Report(columns, _group_rows(pairs, len(columns)), empty=not pairs)
    rows = [row for _, row in pairs]
    rows += _list_unbooked(frame)
    rows.sort(key=lambda row: str(row["ColData"][0]["value"]))
    return Report(columns, rows, empty=not rows)


def _transaction_rows(frame: Frame, move: ReportPosting, split: Split) -> Row:
    """Return the row of one posting in the list of transactions."""
    date, label, number, name, memo = _describe_posting(move)
    account = value_cell(frame.account(move.account)["Name"], move.account)
    values = [
        date,
        label,
        number,
        value_cell("Yes"),
        name,
        memo,
        account,
        _split_cell(split(move)),
        value_cell(format_amount(abs(move.amount))),
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
                    value_cell(data["TxnDate"]),
                    value_cell(TXN_KINDS[kind].label, row.id),
                    value_cell(data.get("DocNumber") or ""),
                ]
                account = [
                    value_cell(party.get("name", ""), party.get("value")),
                    value_cell(data.get("PrivateNote") or ""),
                ]
                values = [
                    *description,
                    value_cell("No"),
                    *account,
                    value_cell(""),
                    value_cell(""),
                    value_cell(format_amount(Decimal(data["TotalAmt"]))),
                ]
                rows.append({"ColData": values, "type": "Data"})
    return rows


def _group_rows(whole: list[tuple[tuple[str, str], Row]], width: int) -> list[Row]:
    """Return a section for each party, in the order of their names."""
    rows: list[Row] = []
    parties = {party for party, _ in whole}
    for party in sorted(parties, key=lambda party: party[1].casefold()):
        id, name = party
        rows_of_party = [row for other, row in whole if other == party]
        total = ZERO
        for row in rows_of_party:
            total += Decimal(row["ColData"][-1]["value"])
        values = [*[""] * (width - 2), format_amount(total)]
        end = name_and_values(f"Total for {name}", values)
        rows.append(section_rows(name, rows_of_party, end, width=width, id=id))
    return rows


def earned_detail(frame: Frame) -> Report:
    """List the postings of profit and loss, account by account."""
    split = split_finder(frame)
    postings_by_account: dict[str, list[ReportPosting]] = {}
    for move in frame.moves:
        if frame.account(move.account)["AccountType"] in EARNING:
            postings_by_account.setdefault(move.account, []).append(move)
    rows = []
    for id in sorted(postings_by_account, key=lambda id: _earning_order(frame, id)):
        account = frame.account(id)
        side = own_side(account)
        lines, total = list_postings(postings_by_account[id], side, ZERO, split)
        rows.append(of_account(str(account["Name"]), lines, total, id))
    columns = [Column(title, kind) for title, kind in LEDGER]
    return Report(columns, rows, empty=not rows)


def _earning_order(frame: Frame, id: str) -> tuple[int, str]:
    """Return what puts accounts in the order of their types, then of their names."""
    account = frame.account(id)
    return EARNING.index(account["AccountType"]), str(account["Name"]).casefold()
