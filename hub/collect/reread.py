"""Which documents a run asks the source for again, in which order, and how much of that one run may do.

Documents that somebody asked for are always read: a webhook or a retry named them, the settings
changed, or a code that holds them was matched. The others wait for a change at the source that its
list may not show. They share a budget, longest unread first, so that they never crowd out new ones.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Select, and_, func, literal, or_, select, text, update

from hub import context as hub_context
from hub.collect.read import is_cut
from hub.collect.setup import Setup
from hub.db import engine
from hub.http.client import AppHttp
from hub.models import Case, Installation, Match, Posting, SourceDocument, case_posting
from hub.models.postings import ABSENT, ASKED_AGAIN

RELEASED_BY_READING = ("source", "mapping", "preflight")  # who holds what a new reading may release
GONE_FOR = dt.timedelta(days=30)  # how long a document that is gone is still looked for
MIN_CALLS = 50  # what a run may spend on waiting documents, however few calls it makes
SHARE = 4  # one call in so many may read waiting documents

_last_read = func.coalesce(SourceDocument.read_at, SourceDocument.seen_at)


class Budget:
    """What one run may spend on documents that only wait: a number of ids, or a share of its calls."""

    def __init__(self, setup: Setup) -> None:
        self._http = cast(AppHttp, setup.site.http)
        self._before = self._http.calls
        self._most_ids = hub_context.current().config.reread_ids
        self._ids = 0

    @property
    def ids_left(self) -> int:
        """How many more documents may be read."""
        return self._most_ids - self._ids

    def spend(self, ids: int) -> None:
        """Count documents that were asked for."""
        self._ids += ids

    def is_spent(self) -> bool:
        """Whether no more may be read in this run."""
        calls = self._http.calls - self._before
        return self.ids_left <= 0 or (calls >= MIN_CALLS and calls * SHARE >= self._http.calls)


def requested(setup: Setup) -> list[str]:
    """The ids of documents that must be read before they go on, longest unread first."""
    flagged = _documents(setup.installation).where(text(ASKED_AGAIN), SourceDocument.reread)
    return _ids(setup, [flagged, *([_matched(setup.installation)] if setup.matched_at else [])])


def matched(setup: Setup) -> list[str]:
    """The ids of documents held by a code that was matched since they were last planned."""
    return _ids(setup, [_matched(setup.installation)]) if setup.matched_at else []


def has_released(installation: Installation) -> bool:
    """Return whether a match releases documents of this app that were not read since.

    A document that was read and is still held is not counted again, so that two apps which share
    matches never start each other's runs in turn.
    """
    released = _matched(installation).where(_last_read <= Match.at)
    with engine.reading() as session:
        return any(not is_cut(row.source_id) for row in session.execute(released))


def waiting(setup: Setup) -> list[str]:
    """The ids of documents that are pending, held unsent, unreadable, absent or gone, in that order too."""
    alive = SourceDocument.gone.is_(None)
    looked_for = SourceDocument.gone_at >= hub_context.current().clock.now() - GONE_FOR
    not_final = _documents(setup.installation).where(
        text(ASKED_AGAIN), ~SourceDocument.reread, alive
    )
    held = (
        _documents(setup.installation)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .where(Posting.installation_id == setup.installation.id, Posting.operation != "attach")
        .where(Posting.state.in_(("held", "waiting")), Posting.hold.in_(RELEASED_BY_READING), alive)
    )
    missed = _documents(setup.installation).where(
        text(ABSENT), or_(and_(SourceDocument.absent_at.is_not(None), alive), looked_for)
    )
    return _ids(setup, [not_final, held, missed])


def stamp(setup: Setup, source_ids: Iterable[str]) -> None:
    """Note that these were asked for, so that others have their turn before them."""
    mine = (
        SourceDocument.company_id == setup.installation.company_id,
        SourceDocument.slug == setup.installation.slug,
        SourceDocument.tenant == (setup.installation.tenant or ""),
        SourceDocument.source_id.in_(list(source_ids)),
    )
    with engine.transaction() as session:
        now = hub_context.current().clock.now()
        session.execute(update(SourceDocument).where(*mine).values(read_at=now))


def _documents(installation: Installation) -> Select[Any]:
    """Documents of the installation; what is made for codes has no id at the source."""
    columns: Any = (SourceDocument.id, SourceDocument.source_id, _last_read)
    return select(*columns).where(
        SourceDocument.installation_id == installation.id, SourceDocument.made_for == ""
    )


def _matched(installation: Installation) -> Select[Any]:
    """Documents held by a code that was matched since they were last planned."""
    cause = literal(f"match:{installation.id}:") + Match.field + ":" + Match.code
    scope = hub_context.current().plugins.scope(installation.slug)
    return (
        _documents(installation)
        .join(Posting, Posting.document_id == SourceDocument.id)
        .join(case_posting, case_posting.c.posting_id == Posting.id)
        .join(Case, Case.id == case_posting.c.case_id)
        .join(Match, Case.cause == cause)
        .where(Case.installation_id == installation.id, Case.closed_at.is_(None))
        .where(Match.company_id == installation.company_id, Match.scope == scope)
        .where(Match.tenant == (installation.tenant or ""), Match.at >= Posting.changed_at)
        .where(Posting.state == "held", SourceDocument.gone.is_(None))
    )


def _ids(setup: Setup, queries: Iterable[Select[Any]]) -> list[str]:
    """The ids of all that the queries find, longest unread first, without those that this run has read."""
    with engine.reading() as session:
        found = {row for query in queries for row in session.execute(query)}
    oldest_first = sorted(found, key=lambda row: (row[2], row[0]))
    return [
        source_id
        for _, source_id, _ in oldest_first
        if source_id not in setup.read_now and not is_cut(source_id)
    ]
