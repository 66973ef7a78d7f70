"""Treat a document as gone only after its source did not have it in two readings."""

import datetime as dt

from hub.contract.value_object import value_object
from hub.models import SourceDocument

PROOF_INTERVAL = dt.timedelta(hours=1)


@value_object
class Absent:
    """The response of the source that it does not have a document.

    `is_evidence` is true if the connection was checked and the list was read completely in the same
    run. This rules out a source that answers 404 to every request, and a different server at its
    address.
    """

    source_id: str
    reason: str | None = None
    is_evidence: bool = False


def record(row: SourceDocument, now: dt.datetime, *, is_evidence: bool) -> bool:
    """Record that the source did not have a document; return whether that proves its absence.

    It does if this response is evidence, and so was an earlier one at least an hour ago.
    """
    row.absent_at = now
    if not is_evidence:
        return False
    if row.absent_since is None or row.absent_since > now:
        row.absent_since = now
        return False
    return now - row.absent_since >= PROOF_INTERVAL


def forget(row: SourceDocument) -> None:
    """Forget earlier absences, because the source has the document."""
    row.absent_at = row.absent_since = None
