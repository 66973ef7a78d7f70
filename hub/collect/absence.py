"""Require two readings before a document counts as gone that its source did not have."""

import datetime as dt

from hub.contract.value_object import value_object
from hub.models import SourceDocument

PROOF_INTERVAL = dt.timedelta(hours=1)


@value_object
class Absent:
    """The source's answer that it does not have a document.

    `counts`: the connection was checked and the list was read to its end in the same run. A source
    that answers 404 to everything, or another server in its place, never gives such an answer.
    """

    source_id: str
    reason: str | None = None
    counts: bool = False


def is_proved(row: SourceDocument, now: dt.datetime, counts: bool) -> bool:
    """Note such an answer; return whether it is the second that counts, an hour after the first."""
    row.absent_at = now
    if not counts:
        return False
    if row.absent_since is None or row.absent_since > now:
        row.absent_since = now
        return False
    return now - row.absent_since >= PROOF_INTERVAL


def forget(row: SourceDocument) -> None:
    """Note that the source has the document."""
    row.absent_at = row.absent_since = None
