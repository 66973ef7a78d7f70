"""Deposits: payments that were received, other money, and fees that were deducted."""

from decimal import Decimal
from typing import Any

from hub.contract.document_kinds import DEPOSITABLE_KINDS
from hub.errors import Sentence
from hub.mapping.mapped import MappedLine
from hub.payloads import pricing
from hub.payloads.builder import (
    PayloadBuilder,
    build_party_reference,
    drop_empty,
    format_date,
    require_reference,
)
from hub.payloads.entities import ENTITY_BY_KIND
from hub.payloads.shared_fields import put_texts_into_memo

DETAIL_TYPE = "DepositLineDetail"


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a deposit; deposits have no number, so it goes into the memo."""
    document = builder.document
    builder.put_into_memo(number=document.number)
    put_texts_into_memo(builder)
    lines = builder.lines_with_amount()
    account = builder.mapped.header.get("deposit_account")
    return drop_empty(
        DepositToAccountRef=require_reference("deposit_account", account, builder),
        DepartmentRef=builder.location(),
        TxnDate=format_date(document.date),
        CurrencyRef=builder.currency_ref(),
        Line=[
            _build_line(builder, mapped_line, builder.cents(line_amount))
            for mapped_line, line_amount in lines
        ],
    )


def _build_line(
    builder: PayloadBuilder, mapped_line: MappedLine, line_amount: Decimal
) -> dict[str, Any]:
    """Return a line for a payment or refund that is deposited, or for other money.

    A line with a link has no detail, because QuickBooks requires an account in a detail.
    """
    link = mapped_line.applied
    description = pricing.build_description(builder, mapped_line.line)
    fields = {"Amount": line_amount} | drop_empty(Description=description)
    if link is None:
        detail = _build_other_money(builder, mapped_line)
        return fields | {"DetailType": DETAIL_TYPE, DETAIL_TYPE: detail}

    if link.kind not in DEPOSITABLE_KINDS:
        builder.problems.append(
            Sentence(
                "Line %(line)s has to hold a payment or a refund. Fix this at the source.",
                line=mapped_line.line.id,
            )
        )
    linked_transaction = {"TxnId": link.id, "TxnType": ENTITY_BY_KIND[link.kind], "TxnLineId": "0"}
    return fields | {"LinkedTxn": [linked_transaction]}


def _build_other_money(builder: PayloadBuilder, mapped_line: MappedLine) -> dict[str, Any]:
    """Return the detail of money that is no payment; a negative amount is a fee."""
    if "account" not in mapped_line.refs:
        builder.report(
            Sentence(
                "Line %(line)s has neither a payment nor an account. Complete it at the"
                " source, or match its code.",
                line=mapped_line.line.id,
            ),
            "match",
        )
    return drop_empty(
        AccountRef=builder.line_reference(mapped_line, "account"),
        ClassRef=builder.line_class(mapped_line),
        Entity=build_party_reference(mapped_line.refs, ("customer", "vendor")),
        PaymentMethodRef=builder.line_reference(mapped_line, "payment_method"),
    )
