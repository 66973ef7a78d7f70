"""What is paid to a supplier: on bills, with credits."""

from typing import Any

from hub.mapping.mapped import Ref
from hub.qbo.payloads import applied_lines
from hub.qbo.payloads.builder import Work, day, given, reference, required
from hub.qbo.payloads.expense import CARD, sort


def body(work: Work) -> dict[str, Any]:
    """The bill payment as QuickBooks takes it; bills that credits settle wholly need no account."""
    lines, applied = applied_lines.lines(work, ("bill", "vendor_credit"))
    paid = applied_lines.whole(work, applied)
    account = work.mapped.header.get("payment_account")
    if paid:
        required("payment_account", account, work)
    work.without(message=work.document.message)
    made = given(
        VendorRef=work.header("vendor"),
        APAccountRef=work.payable(),
        DepartmentRef=work.location(),
        TxnDate=day(work.document.date),
        DocNumber=work.number(),
        CurrencyRef=work.currency_ref(),
        TotalAmt=paid,
        Line=lines,
    )
    return made | _paid_by(sort(work), account) | {"PrivateNote": work.note()}


def _paid_by(kind: str, account: Ref | None) -> dict[str, Any]:
    if kind == CARD:
        return {"PayType": CARD, "CreditCardPayment": given(CCAccountRef=reference(account))}
    check = {"PrintStatus": "NotSet"} | given(BankAccountRef=reference(account))
    return {"PayType": "Check", "CheckPayment": check}
