"""What a customer pays: on invoices, with credits, or on account."""

from typing import Any

from hub.qbo.payloads import applied_lines
from hub.qbo.payloads.builder import Work, day, given


def body(work: Work) -> dict[str, Any]:
    """The payment as QuickBooks takes it; what settles no invoice stays to the customer's credit."""
    lines, applied = applied_lines.lines(work, ("invoice", "credit_memo"))
    work.without(message=work.document.message)
    made = given(
        CustomerRef=work.header("customer"),
        TxnDate=day(work.document.date),
        PaymentRefNum=work.number(),
        PaymentMethodRef=work.header("payment_method"),
        DepositToAccountRef=work.header("deposit_account"),
        CurrencyRef=work.currency_ref(),
        TotalAmt=applied_lines.whole(work, applied),
        Line=lines,
    )
    return made | {"PrivateNote": work.note()}
