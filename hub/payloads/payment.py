"""A payment of a customer: on invoices, with credits, or on account."""

from typing import Any

from hub.payloads import applied_lines
from hub.payloads.builder import PayloadBuilder, drop_empty, format_date
from hub.payloads.shared_fields import put_texts_into_memo


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a payment; an amount that settles no invoice becomes a credit."""
    lines, applied_total = applied_lines.build_lines(builder, ("invoice", "credit_memo"))
    put_texts_into_memo(builder)
    return drop_empty(
        CustomerRef=builder.header_reference("customer"),
        TxnDate=format_date(builder.document.date),
        PaymentRefNum=builder.number(),
        PaymentMethodRef=builder.header_reference("payment_method"),
        DepositToAccountRef=builder.header_reference("deposit_account"),
        CurrencyRef=builder.currency_ref(),
        TotalAmt=applied_lines.compute_total_paid(builder, applied_total),
        Line=lines,
    )
