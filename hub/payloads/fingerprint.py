"""Compute a digest of the compared fields of a transaction, to recognize later changes."""

import hashlib
import json
import logging
from decimal import Decimal
from typing import Any

from hub.models.transaction_summary import TransactionSummary
from hub.payloads.entities import DOCUMENT_ENTITIES
from hub.payloads.summary import UNREADABLE, UNREADABLE_ERRORS, summarize

log = logging.getLogger("hub")
_SORTED_ENCODER = json.JSONEncoder(sort_keys=True)


def compute_content_digest(
    kind: str, entity: dict[str, Any], summary: TransactionSummary | None = None
) -> str:
    """Return the digest of a transaction without its memo; "" if there is nothing to compare.

    `summary` is the summary of the entity, if the caller has it already.
    """
    if kind not in DOCUMENT_ENTITIES or not entity.get("Line") or summary is UNREADABLE:
        return ""
    try:
        facts = (summary or summarize(kind, entity)).dump()
        for name in ("total", "tax"):
            facts[name] = _shorten_amounts(facts[name])
        for line in facts["lines"]:
            line["amount"] = _shorten_amounts(line["amount"])
    except UNREADABLE_ERRORS:
        log.exception("%s %s cannot be read", kind, entity.get("Id"))
        return ""
    facts["note"] = ""
    text = _SORTED_ENCODER.encode(facts)
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()[:32]


def _shorten_amounts(amount: str | None) -> str | None:
    """Write equal amounts alike: 10.10 becomes 10.1."""
    if amount is None:
        return None
    return str(Decimal(amount).normalize())
