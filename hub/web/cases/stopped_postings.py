"""The postings that cases stop, as far as the person may act on them from a list of cases."""

from collections.abc import Sequence

from sqlalchemy import and_, select

from hub.db.engine import read_only_session
from hub.models import Case, Posting, case_posting
from hub.models.enums import Holder, Operation
from hub.outbox.states import FINAL
from hub.web.authentication.access import load_rights_scope


def load(cases: Sequence[Case]) -> dict[int, list[int]]:
    """Return the postings of each case on which the person may act, without those that have ended.

    A deletion that no person has approved is decided on the page of its case.
    """
    is_unconfirmed = and_(
        Posting.operation == Operation.DELETE,
        Posting.held_by == Holder.PERSON,
        Posting.approved_by.is_(None),
    )
    query = (
        select(case_posting.c.case_id, case_posting.c.posting_id)
        .join(Posting, Posting.id == case_posting.c.posting_id)
        .where(case_posting.c.case_id.in_([case.id for case in cases]))
        .where(
            Posting.state.not_in(FINAL), ~is_unconfirmed, *load_rights_scope("operator").postings()
        )
        .order_by(case_posting.c.posting_id)
    )
    links: dict[int, list[int]] = {}
    with read_only_session() as session:
        for case_id, posting_id in session.execute(query):
            links.setdefault(case_id, []).append(posting_id)
    return links
