"""Sales tax in the United States: a line is taxable or not, and one rate belongs to the whole document."""

from typing import Any

from hub.mapping.mapped import MappedLine
from hub.qbo.payloads import line_tax
from hub.qbo.payloads.builder import PayloadBuilder, without_empty

TAXABLE, EXEMPT = "TAX", "NON"


def line_code(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, str]:
    """Whether a line is taxed; what its code does not say, its tax says, and the whole document where no line does."""
    ref, document = mapped.refs.get("tax_code"), builder.document
    if document.tax_mode == "none":
        return {"value": EXEMPT}
    if ref is not None:
        return {"value": EXEMPT if ref.id == EXEMPT else TAXABLE}
    if any(line.tax is not None for line in document.lines):
        taxed = bool(mapped.line.tax)
    else:
        taxed = document.tax_mode == "computed" or bool(document.tax_total)
    return {"value": TAXABLE if taxed else EXEMPT}


def detail(builder: PayloadBuilder, codes: set[str]) -> dict[str, Any]:
    """The rate and the tax that the document states; what it leaves open, QuickBooks works out."""
    document = builder.document
    tax = line_tax.stated(builder)
    if document.tax_mode == "none" and tax:
        builder.problems.append(
            "It says that no tax applies and states tax all the same. Correct it at the source."
        )
    if document.tax_mode == "inclusive" and tax is None and TAXABLE in codes:
        builder.problems.append(
            "Its amounts include tax and do not say how much, and QuickBooks in the United States wants them without."
            " Send the tax of each line."
        )
    if tax and TAXABLE not in codes:
        builder.problems.append(
            "It states tax, but none of its lines is taxable. Correct it, or match its tax codes."
        )
    if TAXABLE not in codes or document.tax_mode == "computed":
        tax = None
    if not builder.facts.sales_tax and (TAXABLE in codes or tax):
        builder.problems.append(
            "It is taxed, but sales tax is switched off in QuickBooks. Switch it on there, or correct it at the source."
        )
    found = without_empty(TxnTaxCodeRef=_rate(builder)) | ({} if tax is None else {"TotalTax": tax})
    return {"TxnTaxDetail": found} if found else {}


def _rate(builder: PayloadBuilder) -> dict[str, str] | None:
    """The rate of the whole document: the tax codes of its lines but for taxable and exempt."""
    refs = [ref for line in builder.mapped.lines if (ref := line.refs.get("tax_code"))]
    rates = {ref.id: ref for ref in refs if ref.id not in (TAXABLE, EXEMPT)}
    if len(rates) > 1:
        names = ", ".join(sorted(ref.name for ref in rates.values()))
        builder.problems.append(
            f"Its lines have different tax rates ({names}), but QuickBooks in the United States has one for each"
            " document. Correct it at the source, or let QuickBooks work out the tax."
        )
    return {"value": next(iter(rates))} if rates else None
