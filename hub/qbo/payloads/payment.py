"""What a customer pays: on invoices, with credits, or on account."""

from typing import Any

from hub.qbo.payloads import applied_lines
from hub.qbo.payloads.builder import PayloadBuilder, day, without_empty


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The payment as QuickBooks takes it; what settles no invoice stays to the customer's credit."""
    lines, applied = applied_lines.lines(builder, ("invoice", "credit_memo"))
    builder.without(message=builder.document.message)
    made = without_empty(
        CustomerRef=builder.header("customer"),
        TxnDate=day(builder.document.date),
        PaymentRefNum=builder.number(),
        PaymentMethodRef=builder.header("payment_method"),
        DepositToAccountRef=builder.header("deposit_account"),
        CurrencyRef=builder.currency_ref(),
        TotalAmt=applied_lines.whole(builder, applied),
        Line=lines,
    )
    return made | {"PrivateNote": builder.note()}
