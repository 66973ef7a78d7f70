"""The transactions that depend on another one in QuickBooks, and that its change would affect."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import DEPOSITABLE_KINDS
from hub.errors import Sentence
from hub.models import TransactionHead

# The kinds of transactions that have an open balance.
OPEN_KINDS = ("bill", "vendor_credit", "invoice", "credit_memo")


def describe_dependent(head: TransactionHead) -> str:
    """Return a phrase that names an object which depends on a transaction; "" if there is none."""
    if head.kind in OPEN_KINDS and _is_balance_changed(head.balance, head.total):
        return Sentence("a payment or credit was applied to it")
    linked_types = _list_linked_types(head)
    if head.kind == "purchase_order" and "Bill" in linked_types:
        return Sentence("a bill was made from it")
    if head.kind in DEPOSITABLE_KINDS and "Deposit" in linked_types:
        return Sentence("it was deposited")
    return ""


def is_settled(entity: Mapping[str, Any]) -> bool:
    """Return whether a payment or credit was applied to a transaction, as QuickBooks shows it."""
    balance, total = entity.get("Balance"), entity.get("TotalAmt")
    if balance is None or total is None:
        return False
    return _is_balance_changed(Decimal(str(balance)), Decimal(str(total)))


def _is_balance_changed(balance: Decimal | None, total: Decimal | None) -> bool:
    """Return whether a balance is not the total, as in a new transaction: it is paid in part."""
    if balance is None or total is None:
        return False
    return balance != total


def _list_linked_types(head: TransactionHead) -> set[str]:
    """Return the types of the transactions to which a transaction is linked."""
    links = head.links or ()
    return {str(link.get("type")) for link in links}
