"""Check that QuickBooks was searched far enough back for look-alikes of a document."""

import datetime as dt
from collections.abc import Iterable

from hub.collect.batch import CollectBatch, Item
from hub.collect.setup import Setup
from hub.contract.documents import Document
from hub.contract.states import Stage
from hub.models import ListState, SourceDocument
from hub.models.enums import StartRule
from hub.qbo.transaction_index import HEADS_PREFIX


def is_searched(batch: CollectBatch, row: SourceDocument) -> bool:
    """Return whether QuickBooks was searched for look-alikes of a document.

    Somebody may have entered an older document in QuickBooks by hand. A sync therefore searches
    from the start date, or from the earliest document that a person has included despite its date.
    A document that is included later, or whose date becomes an earlier one, waits for the next
    search.
    """
    setup = batch.setup
    is_included = row.before_start == StartRule.INCLUDED and setup.site.start is not None
    if not is_included or row.date is None or row.kind not in setup.app.posts:
        return True
    key = (row.company_id, HEADS_PREFIX + row.kind)
    state = batch.session.get(ListState, key)
    if state is None:  # a kind of records, which the lists show whole
        return True
    return state.since is not None and state.since <= row.date


def find_unsearched_day(setup: Setup, items: Iterable[Item]) -> dt.date | None:
    """Return the earliest date of documents for which QuickBooks was not searched far enough back.

    Return None if there is none. A document may count although it is older than what a sync
    searches: it was received later, or its app has no first day.
    """
    dates = [
        item.date
        for item in items
        if isinstance(item, Document) and item.date and _may_be_created(setup, item)
    ]
    earliest = min(dates, default=None)
    if earliest is None or setup.searched_since is None or earliest >= setup.searched_since:
        return None
    return earliest


def _may_be_created(setup: Setup, document: Document) -> bool:
    """Return whether a document may have to be created, as far as its stage and dates show."""
    is_wanted = document.stage == Stage.READY and document.kind in setup.app.posts
    return is_wanted and not is_too_early(setup, document)


def is_too_early(setup: Setup, document: Document) -> bool:
    """Return whether a document is from before the start date.

    The date of receipt decides, if the source states it, else the date of the document.
    """
    start = setup.site.start
    day = document.received or document.date
    return start is not None and day is not None and day < start
