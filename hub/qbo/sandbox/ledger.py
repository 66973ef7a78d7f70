"""Double entry behind each transaction, and what stays open for each party."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hub.qbo.sandbox.kinds import ACCOUNT_LINE, ITEM_LINE, TXN_KINDS
from hub.qbo.sandbox.values import ZERO, money

if TYPE_CHECKING:
    from hub.qbo.sandbox.company import Company

Entries = list[tuple[str, Decimal]]


class Ledger:
    """Balances of accounts in home currency (debit positive) and of parties in their own."""

    def __init__(self) -> None:
        self.accounts: dict[str, Decimal] = defaultdict(Decimal)
        self.parties: dict[str, Decimal] = defaultdict(Decimal)

    def post(self, company: "Company", kind: str, data: dict[str, Any], sign: int) -> set[str]:
        """Book a transaction (+1) or take it back (-1); the accounts it moved."""
        moved = set()
        for account, amount in entries(company, kind, data):
            self.accounts[account] += sign * amount
            moved.add(account)
        party, open_amount = open_of(kind, data)
        if party:
            self.parties[party] += sign * open_amount
        return moved


def open_of(kind: str, data: dict[str, Any]) -> tuple[str, Decimal]:
    """The party of a transaction and what is open of it, credits negative."""
    rule = TXN_KINDS[kind]
    party = str((data.get(rule.party) or {}).get("value", "")) if rule.party else ""
    return party, rule.open_sign * Decimal(data.get(rule.open_field) or 0)


def entries(company: "Company", kind: str, data: dict[str, Any]) -> Entries:
    """(account, amount in home currency), debit positive; they add up to zero."""
    rule = TXN_KINDS[kind]
    rate = Decimal(data.get("ExchangeRate") or 1)
    sides = [(_line_account(company, line), _net(line)) for line in data.get("Line", ())]
    sides = [(account, amount) for account, amount in sides if account]
    tax = Decimal((data.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
    if tax:
        sides.append((company.tax_account(), tax))
    direction = _direction(rule.name)
    booked = [(account, direction * money(amount * rate)) for account, amount in sides]
    control = (data.get(rule.control) or {}).get("value")
    if control and booked:
        booked.append((control, -sum((amount for _, amount in booked), ZERO)))
    return booked


def _direction(kind: str) -> int:
    return -1 if kind == "VendorCredit" else 1


def _line_account(company: "Company", line: dict[str, Any]) -> str:
    detail = line.get(ACCOUNT_LINE)
    if detail:
        return str(detail["AccountRef"]["value"])
    detail = line.get(ITEM_LINE)
    if detail:
        item = company.table("Item").rows[detail["ItemRef"]["value"]].read()
        account = item.get("AssetAccountRef") or item.get("ExpenseAccountRef") or item.get("IncomeAccountRef") or {}
        return str(account.get("value", ""))
    return ""


def _net(line: dict[str, Any]) -> Decimal:
    return Decimal(line.get("Amount") or 0)
