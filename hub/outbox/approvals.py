"""Approvals by two people: which postings need them, who approved what, and what is missing.

An installation may require two approvals above an amount. An approval stores the fingerprint of the
content that a person saw, and is valid only while the posting has this content. Every release and
every claim requires that the condition `LACKS_APPROVAL` is false.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, distinct, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from hub.context import current_hub
from hub.contract.document_kinds import LIST_KINDS
from hub.db import bulk
from hub.models import Approval, Attempt, ConnectedCompany, Installation, Posting, SourceDocument
from hub.models.enums import UNPROCESSED_OUTCOMES, Operation, PostingState
from hub.outbox.states import UNSENT

REQUIRED_APPROVERS = 2  # how many must approve
_installation = aliased(Installation)
_company = aliased(ConnectedCompany)
_document = aliased(SourceDocument)


class Approver(NamedTuple):
    """An approval of the current content of a posting: its person and its time."""

    who: str
    at: dt.datetime


def build_review_conditions(installation_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of postings that wait for a person's approval."""
    is_of_app = Posting.installation_id == installation_id
    is_in_review = Posting.state == PostingState.REVIEW
    return is_of_app, is_in_review


def needs_two() -> ColumnElement[bool]:
    """Return the condition that a posting needs the approval of two people.

    It does if its amount, or that of the whole document, is above the limit, in a foreign currency,
    or unknown. A posting that may already have reached QuickBooks needs no approval.
    """
    limit = _installation.second_approval_above
    is_above = or_(
        Posting.total.is_(None),
        Posting.total > limit,
        Posting.total < -limit,
        _document.total > limit,
        _document.total < -limit,
        and_(Posting.currency != "", Posting.currency != _company.currency),
    )
    may_have_arrived = exists().where(
        Attempt.posting_id == Posting.id,
        Attempt.generation == Posting.generation,
        Attempt.outcome.not_in(UNPROCESSED_OUTCOMES),
    )
    has_limit = exists().where(
        _installation.id == Posting.installation_id,
        limit.is_not(None),
        _company.id == _installation.company_id,
        _document.id == Posting.document_id,
        is_above,
    )
    moves_money = (Posting.operation != Operation.ATTACH) & Posting.kind.not_in(LIST_KINDS)
    return and_(has_limit, moves_money, ~may_have_arrived)


def lacks_approval() -> ColumnElement[bool]:
    """Return the condition that a posting needs two approvals and its content has fewer."""
    approvers = (
        select(func.count(distinct(Approval.who)))
        .where(Approval.posting_id == Posting.id, Approval.content == Posting.planned)
        .correlate(Posting)
        .scalar_subquery()
    )
    return and_(needs_two(), approvers < REQUIRED_APPROVERS)


# Built once, because building it takes longer than most statements.
LACKS_APPROVAL = lacks_approval()


def find_lacking(session: Session, ids: Iterable[int]) -> set[int]:
    """Return which of these postings lack an approval."""
    query = select(Posting.id).where(Posting.id.in_(list(ids)), LACKS_APPROVAL)
    return set(session.scalars(query))


def add(session: Session, ids: Iterable[int], who: str) -> set[int]:
    """Store a person's approval of postings in review that lack one; return the new ones.

    A second approval of the same content by the same person is ignored.
    """
    query = select(Posting.id, Posting.planned).where(
        Posting.id.in_(list(ids)), Posting.state == PostingState.REVIEW, LACKS_APPROVAL
    )
    planned_contents = {row.id: row.planned for row in session.execute(query)}
    before = load_approvers(session, planned_contents)
    now = current_hub().clock.now()
    new_ids = set()
    for id, content in planned_contents.items():
        if who not in [person.who for person in before.get(id, ())]:
            session.add(Approval(posting_id=id, content=content, who=who, at=now))
            new_ids.add(id)
    session.flush()
    return new_ids


def load_approvers(session: Session, ids: Collection[int]) -> Mapping[int, list[Approver]]:
    """Return the approvals of the current content of each posting, oldest first."""
    query = (
        select(Posting.id, Approval.who, Approval.at)
        .join(Approval, Approval.posting_id == Posting.id)
        .where(Posting.id.in_(list(ids)), Approval.content == Posting.planned)
        .order_by(Approval.id)
    )
    people: dict[int, list[Approver]] = {}
    for id, who, at in session.execute(query):
        people.setdefault(id, []).append(Approver(who, at))
    return people


def carry_over(session: Session, posting: Posting, content: str, *, keeps: bool) -> None:
    """Keep the approvals of a posting for its new content, or drop them.

    With `keeps`, the content differs only by ids that were filled in.
    """
    if not keeps:
        drop(session, posting)
    elif asks_for_two(posting):
        statement = update(Approval).where(
            Approval.posting_id == posting.id, Approval.content == posting.planned
        )
        session.execute(statement.values(content=content))


def drop(session: Session, posting: Posting) -> None:
    """Delete the approvals of a posting, because it is withdrawn, skipped or changed."""
    if posting.id and asks_for_two(posting):
        session.execute(delete(Approval).where(Approval.posting_id == posting.id))


def drop_all(session: Session, installation_id: int) -> None:
    """Delete the approvals of an installation that no longer requires two."""
    ids = select(Posting.id).where(
        Posting.installation_id == installation_id, Posting.state.in_(UNSENT)
    )
    session.execute(delete(Approval).where(Approval.posting_id.in_(ids)))


def return_unapproved_to_review(session: Session, company_id: int) -> int:
    """Return ready postings that lack an approval to review; return how many.

    Automatic mode, a retry, a removal or a changed setting can make a posting ready, but does not
    replace an approval by two people.
    """
    has_limit = select(Installation.id).where(
        Installation.company_id == company_id, Installation.second_approval_above.is_not(None)
    )
    installation_ids = session.scalars(has_limit).all()
    if not installation_ids:
        return 0
    query = select(Posting.id).where(
        Posting.installation_id.in_(installation_ids),
        Posting.state == PostingState.READY,
        LACKS_APPROVAL,
    )
    ids = session.scalars(query).all()
    if not ids:
        return 0
    is_ready = (bulk.is_among(Posting.id, "ids"), Posting.state == PostingState.READY)
    statement = update(Posting).where(bulk.is_locked_in_order(Posting.id, *is_ready))
    values = {
        "state": PostingState.REVIEW,
        "approved_by": None,
        "approved_payload": None,
        "next_try_at": None,
        "changed_at": current_hub().clock.now(),
    }
    session.execute(
        statement.values(values),
        {"ids": list(ids)},
        execution_options={"synchronize_session": "fetch"},
    )
    return len(ids)


def asks_for_two(posting: Posting) -> bool:
    """Return whether the installation of a posting asks for two approvals above an amount."""
    return posting.document.installation.second_approval_above is not None
