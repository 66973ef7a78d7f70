"""What depends on a transaction in QuickBooks, so that a change would affect it too."""

from hub.models import TransactionHead

# The kinds of transactions that have an open balance.
OPEN_KINDS = ("bill", "vendor_credit", "invoice", "credit_memo")


def blocking_link(head: TransactionHead) -> str:
    """Return what depends on a transaction, as half a sentence; "" if nothing does."""
    if head.kind in OPEN_KINDS and _is_partly_settled(head):
        return "a payment or credit was applied to it"
    types = {str(link.get("type")) for link in head.links or ()}
    if head.kind == "purchase_order" and "Bill" in types:
        return "a bill was made from it"
    if head.kind in ("payment", "refund") and "Deposit" in types:
        return "it was deposited"
    return ""


def _is_partly_settled(head: TransactionHead) -> bool:
    if head.balance is None or head.total is None:
        return False
    return head.balance != head.total
