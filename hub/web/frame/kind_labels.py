"""The names of the kinds of documents: alone, within a sentence, and with a number."""

from collections.abc import Callable, Mapping

from hub.contract.document_kinds import LIST_KINDS
from hub.translations.messages import gettext, gettext_noop, ngettext

KIND_LABELS = {
    "bill": gettext_noop("Bill"),
    "vendor_credit": gettext_noop("Supplier credit"),
    "expense": gettext_noop("Expense"),
    "purchase_order": gettext_noop("Purchase order"),
    "invoice": gettext_noop("Invoice"),
    "credit_memo": gettext_noop("Credit memo"),
    "payment": gettext_noop("Payment"),
    "refund": gettext_noop("Refund"),
    "bill_payment": gettext_noop("Bill payment"),
    "deposit": gettext_noop("Deposit"),
    "vendor": gettext_noop("Supplier"),
    "customer": gettext_noop("Customer"),
    "item": gettext_noop("Item"),
}
# The same within a sentence.
KIND_NOUNS = {
    "bill": gettext_noop("bill"),
    "vendor_credit": gettext_noop("supplier credit"),
    "expense": gettext_noop("expense"),
    "purchase_order": gettext_noop("purchase order"),
    "invoice": gettext_noop("invoice"),
    "credit_memo": gettext_noop("credit memo"),
    "payment": gettext_noop("payment"),
    "refund": gettext_noop("refund"),
    "bill_payment": gettext_noop("bill payment"),
    "deposit": gettext_noop("deposit"),
    "vendor": gettext_noop("supplier"),
    "customer": gettext_noop("customer"),
    "item": gettext_noop("item"),
}
COUNT_TEXTS: dict[str, Callable[[int], str]] = {
    "bill": lambda count: ngettext("%(count)s bill", "%(count)s bills", count),
    "vendor_credit": lambda count: ngettext(
        "%(count)s supplier credit", "%(count)s supplier credits", count
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


def kind_label(name: str) -> str:
    """Return the name of a kind of document for people."""
    return gettext(KIND_LABELS[name]) if name in KIND_LABELS else name


def format_document_count(number: int) -> str:
    """Return a number of documents as a sentence has it."""
    return ngettext("%(count)s document", "%(count)s documents", number)


def count_kinds(counts: Mapping[str, int]) -> str:
    """Return how many there are of each kind, such as "53 documents and 3 customers".

    Documents of several kinds are counted together, and records of lists apart from them.
    """
    parts = _count_documents(counts)
    for kind, text in COUNT_TEXTS.items():
        if kind in LIST_KINDS and kind in counts:
            parts.append(text(counts[kind]))
    if not parts:
        return format_document_count(0)
    if len(parts) == 1:
        return parts[0]
    return gettext("%(first)s and %(last)s", first=", ".join(parts[:-1]), last=parts[-1])


def _count_documents(counts: Mapping[str, int]) -> list[str]:
    """Return the number of documents, by kind if all have the same; [] if there are none."""
    kinds = [kind for kind in counts if kind not in LIST_KINDS]
    if not kinds:
        return []
    if len(kinds) == 1 and kinds[0] in COUNT_TEXTS:
        return [COUNT_TEXTS[kinds[0]](counts[kinds[0]])]
    return [format_document_count(sum(counts[kind] for kind in kinds))]
