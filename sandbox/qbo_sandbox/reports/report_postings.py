"""The postings of the journal for reports, each with its date, party and class."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TXN_KINDS, label_of
from qbo_sandbox.accounting.ledger import LedgerEntry
from qbo_sandbox.accounting.table import Row
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.kit.json_object import JsonObject

CONTROL_ACCOUNT_TYPES = ("Accounts Receivable", "Accounts Payable")
OPEN_KINDS = ("Invoice", "CreditMemo", "Bill", "VendorCredit")
ENTITY_PARTS = ("customer", "vendor", "class", "department", "item", "employee")


class ReportPosting(NamedTuple):
    """A posting in home currency, debit positive; `references` has (id, name) by part."""

    date: dt.date
    kind: str
    id: str
    label: str
    number: str
    memo: str
    account: str
    amount: Decimal
    references: dict[str, tuple[str, str]]
    quantity: Decimal = ZERO


def report_postings(company: Company, *, cash: bool = False) -> list[ReportPosting]:
    """Return every posting by date; on a cash basis bills and invoices count when they are paid."""
    postings: list[ReportPosting] = []
    for kind in TXN_KINDS:
        postings += _iter_postings_of_kind(company, kind, cash=cash)
    postings += _iter_opening_stock(company)
    return sorted(postings, key=lambda posting: (posting.date, int(posting.id)))


def _iter_postings_of_kind(company: Company, kind: str, *, cash: bool) -> Iterator[ReportPosting]:
    """Yield the postings of all transactions of a kind."""
    if cash and kind in OPEN_KINDS:
        return
    is_payment = TXN_KINDS[kind].booking == "payment"
    for row in company.table(kind).rows.values():
        if not row.booked:
            continue
        data = row.read()
        if cash and is_payment:
            yield from _iter_cash_postings(company, kind, row, data)
            continue
        for entry in row.booked:
            yield _build_posting(kind, data, entry)


def _iter_opening_stock(company: Company) -> Iterator[ReportPosting]:
    """Yield the initial stock of items."""
    for row in company.table("Item").rows.values():
        data = row.read()
        for entry in row.booked:
            date = dt.date.fromisoformat(str(data.get("InvStartDate") or company.today())[:10])
            references = {"item": (row.id, str(data["Name"]))}
            label = "Inventory Starting Value"
            yield ReportPosting(
                date,
                "Item",
                row.id,
                label,
                "START",
                "",
                entry.account,
                entry.home,
                references,
                entry.quantity,
            )


def _build_posting(kind: str, data: JsonObject, entry: LedgerEntry) -> ReportPosting:
    """Return an entry of the ledger with what reports show of its transaction."""
    line = data["Line"][entry.line] if entry.line >= 0 else {}
    memo = str(line.get("Description") or data.get("PrivateNote") or "")
    number = str(data.get("DocNumber") or "")
    label = label_of(kind, data)
    date = dt.date.fromisoformat(data["TxnDate"][:10])
    references = get_references(data, line)
    return ReportPosting(
        date,
        kind,
        data["Id"],
        label,
        number,
        memo,
        entry.account,
        entry.home,
        references,
        entry.quantity,
    )


def _get_entity_references(data: JsonObject, detail: JsonObject) -> JsonObject:
    """Return the entities of a transaction and a line by type, such as vendor."""
    entities = [data.get("EntityRef") or {}]
    journal_entity = detail.get("Entity") or {}
    reference = journal_entity.get("EntityRef")
    if reference:
        entities.append(journal_entity | reference)
    by_type = {}
    for entity in entities:
        stated_type = entity.get("type") or entity.get("Type")
        entity_type = str(stated_type).lower()
        if entity_type in ENTITY_PARTS:
            by_type[entity_type] = entity
    return by_type


def get_references(data: JsonObject, line: JsonObject) -> dict[str, tuple[str, str]]:
    """Return (id, name) of the parties, class and item of a line, or else of its transaction."""
    detail: JsonObject = line.get(str(line.get("DetailType"))) or {}
    references = {
        "customer": detail.get("CustomerRef") or data.get("CustomerRef"),
        "vendor": data.get("VendorRef"),
        "class": detail.get("ClassRef") or data.get("ClassRef"),
        "department": detail.get("DepartmentRef") or data.get("DepartmentRef"),
        "item": detail.get("ItemRef"),
    }
    references |= _get_entity_references(data, detail)
    named_references = {}
    for part, reference in references.items():
        if reference:
            named_references[part] = str(reference["value"]), str(reference.get("name", ""))
    return named_references


def _iter_cash_postings(
    company: Company, kind: str, row: Row, data: JsonObject
) -> Iterator[ReportPosting]:
    """Yield a payment on a cash basis: the money against the lines that it pays, in proportion."""
    lines = [
        entry
        for entry in row.booked
        if _get_account_type(company, entry.account) not in CONTROL_ACCOUNT_TYPES
    ]
    postings = [_build_posting(kind, data, entry) for entry in lines]
    for line in data.get("Line", ()):
        link = line["LinkedTxn"][0]
        target = company.row(link["TxnType"], link["TxnId"])
        if target is not None:
            postings += _list_paid_share(
                company, link["TxnType"], target, Decimal(line["Amount"]), data["TxnDate"]
            )
    rest = -sum((posting.amount for posting in postings), ZERO)
    if rest and postings:
        control = company.control_account(
            TXN_KINDS[kind].counter_type, data["CurrencyRef"]["value"]
        )
        postings.append(postings[0]._replace(account=control, amount=rest))
    yield from postings


def _list_paid_share(
    company: Company, kind: str, target: Row, amount: Decimal, date: str
) -> list[ReportPosting]:
    """Return the share of a bill's or invoice's lines that an amount pays."""
    transaction = target.read()
    day = dt.date.fromisoformat(date[:10])
    whole = Decimal(transaction["TotalAmt"]) or Decimal(1)
    entries = [
        entry
        for entry in target.booked
        if _get_account_type(company, entry.account) not in CONTROL_ACCOUNT_TYPES
    ]
    shares = [_build_posting(kind, transaction, entry) for entry in entries]
    return [
        posting._replace(date=day, amount=round_money(posting.amount * amount / whole))
        for posting in shares
    ]


def _get_account_type(company: Company, account: str) -> str:
    """Return the type of an account."""
    row = company.row("Account", account)
    return str(row.read()["AccountType"]) if row else ""
