"""The gate before an app's first posting: nothing goes through while a code that must be matched first is open."""

from collections.abc import Iterable, Mapping

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub import runtime
from hub.models import Case, Installation, Posting


def closed(session: Session, installation_ids: Iterable[int]) -> Mapping[int, str]:
    """Why nothing of these installations may be posted yet; one that has posted before is not among them."""
    found = {}
    for installation in session.scalars(select(Installation).where(Installation.id.in_(list(installation_ids)))):
        app = runtime.current().plugins.apps.get(installation.slug)
        count = _open(session, installation.id, app.match_first) if app and app.match_first else 0
        if app and count and not _has_posted(session, installation.id):
            codes = "code is" if count == 1 else "codes are"
            found[installation.id] = (
                f"{count} {codes} neither matched nor confirmed as new, so {app.name} posts nothing yet"
            )
    return found


def _open(session: Session, installation_id: int, fields: Iterable[str]) -> int:
    causes = [Case.cause.startswith(f"match:{installation_id}:{field}:", autoescape=True) for field in fields]
    wanted = Case.closed_at.is_(None), Case.act == "match", or_(*causes)
    return session.scalar(select(func.count(Case.id)).where(*wanted)) or 0


def _has_posted(session: Session, installation_id: int) -> bool:
    mine = Posting.installation_id == installation_id, Posting.state == "posted"
    return session.scalar(select(Posting.id).where(*mine).limit(1)) is not None
