"""Detect what others did to our transactions in QuickBooks, and report it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select, tuple_, update
from sqlalchemy.orm import Session

from hub import payloads
from hub.cases.discrepancies import ABSENT_DISCREPANCIES, Discrepancy
from hub.contract.document_kinds import PAYABLE_KINDS
from hub.contract.states import ReceiptState
from hub.db.engine import read_only_session, transaction
from hub.models import Installation, Posting, TransactionHead
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.money import ZERO, round_amount, sum_amounts
from hub.outbox.states import IN_FLIGHT, UNSENT
from hub.payloads.entities import linked_kind
from hub.posting import receipts
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.context import party_list
from hub.posting.reconcile import cases
from hub.posting.reconcile.posted_documents import (
    PostedDocument,
    load_for_heads,
    load_posted,
)
from hub.posting.reconcile.refresh import EntitiesByKey, fetch_current
from hub.qbo.display_names import load_namer
from hub.reasons.texts import CaseText

# The state in the receipt of a posted document, by how much of it is paid.
PAYMENT_STATES = (ReceiptState.POSTED, ReceiptState.PART_PAID, ReceiptState.PAID)
CHUNK_SIZE = 200
MAX_PAYMENTS_READ = 20  # of one document, to find the date of the last


@dataclass(frozen=True)
class DocumentNews:
    """The result for one document: its discrepancy, and what is paid of it."""

    document: PostedDocument
    discrepancy: Discrepancy = Discrepancy.NONE
    text: CaseText | None = None
    paid: Decimal | None = None
    paid_on: dt.date | None = None


class _Chunk(NamedTuple):
    """Changed heads and the posted documents that have them."""

    heads: Sequence[TransactionHead]
    documents: Sequence[PostedDocument]


def watch(company_id: int) -> Counter[str]:
    """Process every transaction of ours that others changed; return the number of each result."""
    posting_session = PostingSession(company_id)
    counts = Counter[str]()
    last_key = ("", "")
    while True:
        chunk = _load_next_chunk(company_id, last_key)
        if not chunk.heads:
            return counts
        last_key = chunk.heads[-1].kind, chunk.heads[-1].quickbooks_id
        idle = [document for document in chunk.documents if not document.is_changing]
        current = _read_current(posting_session, idle)
        news = [_compare_document(document, current) for document in idle]
        processed = _list_settled_heads(chunk)
        with transaction() as session:
            for item in news:
                counts += _report(session, item)
            _mark_processed(session, processed)


def _list_settled_heads(chunk: _Chunk) -> list[TransactionHead]:
    """Return the heads that none of our own changes is about to change again."""
    changing_keys = {document.key for document in chunk.documents if document.is_changing}
    settled = []
    for head in chunk.heads:
        if (head.kind, head.quickbooks_id) not in changing_keys:
            settled.append(head)
    return settled


def _load_next_chunk(company_id: int, last_key: tuple[str, str]) -> _Chunk:
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
        return _Chunk(heads, documents)


def _read_current(
    posting_session: PostingSession, documents: Iterable[PostedDocument]
) -> EntitiesByKey:
    """Read edited transactions, and the payments of those whose source wants their dates."""
    ids_by_kind: dict[str, set[str]] = defaultdict(set)
    for document in documents:
        if document.is_edited and document.discrepancy not in ABSENT_DISCREPANCIES:
            kind, id = document.key
            ids_by_kind[kind].add(id)
        for kind, id in _list_payment_keys(document):
            ids_by_kind[kind].add(id)
    return fetch_current(posting_session, ids_by_kind)


def _list_payment_keys(document: PostedDocument) -> list[tuple[str, str]]:
    """Return the newest payments of a document; none if no app wants to know of them."""
    head = document.head
    if head is None or _compute_paid_amount(document) is None:
        return []
    slug = document.posting.document.slug
    if not receipts.is_wanted(slug, ReceiptState.PAID, ReceiptState.PART_PAID):
        return []
    newest_links = head.links[-MAX_PAYMENTS_READ:]
    keys = []
    for link in newest_links:
        kind = linked_kind(str(link["type"]))
        if kind:
            keys.append((kind, str(link["id"])))
    return keys


def _compare_document(document: PostedDocument, current: EntitiesByKey) -> DocumentNews:
    """Compare a document with what QuickBooks has of it."""
    if document.discrepancy in ABSENT_DISCREPANCIES or document.head is None:
        return DocumentNews(document, document.discrepancy)
    edits = _describe_edits(document, current)
    text = None
    if document.discrepancy == Discrepancy.NONE:
        name = format_posting_name(document.posting)
        text = CaseText("posted.edited", name=name, differences=" ".join(edits))
    return DocumentNews(
        document,
        Discrepancy.DIFFERS if edits else Discrepancy.NONE,
        text,
        _compute_paid_amount(document),
        _find_last_payment_date(document, current),
    )


def _describe_edits(document: PostedDocument, current: EntitiesByKey) -> list[str]:
    """Describe what was edited; empty if the content is as it was written."""
    entity = current.get(document.key)
    if entity is None:
        return []
    posting = document.posting
    written = payloads.summarize(posting.kind, document.last_write.answer or {})
    edited = payloads.summarize(posting.kind, entity)
    with read_only_session() as session:
        name_of = load_namer(session, posting.company_id, party_list(posting.kind, posting.summary))
        return payloads.describe_differences(written, edited, name_of=name_of)


def _compute_paid_amount(document: PostedDocument) -> Decimal | None:
    """Return what is paid of a document; None if it cannot be paid."""
    head = document.head
    if head is None:
        return None
    if document.posting.kind not in PAYABLE_KINDS:
        return None
    if not head.total or head.balance is None:
        return None
    currency = head.currency or document.posting.currency or "USD"
    return round_amount(head.total - head.balance, currency)


def _find_last_payment_date(document: PostedDocument, current: EntitiesByKey) -> dt.date | None:
    """Return the date of the last payment, or the day of the last change if none was read.

    Days begin at midnight in the zone of the app.
    """
    dates = []
    for key in _list_payment_keys(document):
        text = current.get(key, {}).get("TxnDate")
        if text:
            dates.append(dt.date.fromisoformat(str(text)[:10]))
    if dates:
        return max(dates)
    head = document.head
    if head is None or head.updated_at is None:
        return None
    with read_only_session() as session:
        zone = session.get_one(Installation, document.posting.installation_id).zone
    return head.updated_at.astimezone(ZoneInfo(zone)).date()


def _report(session: Session, news: DocumentNews) -> Counter[str]:
    """Update the case of a document and tell its source; return what was reported."""
    if cases.settle_if_unwanted(session, news.document):
        return Counter()
    cases.update_case(session, news.document, news.discrepancy, news.text)
    if news.discrepancy != Discrepancy.NONE:
        return Counter({str(news.discrepancy): 1})
    state = _report_payment(session, news)
    if not state:
        return Counter()
    return Counter({state: 1})


def _report_payment(session: Session, news: DocumentNews) -> str:
    """Queue a receipt if the paid amount has changed, also if a payment was taken back.

    A document that is split is paid once all its parts are. Return the state to report to the
    source; "" if it was reported already.
    """
    if news.paid is None:
        return ""
    source_document = news.document.posting.document
    others = _load_other_parts(session, news.document.posting)
    paid = news.paid + sum_amounts(map(_compute_paid_amount, others))
    is_unpaid = _has_unposted_part(session, news.document.posting) or not all(
        map(_is_paid, (news.document, *others))
    )
    state = _get_payment_state(paid, is_unpaid=is_unpaid)
    amount = None if state == ReceiptState.POSTED else paid
    last = receipts.find_last(session, source_document, PAYMENT_STATES)
    last_state = last.state if last else ReceiptState.POSTED
    if last_state == state:
        last_paid = Decimal((last.body or {}).get("paid") or 0) if last else ZERO
        if amount is None or last_paid == amount:
            return ""
    receipts.queue(
        session,
        source_document,
        state,
        posting=news.document.last_write,
        paid=amount,
        paid_on=news.paid_on,
    )
    return state


def _load_other_parts(session: Session, posting: Posting) -> list[PostedDocument]:
    """Return the other parts of a split document that QuickBooks has; most have none."""
    is_other_part = _is_other_part(posting)
    if not session.scalar(select(exists().where(*is_other_part))):
        return []
    return load_posted(session, posting.company_id, is_other_part)


def _is_other_part(posting: Posting) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the postings of the other parts of a document."""
    return (
        Posting.document_id == posting.document_id,
        Posting.part != posting.part,
        Posting.operation != Operation.ATTACH,
    )


def _has_unposted_part(session: Session, posting: Posting) -> bool:
    """Return whether another part of a document is still to be posted."""
    is_unposted = (
        *_is_other_part(posting),
        Posting.operation == Operation.CREATE,
        Posting.state.in_(UNSENT + IN_FLIGHT),
    )
    return session.scalar(select(exists().where(*is_unposted))) or False


def _is_paid(document: PostedDocument) -> bool:
    """Return whether nothing is left to pay of a document, or of a part of one."""
    if document.head is None or document.discrepancy in ABSENT_DISCREPANCIES:
        return False
    return document.head.balance == ZERO


def _get_payment_state(paid: Decimal, *, is_unpaid: bool) -> ReceiptState:
    """Return the state of a document by what is paid of it; "posted" if nothing is."""
    if not is_unpaid:
        return ReceiptState.PAID
    if paid > ZERO:
        return ReceiptState.PART_PAID
    return ReceiptState.POSTED


def _mark_processed(session: Session, heads: Sequence[TransactionHead]) -> None:
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
