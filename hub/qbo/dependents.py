"""What depends on a transaction in QuickBooks, so that a change would affect it too."""

from hub.contract.document_kinds import DEPOSITABLE_KINDS
from hub.errors import Sentence
from hub.models import TransactionHead

# The kinds of transactions that have an open balance.
OPEN_KINDS = ("bill", "vendor_credit", "invoice", "credit_memo")


def describe_dependent(head: TransactionHead) -> str:
    """Return what depends on a transaction, as half a sentence; "" if nothing does."""
    if head.kind in OPEN_KINDS and _is_partly_settled(head):
        return Sentence("a payment or credit was applied to it")
    linked_types = _list_linked_types(head)
    if head.kind == "purchase_order" and "Bill" in linked_types:
        return Sentence("a bill was made from it")
    if head.kind in DEPOSITABLE_KINDS and "Deposit" in linked_types:
        return Sentence("it was deposited")
    return ""


def _is_partly_settled(head: TransactionHead) -> bool:
    """Return whether a payment or credit was applied to a transaction."""
    if head.balance is None or head.total is None:
        return False
    return head.balance != head.total


def _list_linked_types(head: TransactionHead) -> set[str]:
    """Return the types of the transactions to which a transaction is linked."""
    links = head.links or ()
    return {str(link.get("type")) for link in links}
