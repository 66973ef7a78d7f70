"""Block the first posting of an app until people have decided on the codes that it requires."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub import outbox
from hub.cases import inbox
from hub.cases.causes import build_match_prefix
from hub.context import current_hub
from hub.models import Case, Installation, Match
from hub.reasons.template import CaseAction
from hub.reasons.texts import CaseText


def find_blocks(session: Session, installation_ids: Iterable[int]) -> Mapping[int, CaseText]:
    """Return why installations may not post yet; those that have posted before are left out."""
    query = select(Installation).where(Installation.id.in_(list(installation_ids)))
    reasons = {}
    for installation in session.scalars(query):
        app = current_hub().plugins.apps.get(installation.slug)
        if app is None or not app.match_first:
            continue
        if outbox.has_posted(session, installation.id):
            continue
        count = _count_undecided_codes(session, installation, list(app.match_first))
        if count:
            reasons[installation.id] = _build_block_text(count, app.name)
    return reasons


def _build_block_text(count: int, app_name: str) -> CaseText:
    """Return the text for this many undecided codes."""
    if count == 1:
        return CaseText("check.match_first_one", app=app_name)
    return CaseText("check.match_first", count=count, app=app_name)


def _count_undecided_codes(
    session: Session, installation: Installation, fields: Sequence[str]
) -> int:
    """Count the codes of these fields that documents wait for and that nobody has decided on."""
    awaited_codes = _load_awaited_codes(session, installation, fields)
    plugin_name = current_hub().plugins.get_plugin_name(installation.slug)
    decisions = select(Match.field, Match.code).where(
        Match.company_id == installation.company_id,
        Match.scope == plugin_name,
        Match.tenant == installation.tenant,
        Match.field.in_(fields),
    )
    for field, code in session.execute(decisions):
        awaited_codes.discard((field, code))
    return len(awaited_codes)


def _load_awaited_codes(
    session: Session, installation: Installation, fields: Sequence[str]
) -> set[tuple[str, str]]:
    """Return field and code of the open cases that a match would solve."""
    prefixes = [build_match_prefix(installation.id, field) for field in fields]
    is_of_fields = or_(*(Case.cause.startswith(prefix, autoescape=True) for prefix in prefixes))
    query = select(Case.details).where(
        Case.installation_id == installation.id,
        Case.closed_at.is_(None),
        inbox.is_solved_by(CaseAction.MATCH),
        is_of_fields,
    )
    codes = set()
    for details in session.scalars(query):
        codes.add((details["field"], details["code"]))
    return codes
