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
    for mapped_line, line_amount in builder.lines_with_amount():
        whole_amount = _round_with_unclaimed_tax(builder, mapped_line, line_amount)
        pairs.append((mapped_line, _build_line(builder, mapped_line, whole_amount)))
    return pairs


def _build_line(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> dict[str, Any]:
    """Return a line for an item, or else for an account; report one that has neither."""
    detail = _build_line_dimensions(builder, mapped_line)
    net = line_tax.compute_amount_without_tax(builder, mapped_line, line_amount)
    if "item" in mapped_line.refs:
        detail_type = ITEM_DETAIL
        detail |= drop_empty(ItemRef=builder.line_reference(mapped_line, "item"))
        detail |= pricing.build_price_fields(mapped_line.line, net)
    else:
        detail_type = ACCOUNT_DETAIL
        detail |= drop_empty(AccountRef=builder.line_reference(mapped_line, "account"))
    if "item" not in mapped_line.refs and "account" not in mapped_line.refs:
        builder.report(
            Sentence(
                "Line %(line)s has neither account nor item. Complete it at the source, or"
                " match its code.",
                line=mapped_line.line.id,
            ),
            "match",
        )
    body = {"DetailType": detail_type, "Amount": net, detail_type: detail}
    return body | drop_empty(
        Description=pricing.build_description_with_price(builder, mapped_line.line, detail),
        LinkedTxn=_build_order_line_link(builder, mapped_line),
    )


def _round_with_unclaimed_tax(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> Decimal:
    """Round the amount of a line; in the United States it includes the tax on a purchase."""
    has_tax = mapped_line.line.tax and builder.document.tax_mode == "exclusive"
    if has_tax and not builder.facts.tax_codes:
        line_amount += mapped_line.line.tax or ZERO
        builder.warnings.append(
            Sentence(
                "QuickBooks in the United States keeps no tax on purchases; it is part of"
                " the lines."
            )
        )
    return builder.cents(line_amount)


def _build_line_dimensions(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, Any]:
    """Return class, customer, tax code, and whether the customer is billed for the line."""
    customer = builder.line_reference(mapped_line, "customer")
    is_billable = _is_billable(builder, mapped_line)
    percent = mapped_line.line.markup if is_billable else None
    return drop_empty(
        ClassRef=builder.line_class(mapped_line),
        CustomerRef=customer,
        BillableStatus="Billable" if is_billable else "NotBillable",
        MarkupInfo=None if percent is None else {"PercentBased": True, "Percent": percent},
        TaxCodeRef=line_tax.choose_tax_code(builder, mapped_line),
        **line_tax.compute_gross_amount(builder, mapped_line),
    )


def _is_billable(builder: PayloadBuilder, mapped_line: MappedLine) -> bool:
    """Return whether the customer is charged for a line; note if QuickBooks charges nobody.

    QuickBooks refuses a billable line while billable expenses are switched off.
    """
    customer = mapped_line.refs.get("customer")
    if not mapped_line.line.billable or customer is None:
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


def _build_order_line_link(
    builder: PayloadBuilder, mapped_line: MappedLine
) -> list[dict[str, str]]:
    """Return a link to the line of a purchase order that a line bills."""
    link = mapped_line.applied
    target = mapped_line.line.applied
    if link is None or link.kind != "purchase_order":
        return []
    if target is None:
        return []
    if target.line is None:
        return _build_link_to_only_line(builder, mapped_line, link, target.document)
    order_line = link.lines.get(target.line)
    if order_line is None:
        builder.warnings.append(
            Sentence(
                "Line %(line)s of %(document)s has no line in QuickBooks; it is not linked.",
                line=target.line,
                document=target.document,
            )
        )
        return []
    return [_build_line_link(link, order_line)]


def _build_link_to_only_line(
    builder: PayloadBuilder, mapped_line: MappedLine, link: Link, document: str
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
            line=mapped_line.line.id,
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
    for mapped_line in builder.mapped.lines:
        order = mapped_line.refs.get("purchase_order")
        if order:
            ids.append(order.id)
    for mapped_line in builder.mapped.lines:
        if mapped_line.applied and _is_whole_order(mapped_line):
            ids.append(mapped_line.applied.id)
    for line in lines:
        ids += [link["TxnId"] for link in line.get("LinkedTxn", ())]
    distinct_ids = dict.fromkeys(ids)
    return [{"TxnId": id, "TxnType": ORDER_ENTITY} for id in distinct_ids]


def _is_whole_order(mapped_line: MappedLine) -> bool:
    """Return whether a line bills a purchase order rather than one line of it."""
    link = mapped_line.applied
    target = mapped_line.line.applied
    if link is None or target is None:
        return False
    return target.line is None and link.kind == "purchase_order"
