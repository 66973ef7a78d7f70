"""Lines that settle other transactions: which of them, by how much, and what is left over."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.contract.documents import Kind
from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.money import ZERO, format_amount
from hub.qbo.entities import ENTITY
from hub.qbo.payloads.builder import PayloadBuilder

CREDITS: tuple[Kind, ...] = ("credit_memo", "vendor_credit")


def lines(
    builder: PayloadBuilder, settles: tuple[Kind, ...]
) -> tuple[list[dict[str, Any]], Decimal]:
    """A line for each transaction that is settled, and what all of them come to; a credit that is used counts off."""
    found: dict[tuple[Kind, str], Decimal] = {}
    for mapped in builder.mapped.lines:
        worth, link = amount(mapped.line), mapped.applied
        if worth is None:
            builder.remarks.append(mapped.line.description or "")
        elif link is None:
            _left_over(builder, mapped, worth)
        elif link.kind not in settles or (worth < 0) != (link.kind in CREDITS and worth != 0):
            _unfit(builder, mapped, settles)
        else:
            key = link.kind, link.id
            found[key] = found.get(key, ZERO) + builder.cents(worth)
    return [_line(kind, id, worth) for (kind, id), worth in found.items()], sum(
        found.values(), ZERO
    )


def whole(builder: PayloadBuilder, applied: Decimal) -> Decimal:
    """What is paid in all; it may be more than what it settles, never less."""
    rest = [
        amount(mapped.line) or ZERO
        for mapped in builder.mapped.lines
        if mapped.line.applied is None
    ]
    paid = builder.total([applied, *map(builder.cents, rest)])
    if applied > paid:
        applied_text = format_amount(applied, builder.currency)
        paid_text = format_amount(paid, builder.currency)
        builder.problems.append(
            f"It settles {applied_text} with {paid_text}. Correct it at the source."
        )
    return paid


def _line(kind: Kind, id: str, worth: Decimal) -> dict[str, Any]:
    return {"Amount": abs(worth), "LinkedTxn": [{"TxnId": id, "TxnType": ENTITY[kind]}]}


def _left_over(builder: PayloadBuilder, mapped: MappedLine, worth: Decimal) -> None:
    if worth < 0:
        builder.problems.append(
            f"Line {mapped.line.id} takes something off a payment, such as a fee. QuickBooks keeps fees on the deposit:"
            " send a deposit with the payment and the fee."
        )


def _unfit(builder: PayloadBuilder, mapped: MappedLine, settles: tuple[Kind, ...]) -> None:
    wanted = " or ".join(kind.replace("_", " ") for kind in settles)
    builder.problems.append(
        f"Line {mapped.line.id} has to settle a {wanted}, with an amount above zero, or below it for a credit that is"
        " used up. Correct it at the source."
    )


def linked(body: Mapping[str, Any]) -> tuple[str, str]:
    """What a line settles: its type and id, empty where it settles nothing."""
    links = body.get("LinkedTxn") or ()
    return (
        (str(links[0].get("TxnType") or ""), str(links[0].get("TxnId") or ""))
        if links
        else ("", "")
    )
