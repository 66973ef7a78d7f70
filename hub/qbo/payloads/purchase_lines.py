"""Lines of what is bought: shared by bills, vendor credits, expenses and purchase orders."""

from decimal import Decimal
from typing import Any

from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.qbo.entities import ENTITY
from hub.qbo.payloads import line_tax, pricing
from hub.qbo.payloads.builder import PayloadBuilder, without_empty

ACCOUNT, ITEM = "AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"


def lines(builder: PayloadBuilder) -> list[tuple[MappedLine, dict[str, Any]]]:
    """Every line on its account or item; QuickBooks takes no line of text alone here, so the note says it."""
    builder.remarks += [
        mapped.line.description or ""
        for mapped in builder.mapped.lines
        if amount(mapped.line) is None
    ]
    worths = ((mapped, _worth(builder, mapped)) for mapped in builder.mapped.lines)
    return [
        (mapped, _line(builder, mapped, worth)) for mapped, worth in worths if worth is not None
    ]


def _line(builder: PayloadBuilder, mapped: MappedLine, worth: Decimal) -> dict[str, Any]:
    kind = ITEM if "item" in mapped.refs else ACCOUNT
    detail, net = _tags(builder, mapped), line_tax.net(builder, mapped, worth)
    if kind == ITEM:
        detail |= without_empty(ItemRef=builder.on_line(mapped, "item")) | pricing.price(
            mapped.line, net
        )
    else:
        detail |= without_empty(AccountRef=builder.on_line(mapped, "account"))
    if not mapped.refs.keys() & {"item", "account"}:
        builder.problems.append(
            f"Line {mapped.line.id} has neither account nor item. Complete it at the source, or match its code."
        )
    body = {"DetailType": kind, "Amount": net, kind: detail}
    return body | without_empty(
        Description=pricing.text(mapped.line, detail), LinkedTxn=_links(builder, mapped)
    )


def _worth(builder: PayloadBuilder, mapped: MappedLine) -> Decimal | None:
    """What the line comes to in the currency's decimals; in the United States its tax has no other place."""
    worth = amount(mapped.line)
    if worth is None:
        return None
    if not builder.facts.tax_codes and mapped.line.tax and builder.document.tax_mode == "exclusive":
        worth += mapped.line.tax
        builder.warnings.append(
            "QuickBooks in the United States keeps no tax on purchases; it is part of the lines."
        )
    return builder.cents(worth)


def _tags(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, Any]:
    customer = builder.on_line(mapped, "customer")
    billable = mapped.line.billable and customer is not None
    percent = mapped.line.markup if billable else None
    return without_empty(
        ClassRef=builder.line_class(mapped),
        CustomerRef=customer,
        BillableStatus="Billable" if billable else "NotBillable",
        MarkupInfo=None if percent is None else {"PercentBased": True, "Percent": percent},
        TaxCodeRef=line_tax.line_code(builder, mapped),
        **line_tax.gross(builder, mapped),
    )


def _links(builder: PayloadBuilder, mapped: MappedLine) -> list[dict[str, str]]:
    """The line of an order that this one bills."""
    applied, wanted = mapped.applied, mapped.line.applied
    if applied is None or wanted is None or wanted.line is None or applied.kind != "purchase_order":
        return []
    place = applied.lines.get(wanted.line)
    if place is None:
        builder.warnings.append(
            f"Line {wanted.line} of {wanted.document} has no line in QuickBooks; it is not linked."
        )
        return []
    return [{"TxnId": applied.id, "TxnType": ENTITY[applied.kind], "TxnLineId": place}]


def orders(builder: PayloadBuilder) -> list[dict[str, str]]:
    """Return links to the purchase orders that are billed as a whole."""
    ids = []
    for mapped in builder.mapped.lines:
        if "purchase_order" in mapped.refs:
            ids.append(mapped.refs["purchase_order"].id)
    for mapped in builder.mapped.lines:
        applied, wanted = mapped.applied, mapped.line.applied
        if applied is None or wanted is None or wanted.line is not None:
            continue
        if applied.kind == "purchase_order":
            ids.append(applied.id)
    return [{"TxnId": id, "TxnType": "PurchaseOrder"} for id in dict.fromkeys(ids)]
