"""Release postings that waited for a check, another posting, a time, or a document's need."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, or_, select, text
from sqlalchemy.orm import Session, aliased

from hub import sources
from hub.context import current_hub
from hub.contract.chunks import iter_chunks
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Posting
from hub.models.enums import Holder, Operation, PostingState
from hub.models.postings import PARTIES_AND_ITEMS
from hub.outbox.conditions import APPROVED_STATE, IS_CURRENT, is_due
from hub.outbox.keys import build_key, choose_generation, may_have_landed
from hub.outbox.placeholders import fill, find_other_records, load_matched_records
from hub.outbox.states import FINAL, REMOVALS, UNSENT
from hub.outbox.transitions import update_postings, withdraw
from hub.reasons import texts
from hub.reasons.texts import CaseText

CHUNK_SIZE = 500  # postings that are released in one transaction
_parent = aliased(Posting)  # built once: building an alias takes longer than most statements


def find_initial_state(session: Session, installation_id: int) -> PostingState | None:
    """Return the state in which postings of an installation begin that nothing holds.

    It is None, and not known, while the app is paused or disabled, or its plugin is not installed.
    """
    installation = session.get_one(Installation, installation_id)
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None or not installation.is_active:
        return None
    settings = sources.load_settings(installation)
    return sources.choose_initial_state(app, settings, installation.mode)


def release_checked(
    session: Session, ids: Sequence[int], initial_state: str, now: dt.datetime
) -> None:
    """Release held postings that were just checked: to the initial state, or ready if approved."""
    is_held = (Posting.id.in_(list(ids)), Posting.state == PostingState.HELD)
    _end_hold(session, is_held, initial_state, next_try_at=None, checked_at=now)


def postpone(session: Session, ids: Sequence[int], reason: CaseText) -> None:
    """Make ready postings wait until a document needs them."""
    is_ready = (Posting.id.in_(list(ids)), Posting.state == PostingState.READY)
    update_postings(
        session,
        is_ready,
        state=PostingState.WAITING,
        held_by=Holder.UNNEEDED,
        reasons=texts.dump(reason),
        checked_at=None,
    )


def resume(session: Session, ids: Sequence[int], initial_state: str) -> None:
    """Resume postponed postings: in the initial state, or ready if a person approved them."""
    is_postponed = (
        Posting.id.in_(list(ids)),
        Posting.state == PostingState.WAITING,
        Posting.held_by == Holder.UNNEEDED,
    )
    _end_hold(session, is_postponed, initial_state)


def withdraw_superseded(session: Session, company_id: int) -> None:
    """Withdraw creations whose code was matched to a record meanwhile, perhaps by another app."""
    is_unsent_creation = (
        Posting.company_id == company_id,
        Posting.state.in_(UNSENT),
        text(f"posting.{PARTIES_AND_ITEMS}"),
    )
    ids = list(load_matched_records(session, *is_unsent_creation))
    if not ids:
        return
    query = select(Posting).where(Posting.id.in_(ids)).order_by(Posting.id).with_for_update()
    for posting in session.scalars(query):
        if not may_have_landed(session, posting):
            withdraw(session, posting, CaseText("posting.code_matched"))


def release_waiting(company_id: int, now: dt.datetime) -> int:
    """Release postings whose time has come or whose parent is posted; return how many are ready.

    They are released in chunks, so that other processes can write in between.
    """
    with read_only_session() as session:
        query = _select_released(company_id, now).with_only_columns(Posting.id)
        ids = session.scalars(query.order_by(Posting.id)).all()
    count = 0
    for chunk in iter_chunks(ids, CHUNK_SIZE):
        with transaction() as session:
            count += _release_chunk(session, company_id, chunk, now)
    return count


def _select_released(company_id: int, now: dt.datetime) -> Select[Posting]:
    """Return a query for waiting postings whose time has come and whose parent has ended."""
    is_waiting = (
        Posting.company_id == company_id,
        Posting.state == PostingState.WAITING,
        Posting.held_by == Holder.NOBODY,
        is_due(now),
        IS_CURRENT,
    )
    return (
        select(Posting)
        .outerjoin(_parent, _parent.id == Posting.after_id)
        .where(*is_waiting, or_(Posting.after_id.is_(None), _parent.state.in_(FINAL)))
    )


def _release_chunk(session: Session, company_id: int, ids: Sequence[int], now: dt.datetime) -> int:
    """Release the postings of a chunk that still can be released; return how many are ready."""
    query = _select_released(company_id, now).where(Posting.id.in_(ids)).order_by(Posting.id)
    postings = session.scalars(query.with_for_update(of=Posting)).all()
    parents = _load_by_id(session, [posting.after_id for posting in postings if posting.after_id])
    count = 0
    for posting in postings:
        parent = parents.get(posting.after_id) if posting.after_id else None
        count += _release(session, posting, parent, now)
    return count


def _end_hold(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    initial_state: str,
    **values: Any,
) -> None:
    """Set postings to the initial state, or to ready if approved, and clear what held them."""
    update_postings(
        session,
        conditions,
        state=_decide_released_state(initial_state),
        held_by=Holder.NOBODY,
        reasons=[],
        **values,
    )


def _decide_released_state(initial_state: str) -> ColumnElement[Any]:
    """Return the state of a released posting; one that waits for another still has to wait."""
    is_approved = Posting.approved_payload.is_not(None)
    needs_no_approval = is_approved | (initial_state == PostingState.READY)
    return case((needs_no_approval, APPROVED_STATE), else_=initial_state)


def _load_by_id(session: Session, ids: Iterable[int]) -> dict[int, Posting]:
    rows = session.scalars(select(Posting).where(Posting.id.in_(set(ids))))
    return {posting.id: posting for posting in rows}


def _release(session: Session, posting: Posting, parent: Posting | None, now: dt.datetime) -> bool:
    """Make a posting ready if nothing else stops it; return whether it is ready.

    If its parent was not posted, a file is withdrawn, and a document is planned again from its
    source.
    """
    if posting.approved_payload and find_other_records(session, posting.payload):
        # It was approved with other records, so it is planned again.
        posting.document.reread = True
        return False
    if parent is None or parent.state == PostingState.POSTED:
        return _make_ready(session, posting, parent, now)
    if parent.operation in REMOVALS:
        return _make_ready(session, posting, None, now)
    if posting.operation == Operation.ATTACH:
        posting.state = PostingState.WITHDRAWN
        posting.reasons = texts.dump(_explain_unposted_parent(parent))
        return False
    if load_matched_records(session, Posting.id == parent.id):
        return _make_ready(session, posting, parent, now)
    posting.document.reread = True
    return False


def _explain_unposted_parent(parent: Posting) -> CaseText:
    """Return why a file is not sent: the posting that it waited for ended without being posted."""
    if parent.operation != Operation.UPDATE:
        return CaseText("posting.parent_not_posted")
    if parent.state == PostingState.SKIPPED:
        return CaseText("posting.change_skipped")
    return CaseText("posting.change_not_posted")


def _make_ready(
    session: Session, posting: Posting, parent: Posting | None, now: dt.datetime
) -> bool:
    """Fill in the ids of the parent and make a posting ready; return whether it is ready.

    A posting that also needs the id of another posting keeps waiting.
    """
    if parent and posting.operation == Operation.ATTACH:
        base = parent.quickbooks_id or ""
        posting.generation = choose_generation(session, posting, base)
        posting.base = base
        posting.requestid = build_key(
            posting.document, posting.part, Operation.ATTACH, posting.base, posting.generation
        )
    elif posting.operation != Operation.ATTACH:
        missing_id = fill(session, posting)
        if missing_id:
            posting.after_id = missing_id
            return False
    posting.state = PostingState.READY
    posting.next_try_at = None
    posting.changed_at = now
    posting.reasons = []
    posting.checked_at = None
    return True
