"""Check amounts that include tax: they add up to the total and include the stated tax."""

from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import SALES_KINDS
from hub.errors import Sentence
from hub.mapping.mapped import MappedLine, Ref
from hub.mapping.split import get_amount
from hub.money import ZERO, format_amount, sum_amounts
from hub.payloads.builder import PayloadBuilder
from hub.payloads.kind_names import THE_KINDS
from hub.payloads.line_tax import (
    KINDS_WITH_TAX,
    compute_contained_tax,
    compute_total_with_tax,
    describe_line_taxes,
    find_compound_rates,
    read_stated_tax,
)
from hub.payloads.sales_lines import is_discount
from hub.payloads.stated_total import round_stated_total
from hub.payloads.summary import is_taxable


def find_problem(builder: PayloadBuilder, body: dict[str, Any]) -> Sentence | None:
    """Return the problem of amounts that contain tax; None if there is none or they do not."""
    document = builder.document
    if document.tax_mode != "inclusive" or document.kind not in KINDS_WITH_TAX:
        return None
    problem = _find_wrong_total(builder, sum_lines(builder, body))
    if problem:
        return problem
    if builder.facts.tax_codes:
        return _find_wrong_tax(builder, body)
    is_taxed_sale = document.kind in SALES_KINDS and is_taxable(body)
    return _find_unstated_tax(builder) if is_taxed_sale else None


def sum_lines(builder: PayloadBuilder, body: dict[str, Any]) -> Decimal:
    """Return the sum of the lines with their tax; only outside the US bodies contain it."""
    if builder.facts.tax_codes:
        return compute_total_with_tax(builder, body)
    amounts = [get_amount(mapped_line.line) for mapped_line in builder.mapped.lines]
    return sum_amounts(builder.cents(amount or ZERO) for amount in amounts)


def _find_wrong_total(builder: PayloadBuilder, gross: Decimal) -> Sentence | None:
    """Return the problem if the lines do not add up to the total that the document states."""
    document, currency = builder.document, builder.currency
    if document.total is None:
        return None
    stated_total = round_stated_total(builder, document.total)
    if abs(stated_total - gross) <= document.tolerance:
        return None
    return Sentence(
        "Its lines contain the tax and add up to %(computed)s; %(document)s says %(stated)s"
        " (%(difference)s off). Fix this at the source.",
        computed=format_amount(gross, currency),
        document=THE_KINDS[document.kind],
        stated=format_amount(stated_total, currency),
        difference=format_amount(abs(stated_total - gross), currency),
    )


def _find_compound_tax(builder: PayloadBuilder) -> Sentence | None:
    """Return the problem of a tax on another tax, which is not taken off an amount; else None."""
    for mapped_line in _list_lines_taxed_by_code(builder):
        code = mapped_line.refs.get("tax_code")
        rates = find_compound_rates(builder, mapped_line)
        if code and rates:
            builder.solutions.add("match")
            return Sentence(
                "Its amounts contain tax, and the tax code %(code)s has a rate that is computed on"
                " another tax (%(rates)s), so that the amounts without tax are not known. State the"
                " tax of each line at the source, or match another tax code.",
                rates=rates,
                code=code.name or code.id,
            )
    return None


def _find_wrong_tax(builder: PayloadBuilder, body: dict[str, Any]) -> Sentence | None:
    """Return the problem if the tax of a code is not known, or the stated tax is another one."""
    compound = _find_compound_tax(builder)
    if compound:
        return compound
    stated_tax = read_stated_tax(builder)
    if stated_tax is None:
        return None
    computed_tax = compute_contained_tax(builder, body)
    if abs(stated_tax - computed_tax) <= builder.document.tolerance:
        return None
    lines = _list_lines_taxed_by_code(builder)
    if not lines:
        return describe_line_taxes(builder, computed_tax, stated_tax)
    names = {ref.name or ref.id for ref in _list_tax_codes(lines)}
    if not names:
        return None
    builder.solutions.add("match")
    return _describe_codes(builder, names, computed_tax, stated_tax)


def _list_lines_taxed_by_code(builder: PayloadBuilder) -> list[MappedLine]:
    """Return the lines with an amount that do not state their tax, without discounts."""
    lines = []
    for mapped_line in builder.mapped.lines:
        is_taxed = get_amount(mapped_line.line) is not None and not is_discount(mapped_line)
        if mapped_line.line.tax is None and is_taxed:
            lines.append(mapped_line)
    return lines


def _list_tax_codes(lines: list[MappedLine]) -> list[Ref]:
    """Return the tax codes of lines; none if a line has no code, which is a problem of its own."""
    codes = [mapped_line.refs.get("tax_code") for mapped_line in lines]
    matched_codes = [code for code in codes if code]
    return matched_codes if len(matched_codes) == len(codes) else []


def _describe_codes(
    builder: PayloadBuilder, names: set[str], computed_tax: Decimal, stated_tax: Decimal
) -> Sentence:
    """State which tax the codes give, and which one the document states."""
    amounts = {
        "computed": format_amount(computed_tax, builder.currency),
        "document": THE_KINDS[builder.document.kind],
        "stated": format_amount(stated_tax, builder.currency),
    }
    if len(names) > 1:
        return Sentence(
            "The tax codes %(names)s give a tax of %(computed)s, and %(document)s states"
            " %(stated)s. Match other tax codes, or correct the tax at the source.",
            names=", ".join(sorted(names)),
            **amounts,
        )
    return Sentence(
        "The tax code %(name)s gives a tax of %(computed)s, and %(document)s states %(stated)s."
        " Match another tax code, or correct the tax at the source.",
        name=names.pop(),
        **amounts,
    )


def _find_unstated_tax(builder: PayloadBuilder) -> Sentence | None:
    """Return the problem if amounts without tax cannot be computed for a sale in the US.

    A tax code does not have a rate there, so the tax of each line must be stated.
    """
    stated_tax = read_stated_tax(builder)
    has_taxes = any(mapped_line.line.tax is not None for mapped_line in builder.mapped.lines)
    computed_tax = builder.cents(
        sum_amounts(mapped_line.line.tax for mapped_line in builder.mapped.lines)
    )
    if stated_tax == computed_tax:
        return None
    if stated_tax is not None and has_taxes:
        return describe_line_taxes(builder, computed_tax, stated_tax)
    return Sentence(
        "Its amounts contain tax, but amounts in QuickBooks in the United States are without tax."
        " Send the tax of each taxed line, or amounts without tax."
    )
