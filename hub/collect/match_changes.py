"""Find the documents that a match releases, of its own app and of apps that share the match."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import case, func, select

from hub import outbox
from hub.collect import reread
from hub.collect.settings_check import build_match_conditions
from hub.context import current_hub
from hub.db import engine
from hub.mapping import NEW
from hub.models import Installation, Match, Posting
from hub.models.enums import Operation


class MatchState(NamedTuple):
    """The matched codes of an app: their number, the last match, and the number to be created."""

    matches: int
    newest: dt.datetime | None
    to_create: int


def load_match_state(installation: Installation) -> MatchState:
    """Return how the codes that an installation uses are matched now."""
    is_to_create = case((Match.record == NEW, 1), else_=0)
    to_create = func.coalesce(func.sum(is_to_create), 0)
    query = (
        select(func.count(), func.max(Match.at), to_create)
        .select_from(Match)
        .where(*build_match_conditions(installation))
    )
    with engine.read_only_session() as session:
        row = session.execute(query).one()
    return MatchState(*row)


def has_unsent(installation: Installation) -> bool:
    """Return whether there are unsent postings that a match could release (not attachments)."""
    query = select(Posting.id).where(
        Posting.installation_id == installation.id,
        Posting.state.in_(outbox.UNSENT),
        Posting.operation != Operation.ATTACH,
    )
    with engine.read_only_session() as session:
        return session.scalar(query.limit(1)) is not None


def has_released(installation: Installation, other: Installation) -> bool:
    """Return whether a match of one app has released documents of another app.

    The apps of a plugin share their matches within a company and tenant.
    """
    apps_of_plugin = current_hub().plugins.list_apps_of_plugin(installation.slug)
    if installation.id == other.id or other.slug not in apps_of_plugin:
        return False
    return installation.tenant == other.tenant and reread.has_released(other)
