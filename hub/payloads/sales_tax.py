"""Sales tax in the United States: lines are taxable or not, and a document has one rate."""

from decimal import Decimal
from typing import Any

from hub.errors import Sentence
from hub.mapping.mapped import MappedLine, Ref
from hub.payloads import line_tax
from hub.payloads.builder import PayloadBuilder, as_reference, drop_empty

TAXABLE = "TAX"
EXEMPT = "NON"


def choose_tax_code(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, str]:
    """Return a reference to the code that states whether a line is taxed.

    The tax code of the line decides. Without one, the tax of the line decides, or that of the whole
    document if no line states tax.
    """
    ref = mapped_line.refs.get("tax_code")
    document = builder.document
    if document.tax_mode == "none":
        return {"value": EXEMPT}
    if ref is not None:
        return {"value": EXEMPT if ref.id == EXEMPT else TAXABLE}
    if any(line.tax is not None for line in document.lines):
        is_taxed = bool(mapped_line.line.tax)
    else:
        is_taxed = document.tax_mode == "computed" or bool(document.tax_total)
    return {"value": TAXABLE if is_taxed else EXEMPT}


def build_tax_detail(builder: PayloadBuilder, codes: set[str]) -> dict[str, Any]:
    """Return the stated rate and tax; QuickBooks computes what is not stated.

    `codes` are the tax codes of the lines.
    """
    has_taxable_line = TAXABLE in codes
    tax = line_tax.read_stated_tax(builder)
    _check_tax(builder, tax, has_taxable_line=has_taxable_line)
    if not has_taxable_line or builder.document.tax_mode == "computed":
        tax = None
    if has_taxable_line and not builder.facts.sales_tax:
        builder.problems.append(
            Sentence(
                "It is taxed, but sales tax is switched off in QuickBooks. Switch it on"
                " there, or fix this at the source."
            )
        )
    fields = drop_empty(TxnTaxCodeRef=_find_document_rate(builder))
    if tax is not None:
        fields["TotalTax"] = tax
    return {"TxnTaxDetail": fields} if fields else {}


def _check_tax(builder: PayloadBuilder, tax: Decimal | None, *, has_taxable_line: bool) -> None:
    """Report tax that contradicts the tax mode or the codes of the lines."""
    mode = builder.document.tax_mode
    if mode == "none" and tax:
        builder.problems.append(line_tax.NO_TAX_APPLIES)
    if tax and not has_taxable_line:
        builder.report(
            Sentence(
                "It states tax, but none of its lines is taxable. Correct it, or match its"
                " tax codes."
            ),
            "match",
        )


def _find_document_rate(builder: PayloadBuilder) -> dict[str, str] | None:
    """Return the rate of the document: the tax code of its lines, if it names a rate."""
    rates: dict[str, Ref] = {}
    for line in builder.mapped.lines:
        ref = line.refs.get("tax_code")
        if ref and ref.id not in (TAXABLE, EXEMPT):
            rates[ref.id] = ref
    if len(rates) > 1:
        names = ", ".join(sorted(ref.name for ref in rates.values()))
        builder.problems.append(
            Sentence(
                "Its lines have different tax rates (%(names)s), but QuickBooks in the"
                " United States has one for each document. Fix this at the source, or let"
                " QuickBooks work out the tax.",
                names=names,
            )
        )
    if not rates:
        return None
    first = next(iter(rates.values()))
    return as_reference(first)
