"""One short text for all that counts in a transaction, so that a later sight tells whether any of it was changed."""

import hashlib
import json
import logging
from decimal import Decimal
from typing import Any

from hub.qbo.entities import DOCUMENTS
from hub.qbo.payloads.summary import meaning

log = logging.getLogger("hub")
_SORTED = json.JSONEncoder(sort_keys=True)


def content(kind: str, entity: dict[str, Any], meant: dict[str, Any] | None = None) -> str:
    """The digest of what a transaction means, without its note; "" where there is nothing to compare.

    `meant` is its meaning, where that was read already.
    """
    if kind not in DOCUMENTS or not entity.get("Line"):
        return ""
    try:
        meant = meant or meaning(kind, entity)
        lines = [line | {"amount": _even(line["amount"])} for line in meant["lines"]]
        plain = {
            "note": "",
            "lines": lines,
            **{name: _even(meant[name]) for name in ("total", "tax")},
        }
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("%s %s cannot be read", kind, entity.get("Id"))
        return ""
    return hashlib.sha256(_SORTED.encode(meant | plain).encode()).hexdigest()[:32]


def _even(amount: str | None) -> str | None:
    """An amount written in one way: 10.10 is 10.1."""
    return None if amount is None else str(Decimal(amount).normalize())
