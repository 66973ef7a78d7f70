"""Transactions of QuickBooks as the API answers them, with names in place of ids."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from hub.qbo.display import TransactionView
from hub.web.api.resources import Amount


class FactSchema(Schema):
    """A fact of a transaction, such as its supplier or due date."""

    name = fields.String(required=True)
    text = fields.String(required=True)


class TransactionLineSchema(Schema):
    """A line of a transaction."""

    description = fields.String(required=True)
    posts_to = fields.String(required=True, metadata={"description": "account or item"})
    tags = fields.List(
        fields.Nested(FactSchema), required=True, metadata={"description": "such as its class"}
    )
    quantity = fields.Decimal(required=True, allow_none=True, as_string=True)
    price = fields.Decimal(required=True, allow_none=True, as_string=True)
    amount = Amount(required=True, allow_none=True)


class TransactionSchema(Schema):
    """A transaction or record of QuickBooks, with names in place of ids."""

    facts = fields.List(fields.Nested(FactSchema), required=True)
    lines = fields.List(fields.Nested(TransactionLineSchema), required=True)
    total = Amount(required=True, allow_none=True)
    tax = Amount(required=True, allow_none=True)
    currency = fields.String(required=True)


def describe_transaction(view: TransactionView | None) -> Mapping[str, Any] | None:
    """Return a transaction as the API answers it; None if there is none."""
    if view is None:
        return None
    lines = [
        {
            "description": line.description,
            "posts_to": line.posts_to,
            "tags": _describe_facts(line.tags),
            "quantity": line.quantity,
            "price": line.price,
            "amount": line.amount,
        }
        for line in view.lines
    ]
    return {
        "facts": _describe_facts(view.facts),
        "lines": lines,
        "total": view.total,
        "tax": view.tax,
        "currency": view.currency,
    }


def _describe_facts(facts: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return facts as the API answers them."""
    return [{"name": name, "text": text} for name, text in facts]
