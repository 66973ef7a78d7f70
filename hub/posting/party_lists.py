"""The list of QuickBooks that has the party of a transaction."""

from hub.contract.document_kinds import PURCHASE_KINDS
from hub.models import TransactionSummary

SUPPLIER_KINDS = (*PURCHASE_KINDS, "bill_payment")  # whose party is a supplier


def get_party_list(kind: str, summary: TransactionSummary) -> str:
    """Return the list of QuickBooks that the party of a transaction is in."""
    if summary.payee:
        return summary.payee
    return "vendor" if kind in SUPPLIER_KINDS else "customer"
