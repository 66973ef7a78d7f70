"""Plan unsent documents again, as they were last read, after matches have changed."""

import logging
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, update
from sqlalchemy.orm import aliased

from hub.collect.batch import DOCUMENTS_PER_BATCH, CollectBatch
from hub.collect.intake import replan_stored
from hub.collect.reread import PLANNED_AT, RELEASED_BY_READING, is_outdated_by
from hub.collect.settings_check import build_match_conditions
from hub.collect.setup import Setup, load_last_match_time, load_setup_to_plan
from hub.db import engine
from hub.errors import NeedsAttention, Retry
from hub.mapping import NEW
from hub.models import Installation, Match, Posting, SourceDocument, StoredRecord
from hub.models.enums import WRITE_OPERATIONS, Holder, MatchOrigin, Operation, PostingState
from hub.outbox.states import SENDABLE, UNSENT

log = logging.getLogger("hub")
_record = aliased(SourceDocument)  # built once: building an alias takes longer than most statements
# Postings that a run may send; it checks those again that the checks before sending hold.
IS_SENDABLE = and_(
    or_(
        Posting.state.in_(SENDABLE) & (Posting.held_by == Holder.NOBODY),
        (Posting.state == PostingState.HELD) & (Posting.held_by == Holder.PREFLIGHT),
    ),
    Posting.operation.in_(WRITE_OPERATIONS),
)


def replan_stale(setup: Setup) -> None:
    """Plan again what was planned before the newest match."""
    after = 0
    while ids := _load_stale_documents(setup, after):
        replan(setup, ids)
        after = ids[-1]


def has_stale(installation_id: int) -> bool:
    """Return whether anything that may be sent was planned before the newest match."""
    with engine.read_only_session() as session:
        installation = session.get_one(Installation, installation_id)
        matched_at = load_last_match_time(session, installation)
        if matched_at is None:
            return False
        query = select(Posting.id).where(
            Posting.installation_id == installation_id,
            Posting.state.in_(UNSENT),
            or_(
                IS_SENDABLE & is_outdated_by(matched_at > PLANNED_AT),
                _is_refused_with_former_details(installation),
            ),
        )
        return session.scalar(query.limit(1)) is not None


def replan_stale_of(installation_id: int) -> None:
    """Plan again what an installation planned before the newest match; its source is not called."""
    replan_stale(load_setup_to_plan(installation_id))


def replan_waiting(setup: Setup) -> None:
    """Plan the documents again that wait for another document, which may have been read since."""
    after = 0
    while ids := _load_waiting_documents(setup, after):
        replan(setup, ids)
        after = ids[-1]


def replan(setup: Setup, ids: Sequence[int]) -> None:
    """Plan documents again; read each one again before it is sent that cannot be planned."""
    try:
        with engine.transaction() as session:
            replan_stored(CollectBatch(session, setup, []), ids)
    except (Retry, NeedsAttention):
        raise
    except Exception as error:
        if len(ids) == 1:
            log.error("document %s cannot be mapped again", ids[0], exc_info=error)
            _mark_for_reread(ids[0])
            return
        for id in ids:
            replan(setup, [id])


def _mark_for_reread(document_id: int) -> None:
    """Mark a document for rereading, which plans it or holds it with a case."""
    statement = update(SourceDocument).where(SourceDocument.id == document_id).values(reread=True)
    with engine.transaction() as session:
        session.execute(statement)


def _load_waiting_documents(setup: Setup, after: int) -> list[int]:
    """Return the next documents that wait for another document."""
    query = _select_documents(setup, after).where(
        Posting.state == PostingState.WAITING,
        Posting.held_by == Holder.SOURCE,
    )
    return _select_next_ids(query)


def _load_stale_documents(setup: Setup, after: int) -> list[int]:
    """Return the next documents whose plan may be out of date."""
    is_old: ColumnElement[bool] = false()
    if setup.matched_at:
        is_old = is_outdated_by(setup.matched_at >= PLANNED_AT)
    is_record_to_create = (
        (Posting.state == PostingState.HELD)
        & (SourceDocument.made_for != "")
        & Posting.held_by.in_(RELEASED_BY_READING)
    )
    query = (
        _select_documents(setup, after)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(
            Posting.state.in_(UNSENT),
            Posting.operation.in_(WRITE_OPERATIONS),
            SourceDocument.gone.is_(None),
            or_(
                IS_SENDABLE & is_old,
                is_record_to_create,
                _is_refused_with_former_details(setup.installation),
                _changes_inactive_party(),
            ),
        )
    )
    return _select_next_ids(query)


def _is_refused_with_former_details(installation: Installation) -> ColumnElement[bool]:
    """Return the condition that a person has decided about a record since its refused creation.

    It was in doubt then, so that it was sent again as it was before.
    """
    is_decided_since = exists().where(
        _record.id == Posting.document_id,
        *build_match_conditions(installation),
        Match.field == _record.made_for,
        Match.code == _record.source_id,
        Match.match_method == MatchOrigin.DECIDED,
        Match.record == NEW,
        Match.at > PLANNED_AT,
    )
    is_refused = (Posting.state == PostingState.HELD) & (Posting.held_by == Holder.QUICKBOOKS)
    return is_refused & is_decided_since


def _changes_inactive_party() -> ColumnElement[bool]:
    """Return the condition of a held posting that adds contact data to a party now inactive."""
    is_inactive_party = (
        StoredRecord.company_id == Posting.company_id,
        StoredRecord.list == Posting.kind,
        StoredRecord.quickbooks_id == SourceDocument.body["quickbooks_id"].as_string(),
        StoredRecord.active.is_(False),
    )
    is_held_change = (Posting.state == PostingState.HELD) & (Posting.operation == Operation.UPDATE)
    return is_held_change & (SourceDocument.made_for != "") & exists().where(*is_inactive_party)


def _select_documents(setup: Setup, after: int) -> Select[int]:
    """Select documents by their postings: those that wait are few, and found by their state."""
    return (
        select(Posting.document_id)
        .where(Posting.installation_id == setup.installation.id, Posting.document_id > after)
        .distinct()
    )


def _select_next_ids(query: Select[int]) -> list[int]:
    """Return the ids of the first documents that a query selects, as many as a batch holds."""
    first = query.order_by(Posting.document_id).limit(DOCUMENTS_PER_BATCH)
    with engine.read_only_session() as session:
        ids = session.scalars(first)
        return list(ids)
