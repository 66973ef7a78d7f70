"""Records that a person wants made in QuickBooks before any document asks for them."""

from collections.abc import Iterable

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.collect.finish import finish
from hub.collect.planning import plan_record
from hub.collect.prepare import prepare
from hub.db import engine
from hub.mapping import Create


def make(installation_id: int, creates: Iterable[Create], who: str) -> None:
    """Plan a posting for each of them, unless there is one, approved by the person who wants them."""
    setup = prepare(installation_id, None)
    with engine.transaction() as session:
        batch = CollectBatch(session, setup, [])
        postings = [plan_record(batch, create, requested_by=who) for create in creates]
        finish(batch)
        session.flush()
        outbox.approve(session, [posting.id for posting in postings], who)
