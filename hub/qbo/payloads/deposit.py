"""Money put into an account: payments that were received, other money, and fees that were kept back."""

from typing import Any

from hub.contract.documents import Kind
from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.qbo.entities import ENTITY
from hub.qbo.payloads import pricing
from hub.qbo.payloads.builder import Work, clean, day, given, required

DETAIL = "DepositLineDetail"
HOLDS: tuple[Kind, ...] = ("payment", "refund")


def body(work: Work) -> dict[str, Any]:
    """The deposit as QuickBooks takes it; it has no number of its own, so the note says it."""
    document = work.document
    work.without(number=document.number, message=document.message)
    work.remarks += [
        mapped.line.description or "" for mapped in work.mapped.lines if amount(mapped.line) is None
    ]
    worths = ((mapped, amount(mapped.line)) for mapped in work.mapped.lines)
    made = given(
        DepositToAccountRef=required(
            "deposit_account", work.mapped.header.get("deposit_account"), work
        ),
        DepartmentRef=work.location(),
        TxnDate=day(document.date),
        CurrencyRef=work.currency_ref(),
        Line=[
            _line(work, mapped, work.cents(worth)) for mapped, worth in worths if worth is not None
        ],
    )
    return made | {"PrivateNote": work.note()}


def _line(work: Work, mapped: MappedLine, worth: Any) -> dict[str, Any]:
    link, said = mapped.applied, clean(mapped.line.description or "")[: pricing.LONGEST_DESCRIPTION]
    made = {"DetailType": DETAIL, "Amount": worth} | given(Description=said)
    if link is None:
        return made | {DETAIL: _other(work, mapped)}
    if link.kind not in HOLDS:
        work.problems.append(
            f"Line {mapped.line.id} has to hold a payment or a refund. Correct it at the source."
        )
    detail = given(PaymentMethodRef=work.on_line(mapped, "payment_method"))
    return made | {
        "LinkedTxn": [{"TxnId": link.id, "TxnType": ENTITY[link.kind], "TxnLineId": "0"}],
        DETAIL: detail,
    }


def _other(work: Work, mapped: MappedLine) -> dict[str, Any]:
    """Money from elsewhere, or a fee where it is less than nothing."""
    if "account" not in mapped.refs:
        work.problems.append(
            f"Line {mapped.line.id} has neither a payment nor an account. Complete it at the source, or match its code."
        )
    return given(
        AccountRef=work.on_line(mapped, "account"),
        ClassRef=work.line_class(mapped),
        Entity=_from(mapped),
        PaymentMethodRef=work.on_line(mapped, "payment_method"),
    )


def _from(mapped: MappedLine) -> dict[str, str] | None:
    for role, entity in (("customer", "Customer"), ("vendor", "Vendor")):
        if ref := mapped.refs.get(role):  # type: ignore[call-overload]
            return {"value": ref.id, "type": entity}
    return None
