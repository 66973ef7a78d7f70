"""The groups of kinds of documents that are treated alike.

Each group is defined once, here if several modules use it.
"""

from collections.abc import Mapping, Sequence

from hub.contract.documents import Kind, Role

# List entries that the hub creates. QuickBooks allows a name only once, and they move no money.
LIST_KINDS: tuple[Kind, ...] = ("vendor", "customer", "item")

# Sales and what takes them back: their lines have items, quantities, a discount and sales tax.
SALES_KINDS: tuple[Kind, ...] = ("invoice", "credit_memo", "refund")

# Purchases and what takes them back: their lines have items or accounts, customers and tax.
PURCHASE_KINDS: tuple[Kind, ...] = ("bill", "vendor_credit", "expense", "purchase_order")

# Transactions of accounts receivable, which QuickBooks takes only with a customer.
CUSTOMER_KINDS: tuple[Kind, ...] = (*SALES_KINDS, "payment")

# Credits: their amounts are positive, and are subtracted from the sum of the other documents. A
# refund is among them, although it pays money and leaves no balance.
CREDIT_KINDS: tuple[Kind, ...] = ("vendor_credit", "credit_memo", "refund")

# Orders whose lines are billed one by one.
KINDS_BILLED_BY_LINE: tuple[Kind, ...] = ("purchase_order",)

# A supplier invoice may be entered as either of these.
TWIN_KINDS: Mapping[str, Kind] = {"bill": "expense", "expense": "bill"}

# Documents that are due on a date and that a later payment settles.
PAYABLE_KINDS: tuple[Kind, ...] = ("bill", "invoice")

# Payments that settle other documents: their amounts are those of the documents that they settle.
PAYMENT_KINDS: tuple[Kind, ...] = ("payment", "bill_payment")

# Money from customers that a deposit can hold.
DEPOSITABLE_KINDS: tuple[Kind, ...] = ("payment", "refund")

# Which documents each kind of payment pays; credits may be applied beside them.
PAID_KINDS: Mapping[Kind, Kind] = {"payment": "invoice", "bill_payment": "bill"}

# The roles whose records owe money or are owed it; their lists in QuickBooks have the same names.
PARTY_ROLES: tuple[Role, ...] = ("vendor", "customer")

# Kinds and roles whose words for people differ from their names.
KIND_WORDS: Mapping[str, str] = {"vendor": "supplier", "vendor_credit": "supplier credit"}


def add_twins(kinds: Sequence[str]) -> list[str]:
    """Return kinds, and those as which people may have entered the same documents."""
    twins = [TWIN_KINDS[kind] for kind in kinds if kind in TWIN_KINDS]
    return list(dict.fromkeys([*kinds, *twins]))


def words_of(kind: str) -> str:
    """Return a kind of document, or a role, in words, such as "supplier credit"."""
    return KIND_WORDS.get(kind, kind.replace("_", " "))
