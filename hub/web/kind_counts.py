"""How many documents, in words that name their kind if all of them have the same."""

from collections.abc import Callable, Collection

from hub.translations.messages import ngettext
from hub.web.case_titles import documents

TEXTS: dict[str, Callable[[int], str]] = {
    "bill": lambda count: ngettext("%(count)s bill", "%(count)s bills", count),
    "vendor_credit": lambda count: ngettext(
        "%(count)s vendor credit", "%(count)s vendor credits", count
    ),
    "expense": lambda count: ngettext("%(count)s expense", "%(count)s expenses", count),
    "purchase_order": lambda count: ngettext(
        "%(count)s purchase order", "%(count)s purchase orders", count
    ),
    "invoice": lambda count: ngettext("%(count)s invoice", "%(count)s invoices", count),
    "credit_memo": lambda count: ngettext("%(count)s credit memo", "%(count)s credit memos", count),
    "payment": lambda count: ngettext("%(count)s payment", "%(count)s payments", count),
    "refund": lambda count: ngettext("%(count)s refund", "%(count)s refunds", count),
    "bill_payment": lambda count: ngettext(
        "%(count)s bill payment", "%(count)s bill payments", count
    ),
    "deposit": lambda count: ngettext("%(count)s deposit", "%(count)s deposits", count),
    "vendor": lambda count: ngettext("%(count)s supplier", "%(count)s suppliers", count),
    "customer": lambda count: ngettext("%(count)s customer", "%(count)s customers", count),
    "item": lambda count: ngettext("%(count)s item", "%(count)s items", count),
}


def count_kinds(kinds: Collection[str]) -> str:
    """Return the number of documents with these kinds, such as "138 bills" or "12 documents"."""
    count = len(kinds)
    distinct = set(kinds)
    if len(distinct) == 1:
        [kind] = distinct
        if kind in TEXTS:
            return TEXTS[kind](count)
    return documents(count)
