"""The gate before an app's first posting: nothing goes through while a code that must be matched first is open."""

from collections.abc import Iterable, Mapping

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.models import Case, Installation, Match, Posting


def closed(session: Session, installation_ids: Iterable[int]) -> Mapping[int, str]:
    """Why nothing of these installations may be posted yet; one that has posted before is not among them."""
    found = {}
    for installation in session.scalars(
        select(Installation).where(Installation.id.in_(list(installation_ids)))
    ):
        app = hub_context.current().plugins.apps.get(installation.slug)
        count = _open(session, installation, app.match_first) if app and app.match_first else 0
        if app and count and not _has_posted(session, installation.id):
            codes = "code is" if count == 1 else "codes are"
            found[installation.id] = (
                f"{count} {codes} neither matched nor confirmed as new, so {app.name} posts nothing yet"
            )
    return found


def _open(session: Session, installation: Installation, fields: Iterable[str]) -> int:
    """How many codes nobody has decided on yet, of those that documents wait for."""
    causes = [
        Case.cause.startswith(f"match:{installation.id}:{field}:", autoescape=True)
        for field in fields
    ]
    wanted = Case.closed_at.is_(None), Case.act == "match", or_(*causes)
    waits = {
        (case.details["field"], case.details["code"])
        for case in session.scalars(select(Case).where(*wanted))
    }
    scope = hub_context.current().plugins.scope(installation.slug)
    mine = (
        Match.company_id == installation.company_id,
        Match.scope == scope,
        Match.tenant == installation.tenant,
    )
    decided = select(Match.field, Match.code).where(*mine, Match.field.in_(list(fields)))
    return len(waits - {(field, code) for field, code in session.execute(decided)})


def _has_posted(session: Session, installation_id: int) -> bool:
    mine = Posting.installation_id == installation_id, Posting.state == "posted"
    return session.scalar(select(Posting.id).where(*mine).limit(1)) is not None
