"""Conditions under which a posting may be sent, for the statements that select postings."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from hub.models import Attempt, Posting, SourceDocument
from hub.outbox.planning import HARMLESS, IN_FLIGHT, REMOVALS, REMOVED_BY

LONGEST_PAUSE = dt.timedelta(hours=1)
_other = aliased(Posting)  # made once: making an alias takes longer than most statements
_stale = exists().where(
    SourceDocument.id == Posting.document_id,
    SourceDocument.made_for == "",  # the source knows no document for what is made for a code
    or_(SourceDocument.reread, SourceDocument.absent_at.is_not(None)),
)
_persons_removal = and_(
    Posting.operation.in_(REMOVALS), Posting.meaning[REMOVED_BY].as_string().is_not(None)
)
# A document that is marked for rereading, or that its source last did not have, is read again
# before its first send. A posting that was sent goes on: QuickBooks is asked for its result. A file
# follows its parent, which is there. A removal
# that a person wants does not depend on what the source says.
IS_CURRENT = or_(
    ~_stale,
    Posting.operation == "attach",
    _persons_removal,
    exists().where(Attempt.posting_id == Posting.id, Attempt.outcome.not_in(HARMLESS)),
)
BUSY = exists().where(_other.document_id == Posting.document_id, _other.state.in_(IN_FLIGHT))


def is_due(now: Any, furthest: Any = None) -> ColumnElement[bool]:
    """Return the condition that no time to wait for is left.

    A time further off than the longest pause was set before the clock was set back, so it is due.
    """
    at = Posting.next_try_at
    return or_(
        at.is_(None), at <= now, at > (now + LONGEST_PAUSE if furthest is None else furthest)
    )


def waits_for_unposted() -> ColumnElement[bool]:
    """Return the condition that a posting waits for another that is not posted yet."""
    posted = exists().where(_other.id == Posting.after_id, _other.state == "posted")
    return Posting.after_id.is_not(None) & ~posted
