"""Documents that nothing was sent of yet, mapped anew from what their source last said, once matches have changed."""

import logging
from collections.abc import Sequence

from sqlalchemy import Select, false, or_, select

from hub.collect.batch import CollectBatch
from hub.collect.intake import plan_again
from hub.collect.read import AT_ONCE
from hub.collect.reread import RELEASED_BY_READING
from hub.collect.setup import Setup
from hub.db import engine
from hub.errors import NeedsAttention, Retry
from hub.models import Posting, SourceDocument

log = logging.getLogger("hub")


def remap(setup: Setup) -> None:
    """Maps them in groups; one that fails is left as it is."""
    after = 0
    while ids := _stale(setup, after):
        replan(setup, ids)
        after = ids[-1]


def awaited(setup: Setup) -> None:
    """The same for those that name a document which the source has only shown since."""
    after = 0
    while ids := _waiting(setup, after):
        replan(setup, ids)
        after = ids[-1]


def _waiting(setup: Setup, after: int) -> list[int]:
    return _next(_of(setup, after).where(Posting.state == "waiting", Posting.hold == "source"))


def _stale(setup: Setup, after: int) -> list[int]:
    unsent = "review", "ready", "waiting"
    old = Posting.changed_at <= setup.matched_at if setup.matched_at else false()
    free = Posting.state.in_(unsent) & old & (Posting.hold == "")
    to_make = (
        (Posting.state == "held")
        & (SourceDocument.made_for != "")
        & Posting.hold.in_(RELEASED_BY_READING)
    )
    found = _of(setup, after).join(SourceDocument, SourceDocument.id == Posting.document_id)
    found = found.where(
        Posting.state.in_((*unsent, "held")), Posting.operation.in_(("create", "update"))
    )
    return _next(found.where(SourceDocument.gone.is_(None), or_(free, to_make)))


def _of(setup: Setup, after: int) -> Select[int]:
    """Documents by their postings: those that wait are few, and found by their state."""
    mine = Posting.installation_id == setup.installation.id, Posting.document_id > after
    return select(Posting.document_id).where(*mine).distinct()


def _next(found: Select[int]) -> list[int]:
    with engine.reading() as session:
        return list(session.scalars(found.order_by(Posting.document_id).limit(AT_ONCE)))


def replan(setup: Setup, ids: Sequence[int]) -> None:
    """Plan documents anew from what their source last said; one that fails is left as it is."""
    try:
        with engine.transaction() as session:
            plan_again(CollectBatch(session, setup, []), ids)
    except (Retry, NeedsAttention):
        raise
    except Exception as error:
        if len(ids) == 1:
            log.error("document %s cannot be mapped anew", ids[0], exc_info=error)
            return
        for id in ids:
            replan(setup, [id])
