"""What depends on a transaction in QuickBooks, so that a change would affect it too."""

from hub.models import TransactionHead

OPEN_KINDS = (
    "bill",
    "vendor_credit",
    "invoice",
    "credit_memo",
)  # those of which something stays open


def blocking_link(head: TransactionHead) -> str:
    """Return what depends on a transaction, as half a sentence; "" if nothing does."""
    if (
        head.kind in OPEN_KINDS
        and None not in (head.balance, head.total)
        and head.balance != head.total
    ):
        return "a payment or credit was applied to it"
    types = {str(link.get("type")) for link in head.links or ()}
    if head.kind == "purchase_order" and "Bill" in types:
        return "a bill was made from it"
    if head.kind in ("payment", "refund") and "Deposit" in types:
        return "it was deposited"
    return ""
