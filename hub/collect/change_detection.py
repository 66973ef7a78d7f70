"""Detect whether a new reading of a document changes anything in QuickBooks."""

from typing import Any

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.models import SourceDocument
from hub.models.enums import PostingState

IMMATERIAL_FIELDS = ("version", "facts", "attachments", "quickbooks_id", "warnings")


def is_settled(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether a document is posted or skipped, with nothing open, and read as usual."""
    if row.reread or row.unreadable or row.gone is not None or row.stage == "pending":
        return False
    states = {posting.state for posting in batch.transaction_postings(row)}
    if not states & {PostingState.POSTED, PostingState.SKIPPED}:
        return False
    return states.isdisjoint(outbox.UNSENT + outbox.IN_FLIGHT)


def has_same_content(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether two stored documents differ at most in what QuickBooks does not hold."""
    return _material(before) == _material(after)


def _material(body: dict[str, Any]) -> dict[str, Any]:
    """Return a document without its version, facts, attachments and contact data."""
    material = _without(body, *IMMATERIAL_FIELDS)
    material["codes"] = _material_codes(body.get("codes", {}))
    material["lines"] = [_material_line(line) for line in body.get("lines", ())]
    return material


def _material_line(line: dict[str, Any]) -> dict[str, Any]:
    material = _without(line, "facts")
    material["codes"] = _material_codes(line.get("codes", {}))
    return material


def _material_codes(codes: dict[str, Any]) -> dict[str, Any]:
    return {
        field: _without(code, "create") if isinstance(code, dict) else code
        for field, code in codes.items()
    }


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}
