"""Lines of purchases: of bills, vendor credits, expenses and purchase orders."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub.errors import Sentence
from hub.mapping.mapped import Link, MappedLine
from hub.money import ZERO
from hub.payloads import line_tax, pricing
from hub.payloads.builder import PayloadBuilder, drop_empty
from hub.payloads.entities import ORDER_ENTITY

ACCOUNT_DETAIL = "AccountBasedExpenseLineDetail"
ITEM_DETAIL = "ItemBasedExpenseLineDetail"


def build_lines(builder: PayloadBuilder) -> list[tuple[MappedLine, dict[str, Any]]]:
    """Return each line with its body; lines of text alone go into the memo."""
    pairs = []
    for mapped, line_amount in builder.lines_with_amount():
        whole_amount = _round_with_unclaimed_tax(builder, mapped, line_amount)
        pairs.append((mapped, _build_line(builder, mapped, whole_amount)))
    return pairs


def _build_line(
    builder: PayloadBuilder, mapped: MappedLine, line_amount: Decimal
) -> dict[str, Any]:
    """Return a line for an item, or else for an account; report one that has neither."""
    detail = _build_line_dimensions(builder, mapped)
    net = line_tax.compute_amount_without_tax(builder, mapped, line_amount)
    if "item" in mapped.refs:
        detail_type = ITEM_DETAIL
        detail |= drop_empty(ItemRef=builder.line_reference(mapped, "item"))
        detail |= pricing.build_price_fields(mapped.line, net)
    else:
        detail_type = ACCOUNT_DETAIL
        detail |= drop_empty(AccountRef=builder.line_reference(mapped, "account"))
    if "item" not in mapped.refs and "account" not in mapped.refs:
        builder.report(
            Sentence(
                "Line %(line)s has neither account nor item. Complete it at the source, or"
                " match its code.",
                line=mapped.line.id,
            ),
            "match",
        )
    body = {"DetailType": detail_type, "Amount": net, detail_type: detail}
    return body | drop_empty(
        Description=pricing.build_description_with_price(builder, mapped.line, detail),
        LinkedTxn=_build_order_line_link(builder, mapped),
    )


def _round_with_unclaimed_tax(
    builder: PayloadBuilder, mapped: MappedLine, line_amount: Decimal
) -> Decimal:
    """Round the amount of a line; in the United States it includes the tax on a purchase."""
    has_tax = mapped.line.tax and builder.document.tax_mode == "exclusive"
    if has_tax and not builder.facts.tax_codes:
        line_amount += mapped.line.tax or ZERO
        builder.warnings.append(
            Sentence(
                "QuickBooks in the United States keeps no tax on purchases; it is part of"
                " the lines."
            )
        )
    return builder.cents(line_amount)


def _build_line_dimensions(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, Any]:
    """Return class, customer, tax code, and whether the customer is billed for the line."""
    customer = builder.line_reference(mapped, "customer")
    is_billable = _is_billable(builder, mapped)
    percent = mapped.line.markup if is_billable else None
    return drop_empty(
        ClassRef=builder.line_class(mapped),
        CustomerRef=customer,
        BillableStatus="Billable" if is_billable else "NotBillable",
        MarkupInfo=None if percent is None else {"PercentBased": True, "Percent": percent},
        TaxCodeRef=line_tax.choose_tax_code(builder, mapped),
        **line_tax.compute_gross_amount(builder, mapped),
    )


def _is_billable(builder: PayloadBuilder, mapped: MappedLine) -> bool:
    """Return whether the customer is charged for a line; note if QuickBooks charges nobody.

    QuickBooks refuses a billable line while billable expenses are switched off.
    """
    customer = mapped.refs.get("customer")
    if not mapped.line.billable or customer is None:
        return False
    if not builder.facts.billable:
        builder.warnings.append(
            Sentence(
                "Billable expenses are switched off in QuickBooks, so nothing will be charged to"
                " %(customer)s there. Charge it yourself, or switch on billable expenses in"
                " QuickBooks before the next documents.",
                customer=customer.name,
            )
        )
    return builder.facts.billable


def _build_order_line_link(builder: PayloadBuilder, mapped: MappedLine) -> list[dict[str, str]]:
    """Return a link to the line of a purchase order that a line bills."""
    link = mapped.applied
    applied = mapped.line.applied
    if link is None or link.kind != "purchase_order":
        return []
    if applied is None:
        return []
    if applied.line is None:
        return _build_link_to_only_line(builder, mapped, link, applied.document)
    order_line = link.lines.get(applied.line)
    if order_line is None:
        builder.warnings.append(
            Sentence(
                "Line %(line)s of %(document)s has no line in QuickBooks; it is not linked.",
                line=applied.line,
                document=applied.document,
            )
        )
        return []
    return [_build_line_link(link, order_line)]


def _build_link_to_only_line(
    builder: PayloadBuilder, mapped: MappedLine, link: Link, document: str
) -> list[dict[str, str]]:
    """Return a link to the line of an order that is billed as a whole, if each has only one line.

    QuickBooks links orders line by line. If an order has several lines, it is not known which one
    is billed. If the bill has several lines, one may be freight, which would bill the line of the
    order once more.
    """
    billing = [line for line in builder.mapped.lines if line.applied and line.applied.id == link.id]
    if len(link.lines) == 1 and len(billing) == 1:
        (order_line,) = link.lines.values()
        return [_build_line_link(link, order_line)]
    builder.warnings.append(
        Sentence(
            "Line %(line)s bills %(document)s as a whole. QuickBooks links orders line by line"
            " only, so the order stays open there until somebody closes it.",
            line=mapped.line.id,
            document=document,
        )
    )
    return []


def _build_line_link(link: Link, order_line: str) -> dict[str, str]:
    """Return the link to a line of a purchase order, by the id that QuickBooks gave it."""
    return {"TxnId": link.id, "TxnType": ORDER_ENTITY, "TxnLineId": order_line}


def build_order_links(
    builder: PayloadBuilder, lines: Iterable[dict[str, Any]]
) -> list[dict[str, str]]:
    """Return links to the purchase orders that are billed, each once.

    Orders that a match names come first, then those that the document bills as a whole. QuickBooks
    links a line of the bill to a line of an order only if the bill is linked to the order as well.
    """
    ids = []
    for mapped in builder.mapped.lines:
        order = mapped.refs.get("purchase_order")
        if order:
            ids.append(order.id)
    for mapped in builder.mapped.lines:
        if mapped.applied and _is_whole_order(mapped):
            ids.append(mapped.applied.id)
    for line in lines:
        ids += [link["TxnId"] for link in line.get("LinkedTxn", ())]
    distinct_ids = dict.fromkeys(ids)
    return [{"TxnId": id, "TxnType": ORDER_ENTITY} for id in distinct_ids]


def _is_whole_order(mapped: MappedLine) -> bool:
    """Return whether a line bills a purchase order rather than one line of it."""
    link = mapped.applied
    applied = mapped.line.applied
    if link is None or applied is None:
        return False
    return applied.line is None and link.kind == "purchase_order"
