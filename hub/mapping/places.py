"""The roles for which each kind of document has a field in its header or on its lines."""

from hub.contract.documents import Kind, Line, Role
from hub.contract.value_object import value_object


@value_object
class Places:
    """The roles that a kind carries in its header and on its lines."""

    header: frozenset[Role]
    line: frozenset[Role] = frozenset()


def _build_places(header: tuple[Role, ...], line: tuple[Role, ...] = ()) -> Places:
    return Places(header=frozenset(header), line=frozenset(line))


_ORDER_ROLES: tuple[Role, ...] = ("item", "account", "class", "customer", "tax_code")
_PURCHASE_ROLES: tuple[Role, ...] = (*_ORDER_ROLES, "purchase_order")
_SALES_ROLES: tuple[Role, ...] = ("item", "account", "class", "tax_code")

PLACES: dict[Kind, Places] = {
    "bill": _build_places(("vendor", "payable_account", "term", "location"), _PURCHASE_ROLES),
    "vendor_credit": _build_places(("vendor", "payable_account", "location"), _PURCHASE_ROLES),
    "expense": _build_places(
        ("vendor", "customer", "payment_account", "payment_method", "location"), _PURCHASE_ROLES
    ),
    "purchase_order": _build_places(
        ("vendor", "payable_account", "term", "location"), _ORDER_ROLES
    ),
    "invoice": _build_places(("customer", "term", "location"), _SALES_ROLES),
    "credit_memo": _build_places(("customer", "location", "payment_method"), _SALES_ROLES),
    "refund": _build_places(
        ("customer", "location", "payment_method", "deposit_account"), _SALES_ROLES
    ),
    "payment": _build_places(("customer", "payment_method", "deposit_account")),
    "bill_payment": _build_places(("vendor", "payment_account", "payable_account", "location")),
    "deposit": _build_places(
        ("deposit_account", "location"),
        ("account", "class", "customer", "vendor", "payment_method"),
    ),
    "vendor": _build_places(("term", "payable_account")),
    "customer": _build_places(("customer", "term", "payment_method", "tax_code")),
    "item": _build_places(
        (
            "income_account",
            "expense_account",
            "asset_account",
            "category",
            "tax_code",
            "class",
            "vendor",
        )
    ),
}


def is_text(line: Line) -> bool:
    """Return whether a line is only a text, without an amount."""
    return line.amount is None and (line.quantity is None or line.unit_price is None)
