"""Detect that a person has matched codes since the postings of this run were planned.

Postings that were planned before are then not sent, because the new matches apply to them too.
"""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from hub.clock import MAX_CLOCK_DIFFERENCE
from hub.context import current_hub
from hub.db.engine import read_only_session
from hub.models import Installation, Match
from hub.models.enums import MatchOrigin
from hub.posting.outcome.session import PostingSession


class DecidedMatches:
    """The decisions of people about codes of the apps whose postings a session sends."""

    def __init__(self, posting_session: PostingSession) -> None:
        self._planned_at = posting_session.planned_at
        self._conditions: list[ColumnElement[bool]] = []
        if self._planned_at is not None:
            self._conditions = _build_conditions(posting_session)

    def has_new(self) -> bool:
        """Return whether a person has decided about a code since the postings were planned.

        A decision dated in the future was made before the clock was set back. The plans already
        take it into account.
        """
        if not self._conditions:
            return False
        latest = current_hub().clock.now() + MAX_CLOCK_DIFFERENCE
        is_new = exists().where(
            Match.match_method == MatchOrigin.DECIDED,
            Match.at > self._planned_at,
            Match.at <= latest,
            or_(*self._conditions),
        )
        with read_only_session() as session:
            return bool(session.scalar(select(is_new)))


def _build_conditions(posting_session: PostingSession) -> list[ColumnElement[bool]]:
    """Return conditions for the matches of each app; the apps of a plugin share their matches."""
    query = select(Installation.slug, Installation.tenant).where(
        Installation.company_id == posting_session.company_id
    )
    if posting_session.installation_ids is not None:
        query = query.where(Installation.id.in_(posting_session.installation_ids))
    plugins = current_hub().plugins
    conditions = []
    with read_only_session() as session:
        for slug, tenant in session.execute(query):
            if slug in plugins.apps:
                is_of_app = and_(
                    Match.company_id == posting_session.company_id,
                    Match.scope == plugins.get_plugin_name(slug),
                    Match.tenant == (tenant or ""),
                )
                conditions.append(is_of_app)
    return conditions
