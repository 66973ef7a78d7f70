"""Lines and header fields that invoices, credit memos and refunds share."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.errors import Sentence
from hub.mapping.mapped import MappedLine, Ref
from hub.mapping.split import get_amount
from hub.money import ZERO, sum_amounts
from hub.payloads import line_tax, pricing, sales_tax
from hub.payloads.builder import PayloadBuilder, RoundingDifference, clean, drop_empty, format_date
from hub.payloads.shared_fields import build_address, build_custom_fields, build_mailing_fields
from hub.payloads.summary import DISCOUNT_DETAIL

ITEM_DETAIL = "SalesItemLineDetail"
TEXT_TYPE = "DescriptionOnly"
TEXT_DETAIL = "DescriptionLineDetail"


def build_body(builder: PayloadBuilder, **extra_fields: Any) -> dict[str, Any]:
    """Return the body of a sales form; `extra_fields` are those that only its kind has."""
    document = builder.document
    fields = drop_empty(
        CustomerRef=builder.header_reference("customer"),
        DepartmentRef=builder.location(),
        ClassRef=builder.transaction_class(),
        TxnDate=format_date(document.date),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        CustomerMemo=drop_empty(value=builder.message()),
        ShipAddr=build_address(builder, document.ship_to),
        CustomField=build_custom_fields(builder, builder.facts.sales_fields),
        **build_mailing_fields(builder, "customer", "BillEmail"),
        **extra_fields,
    )
    return fields | build_lines(builder)


def build_lines(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the lines in their order, then one for all discounts, and the tax."""
    discounts = [mapped_line for mapped_line in builder.mapped.lines if is_discount(mapped_line)]
    if discounts:
        builder.net_rounding = RoundingDifference()  # the discount takes it, not a line
    lines: list[dict[str, Any]] = []
    taxed_lines: list[tuple[MappedLine, dict[str, Any]]] = []
    for mapped_line in builder.mapped.lines:
        if is_discount(mapped_line):
            continue
        line = _build_line(builder, mapped_line)
        lines.append(line)
        if line["DetailType"] == ITEM_DETAIL:
            taxed_lines.append((mapped_line, line))
    discount_lines = _build_discount_line(builder, discounts, taxed_lines)

    body = drop_empty(
        Line=lines + discount_lines,
        ApplyTaxAfterDiscount=True if discount_lines else None,
    )
    return _add_tax(builder, body, taxed_lines, is_discounted=bool(discount_lines))


def _add_tax(
    builder: PayloadBuilder,
    body: dict[str, Any],
    taxed_lines: line_tax.Pairs,
    *,
    is_discounted: bool,
) -> dict[str, Any]:
    """Return a body with the fields that state its tax."""
    if not builder.facts.tax_codes:
        codes = {line[ITEM_DETAIL]["TaxCodeRef"]["value"] for _, line in taxed_lines}
        return body | sales_tax.build_tax_detail(builder, codes)
    body = body | line_tax.build_tax_detail(builder, taxed_lines, whole=not is_discounted)
    if is_discounted:
        return body | _build_contained_tax(builder, body)
    return body


def _build_contained_tax(builder: PayloadBuilder, body: dict[str, Any]) -> dict[str, Any]:
    """Return the tax that the amounts of a discounted sale contain; {} if another tax applies.

    QuickBooks would compute it from the discount without tax, which is rounded, so that the total
    could be a cent off. A tax that the source states is in the body already.
    """
    is_contained = builder.document.tax_mode == "inclusive" and "TxnTaxDetail" not in body
    if not is_contained or not builder.facts.knows_rates:
        return {}
    tax = line_tax.compute_contained_tax(builder, body)
    return {"TxnTaxDetail": {"TotalTax": tax}} if tax else {}


def is_discount(mapped_line: MappedLine) -> bool:
    """Return whether a line is a discount on the document: negative, and without an item."""
    line_amount = get_amount(mapped_line.line)
    if line_amount is None or "item" in mapped_line.refs:
        return False
    return line_amount < 0


def _build_line(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, Any]:
    """Return a line of text, or else one for an item; report one that has no item."""
    line_amount = get_amount(mapped_line.line)
    if line_amount is None:
        text = pricing.build_description(builder, mapped_line.line)
        return {"DetailType": TEXT_TYPE, TEXT_DETAIL: {}} | drop_empty(Description=text)

    if "item" not in mapped_line.refs:
        builder.report(
            Sentence(
                "Line %(line)s has no product or service, which QuickBooks requires on what"
                " is sold. Match its code, or choose one in the settings of the app.",
                line=mapped_line.line.id,
            ),
            "match",
        )
    net = _compute_amount_without_tax(builder, mapped_line, builder.cents(line_amount))
    has_own_class = builder.transaction_class() is None
    detail = drop_empty(
        ItemRef=builder.line_reference(mapped_line, "item"),
        ClassRef=builder.line_class(mapped_line) if has_own_class else None,
        TaxCodeRef=_choose_tax_code(builder, mapped_line),
        **line_tax.compute_gross_amount(builder, mapped_line),
        **pricing.build_price_fields(mapped_line.line, net),
    )
    body = {"DetailType": ITEM_DETAIL, "Amount": net, ITEM_DETAIL: detail}
    return body | drop_empty(
        Description=pricing.build_description_with_price(builder, mapped_line.line, detail)
    )


def _compute_amount_without_tax(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> Decimal:
    """Return the amount without tax; in the United States a line has no other amount."""
    if builder.facts.tax_codes:
        return line_tax.compute_amount_without_tax(builder, mapped_line, line_amount)
    stated_tax = mapped_line.line.tax
    if builder.document.tax_mode != "inclusive" or stated_tax is None:
        return line_amount
    return line_amount - builder.cents(stated_tax)


def _compute_discount(builder: PayloadBuilder, mapped_line: MappedLine) -> Decimal:
    """Return the negative amount of a discount; in the United States without its tax."""
    line_amount = get_amount(mapped_line.line) or ZERO
    if builder.facts.tax_codes:
        return line_amount
    return _compute_amount_without_tax(builder, mapped_line, line_amount)


def _choose_tax_code(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, str] | None:
    """Return the tax code of a line, or in the United States whether it is taxed."""
    if builder.facts.tax_codes:
        return line_tax.choose_tax_code(builder, mapped_line)
    return sales_tax.choose_tax_code(builder, mapped_line)


def _build_discount_line(
    builder: PayloadBuilder, discounts: Sequence[MappedLine], taxed_lines: line_tax.Pairs
) -> list[dict[str, Any]]:
    """Return one line for all discounts, because QuickBooks has room for one.

    `taxed_lines` are those that are discounted, with their bodies.
    """
    if not discounts:
        return []
    total_discount = -builder.cents(
        sum_amounts(_compute_discount(builder, mapped_line) for mapped_line in discounts)
    )
    without_tax = line_tax.compute_discount_without_tax(
        builder, total_discount, discounts, taxed_lines
    )
    builder.tax_in_discounts = total_discount - without_tax

    accounts: dict[str, Ref] = {}
    for mapped_line in discounts:
        ref = mapped_line.refs.get("account")
        if ref:
            accounts[ref.id] = ref
    if len(accounts) > 1:
        names = ", ".join(sorted(ref.name for ref in accounts.values()))
        builder.problems.append(
            Sentence(
                "Its discounts have different accounts (%(names)s); QuickBooks has room for one.",
                names=names,
            )
        )
    account = builder.line_reference(discounts[0], "account")
    detail = {"PercentBased": False} | drop_empty(DiscountAccountRef=account)

    descriptions = [clean(mapped_line.line.description or "") for mapped_line in discounts]
    text = builder.fit(
        "; ".join(filter(None, descriptions)), pricing.MAX_DESCRIPTION_LENGTH, Sentence("Discount")
    )
    line = {"DetailType": DISCOUNT_DETAIL, "Amount": without_tax, DISCOUNT_DETAIL: detail}
    return [line | drop_empty(Description=text)]
