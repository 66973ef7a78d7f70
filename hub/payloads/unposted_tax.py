"""Check that the tax of a purchase in the United States is part of its lines.

QuickBooks keeps no tax on purchases there, so the hub adds the tax of each line to its amount. Tax
that no line states would be left out of the books.
"""

from decimal import Decimal

from hub.contract.document_kinds import PURCHASE_KINDS
from hub.contract.documents import Document
from hub.errors import Sentence
from hub.money import ZERO, format_amount, sum_amounts
from hub.payloads.builder import PayloadBuilder
from hub.payloads.line_tax import NO_TAX_APPLIES, read_stated_tax
from hub.payloads.stated_total import round_stated_total


def find_problem(builder: PayloadBuilder, computed_total: Decimal | None) -> Sentence | None:
    """Return a problem if some of the tax would not be posted; None otherwise.

    `computed_total` is that of the lines. There is no problem if that is the stated total.
    """
    document = builder.document
    if builder.facts.tax_codes or computed_total is None or not _is_purchase_without_tax(document):
        return None
    stated_tax = read_stated_tax(builder) or ZERO
    added_tax = _sum_added_taxes(builder)
    missing = stated_tax - added_tax
    difference = missing
    if document.total is not None:
        difference = round_stated_total(builder, document.total) - computed_total
    is_explained = abs(difference - missing) <= document.tolerance
    if difference <= document.tolerance or not is_explained:
        return None
    if document.tax_mode == "none":
        return NO_TAX_APPLIES
    return Sentence(
        "It states a tax of %(stated)s, of which its lines state %(added)s. QuickBooks in the"
        " United States keeps no tax on purchases, so it has to be part of the lines. State the tax"
        " of each line at the source, or amounts with tax.",
        stated=format_amount(stated_tax, builder.currency),
        added=format_amount(added_tax, builder.currency),
    )


def _is_purchase_without_tax(document: Document) -> bool:
    """Return whether a document is a purchase whose amounts do not contain the tax."""
    return document.kind in PURCHASE_KINDS and document.tax_mode != "inclusive"


def _sum_added_taxes(builder: PayloadBuilder) -> Decimal:
    """Return the tax that is part of the lines as they are posted."""
    if builder.document.tax_mode != "exclusive":
        return ZERO
    return builder.cents(sum_amounts(line.tax for line in builder.document.lines))
