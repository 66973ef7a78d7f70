"""Money put into an account: payments that were received, other money, and fees that were kept back."""

from typing import Any

from hub.contract.documents import Kind
from hub.mapping.mapped import MappedLine
from hub.mapping.split import amount
from hub.qbo.entities import ENTITY
from hub.qbo.payloads import pricing
from hub.qbo.payloads.builder import PayloadBuilder, clean, day, required, without_empty

DETAIL = "DepositLineDetail"
HOLDS: tuple[Kind, ...] = ("payment", "refund")


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The deposit as QuickBooks takes it; it has no number of its own, so the note says it."""
    document = builder.document
    builder.without(number=document.number, message=document.message)
    builder.remarks += [
        mapped.line.description or ""
        for mapped in builder.mapped.lines
        if amount(mapped.line) is None
    ]
    worths = ((mapped, amount(mapped.line)) for mapped in builder.mapped.lines)
    made = without_empty(
        DepositToAccountRef=required(
            "deposit_account", builder.mapped.header.get("deposit_account"), builder
        ),
        DepartmentRef=builder.location(),
        TxnDate=day(document.date),
        CurrencyRef=builder.currency_ref(),
        Line=[
            _line(builder, mapped, builder.cents(worth))
            for mapped, worth in worths
            if worth is not None
        ],
    )
    return made | {"PrivateNote": builder.note()}


def _line(builder: PayloadBuilder, mapped: MappedLine, worth: Any) -> dict[str, Any]:
    link, said = mapped.applied, clean(mapped.line.description or "")[: pricing.LONGEST_DESCRIPTION]
    made = {"DetailType": DETAIL, "Amount": worth} | without_empty(Description=said)
    if link is None:
        return made | {DETAIL: _other(builder, mapped)}
    if link.kind not in HOLDS:
        builder.problems.append(
            f"Line {mapped.line.id} has to hold a payment or a refund. Correct it at the source."
        )
    detail = without_empty(PaymentMethodRef=builder.on_line(mapped, "payment_method"))
    return made | {
        "LinkedTxn": [{"TxnId": link.id, "TxnType": ENTITY[link.kind], "TxnLineId": "0"}],
        DETAIL: detail,
    }


def _other(builder: PayloadBuilder, mapped: MappedLine) -> dict[str, Any]:
    """Money from elsewhere, or a fee where it is less than nothing."""
    if "account" not in mapped.refs:
        builder.problems.append(
            f"Line {mapped.line.id} has neither a payment nor an account. Complete it at the source, or match its code."
        )
    return without_empty(
        AccountRef=builder.on_line(mapped, "account"),
        ClassRef=builder.line_class(mapped),
        Entity=_from(mapped),
        PaymentMethodRef=builder.on_line(mapped, "payment_method"),
    )


def _from(mapped: MappedLine) -> dict[str, str] | None:
    for role, entity in (("customer", "Customer"), ("vendor", "Vendor")):
        if ref := mapped.refs.get(role):  # type: ignore[call-overload]
            return {"value": ref.id, "type": entity}
    return None
