"""What was open on a day: bills, invoices, credits and unused payments, in home currency."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from qbo_sandbox.accounting.booking import open_amounts
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.kinds import TXN_KINDS, label_of
from qbo_sandbox.accounting.ledger import get_rate
from qbo_sandbox.accounting.settlements import compute_unapplied
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.entities.payments import sum_settled_amounts
from qbo_sandbox.kit.json_object import JsonObject

KINDS_BY_PARTY = {
    "Customer": ("Invoice", "CreditMemo", "Payment"),
    "Vendor": ("Bill", "VendorCredit", "BillPayment"),
}
CREDIT_KINDS = ("CreditMemo", "VendorCredit", "Payment", "BillPayment")


class OpenItem(NamedTuple):
    """A transaction with an open balance; credits are negative."""

    party: str
    kind: str
    id: str
    label: str
    number: str
    date: dt.date
    due: dt.date
    whole: Decimal
    balance: Decimal


def _sum_settled_amounts(
    company: Company, kind: str, day: dt.date
) -> dict[tuple[str, str], Decimal]:
    """Return what the payments of a kind have settled by a day, by transaction."""
    amounts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in company.table(kind).rows.values():
        data = row.read()
        if _parse_document_date(data["TxnDate"]) > day:
            continue
        for key, value in sum_settled_amounts(data).items():
            amounts[key] += value
    return amounts


def list_open_items(company: Company, side: str, day: dt.date) -> list[OpenItem]:
    """Return everything open with customers or vendors on a day, oldest first."""
    *_, payment = KINDS_BY_PARTY[side]
    paid_amounts = _sum_settled_amounts(company, payment, day)
    items: list[OpenItem] = []
    for kind in KINDS_BY_PARTY[side]:
        items += _iter_open_of_kind(company, kind, day, paid_amounts)
    items += [item for item in _iter_journal_balances(company, side, day) if item.balance]
    return sorted(items, key=lambda item: (item.date, int(item.id)))


def _parse_document_date(text: str) -> dt.date:
    """Return the date of a transaction."""
    return dt.date.fromisoformat(text[:10])


def _iter_open_of_kind(
    company: Company, kind: str, day: dt.date, paid_amounts: dict[tuple[str, str], Decimal]
) -> Iterator[OpenItem]:
    """Yield what is open of the transactions of a kind up to a day."""
    rule = TXN_KINDS[kind]
    sign = -1 if kind in CREDIT_KINDS else 1
    for row in company.table(kind).rows.values():
        data = row.read()
        date = _parse_document_date(data["TxnDate"])
        rate = get_rate(data)
        whole = Decimal(data[rule.total])
        balance = (
            compute_unapplied(data) if rule.pays else whole - paid_amounts.get((kind, row.id), ZERO)
        )
        if date <= day and balance:
            party = str(data[rule.party]["value"])
            due = _parse_document_date(data.get("DueDate") or data["TxnDate"])
            sums = round_money(sign * whole * rate), round_money(sign * balance * rate)
            yield OpenItem(
                party,
                kind,
                row.id,
                label_of(kind, data),
                str(data.get("DocNumber") or ""),
                date,
                due,
                *sums,
            )


def _iter_journal_balances(company: Company, side: str, day: dt.date) -> Iterator[OpenItem]:
    """Yield what journal entries up to a day booked on customers or vendors."""
    for row in company.table("JournalEntry").rows.values():
        data: JsonObject = row.read()
        date = _parse_document_date(data["TxnDate"])
        if date > day:
            continue
        number = str(data.get("DocNumber") or "")
        for party, value in open_amounts(company, "JournalEntry", data):
            if not company.row(side, party):
                continue
            home = round_money(value * get_rate(data))
            yield OpenItem(
                party,
                "JournalEntry",
                row.id,
                "Journal Entry",
                number,
                date,
                date,
                home,
                home,
            )
