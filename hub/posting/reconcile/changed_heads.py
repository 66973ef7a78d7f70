"""Load the posted transactions that others changed in QuickBooks, and mark them as processed."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from hub.db.engine import read_only_session
from hub.models import TransactionHead
from hub.posting.reconcile.posted_documents import PostedDocument, load_for_heads

CHUNK_SIZE = 200


class ChangedHeads(NamedTuple):
    """Changed heads and the posted documents that have them."""

    heads: Sequence[TransactionHead]
    documents: Sequence[PostedDocument]


def load_next(company_id: int, last_key: tuple[str, str]) -> ChangedHeads:
    """Load the next heads that changed, with their documents."""
    query = (
        select(TransactionHead)
        .where(
            TransactionHead.company_id == company_id,
            TransactionHead.news,
            tuple_(TransactionHead.kind, TransactionHead.quickbooks_id) > last_key,
        )
        .order_by(TransactionHead.kind, TransactionHead.quickbooks_id)
        .limit(CHUNK_SIZE)
    )
    with read_only_session() as session:
        heads = session.scalars(query).all()
        documents = load_for_heads(session, company_id, heads) if heads else ()
        return ChangedHeads(heads, documents)


def list_settled(chunk: ChangedHeads, settled_ids: Set[int]) -> list[TransactionHead]:
    """Return the heads whose documents are settled, and those without a document."""
    open_keys = {
        document.key for document in chunk.documents if document.posting.id not in settled_ids
    }
    settled_heads = []
    for head in chunk.heads:
        if (head.kind, head.quickbooks_id) not in open_keys:
            settled_heads.append(head)
    return settled_heads


def mark_processed(session: Session, heads: Sequence[TransactionHead]) -> None:
    """Mark heads as processed, unless they have changed again since they were read."""
    for head in heads:
        is_unchanged = (
            TransactionHead.company_id == head.company_id,
            TransactionHead.kind == head.kind,
            TransactionHead.quickbooks_id == head.quickbooks_id,
            TransactionHead.sync_token == head.sync_token,
            TransactionHead.updated_at.is_not_distinct_from(head.updated_at),
            TransactionHead.state == head.state,
        )
        session.execute(
            update(TransactionHead).where(*is_unchanged).values(news=False),
            execution_options={"synchronize_session": False},
        )
