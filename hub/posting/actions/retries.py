"""Retry postings on the decision of a person: classify them, then act on each group."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from hub import outbox
from hub.cases import inbox
from hub.cases.discrepancies import list_postings_of_part
from hub.contract.chunks import iter_chunks
from hub.contract.states import Stage
from hub.db import engine
from hub.db.database_errors import repeat_after_conflict
from hub.errors import NotFound, NotNow, Sentence
from hub.models import NAMES_ONLY, Posting, SourceDocument
from hub.models.display_names import format_posting_name
from hub.models.enums import DocumentState, Holder, Operation, PostingState
from hub.outbox import listing
from hub.outbox.transitions import update_postings
from hub.posting.actions import doubts
from hub.posting.outcome.load import PostingSnapshot, load_snapshots_for_send
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import current_facts
from hub.posting.protocol.decisions import is_doubtful
from hub.security import audit

CHUNK_SIZE = 500
MAX_REFRESHED = 5000  # postings whose companies are read from QuickBooks before a retry
_later = aliased(Posting)  # built once: building an alias takes longer than most statements


class _Candidate(NamedTuple):
    """The columns of a posting that decide how it is retried."""

    id: int
    company_id: int
    state: str
    held_by: str
    was_posted: bool


@dataclass
class _RetryGroups:
    """The postings of one retry, by what has to be done with them."""

    ended: list[int] = field(default_factory=list)  # posted, or skipped after they were posted
    doubtful: list[PostingSnapshot] = field(default_factory=list)  # held, and may have landed
    retryable: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)  # they cannot be retried


def retry(posting_id: int, who: str) -> None:
    """Retry a posting; raise NotNow with the reason if it cannot be retried.

    A posting that may have landed is first searched for in QuickBooks. A posted document that has
    left QuickBooks is posted again.
    """
    for reason in retry_each([posting_id], who).values():
        raise NotNow(reason)


def post_again(posting_id: int, who: str) -> None:
    """Post a document again that has left QuickBooks; raise NotNow if it has not.

    Unlike `retry`, this never retries the posting itself, which may be a deletion that waits for a
    person's approval.
    """
    with engine.read_only_session() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
        if not has_ended(posting):
            raise NotNow(_explain_nothing_to_try(posting))
    retry(posting_id, who)


def is_repostable(document: SourceDocument, state: str) -> bool:
    """Return whether a document has left QuickBooks while its source still wants it."""
    if document.gone is not None or document.stage == Stage.CLOSED or document.made_for:
        return False
    return state in outbox.DEPARTED


def take_back_skip(posting_id: int, who: str) -> None:
    """Retry a posting that a person skipped; raise NotNow if it is not skipped any more."""
    with engine.read_only_session() as session:
        posting = session.get(Posting, posting_id)
        if posting is None:
            raise NotFound("posting", str(posting_id))
        if posting.id not in find_revocable_skips(session, posting.document):
            raise NotNow(_explain_nothing_to_try(posting))
    retry(posting_id, who)


def find_revocable_skips(session: Session, document: SourceDocument) -> set[int]:
    """Return the ids of the skipped postings of a document whose skip a person may take back.

    Skipped removals are left out, because the document's page offers to remove it. New records for
    codes are left out too, because the case of the code offers to create them.
    """
    if document.gone is not None or document.stage == Stage.CLOSED or document.made_for:
        return set()
    query = select(Posting).where(
        Posting.document_id == document.id,
        Posting.state == PostingState.SKIPPED,
        Posting.operation.not_in(outbox.REMOVALS),
    )
    skipped_postings = session.scalars(query.options(*NAMES_ONLY)).all()
    if not skipped_postings:
        return set()
    states = listing.load_states_of_parts(session, [posting.id for posting in skipped_postings])
    superseded_ids = _find_superseded(session, skipped_postings)
    revocable_ids = set[int]()
    for posting in skipped_postings:
        if has_ended(posting):
            is_revocable = _has_left(states.get(posting.id), was_skipped=True)
        else:
            is_revocable = posting.id not in superseded_ids
        if is_revocable:
            revocable_ids.add(posting.id)
    return revocable_ids


def retry_each(posting_ids: Sequence[int], who: str) -> dict[int, str]:
    """Retry many postings in chunks of 500; return the reason for each one that was not retried.

    The facts that the reasons depend on are first read again from QuickBooks.
    """
    current_facts.refresh_facts(posting_ids[:MAX_REFRESHED])
    reasons: dict[int, str] = {}
    for chunk in iter_chunks(posting_ids, CHUNK_SIZE):
        reasons |= _retry_chunk(chunk, who)
    return reasons


def list_unconfirmed_deletions(posting_ids: Sequence[int]) -> list[str]:
    """Return the names of the documents that a retry would delete without a person's approval."""
    ids: list[int] = []
    with engine.read_only_session() as session:
        for chunk in iter_chunks(posting_ids, CHUNK_SIZE):
            query = _select_unconfirmed(chunk).where(Posting.operation == Operation.DELETE)
            ids += session.scalars(query)
        return [format_posting_name(posting) for posting in _load_names(session, ids)]


def _select_unconfirmed(posting_ids: Sequence[int]) -> Select[Any]:
    """Select the ids of the removals among these postings that wait for a person's approval."""
    return select(Posting.id).where(
        Posting.id.in_(posting_ids),
        Posting.operation.in_(outbox.REMOVALS),
        Posting.state == PostingState.HELD,
        Posting.held_by == Holder.PERSON,
        Posting.approved_by.is_(None),
    )


@repeat_after_conflict
def _retry_chunk(ids: Sequence[int], who: str) -> dict[int, str]:
    """Retry one chunk of postings; return the reason for each one that was not retried."""
    with engine.transaction() as session:
        candidates = _lock(session, ids)
        groups = _classify(session, candidates)
        skipped_ids = {row.id for row in candidates if row.state == PostingState.SKIPPED}
        removal_ids = set(session.scalars(_select_unconfirmed(ids)))
        reasons = _request_again(session, groups.ended, who)
        doubts.return_to_doubt(session, [snapshot.posting for snapshot in groups.doubtful])
        count = outbox.retry(session, groups.retryable, who)
        assert count == len(groups.retryable), "a posting changed although its row was locked"
        for posting in _load_names(session, groups.others):
            reasons[posting.id] = _explain_nothing_to_try(posting)
        done_ids = set(ids) - set(reasons)
        skip_ids = done_ids & skipped_ids
        ended_ids = (done_ids & set(groups.ended)) - skip_ids
        _record(session, who, "skip taken back", skip_ids)
        _record(session, who, "removal confirmed", done_ids & removal_ids)
        _record(session, who, "document posted again", ended_ids)
        _record(session, who, "posting retried", done_ids - skip_ids - removal_ids - ended_ids)
    return reasons


def _record(session: Session, who: str, act: str, posting_ids: Iterable[int]) -> None:
    """Record an act on postings in the audit log, in the order of their ids."""
    subjects: dict[str, dict[str, Any]] = {str(id): {} for id in sorted(posting_ids)}
    audit.record_each(session, who, act, subjects)


def _lock(session: Session, ids: Sequence[int]) -> list[_Candidate]:
    """Lock postings until the transaction ends; raise NotFound if there is no such posting."""
    columns = (
        Posting.id,
        Posting.company_id,
        Posting.state,
        Posting.held_by,
        outbox.WAS_POSTED,
    )
    query = select(*columns).where(Posting.id.in_(ids)).order_by(Posting.id)
    candidates = [_Candidate(*row) for row in session.execute(query.with_for_update())]
    missing = set(ids) - {candidate.id for candidate in candidates}
    if missing:
        raise NotFound("posting", str(min(missing)))
    return candidates


def _classify(session: Session, candidates: Sequence[_Candidate]) -> _RetryGroups:
    """Sort postings by what a retry has to do with them."""
    superseded_ids = _find_superseded(session, candidates)
    current = [candidate for candidate in candidates if candidate.id not in superseded_ids]
    groups = _RetryGroups(doubtful=_load_doubtful(session, current))
    doubtful_ids = {snapshot.id for snapshot in groups.doubtful}
    for candidate in candidates:
        if _has_ended(candidate.state, was_posted=candidate.was_posted):
            groups.ended.append(candidate.id)
        elif candidate.id in doubtful_ids:
            continue
        elif candidate.id in superseded_ids:
            groups.others.append(candidate.id)
        elif candidate.state in outbox.RETRYABLE:
            groups.retryable.append(candidate.id)
        else:
            groups.others.append(candidate.id)
    return groups


def _find_superseded(session: Session, candidates: Iterable[_Candidate | Posting]) -> set[int]:
    """Return the skipped postings after which another one of their part was planned or posted.

    The content of the later one counts; the skipped one would overwrite it.
    """
    skipped_ids = [
        candidate.id for candidate in candidates if candidate.state == PostingState.SKIPPED
    ]
    if not skipped_ids:
        return set()
    query = (
        select(Posting.id)
        .join(_later, _later.document_id == Posting.document_id)
        .where(
            Posting.id.in_(skipped_ids),
            Posting.operation != Operation.ATTACH,
            _later.id > Posting.id,
            _later.part == Posting.part,
            _later.operation != Operation.ATTACH,
            _later.state.in_((PostingState.POSTED, *outbox.UNFINISHED)),
        )
    )
    return set(session.scalars(query))


def _explain_nothing_to_try(posting: Posting) -> str:
    """Return why a posting is not retried, by its state."""
    return Sentence(
        "%(name)s is %(state)s; there is nothing to try again.",
        name=format_posting_name(posting),
        state=Sentence(posting.state),
    )


def has_ended(posting: Posting) -> bool:
    """Return whether a posting was posted, or skipped after it was posted."""
    return _has_ended(posting.state, was_posted=outbox.was_posted(posting))


def _has_ended(state: str, *, was_posted: bool) -> bool:
    """Return whether a posting in this state was posted, or skipped after it was posted."""
    if state == PostingState.POSTED:
        return True
    return state == PostingState.SKIPPED and was_posted


def _load_doubtful(session: Session, candidates: Iterable[_Candidate]) -> list[PostingSnapshot]:
    """Load the held and the skipped postings that may have landed."""
    ids_by_company: dict[int, list[int]] = defaultdict(list)
    for candidate in candidates:
        if _may_be_doubtful(candidate):
            ids_by_company[candidate.company_id].append(candidate.id)
    doubtful = []
    for company_id, ids in ids_by_company.items():
        posting_session = PostingSession(company_id)
        for snapshot in load_snapshots_for_send(session, posting_session, ids):
            if is_doubtful(snapshot.history):
                doubtful.append(snapshot)
    return doubtful


def _may_be_doubtful(candidate: _Candidate) -> bool:
    """Return whether a posting may have been sent without a result, by its state and holder."""
    if candidate.state == PostingState.SKIPPED:
        return not candidate.was_posted
    is_held = candidate.state == PostingState.HELD
    return is_held and candidate.held_by in (Holder.QUICKBOOKS, Holder.PERSON)


def _request_again(session: Session, ids: Sequence[int], who: str) -> dict[int, str]:
    """Request that documents which have left QuickBooks are posted again.

    The next run plans them from the present content of their source, and searches QuickBooks for
    them before it sends them. Return the reason for each document that is not posted again.
    """
    reasons: dict[int, str] = {}
    states = listing.load_states_of_parts(session, ids)
    for posting in _load_names(session, ids):
        name = format_posting_name(posting)
        document = posting.document
        was_skipped = posting.state == PostingState.SKIPPED
        state = states.get(posting.id)
        has_left = _has_left(state, was_skipped=was_skipped)
        if not has_left and not _waits_after_departure(session, posting, state):
            reasons[posting.id] = Sentence(
                "%(name)s is in QuickBooks already. To post it again, remove it there first.",
                name=name,
            )
        elif document.gone is not None or document.stage == Stage.CLOSED:
            reasons[posting.id] = Sentence(
                "%(name)s is no longer wanted by its source, so it is not posted again.", name=name
            )
        else:
            document.requested_by = who
            if was_skipped:
                _take_back_skips(session, posting.document_id)
            inbox.detach_all(session, list_postings_of_part(session, posting))
    return reasons


def _take_back_skips(session: Session, document_id: int) -> None:
    """Mark the skipped transactions of a document as posted, although they have left QuickBooks.

    Only a part that counts as posted is posted again. Otherwise skipped parts would stay out of the
    books when another part is requested.
    """
    is_posted_and_skipped = (
        Posting.document_id == document_id,
        Posting.state == PostingState.SKIPPED,
        outbox.WAS_POSTED,
    )
    update_postings(session, is_posted_and_skipped, state=PostingState.POSTED, reasons=[])


def _has_left(state: str | None, *, was_skipped: bool) -> bool:
    """Return whether a document has left QuickBooks, by the state of its part.

    A skipped document has left QuickBooks too, unless only a change of it was skipped.
    """
    if was_skipped:
        return state != DocumentState.POSTED
    return state in outbox.DEPARTED


def _waits_after_departure(session: Session, posting: Posting, state: str | None) -> bool:
    """Return whether a posted document has left QuickBooks and a change of it is held."""
    id = posting.quickbooks_id
    if state != DocumentState.HELD or posting.state != PostingState.POSTED or not id:
        return False
    return outbox.has_left(session, posting.company_id, posting.kind, id)


def _load_names(session: Session, ids: Sequence[int]) -> Sequence[Posting]:
    """Load postings with the columns of their display names only."""
    query = select(Posting).where(Posting.id.in_(ids)).order_by(Posting.id).options(*NAMES_ONLY)
    return session.scalars(query).all()
