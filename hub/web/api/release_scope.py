"""The scope of tokens that release held documents of apps in review."""

from collections.abc import Collection

from flask import Response, g
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import sources
from hub.context import current_hub
from hub.db.bulk import is_among
from hub.db.engine import read_only_session
from hub.models import Case, Installation, Posting, case_posting
from hub.models.display_names import format_posting_name
from hub.models.enums import Holder, PostingState
from hub.posting.actions import retries
from hub.security import api_tokens
from hub.web.api import problems
from hub.web.authentication.access import load_scope
from hub.web.frame.lookup import get_row_or_404

NOT_APPROVED = (
    "{document} would be posted as it is, and nobody has approved that: its app is in review."
    " That takes a token with the scope approve, too."
)


def find_problem(posting_ids: Collection[int], *, posts_again: bool = False) -> Response | None:
    """Return the problem if a token may not release these postings; None if it may.

    To retry a held document, or to say that a transaction is another one, is an approval of the
    document. `posts_again` is for documents that have left QuickBooks: the next run posts their
    content at the source, which nobody has seen yet.
    """
    if api_tokens.APPROVE in g.api_token_scopes:
        return None
    with read_only_session() as session:
        posting = _find_unapproved(session, posting_ids, posts_again=posts_again)
        if posting is None:
            return None
        return problems.build_problem(
            403, NOT_APPROVED.format(document=format_posting_name(posting))
        )


def find_problem_of_retry(posting_id: int) -> Response | None:
    """Return the problem if a token may not retry a posting; None if it may.

    A posted document that has left QuickBooks is posted again by a retry.
    """
    with read_only_session() as session:
        posting = get_row_or_404(session, Posting, posting_id)
        posts_again = retries.has_ended(posting)
    return find_problem([posting_id], posts_again=posts_again)


def find_problem_of_case(case_id: int) -> Response | None:
    """Return the problem if a token may not release what a case stops; None if it may."""
    with read_only_session() as session:
        case = get_row_or_404(session, Case, case_id)
        query = (
            select(Posting.id)
            .join(case_posting)
            .where(case_posting.c.case_id == case_id, *load_scope("operator").postings())
        )
        posting_ids = list(session.scalars(query))
    return find_problem(posting_ids, posts_again=case.posts_again)


def _find_unapproved(
    session: Session, posting_ids: Collection[int], *, posts_again: bool
) -> Posting | None:
    """Return the first of these postings that a person has to approve first.

    A posting that its source or a missing match holds is planned anew, and then waits for approval.
    """
    is_unapproved = or_(
        Posting.approved_payload.is_(None), Posting.approved_payload != Posting.planned
    )
    would_be_sent = (
        Posting.state == PostingState.HELD,
        Posting.held_by.not_in((Holder.SOURCE, Holder.MAPPING)),
        is_unapproved,
    )
    conditions = () if posts_again else would_be_sent
    query = (
        select(Posting.id, Posting.installation_id)
        .where(is_among(Posting.id, "ids"), *conditions)
        .order_by(Posting.id)
    )
    in_review: dict[int, bool] = {}
    for id, installation_id in session.execute(query, {"ids": list(posting_ids)}):
        if installation_id not in in_review:
            in_review[installation_id] = _is_in_review(session, installation_id)
        if in_review[installation_id]:
            return session.get_one(Posting, id)
    return None


def _is_in_review(session: Session, installation_id: int) -> bool:
    """Return whether a person approves the documents of an app."""
    installation = session.get_one(Installation, installation_id)
    app = current_hub().plugins.apps.get(installation.slug)
    if app is None:
        return True
    state = sources.choose_initial_state(app, installation.settings, installation.mode)
    return state == PostingState.REVIEW
