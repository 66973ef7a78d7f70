"""Whether codes were matched while a run posted, so that what they held goes on in the same run."""

import datetime as dt
from typing import NamedTuple

from sqlalchemy import case, func, select

from hub import outbox, runtime, store
from hub.mapping import NEW
from hub.models import Installation, Match, Posting


class MatchState(NamedTuple):
    """How many codes of an app are matched, when the last one was, and how many are to be created."""

    matches: int
    newest: dt.datetime | None
    to_create: int


def match_state(installation: Installation) -> MatchState:
    """Return how the codes that an installation uses are matched now."""
    mine = (
        Match.company_id == installation.company_id,
        Match.scope == runtime.current().plugins.scope(installation.slug),
        Match.tenant == installation.tenant,
    )
    to_create = func.coalesce(func.sum(case((Match.record == NEW, 1), else_=0)), 0)
    with store.reading() as session:
        found = select(func.count(), func.max(Match.at), to_create).select_from(Match).where(*mine)
        return MatchState(*session.execute(found).one())


def has_unsent(installation: Installation) -> bool:
    """Return whether anything is left that a match could release."""
    mine = Posting.installation_id == installation.id, Posting.state.in_(outbox.UNSENT)
    unsent = select(Posting.id).where(*mine, Posting.operation != "attach").limit(1)
    with store.reading() as session:
        return session.scalar(unsent) is not None
