"""Book payments and deposits, with the gain or loss between the two exchange rates."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from qbo_sandbox.accounting.conversion import make_entry
from qbo_sandbox.accounting.kinds import TxnKind
from qbo_sandbox.accounting.ledger import Entries, LedgerEntry, rate_of
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO, round_money

CREDITS = ("CreditMemo", "VendorCredit")
Sums = dict[str, list[Decimal]]


def sign_of(link: dict[str, Any]) -> int:
    """Return -1 for a link to a credit, else 1."""
    return -1 if link["TxnType"] in CREDITS else 1


def applied_amount(data: dict[str, Any]) -> Decimal:
    """Return how much of a payment its lines use."""
    total = ZERO
    for line in data.get("Line", ()):
        links = line.get("LinkedTxn")
        if links:
            total += sign_of(links[0]) * Decimal(line["Amount"])
    return total


def unapplied_amount(data: dict[str, Any]) -> Decimal:
    """Return how much of a payment is left."""
    return Decimal(data.get("TotalAmt") or 0) - applied_amount(data)


def book_payment(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> Entries:
    """Book a payment from a customer (+1) or to a vendor (-1)."""
    total = Decimal(data[rule.total])
    code = data["CurrencyRef"]["value"]
    sums: Sums = defaultdict(lambda: [ZERO, ZERO])
    for line in data.get("Line", ()):
        link = line["LinkedTxn"][0]
        amount = sign_of(link) * Decimal(line["Amount"])
        control, rate = _control_account(company, rule, link, code)
        _add(sums, control, amount, round_money(amount * rate))
    rest = unapplied_amount(data)
    _add(
        sums,
        company.control_account(rule.counter_type, code),
        rest,
        round_money(rest * rate_of(data)),
    )
    booked = [
        LedgerEntry(account, -rule.direction * home, -rule.direction * own)
        for account, (own, home) in sums.items()
        if own
    ]
    if total:
        booked.append(make_entry(company, _paid_from(rule, data), rule.direction * total, data))
    return _book_exchange_gain(company, booked)


def _add(sums: Sums, account: str, own: Decimal, home: Decimal) -> None:
    """Add amounts in an account's own currency and in home currency."""
    sums[account][0] += own
    sums[account][1] += home


def _control_account(
    company: Lookups, rule: TxnKind, link: dict[str, Any], code: str
) -> tuple[str, Decimal]:
    """Return the receivable or payable account of a settled transaction, and its rate."""
    row = company.row(link["TxnType"], link["TxnId"])
    target = row.read() if row else {}
    account = (target.get("APAccountRef") or {}).get("value")
    if not account:
        account = company.control_account(rule.counter_type, code)
    return account, rate_of(target)


def _paid_from(rule: TxnKind, data: dict[str, Any]) -> str:
    """Return the account that a payment came from or went to, or ""."""
    check = data.get("CheckPayment", {})
    card = data.get("CreditCardPayment", {})
    account = data.get(rule.counter) or check.get("BankAccountRef") or card.get("CCAccountRef")
    return str((account or {}).get("value", ""))


def _book_exchange_gain(company: Lookups, booked: list[LedgerEntry]) -> Entries:
    """Return the entries with the exchange gain or loss."""
    rest = -sum((entry.home for entry in booked), ZERO)
    if not rest:
        return tuple(booked)
    return (*booked, LedgerEntry(company.gain_account(), rest, rest))


def _deposit_line(
    company: Lookups, data: dict[str, Any], line: dict[str, Any], amount: Decimal, place: int
) -> LedgerEntry:
    """Return the entry of a line: of undeposited funds, or of the account that it names."""
    links = line.get("LinkedTxn")
    if links:
        row = company.row(links[0]["TxnType"], links[0]["TxnId"])
        home = round_money(amount * rate_of(row.read() if row else data))
        return LedgerEntry(company.undeposited_funds(), -home, -home, place)
    account = line["DepositLineDetail"]["AccountRef"]["value"]
    return make_entry(company, account, -amount, data, place)


def book_deposit(company: Lookups, rule: TxnKind, data: dict[str, Any]) -> Entries:
    """Book a deposit; undeposited funds lose the amount that was booked there."""
    booked = []
    for place, line in enumerate(data.get("Line", ())):
        amount = Decimal(line.get("Amount") or 0)
        if amount:
            booked.append(_deposit_line(company, data, line, amount, place))
    back = data.get("CashBack") or {}
    if back.get("Amount"):
        booked.append(
            make_entry(company, back["AccountRef"]["value"], Decimal(back["Amount"]), data)
        )
    total = Decimal(data.get(rule.total) or 0)
    if total:
        booked.append(make_entry(company, data["DepositToAccountRef"]["value"], total, data))
    return _book_exchange_gain(company, booked)
