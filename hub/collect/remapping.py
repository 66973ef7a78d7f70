"""Documents that nothing was sent of yet, mapped anew from what their source last said, once matches have changed."""

import logging
from collections.abc import Sequence

from sqlalchemy import false, or_, select

from hub import store
from hub.collect.group import Group
from hub.collect.reading import AT_ONCE, UNTOLD
from hub.collect.setup import Setup
from hub.errors import NeedsAttention, Retry
from hub.models import Posting, SourceDocument

log = logging.getLogger("hub")


def remap(setup: Setup) -> None:
    """Maps them in groups; one that fails is left as it is."""
    after = 0
    while ids := _stale(setup, after):
        _remap(setup, ids)
        after = ids[-1]


def awaited(setup: Setup) -> None:
    """The same for those that name a document which the source has only shown since."""
    after = 0
    while ids := _waiting(setup, after):
        _remap(setup, ids)
        after = ids[-1]


def _waiting(setup: Setup, after: int) -> list[int]:
    waits = Posting.document_id == SourceDocument.id, Posting.state == "waiting", Posting.hold == "source"
    found = select(SourceDocument.id).where(
        SourceDocument.installation_id == setup.installation.id,
        SourceDocument.id > after,
        select(Posting.id).where(*waits).exists(),
    )
    with store.reading() as session:
        return list(session.scalars(found.order_by(SourceDocument.id).limit(AT_ONCE)))


def _stale(setup: Setup, after: int) -> list[int]:
    old = Posting.changed_at <= setup.matched_at if setup.matched_at else false()
    unsent = Posting.state.in_(("review", "ready", "waiting")) & old & (Posting.hold == "")
    to_make = (Posting.state == "held") & (SourceDocument.made_for != "") & Posting.hold.in_(UNTOLD)
    mine = Posting.document_id == SourceDocument.id, Posting.operation.in_(("create", "update"))
    found = select(SourceDocument.id).where(
        SourceDocument.installation_id == setup.installation.id,
        SourceDocument.id > after,
        SourceDocument.gone.is_(None),
        select(Posting.id).where(*mine, or_(unsent, to_make)).exists(),
    )
    with store.reading() as session:
        return list(session.scalars(found.order_by(SourceDocument.id).limit(AT_ONCE)))


def _remap(setup: Setup, ids: Sequence[int]) -> None:
    try:
        with store.transaction() as session:
            group = Group(session, setup, [])
            group.remap(ids)
    except (Retry, NeedsAttention):
        raise
    except Exception as error:
        if len(ids) == 1:
            log.error("document %s cannot be mapped anew", ids[0], exc_info=error)
            return
        for id in ids:
            _remap(setup, [id])
