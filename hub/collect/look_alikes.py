"""Check that QuickBooks was searched far enough back for look-alikes of a document."""

from hub.collect.batch import CollectBatch
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
