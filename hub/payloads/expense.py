"""Expenses, paid at once in cash, by check or by card; card refunds are credits."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.errors import Sentence
from hub.mapping.mapped import MappedDocument, MappedLine
from hub.mapping.split import get_amount
from hub.money import ZERO, sum_amounts
from hub.payloads import line_tax, purchase_lines
from hub.payloads.builder import (
    PayloadBuilder,
    build_party_reference,
    drop_empty,
    format_date,
    require_reference,
)
from hub.payloads.shared_fields import put_texts_into_memo

CASH = "Cash"
CARD = "CreditCard"
PAYMENT_TYPES = {
    "cash": CASH,
    "check": "Check",
    "creditcard": CARD,
    "credit": CARD,
    "card": CARD,
}
CARD_ACCOUNT_TYPE = "Credit Card"
WORD_SEPARATORS = str.maketrans("", "", "_- ")
NEGATIVE_EXPENSE = Sentence(
    "Its total is negative; QuickBooks accepts that only on credit cards. Make it a"
    " deposit at the source."
)


def build_body(builder: PayloadBuilder) -> dict[str, Any]:
    """Return the body of an expense; it may have no payee."""
    paid_by = choose_payment_type(builder)
    is_credit = _compute_total(builder.mapped) < 0
    if is_credit and paid_by != CARD:
        builder.problems.append(NEGATIVE_EXPENSE)
    elif is_credit:
        builder.mapped = _negate(builder.mapped)
    pairs = purchase_lines.build_lines(builder)
    put_texts_into_memo(builder)
    account = builder.mapped.header.get("payment_account")
    fields = drop_empty(
        PaymentType=paid_by,
        AccountRef=require_reference("payment_account", account, builder),
        EntityRef=build_party_reference(builder.mapped.header, ("vendor", "customer")),
        Credit=is_credit or None,
        PaymentMethodRef=builder.header_reference("payment_method"),
        DepartmentRef=builder.location(),
        TxnDate=format_date(builder.document.date),
        DocNumber=builder.number(),
        CurrencyRef=builder.currency_ref(),
        Line=[line for _, line in pairs],
    )
    return fields | line_tax.build_tax_detail(builder, pairs)


def choose_payment_type(builder: PayloadBuilder) -> str:
    """Return the payment type that a document states, or else that of its account."""
    account = builder.mapped.header.get("payment_account")
    is_card_account = account is not None and account.type == CARD_ACCOUNT_TYPE
    stated_type = builder.document.payment_type
    word = (stated_type or "").casefold().translate(WORD_SEPARATORS)
    if not word:
        return CARD if is_card_account else CASH
    if word not in PAYMENT_TYPES:
        builder.problems.append(
            Sentence(
                "It is paid by %(stated)s; QuickBooks knows cash, check and credit card.",
                stated=stated_type,
            )
        )
    type = PAYMENT_TYPES.get(word, CASH)
    if account and account.type and is_card_account != (type == CARD):
        builder.report(
            Sentence(
                "It is paid by %(stated)s, but %(account)s is an account of type %(type)s."
                " Choose another account, or correct how it was paid at the source.",
                stated=stated_type,
                account=account.name,
                type=account.type,
            ),
            "settings",
        )
    return type


def _compute_total(mapped_document: MappedDocument) -> Decimal:
    """Return the total that the document states, else the sum of its lines."""
    document = mapped_document.document
    if document.total is not None:
        return document.total
    return sum_amounts(get_amount(line) for line in document.lines)


def _negate(mapped_document: MappedDocument) -> MappedDocument:
    """Return a copy in which every amount has the opposite sign."""
    lines = tuple(_negate_line(line) for line in mapped_document.lines)
    document = replace(
        mapped_document.document,
        lines=tuple(line.line for line in lines),
        total=_negate_amount(mapped_document.document.total),
        tax_total=_negate_amount(mapped_document.document.tax_total),
    )
    return replace(mapped_document, document=document, lines=lines)


def _negate_line(mapped_line: MappedLine) -> MappedLine:
    """Return a copy of a line with the opposite amount, price and tax."""
    line = mapped_line.line
    negated_line = replace(
        line,
        amount=_negate_amount(line.amount),
        unit_price=_negate_amount(line.unit_price),
        tax=_negate_amount(line.tax),
    )
    return replace(mapped_line, line=negated_line)


def _negate_amount(amount: Decimal | None) -> Decimal | None:
    """Return the opposite of an amount; that of zero is zero, never -0."""
    if amount is None:
        return None
    return ZERO - amount
