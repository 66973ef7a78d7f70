"""Cases that need a person: one per cause, open while anything is stopped by it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.models import Case, Posting, case_posting


def open(
    session: Session,
    cause: str,
    *,
    title: str,
    reason: str,
    act: str,
    do: str,
    company_id: int | None = None,
    installation_id: int | None = None,
    details: dict[str, Any] | None = None,
    postings: Iterable[Posting | int] = (),
) -> Case:
    """Open the case of a cause, or update the open one, and add these postings to it."""
    said = {"title": title, "reason": reason, "act": act, "do": do, "details": details or {}}
    about = {"company_id": company_id, "installation_id": installation_id}
    made = {"cause": cause, "opened_at": hub_context.current().clock.now(), **said, **about}
    still_open = {"index_elements": [Case.cause], "index_where": Case.closed_at.is_(None)}
    session.execute(engine.insert(session, Case).values(made).on_conflict_do_nothing(**still_open))
    case: Case = session.scalars(_open(cause)).one()
    for name, value in said.items():
        if getattr(case, name) != value:
            setattr(case, name, value)
    _attach(session, case, postings)
    return case


def is_open(session: Session, cause: str) -> bool:
    """Tell whether there is an open case of a cause."""
    return session.scalar(select(_open(cause).exists())) or False


def close(session: Session, cause: str, by: str = "hub") -> bool:
    """Close the open case of a cause; return whether there was one."""
    case = session.scalars(_open(cause)).one_or_none()
    if case is None:
        return False
    case.closed_at, case.closed_by = hub_context.current().clock.now(), by
    return True


def dismissed(session: Session, cause: str, reason: str) -> bool:
    """Tell whether a person closed the newest case of a cause with this same reason."""
    newest = select(Case).where(Case.cause == cause).order_by(Case.id.desc()).limit(1)
    case = session.scalars(newest).one_or_none()
    return case is not None and case.closed_by not in (None, "hub") and case.reason == reason


def release(session: Session, posting: Posting | int, keep: Iterable[str] = ()) -> None:
    """Remove a posting from its cases, except those to keep; close cases that stop nothing more."""
    release_all(session, [_id(posting)], keep)


def release_all(session: Session, ids: Iterable[int], keep: Iterable[str] = ()) -> None:
    """Remove postings from their cases, except those to keep; close cases that stop nothing."""
    mine = case_posting.c.posting_id.in_(list(ids))
    held = select(Case.id).join(case_posting).where(mine, Case.closed_at.is_(None)).distinct()
    left = list(session.scalars(held.where(Case.cause.not_in(list(keep)))))
    if not left:
        return
    session.execute(delete(case_posting).where(mine, case_posting.c.case_id.in_(left)))
    stops = exists().where(case_posting.c.case_id == Case.id)
    closed = {"closed_at": hub_context.current().clock.now(), "closed_by": "hub"}
    session.execute(update(Case).where(Case.id.in_(left), ~stops).values(closed))


def open_causes(session: Session, prefix: str) -> list[str]:
    """Return the causes of the open cases that begin with a prefix."""
    found = select(Case.cause).where(
        Case.cause.startswith(prefix, autoescape=True), Case.closed_at.is_(None)
    )
    return list(session.scalars(found.order_by(Case.cause)))


def _open(cause: str) -> Any:
    return select(Case).where(Case.cause == cause, Case.closed_at.is_(None))


def _attach(session: Session, case: Case, postings: Iterable[Posting | int]) -> None:
    ids = {_id(posting) for posting in postings}
    if ids:
        rows = [{"case_id": case.id, "posting_id": id} for id in sorted(ids)]
        session.execute(engine.insert(session, case_posting).values(rows).on_conflict_do_nothing())


def _id(posting: Posting | int) -> int:
    return posting if isinstance(posting, int) else posting.id
