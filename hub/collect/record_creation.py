"""Create records in QuickBooks that a person requests before any document needs them."""

from collections.abc import Iterable

from hub import outbox
from hub.collect.batch import CollectBatch
from hub.collect.finish import finish
from hub.collect.planning import place_record
from hub.collect.prepare import prepare
from hub.db import engine
from hub.mapping import Create


def create_records(installation_id: int, creates: Iterable[Create], requested_by: str) -> None:
    """Plan a posting for each record that has none; approve it in the name of the person.

    They are sent with the next run.
    """
    setup = prepare(installation_id)
    with engine.transaction() as session:
        batch = CollectBatch(session, setup, [])
        postings = [place_record(batch, create, requested_by) for create in creates]
        finish(batch)
        session.flush()
        posting_ids = [posting.id for posting in postings]
        outbox.approve(session, posting_ids, requested_by)
