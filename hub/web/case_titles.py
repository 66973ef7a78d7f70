"""Which document a case is about, so that cases with the same title can be told apart."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.models import Case, Posting, case_posting
from hub.posting.case_texts import posting_title


def subjects(session: Session, cases: Iterable[Case]) -> dict[int, str]:
    """Return the document of each case that is about one alone, unless its title names it."""
    own = {case.id: case for case in cases if case.cause.startswith("posting:")}
    link = case_posting.c
    alone = (
        select(link.case_id, func.min(link.posting_id).label("posting_id"))
        .where(link.case_id.in_(own))
        .group_by(link.case_id)
        .having(func.count() == 1)
        .subquery()
    )
    rows = session.execute(
        select(alone.c.case_id, Posting).join(Posting, Posting.id == alone.c.posting_id)
    )
    names = {case_id: posting_title(posting) for case_id, posting in rows}
    return {
        id: name for id, name in names.items() if name.casefold() not in own[id].title.casefold()
    }


def reason(case: Case, subject: str | None) -> str:
    """Return the reason of a case without the name beside its title and the advice after it."""
    text = _without_advice(case)
    if not subject or not text.startswith(subject):
        return text
    rest = text[len(subject) :]
    if rest[:2] in (": ", ", "):
        return rest[2:3].upper() + rest[3:]
    return f"It{rest}" if rest.startswith(" ") else text


def brief(text: str) -> str:
    """Shorten a reason for a list; the case's page has QuickBooks' own words."""
    return text.partition(" (QuickBooks says: ")[0]


def _without_advice(case: Case) -> str:
    """Return the reason without a last sentence that repeats the next step."""
    before, dot, last = case.reason.rstrip(".").rpartition(". ")
    return f"{before}." if dot and case.instruction.startswith(last) else case.reason
