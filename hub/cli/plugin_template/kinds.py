"""The kinds of documents of a new plugin, and what each of them needs."""

from typing import NamedTuple

from hub.contract.document_kinds import LIST_KINDS, PAID_KINDS, PAYABLE_KINDS, SALES_KINDS


class KindParts(NamedTuple):
    """The parts that a kind needs: fields of its party and lines, and accounts from settings."""

    party: str = ""
    line: str = ""
    accounts: tuple[str, ...] = ()


KIND_PARTS = {
    "bill": KindParts("supplier", "account", ("payable_account",)),
    "vendor_credit": KindParts("supplier", "account", ("payable_account",)),
    "expense": KindParts("supplier", "account", ("payment_account",)),
    "purchase_order": KindParts("supplier", "product", ("payable_account",)),
    "invoice": KindParts("client", "product"),
    "credit_memo": KindParts("client", "product"),
    "payment": KindParts("client", "", ("deposit_account",)),
    "refund": KindParts("client", "product", ("deposit_account",)),
    "bill_payment": KindParts("supplier", "", ("payment_account",)),
    "deposit": KindParts("", "account", ("deposit_account",)),
    "vendor": KindParts(),
    "customer": KindParts(),
    "item": KindParts("", "", ("income_account",)),
}
KINDS_BESIDE_SALES = ("payment", "customer", "item")
FIELDS = {
    "supplier": ("Supplier", "vendor"),
    "client": ("Client", "customer"),
    "account": ("Account", "account"),
    "product": ("Product", "item"),
    "tax": ("Tax code", "tax_code"),
}
ACCOUNT_LABELS = {
    "payable_account": "Accounts payable",
    "payment_account": "Paid from",
    "deposit_account": "Deposited to",
    "income_account": "Income account",
}
DUE_DATE = '"2026-02-04"'


def sort_paid_first(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kinds with payments last, so that the stand-in has what they pay before them."""
    return tuple(sorted(kinds, key=lambda kind: kind in PAID_KINDS))


def is_taxed(kinds: tuple[str, ...]) -> bool:
    """Return whether the rows have quantities, a discount and a tax: those of sales alone have."""
    is_sale = all(kind in SALES_KINDS + KINDS_BESIDE_SALES for kind in kinds)
    return is_sale and any(kind in SALES_KINDS for kind in kinds)


def have_files(kinds: tuple[str, ...]) -> bool:
    """Return whether documents of the kinds may have files: records of QuickBooks have none."""
    return any(kind not in LIST_KINDS for kind in kinds)


def pair_payments(kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the kinds that pay others of the kinds, each with the kind that it pays."""
    return [pair for pair in PAID_KINDS.items() if kinds.count(pair[0]) and pair[1] in kinds]


def list_fields(kinds: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the code fields of the kinds, each once."""
    names: dict[str, None] = {}
    for kind in kinds:
        parts = KIND_PARTS[kind]
        names.update(dict.fromkeys((parts.party, parts.line)))
    if is_taxed(kinds):
        names["tax"] = None
    fields = []
    for name in names:
        if name:
            label, role = FIELDS[name]
            fields.append({"name": name, "label": label, "role": role})
    return fields


def list_accounts(kinds: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the settings of the kinds that are accounts in QuickBooks, each once."""
    roles: dict[str, None] = {}
    for kind in kinds:
        roles.update(dict.fromkeys(KIND_PARTS[kind].accounts))
    return [{"role": role, "label": ACCOUNT_LABELS[role]} for role in roles]


def write_due_date(kinds: list[str]) -> str:
    """Return the expression for the due date of a row whose kind is one of these."""
    with_due = [kind for kind in kinds if kind in PAYABLE_KINDS]
    if with_due == kinds:
        return DUE_DATE
    if not with_due:
        return "None"
    return f"{DUE_DATE} if kind in {PAYABLE_KINDS} else None".replace("'", '"')
