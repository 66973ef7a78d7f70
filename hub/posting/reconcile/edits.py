"""Describe how a posted transaction was edited in QuickBooks."""

from hub import payloads
from hub.db.engine import read_only_session
from hub.posting.party_lists import get_party_list
from hub.posting.reconcile import mergers
from hub.posting.reconcile.mergers import Merger
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.posting.reconcile.refresh import EntitiesByKey
from hub.qbo.display_names import load_namer


def describe_edits(
    document: PostedDocument, current: EntitiesByKey
) -> tuple[list[str], tuple[Merger, ...]]:
    """Describe the edits of a transaction; empty if its content is as the hub wrote it.

    Return also the mergers of records that explain all of them, if there are any.
    """
    entity = current.get(document.key)
    if entity is None:
        return [], ()
    posting = document.posting
    last_write = document.last_write
    last_summary = payloads.summarize_written(
        posting.kind, last_write.answer or {}, last_write.summary, posting.currency
    )
    current_summary = payloads.summarize(posting.kind, entity, posting.currency)
    with read_only_session() as session:
        name_of = load_namer(
            session, posting.company_id, get_party_list(posting.kind, posting.summary)
        )
        edits = payloads.describe_differences(
            last_summary, current_summary, name_of, compares_billing=True
        )
    return edits, mergers.find_mergers(posting, last_summary, current_summary) if edits else ()
