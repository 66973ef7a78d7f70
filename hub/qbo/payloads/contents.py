"""One short text for all that counts in a transaction, so that a later sight tells whether any of it was changed."""

import hashlib
import json
import logging
from decimal import Decimal
from typing import Any

from hub.qbo.entities import DOCUMENTS
from hub.qbo.payloads.meanings import meaning

AMOUNTS = ("total", "tax", "amount")
log = logging.getLogger("hub")


def content(kind: str, entity: dict[str, Any]) -> str:
    """The digest of what a transaction means, without its note; "" where there is nothing to compare."""
    if kind not in DOCUMENTS or not entity.get("Line"):
        return ""
    try:
        meant = _even(meaning(kind, entity) | {"note": ""})
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.exception("%s %s cannot be read", kind, entity.get("Id"))
        return ""
    return hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()[:32]


def _even(meant: Any) -> Any:
    """The same with each amount written in one way: 10.10 is 10.1."""
    if isinstance(meant, list):
        return [_even(one) for one in meant]
    if not isinstance(meant, dict):
        return meant
    return {
        name: str(Decimal(value).normalize()) if _is_amount(name, value) else _even(value)
        for name, value in meant.items()
    }


def _is_amount(name: str, value: Any) -> bool:
    return name in AMOUNTS and isinstance(value, str)
