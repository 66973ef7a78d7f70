"""Reports that list postings: the journal, lists of transactions, parts of the general ledger."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import groupby

from qbo_sandbox.accounting.kinds import TXN_KINDS
from qbo_sandbox.accounting.values import ZERO
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.reports.report_base import UNSPECIFIED, ReportRequest
from qbo_sandbox.reports.report_parts import (
    Column,
    Report,
    Row,
    build_cell,
    build_cells,
    build_section,
    build_summary_row,
    format_amount,
)
from qbo_sandbox.reports.report_postings import ReportPosting
from qbo_sandbox.reports.statements import EARNING_TYPES

DEBIT_CLASSIFICATIONS = ("Asset", "Expense")
PARTY_PARTS = ("customer", "vendor", "employee")
LEDGER_COLUMNS = (
    ("Date", "tx_date"),
    ("Transaction Type", "txn_type"),
    ("Num", "doc_num"),
    ("Name", "name"),
    ("Memo/Description", "memo"),
    ("Split", "split_acc"),
    ("Amount", "subt_nat_amount"),
    ("Balance", "rbal_nat_amount"),
)
LIST_COLUMNS = (
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
JOURNAL_COLUMNS = (
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


def get_party(posting: ReportPosting) -> tuple[str, str]:
    """Return (id, name) of the party of a posting."""
    for part in PARTY_PARTS:
        if part in posting.references:
            return posting.references[part]
    return "", ""


def split_finder(request: ReportRequest) -> Split:
    """Return a function from a posting to the other account of its transaction."""
    accounts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for posting in request.all_postings:
        accounts[posting.kind, posting.id].add(posting.account)

    def split(posting: ReportPosting) -> tuple[str, str]:
        """Return (id, name) of the other account; "-Split-" if there are several."""
        others = accounts[posting.kind, posting.id] - {posting.account}
        if not others:
            return "", ""
        if len(others) > 1:
            return "", "-Split-"
        [other] = others
        account = request.account(other)
        return other, str(account["Name"])

    return split


def list_postings(
    postings: Iterable[ReportPosting], sign: int, balance: Decimal, split: Split
) -> tuple[list[Row], Decimal]:
    """Return a row for each posting with a running balance, and their sum."""
    rows: list[Row] = []
    total = ZERO
    for posting in postings:
        amount = sign * posting.amount
        total += amount
        balance += amount
        cells = [
            *_describe_posting(posting),
            _split_cell(split(posting)),
            build_cell(format_amount(amount)),
            build_cell(format_amount(balance)),
        ]
        rows.append({"ColData": cells, "type": "Data"})
    return rows, total


def build_account_section(name: str, rows: list[Row], total: Decimal, id: str) -> Row:
    """Return a section with the postings of an account and their total."""
    width = len(LEDGER_COLUMNS)
    amount = format_amount(total, blank=True)
    values = [""] * (width - 3) + [amount, ""]  # the balance stays empty
    totals = build_cells(f"Total for {name}", values)
    return build_section(name, rows, totals, width=width, id=id)


def get_own_side(account: JsonObject) -> int:
    """Return 1 for an account that a debit increases, else -1."""
    return 1 if account.get("Classification") in DEBIT_CLASSIFICATIONS else -1


def _describe_posting(posting: ReportPosting) -> list[Row]:
    """Return date, transaction, number, name and memo of a posting."""
    id, name = get_party(posting)
    party = {"value": name, "id": id}
    return [
        build_cell(posting.date),
        build_cell(posting.label, posting.id),
        build_cell(posting.number),
        party,
        build_cell(posting.memo),
    ]


def _split_cell(pair: tuple[str, str]) -> Row:
    """Return a cell with the account on the other side of a posting."""
    id, name = pair
    return build_cell(name, id)


def list_journal(request: ReportRequest) -> Report:
    """List every transaction with all its postings in debit and credit."""
    rows: list[Row] = []
    debits = credits = ZERO
    for _, group in groupby(
        request.postings, key=lambda posting: (posting.date, posting.kind, posting.id)
    ):
        debit = credit = ZERO
        for posting in group:
            rows.append(_build_journal_row(request, posting))
            debit += max(posting.amount, ZERO)
            credit += max(-posting.amount, ZERO)
        debits += debit
        credits += credit
        total = build_cells("", _format_journal_sums(debit, credit))
        rows.append({"Summary": total, "type": "Section"})
    if rows:
        rows.append(build_summary_row("TOTAL", _format_journal_sums(debits, credits), "GrandTotal"))
    columns = [Column(*column) for column in JOURNAL_COLUMNS]
    return Report(columns, rows, {}, not rows)


def _format_journal_sums(debit: Decimal, credit: Decimal) -> list[str]:
    """Return the values of a row of sums: the last two columns, after empty ones."""
    empty = [""] * (len(JOURNAL_COLUMNS) - 3)
    return [*empty, format_amount(debit), format_amount(credit)]


def _build_journal_row(request: ReportRequest, posting: ReportPosting) -> Row:
    """Return a posting with its amount in the column of debits or of credits."""
    account = request.account(posting.account)
    debit = max(posting.amount, ZERO)
    credit = max(-posting.amount, ZERO)
    cells = [
        *_describe_posting(posting),
        build_cell(account["Name"], posting.account),
        build_cell(format_amount(debit, blank=True)),
        build_cell(format_amount(credit, blank=True)),
    ]
    return {"ColData": cells, "type": "Data"}


def _list_transactions_by_party(
    request: ReportRequest, by: str
) -> list[tuple[tuple[str, str], Row]]:
    """Return (party, row) of each transaction; with `by`, only of those that have such a party."""
    split = split_finder(request)
    rows: list[tuple[tuple[str, str], Row]] = []
    for (_, _, id), group in groupby(
        request.postings, key=lambda posting: (posting.date, posting.kind, posting.id)
    ):
        if not request.has_wanted_status(id):
            continue
        postings = list(group)
        parties = [posting.references[by] for posting in postings if by in posting.references]
        party = parties[0] if parties else UNSPECIFIED
        if by and not party[0]:
            continue
        largest = max(postings, key=lambda posting: abs(posting.amount))
        row = _build_transaction_row(request, largest, split)
        rows.append((party, row))
    return rows


def list_transactions(request: ReportRequest, by: str = "") -> Report:
    """List transactions, each with the account that it moves most; `by` groups them by a party."""
    pairs = _list_transactions_by_party(request, by)
    columns = [Column(*column) for column in LIST_COLUMNS]
    if by:
        rows = _group_rows(pairs, len(columns))
        return Report(columns, rows, empty=not rows)
    rows = [row for _, row in pairs]
    rows += _list_unbooked(request)
    rows.sort(key=_get_date)
    return Report(columns, rows, empty=not rows)


def _get_date(row: Row) -> str:
    """Return the first cell of a row, which is its date."""
    cells = row["ColData"]
    return str(cells[0]["value"])


def _build_transaction_row(request: ReportRequest, posting: ReportPosting, split: Split) -> Row:
    """Return the row of one posting in the list of transactions."""
    date, label, number, name, memo = _describe_posting(posting)
    account = build_cell(request.account(posting.account)["Name"], posting.account)
    values = [
        date,
        label,
        number,
        build_cell("Yes"),
        name,
        memo,
        account,
        _split_cell(split(posting)),
        build_cell(format_amount(abs(posting.amount))),
    ]
    return {"ColData": values, "type": "Data"}


def _list_unbooked(request: ReportRequest) -> list[Row]:
    """Return rows of orders and estimates, which are not booked."""
    first_day = str(request.period.start)
    last_day = str(request.period.end)
    rows: list[Row] = []
    for kind in ("PurchaseOrder", "Estimate"):
        for row in request.company.table(kind).rows.values():
            data = row.read()
            is_in_period = first_day <= data["TxnDate"] <= last_day
            if is_in_period and request.has_wanted_status(row.id):
                rows.append(_build_unbooked_row(TXN_KINDS[kind].label, data))
    return rows


def _build_unbooked_row(label: str, data: JsonObject) -> Row:
    """Return the row of a transaction that is not booked, so that it has no accounts."""
    party = data.get("VendorRef") or data.get("CustomerRef") or {}
    total = Decimal(data["TotalAmt"])
    cells = [
        build_cell(data["TxnDate"]),
        build_cell(label, data["Id"]),
        build_cell(data.get("DocNumber") or ""),
        build_cell("No"),
        build_cell(party.get("name", ""), party.get("value")),
        build_cell(data.get("PrivateNote") or ""),
        build_cell(""),
        build_cell(""),
        build_cell(format_amount(total)),
    ]
    return {"ColData": cells, "type": "Data"}


def _group_rows(whole: list[tuple[tuple[str, str], Row]], width: int) -> list[Row]:
    """Return a section for each party, in the order of their names."""
    rows: list[Row] = []
    rows_by_party: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for party, row in whole:
        rows_by_party[party].append(row)
    for id, name in sorted(rows_by_party, key=lambda party: party[1].casefold()):
        rows_of_party = rows_by_party[id, name]
        total = ZERO
        for row in rows_of_party:
            total += Decimal(row["ColData"][-1]["value"])
        values = [*[""] * (width - 2), format_amount(total)]
        end = build_cells(f"Total for {name}", values)
        rows.append(build_section(name, rows_of_party, end, width=width, id=id))
    return rows


def report_profit_and_loss_detail(request: ReportRequest) -> Report:
    """List the postings of profit and loss, account by account."""
    split = split_finder(request)
    postings_by_account: dict[str, list[ReportPosting]] = defaultdict(list)
    for posting in request.postings:
        account = request.account(posting.account)
        if account["AccountType"] in EARNING_TYPES:
            postings_by_account[posting.account].append(posting)
    rows = []
    for id in sorted(postings_by_account, key=lambda id: _build_earning_sort_key(request, id)):
        account = request.account(id)
        name = str(account["Name"])
        postings = postings_by_account[id]
        lines, total = list_postings(postings, get_own_side(account), ZERO, split)
        rows.append(build_account_section(name, lines, total, id))
    columns = [Column(title, kind) for title, kind in LEDGER_COLUMNS]
    return Report(columns, rows, empty=not rows)


def _build_earning_sort_key(request: ReportRequest, id: str) -> tuple[int, str]:
    """Return the sort key of an account: its type, then its name."""
    account = request.account(id)
    rank = EARNING_TYPES.index(account["AccountType"])
    name = str(account["Name"])
    return rank, name.casefold()
