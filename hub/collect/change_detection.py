"""Detect whether a new reading of a document changes anything in QuickBooks."""

from typing import Any

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.contract.states import Stage
from hub.models import SourceDocument
from hub.models.enums import PostingState

IMMATERIAL_FIELDS = ("version", "facts", "attachments", "quickbooks_id", "warnings", "url")


def is_settled(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether a document is ready at its source, and posted or skipped with nothing open."""
    if not _is_read_as_usual(row):
        return False
    states = {posting.state for posting in batch.transaction_postings(row)}
    is_ended = PostingState.POSTED in states or PostingState.SKIPPED in states
    is_open = not states.isdisjoint(outbox.UNFINISHED)
    return is_ended and not is_open


def _is_read_as_usual(row: SourceDocument) -> bool:
    """Return whether a document is present at its source, readable and ready."""
    if row.reread or row.unreadable:
        return False
    return row.gone is None and row.stage != Stage.PENDING


def has_same_content(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether two stored documents differ at most in fields that are not posted."""
    material_before = _without_immaterial_fields(before)
    material_after = _without_immaterial_fields(after)
    return material_before == material_after


def _without_immaterial_fields(body: dict[str, Any]) -> dict[str, Any]:
    """Return a document without its version, facts, attachments, address and contact data."""
    material = _copy_without(body, *IMMATERIAL_FIELDS)
    codes = body.get("codes", {})
    lines = body.get("lines", ())
    material["codes"] = _build_material_codes(codes)
    material["lines"] = [_build_material_line(line) for line in lines]
    return material


def _build_material_line(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line without its facts and contact data."""
    codes = line.get("codes", {})
    material = _copy_without(line, "facts")
    material["codes"] = _build_material_codes(codes)
    return material


def _build_material_codes(codes: dict[str, Any]) -> dict[str, Any]:
    """Return codes without what would be created for them.

    A code is a dict, or its plain id.
    """
    material: dict[str, Any] = {}
    for field, code in codes.items():
        if isinstance(code, dict):
            code = _copy_without(code, "create")
        material[field] = code
    return material


def _copy_without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a copy without the values of these names."""
    others = dict(values)
    for name in names:
        others.pop(name, None)
    return others
