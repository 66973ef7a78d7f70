"""Choose the documents that a run reads again from the source, and limit how many.

Requested documents are always read: a webhook or a retry named them, the settings changed, or a
code that holds them was matched. Other documents are read again because they wait for a change at
the source that its list may not show. They share a budget, longest unread first, so that they never
crowd out new ones.
"""

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, func, or_, select, text, union, update

from hub import outbox
from hub.cases.causes import build_match_column
from hub.collect.read import is_at_source
from hub.collect.settings_check import build_match_conditions
from hub.collect.setup import Setup
from hub.context import current_hub
from hub.db import engine
from hub.http.client import AppHttp
from hub.models import Case, Installation, Match, Posting, SourceDocument, case_posting
from hub.models.enums import Holder, Operation, PostingState
from hub.models.postings import NOT_AT_SOURCE, REREAD_DOCUMENTS

# The holders of postings that a new reading of the document may release.
RELEASED_BY_READING = (Holder.SOURCE, Holder.MAPPING, Holder.PREFLIGHT)
GONE_LOOKUP_PERIOD = dt.timedelta(days=30)  # how long a document that is gone is still looked for
MIN_CALLS = 50  # calls that a run may always spend on waiting documents
CALLS_PER_REREAD_CALL = 4  # beyond that, one call in four may read waiting documents

# An approval or a retry changes a posting, but not the matches by which it was planned.
PLANNED_AT = func.coalesce(Posting.planned_at, Posting.changed_at)
_last_read = func.coalesce(SourceDocument.read_at, SourceDocument.seen_at)


def is_outdated_by(is_older: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the plan of a posting may be older than a match.

    `is_older` compares their times. A plan in the future was made before the clock was set back, so
    it may be older as well.
    """
    return or_(is_older, current_hub().clock.now() < PLANNED_AT)


class RereadBudget:
    """The limits of one run for waiting documents: a number of ids and a share of its calls."""

    def __init__(self, setup: Setup) -> None:
        self._http = cast(AppHttp, setup.site.http)
        self._calls_before = self._http.calls
        self._max_ids = current_hub().config.reread_ids
        self._ids = 0

    @property
    def ids_left(self) -> int:
        """Return how many more documents may be read."""
        return self._max_ids - self._ids

    def spend(self, ids: int) -> None:
        """Count documents that were asked for."""
        self._ids += ids

    def is_spent(self) -> bool:
        """Return whether no more documents may be read in this run."""
        if self.ids_left <= 0:
            return True
        calls = self._http.calls - self._calls_before
        return calls >= MIN_CALLS and calls * CALLS_PER_REREAD_CALL >= self._http.calls


def find_requested_ids(setup: Setup) -> list[str]:
    """Return the ids of documents that must be read before they continue, longest unread first."""
    flagged_documents = _select_documents(setup.installation).where(
        text(REREAD_DOCUMENTS), SourceDocument.reread
    )
    queries = [flagged_documents]
    if setup.matched_at:
        queries.append(_select_matched(setup.installation))
    return _load_source_ids(setup, queries)


def find_matched_ids(setup: Setup) -> list[str]:
    """Return the ids of documents held by a code that was matched since they were planned."""
    if not setup.matched_at:
        return []
    return _load_source_ids(setup, [_select_matched(setup.installation)])


def has_released(installation: Installation) -> bool:
    """Return whether a match releases documents of this app that were not read since.

    A document that was read and is still held does not count again. Otherwise two apps that share
    matches would start each other's runs for ever.
    """
    released_documents = _select_matched(installation).where(_last_read <= Match.at)
    with engine.read_only_session() as session:
        return any(is_at_source(row.source_id) for row in session.execute(released_documents))


def find_waiting_ids(setup: Setup) -> list[str]:
    """Return the ids of documents that may change at the source, longest unread first.

    They are pending, held unsent, unreadable, absent or gone, or need a record that cannot be
    created.
    """
    documents = _select_documents(setup.installation)
    is_present = SourceDocument.gone.is_(None)
    not_final = documents.where(text(REREAD_DOCUMENTS), ~SourceDocument.reread, is_present)
    held_documents = documents.join(Posting, Posting.document_id == SourceDocument.id).where(
        Posting.installation_id == setup.installation.id,
        Posting.operation != Operation.ATTACH,
        Posting.state.in_((PostingState.HELD, PostingState.WAITING)),
        Posting.held_by.in_(RELEASED_BY_READING),
        is_present,
    )
    is_absent = SourceDocument.absent_at.is_not(None) & is_present
    oldest = current_hub().clock.now() - GONE_LOOKUP_PERIOD
    not_at_source = documents.where(
        text(NOT_AT_SOURCE), or_(is_absent, SourceDocument.gone_at >= oldest)
    )
    queries = [not_final, held_documents, not_at_source]
    blocked_ids = _find_blocked_documents(setup.installation)
    if blocked_ids:
        queries.append(documents.where(SourceDocument.id.in_(blocked_ids), is_present))
    return _load_source_ids(setup, queries)


def mark_as_requested(setup: Setup, source_ids: Iterable[str]) -> None:
    """Note that documents were asked for, so that the next run reads others before them."""
    installation = setup.installation
    now = current_hub().clock.now()
    statement = (
        update(SourceDocument)
        .where(
            SourceDocument.company_id == installation.company_id,
            SourceDocument.slug == installation.slug,
            SourceDocument.tenant == (installation.tenant or ""),
            SourceDocument.source_id.in_(list(source_ids)),
        )
        .values(read_at=now)
    )
    with engine.transaction() as session:
        session.execute(statement)


def _select_documents(installation: Installation) -> Select[Any]:
    """Select the documents of an app's present account.

    Records created for codes are left out: they have no source id.
    """
    columns: Any = (SourceDocument.id, SourceDocument.source_id, _last_read)
    return select(*columns).where(
        SourceDocument.installation_id == installation.id,
        SourceDocument.tenant == (installation.tenant or ""),
        SourceDocument.made_for == "",
    )


def _find_blocked_documents(installation: Installation) -> list[int]:
    """Return the documents that need a record whose creation is held, longest unread first.

    Its name may be corrected at the source, which changes the record and not the document. There
    are no more of them than one run reads.
    """
    held_creations = (
        select(Posting.id)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.installation_id == installation.id,
            Posting.state == PostingState.HELD,
            Posting.held_by.in_(RELEASED_BY_READING),
            SourceDocument.made_for != "",
        )
    )
    waiting = (
        select(SourceDocument.id, Posting.payload)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .where(
            Posting.installation_id == installation.id,
            Posting.state.in_(outbox.UNSENT),
            Posting.after_id.is_not(None),
            SourceDocument.made_for == "",
        )
        .order_by(_last_read, SourceDocument.id)
    )
    with engine.read_only_session() as session:
        held_ids = set(session.scalars(held_creations))
        if not held_ids:
            return []
        rows = session.execute(waiting)
        blocked_ids = (id for id, payload in rows if outbox.find_awaited_ids(payload) & held_ids)
        return list(itertools.islice(blocked_ids, current_hub().config.reread_ids))


def _select_matched(installation: Installation) -> Select[Any]:
    """Select documents held by a code that was matched since they were last planned."""
    cause = build_match_column(installation.id, Match.field, Match.code)
    return (
        _select_documents(installation)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .join(Match, Case.cause == cause)
        .where(Case.installation_id == installation.id, Case.closed_at.is_(None))
        .where(*build_match_conditions(installation), is_outdated_by(Match.at >= PLANNED_AT))
        .where(Posting.state == PostingState.HELD, SourceDocument.gone.is_(None))
    )


def _load_source_ids(setup: Setup, queries: Iterable[Select[Any]]) -> list[str]:
    """Return the ids that the queries select, longest unread first, without those read already."""
    with engine.read_only_session() as session:
        rows = session.execute(union(*queries)).all()
    source_ids = []
    for _, source_id, _ in sorted(rows, key=lambda row: (row[2], row[0])):
        if source_id not in setup.read_ids and is_at_source(source_id):
            source_ids.append(source_id)
    return source_ids
