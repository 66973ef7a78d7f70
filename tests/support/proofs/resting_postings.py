"""Postings about which a person can decide, and checks of postings once nothing changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.models import Case, Posting, SourceDocument, case_posting
from hub.models.enums import Holder, PostingState
from hub.models.postings import LEFT_OUT_STATES

CodesById = Mapping[int, Sequence[str]]
PostingsById = Mapping[int, Posting]


def load_undecided(session: Session) -> Sequence[Row[tuple[Posting, str]]]:
    """Return the postings that have an open case or were skipped, with their source ids."""
    has_case = select(case_posting.c.posting_id).join(Case).where(Case.closed_at.is_(None))
    is_undecided = Posting.id.in_(has_case) | (Posting.state == PostingState.SKIPPED)
    query = select(Posting, SourceDocument.source_id).join(SourceDocument)
    return session.execute(query.where(is_undecided).order_by(Posting.id)).all()


def load_cases(session: Session) -> defaultdict[int, list[str]]:
    """Return the codes of the open cases of each posting."""
    query = select(Case.code, case_posting.c.posting_id)
    query = query.join(case_posting, case_posting.c.case_id == Case.id)
    cases = defaultdict[int, list[str]](list)
    for code, posting_id in session.execute(query.where(Case.closed_at.is_(None))):
        cases[posting_id].append(code)
    return cases


def list_cases(postings: Iterable[Posting], by_id: PostingsById, cases: CodesById) -> list[str]:
    """Return the cases of the postings of a document, and of all that these wait for."""
    ids = set[int]()
    remaining = [posting.id for posting in postings]
    while remaining:
        id = remaining.pop()
        if id in ids:
            continue
        ids.add(id)
        posting = by_id[id]
        if posting.state == PostingState.WAITING:
            remaining += outbox.find_awaited_ids(posting.payload)
            remaining += [posting.after_id] if posting.after_id else []
    return sorted({code for id in ids for code in cases[id]})


def judge_posting(posting: Posting, by_id: PostingsById, cases: CodesById) -> list[str]:
    """Return what is wrong with a posting at rest.

    A document that is read again once a removal is decided sends nothing until then: the case of
    the removal stops all its parts.
    """
    about = list_cases([posting], by_id, cases)
    where = f"{posting.document.source_id} {posting.operation} {posting.id}: {posting.reason}"
    if posting.state in LEFT_OUT_STATES and about:
        return [f"a posting that has ended has a case: {where}, {about}"]
    is_open = posting.state in outbox.UNFINISHED and posting.held_by != Holder.UNNEEDED
    if is_open and posting.document.reread:
        own = [other for other in by_id.values() if other.document_id == posting.document_id]
        about = list_cases(own, by_id, cases)
    if is_open and not about:
        return [f"a {posting.state} posting has no case: {where}"]
    return []
