"""What is paid at once: in cash, by check, or by card; money that comes back on a card is a credit."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.mapping.mapped import Mapped, MappedLine
from hub.mapping.split import amount
from hub.money import ZERO, total
from hub.qbo.payloads import line_tax, purchase_lines
from hub.qbo.payloads.builder import PayloadBuilder, day, required, without_empty

CARD = "CreditCard"
TYPES = {"cash": "Cash", "check": "Check", "creditcard": CARD, "credit": CARD, "card": CARD}
CARD_ACCOUNT = "Credit Card"


def body(builder: PayloadBuilder) -> dict[str, Any]:
    """The purchase as QuickBooks takes it; who was paid may be missing."""
    how = sort(builder)
    credit = _sum(builder.mapped) < 0
    if credit and how != CARD:
        builder.problems.append(
            "Its total is negative, which QuickBooks takes on credit cards only. Make it a deposit at the source."
        )
    elif credit:
        builder.mapped = _turned(builder.mapped)
    pairs = purchase_lines.lines(builder)
    made = without_empty(
        PaymentType=how,
        AccountRef=required(
            "payment_account", builder.mapped.header.get("payment_account"), builder
        ),
        EntityRef=_payee(builder),
        Credit=credit or None,
        PaymentMethodRef=builder.header("payment_method"),
        DepartmentRef=builder.location(),
        TxnDate=day(builder.document.date),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        Line=[line for _, line in pairs],
    )
    return made | line_tax.detail(builder, pairs) | {"PrivateNote": builder.note()}


def sort(builder: PayloadBuilder) -> str:
    """How it was paid; what the document leaves open, the account says."""
    account = builder.mapped.header.get("payment_account")
    on_card = account is not None and account.type == CARD_ACCOUNT
    said = (
        (builder.document.payment_type or "")
        .casefold()
        .replace("_", "")
        .replace(" ", "")
        .replace("-", "")
    )
    if not said:
        return CARD if on_card else TYPES["cash"]
    if said not in TYPES:
        paid = builder.document.payment_type
        builder.problems.append(
            f"It is paid by {paid}; QuickBooks knows cash, check and credit card."
        )
    found = TYPES.get(said, TYPES["cash"])
    if account and account.type and on_card != (found == CARD):
        builder.problems.append(
            f"It is paid by {builder.document.payment_type}, but {account.name} is an account of type {account.type}."
            " Choose another account, or correct how it was paid at the source."
        )
    return found


def _payee(builder: PayloadBuilder) -> dict[str, str] | None:
    for role, entity in (("vendor", "Vendor"), ("customer", "Customer")):
        if ref := builder.mapped.header.get(role):  # type: ignore[call-overload]
            return {"value": ref.id, "type": entity}
    return None


def _sum(mapped: Mapped) -> Decimal:
    said = mapped.document.total
    return total(amount(line) for line in mapped.document.lines) if said is None else said


def _turned(mapped: Mapped) -> Mapped:
    """The same with every amount the other way."""
    lines = tuple(_turned_line(line) for line in mapped.lines)
    without_empty, plain = mapped.document, tuple(line.line for line in lines)
    document = replace(
        without_empty,
        lines=plain,
        total=_minus(without_empty.total),
        tax_total=_minus(without_empty.tax_total),
    )
    return replace(mapped, document=document, lines=lines)


def _turned_line(mapped: MappedLine) -> MappedLine:
    line = mapped.line
    turned = replace(
        line, amount=_minus(line.amount), unit_price=_minus(line.unit_price), tax=_minus(line.tax)
    )
    return replace(mapped, line=turned)


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else ZERO - amount
