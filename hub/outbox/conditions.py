"""Conditions under which a posting may be sent, for the statements that select postings."""

import datetime as dt
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_
from sqlalchemy.orm import aliased

from hub.cases.other_account import has_other_account
from hub.models import Attempt, Installation, Posting, SourceDocument
from hub.models.enums import UNPROCESSED_OUTCOMES, WRITE_OPERATIONS, Operation, PostingState
from hub.outbox.plan_values import RemovalSummary
from hub.outbox.states import IN_FLIGHT, REMOVALS

MAX_PAUSE = dt.timedelta(hours=1)
_other = aliased(Posting)  # built once: building an alias takes longer than most statements
_earlier = aliased(Posting)
_installation = aliased(Installation)
_is_outdated = exists().where(
    SourceDocument.id == Posting.document_id,
    SourceDocument.made_for == "",  # a record for a code is no document of the source
    or_(SourceDocument.reread, SourceDocument.absent_at.is_not(None)),
)
_removed_by = Posting.stored_summary["removed_by"].as_string()  # as `RemovalSummary` stores it
_is_removal_by_person = and_(Posting.operation.in_(REMOVALS), _removed_by.is_not(None))
# QuickBooks may have processed a send of the posting.
MAY_HAVE_BEEN_PROCESSED = exists().where(
    Attempt.posting_id == Posting.id, Attempt.outcome.not_in(UNPROCESSED_OUTCOMES)
)
# The posting may be sent without reading its document again. A document that is marked for
# rereading, or that was missing when its source was last read, has to be read again before its
# first send. Exceptions are postings that QuickBooks may have processed, whose result is looked up;
# files, whose parent is posted already; and removals requested by a person.
IS_CURRENT = or_(
    ~_is_outdated,
    Posting.operation == Operation.ATTACH,
    _is_removal_by_person,
    MAY_HAVE_BEEN_PROCESSED,
)
# Its app is enabled and not paused: a person may have changed that since the run began.
IS_OF_ACTIVE_APP = exists().where(
    _installation.id == Posting.installation_id, _installation.is_active
)
# The source may be asked for what the posting sends: a file is fetched from the account of its app.
IS_FETCHABLE = or_(
    Posting.operation != Operation.ATTACH, ~has_other_account(Posting.installation_id)
)
# A posting refers to another one. Even if that is posted already, it waits until
# `hub.posting.releases` has filled in its id.
NAMES_ANOTHER = Posting.after_id.is_not(None)
# The state of a posting after a person's approval; `get_approved_state` is the same for an object.
APPROVED_STATE = case((NAMES_ANOTHER, PostingState.WAITING), else_=PostingState.READY)
# A posting of the same document is in flight, perhaps this one.
IS_DOCUMENT_IN_FLIGHT = exists().where(
    _other.document_id == Posting.document_id, _other.state.in_(IN_FLIGHT)
)
# The posting was in the books at some time. An update has the id of its transaction before it is
# posted, but gets the SyncToken only then.
WAS_POSTED = or_(
    and_(Posting.operation == Operation.CREATE, Posting.quickbooks_id.is_not(None)),
    and_(Posting.operation == Operation.UPDATE, Posting.sync_token.is_not(None)),
)
_has_earlier_write = exists().where(
    _earlier.document_id == Posting.document_id,
    _earlier.part == Posting.part,
    _earlier.operation.in_(WRITE_OPERATIONS),
    _earlier.state == PostingState.POSTED,
    _earlier.id < Posting.id,
)
# The posting is the first one of a part in the books: a creation, or the first update of a
# transaction that QuickBooks had before.
IS_FIRST_WRITE = or_(
    Posting.operation == Operation.CREATE,
    and_(Posting.operation == Operation.UPDATE, ~_has_earlier_write),
)


def is_due(now: Any, latest: Any = None) -> ColumnElement[bool]:
    """Return the condition that the next try of a posting is due, or not postponed.

    A time later than `latest`, by default `MAX_PAUSE` from now, was stored before the clock was set
    back, so the posting is due as well.
    """
    if latest is None:
        latest = now + MAX_PAUSE
    next_try_at = Posting.next_try_at
    return or_(next_try_at.is_(None), next_try_at <= now, next_try_at > latest)


def get_approved_state(posting: Posting) -> PostingState:
    """Return the state of a posting after a person's approval."""
    if posting.after_id:
        return PostingState.WAITING
    return PostingState.READY


def was_posted(posting: Posting) -> bool:
    """Return whether a posting was in the books at some time, like `WAS_POSTED`."""
    if posting.operation == Operation.CREATE:
        return posting.quickbooks_id is not None
    return posting.operation == Operation.UPDATE and posting.sync_token is not None


def is_removal_by_person(posting: Posting) -> bool:
    """Return whether a person requested this removal; plans of the source do not replace it."""
    if posting.operation not in REMOVALS:
        return False
    return get_remover(posting) != ""


def get_remover(posting: Posting) -> str:
    """Return the person who requested a removal; "" if the source of the document did."""
    return RemovalSummary.load(posting.stored_summary).removed_by
