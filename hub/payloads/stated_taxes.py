"""Check that the taxes that lines state add up to the tax of their document.

Only the tax of the document is posted. If the lines say otherwise, the document contradicts itself,
and QuickBooks would have the tax without its parts by rate.
"""

from hub.contract.document_kinds import SALES_KINDS
from hub.errors import Sentence
from hub.mapping.split import get_amount
from hub.money import sum_amounts
from hub.payloads.builder import PayloadBuilder
from hub.payloads.line_tax import KINDS_WITH_TAX, describe_line_taxes
from hub.payloads.rounding import smallest_amount
from hub.payloads.sales_lines import is_discount


def find_problem(builder: PayloadBuilder) -> Sentence | None:
    """Return the problem if the taxes of the lines do not add up to the stated one; else None.

    Nothing is compared if a line does not state its tax, if all lines state zero because the source
    knows the tax of the document only, or if a discount changes the tax. Each tax may be rounded,
    so a difference of the smallest amount for each line is no problem.
    """
    stated_tax = builder.document.tax_total
    if stated_tax is None or not _posts_stated_tax(builder) or _has_discount(builder):
        return None
    lines = [mapped_line.line for mapped_line in builder.mapped.lines]
    taxes = [line.tax for line in lines if get_amount(line) is not None]
    if None in taxes or not any(taxes):
        return None
    computed_tax = sum_amounts(taxes)
    max_rounding = smallest_amount(builder.currency) * len(taxes)
    if abs(stated_tax - computed_tax) <= max(max_rounding, builder.document.tolerance):
        return None
    return describe_line_taxes(builder, computed_tax, stated_tax)


def _has_discount(builder: PayloadBuilder) -> bool:
    """Return whether a line is a discount on the whole document; only sales have such lines."""
    if builder.document.kind not in SALES_KINDS:
        return False
    return any(map(is_discount, builder.mapped.lines))


def _posts_stated_tax(builder: PayloadBuilder) -> bool:
    """Return whether the tax that a document states is posted beside its amounts.

    On purchases in the United States, the tax of each line is part of its amount.
    """
    document = builder.document
    if document.tax_mode != "exclusive" or document.kind not in KINDS_WITH_TAX:
        return False
    return builder.facts.tax_codes or document.kind in SALES_KINDS
