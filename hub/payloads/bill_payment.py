"""A payment to a supplier: on bills, with credits."""

from typing import Any

from hub.mapping.mapped import Ref
from hub.payloads import applied_lines
from hub.payloads.builder import (
    PayloadBuilder,
    as_reference,
    drop_empty,
    format_date,
    require_reference,
)
from hub.payloads.expense import CARD, choose_payment_type
from hub.payloads.shared_fields import put_texts_into_memo


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of a bill payment; bills that are settled by credits need no account."""
    lines, applied_total = applied_lines.build_lines(builder, ("bill", "vendor_credit"))
    paid_total = applied_lines.compute_total_paid(builder, applied_total)
    account = builder.mapped.header.get("payment_account")
    if paid_total:
        require_reference("payment_account", account, builder)
    put_texts_into_memo(builder)
    fields = drop_empty(
        VendorRef=builder.header_reference("vendor"),
        APAccountRef=builder.payable_account(),
        DepartmentRef=builder.location(),
        TxnDate=format_date(builder.document.date),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        TotalAmt=paid_total,
        Line=lines,
    )
    return fields | _build_payment_account(choose_payment_type(builder), account)


def _build_payment_account(type: str, account: Ref | None) -> dict[str, Any]:
    """Return the account of a card, or else of a check."""
    if type == CARD:
        return {
            "PayType": CARD,
            "CreditCardPayment": drop_empty(CCAccountRef=as_reference(account)),
        }
    check = {"PrintStatus": "NotSet"} | drop_empty(BankAccountRef=as_reference(account))
    return {"PayType": "Check", "CheckPayment": check}
