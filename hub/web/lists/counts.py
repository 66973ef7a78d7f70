"""The numbers of an app's documents by state, and of those to approve by kind."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Installation, Posting
from hub.models.enums import PostingState
from hub.outbox import approvals
from hub.security.rights import Scope


def count_documents(session: Session, installation_id: int) -> dict[str, int]:
    """Count the documents of an installation by state."""
    by_state = outbox.count_documents(session, installation_id)
    return {state: by_state[state] for state in outbox.COUNTED_STATES}


def has_review() -> ColumnElement[bool]:
    """Return the condition of an installation that something of it is to be approved."""
    is_in_review = Posting.state == PostingState.REVIEW
    return (
        select(Posting.id).where(Posting.installation_id == Installation.id, is_in_review).exists()
    )


def has_any_in_review(session: Session, scope: Scope) -> bool:
    """Return whether something is to be approved in the apps that a person may see."""
    query = select(Installation.id).where(has_review(), *scope.installations()).limit(1)
    return session.scalar(query) is not None


def count_in_review(session: Session, installation_id: int) -> dict[str, int]:
    """Return how many documents of each kind are to be approved, as Home counts them.

    One that is posted in several parts counts once.
    """
    documents = (
        select(func.min(Posting.kind).label("kind"))
        .where(*approvals.build_review_conditions(installation_id))
        .group_by(Posting.document_id)
        .subquery()
    )
    query = select(documents.c.kind, func.count()).group_by(documents.c.kind)
    return dict(iter(session.execute(query)))


def count_documents_by_kind(parts: Iterable[tuple[int, str]]) -> Counter[str]:
    """Count documents by kind, given the document and the kind of each of their parts.

    One that has several parts counts once, as in `count_in_review`.
    """
    kinds: dict[int, str] = {}
    for document_id, kind in parts:
        kinds[document_id] = min(kind, kinds.get(document_id, kind))
    return Counter(kinds.values())
