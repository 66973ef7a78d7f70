"""Book payments and deposits, with the gain or loss between the two exchange rates."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from qbo_sandbox.accounting.conversion import make_entry
from qbo_sandbox.accounting.kinds import TxnKind
from qbo_sandbox.accounting.ledger import Entries, LedgerEntry, get_rate
from qbo_sandbox.accounting.lookups import Lookups
from qbo_sandbox.accounting.values import ZERO, round_money
from qbo_sandbox.kit.json_object import JsonObject

CREDIT_KINDS = ("CreditMemo", "VendorCredit")


@dataclass
class SettledAmount:
    """What a payment settles on one account, in the account's own currency and in home currency."""

    own: Decimal = ZERO
    home: Decimal = ZERO

    def add(self, amount: Decimal, rate: Decimal) -> None:
        """Add an amount, converted at the rate of the transaction that it settles."""
        self.own += amount
        self.home += round_money(amount * rate)


def sign_of(link: JsonObject) -> int:
    """Return -1 for a link to a credit, else 1."""
    return -1 if link["TxnType"] in CREDIT_KINDS else 1


def sum_applied(data: JsonObject) -> Decimal:
    """Return how much of a payment its lines use."""
    total = ZERO
    for line in data.get("Line", ()):
        links = line.get("LinkedTxn")
        if links:
            total += sign_of(links[0]) * Decimal(line["Amount"])
    return total


def compute_unapplied(data: JsonObject) -> Decimal:
    """Return how much of a payment is left."""
    total = Decimal(data.get("TotalAmt") or 0)
    return total - sum_applied(data)


def book_payment(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book a payment from a customer (+1) or to a vendor (-1)."""
    entries: list[LedgerEntry] = []
    for account, settled_amount in _sum_settled_by_account(company, rule, data).items():
        if settled_amount.own:
            home = -rule.direction * settled_amount.home
            own = -rule.direction * settled_amount.own
            entries.append(LedgerEntry(account, home, own))
    total = Decimal(data[rule.total])
    if total:
        account = _get_money_account_id(rule, data)
        entries.append(make_entry(company, account, rule.direction * total, data))
    return _book_exchange_gain(company, entries)


def _sum_settled_by_account(
    company: Lookups, rule: TxnKind, data: JsonObject
) -> dict[str, SettledAmount]:
    """Return what a payment settles on each receivable or payable account, and what it leaves."""
    code = data["CurrencyRef"]["value"]
    amounts: dict[str, SettledAmount] = defaultdict(SettledAmount)
    for line in data.get("Line", ()):
        link = line["LinkedTxn"][0]
        amount = sign_of(link) * Decimal(line["Amount"])
        account, rate = _get_control_account(company, rule, link, code)
        amounts[account].add(amount, rate)
    account = company.control_account(rule.counter_type, code)
    amounts[account].add(compute_unapplied(data), get_rate(data))
    return amounts


def _get_control_account(
    company: Lookups, rule: TxnKind, link: JsonObject, code: str
) -> tuple[str, Decimal]:
    """Return the receivable or payable account of a settled transaction, and its rate."""
    row = company.row(link["TxnType"], link["TxnId"])
    target = row.read() if row else {}
    payable = target.get("APAccountRef") or {}
    account = payable.get("value")
    if not account:
        account = company.control_account(rule.counter_type, code)
    return account, get_rate(target)


def _get_money_account_id(rule: TxnKind, data: JsonObject) -> str:
    """Return the account that a payment came from or went to, or ""."""
    reference = data.get(rule.counter)
    if not reference:
        check = data.get("CheckPayment", {})
        reference = check.get("BankAccountRef")
    if not reference:
        card = data.get("CreditCardPayment", {})
        reference = card.get("CCAccountRef") or {}
    return str(reference.get("value", ""))


def _book_exchange_gain(company: Lookups, entries: list[LedgerEntry]) -> Entries:
    """Return the entries with the exchange gain or loss."""
    total = sum((entry.home for entry in entries), ZERO)
    if not total:
        return tuple(entries)
    account = company.gain_account()
    gain = LedgerEntry(account, -total, -total)
    return (*entries, gain)


def _build_deposit_entry(
    company: Lookups, data: JsonObject, line: JsonObject, amount: Decimal, index: int
) -> LedgerEntry:
    """Return the entry of a line: of undeposited funds, or of the account that it names."""
    links = line.get("LinkedTxn")
    if not links:
        account = line["DepositLineDetail"]["AccountRef"]["value"]
        return make_entry(company, account, -amount, data, index)
    link = links[0]
    row = company.row(link["TxnType"], link["TxnId"])
    payment = row.read() if row else data
    home = round_money(amount * get_rate(payment))
    return LedgerEntry(company.undeposited_funds(), -home, -home, index)


def book_deposit(company: Lookups, rule: TxnKind, data: JsonObject) -> Entries:
    """Book a deposit; undeposited funds lose the amount that was booked there."""
    entries = []
    for index, line in enumerate(data.get("Line", ())):
        amount = Decimal(line.get("Amount") or 0)
        if amount:
            entries.append(_build_deposit_entry(company, data, line, amount, index))
    cash_back = data.get("CashBack") or {}
    if cash_back.get("Amount"):
        account = cash_back["AccountRef"]["value"]
        amount = Decimal(cash_back["Amount"])
        entries.append(make_entry(company, account, amount, data))
    total = Decimal(data.get(rule.total) or 0)
    if total:
        account = data["DepositToAccountRef"]["value"]
        entries.append(make_entry(company, account, total, data))
    return _book_exchange_gain(company, entries)
