"""Detect edits, deletions and payments of posted transactions in QuickBooks, and report them."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from hub.cases.discrepancies import ABSENT_DISCREPANCIES, Discrepancy
from hub.contract.document_kinds import PAYABLE_KINDS
from hub.contract.states import ReceiptState
from hub.db.engine import read_only_session, transaction
from hub.errors import Refused
from hub.models import Installation, Posting, SourceDocument
from hub.models.display_names import format_posting_name
from hub.models.enums import Operation
from hub.money import ZERO, round_amount, sum_amounts
from hub.outbox.states import UNFINISHED
from hub.payloads.entities import get_linked_kind, parse_day
from hub.posting import receipts
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import (
    changed_heads,
    changes_by_hand,
    discrepancy_cases,
    mergers,
    needless_removals,
    outdated_questions,
)
from hub.posting.reconcile.changed_heads import ChangedHeads
from hub.posting.reconcile.edits import describe_edits
from hub.posting.reconcile.mergers import Merger
from hub.posting.reconcile.posted_documents import PostedDocument, load_for_heads, load_posted
from hub.posting.reconcile.refresh import EntitiesByKey, fetch_current
from hub.reasons.texts import CaseText

# The state in the receipt of a posted document, by how much of it is paid.
PAYMENT_STATES = (ReceiptState.POSTED, ReceiptState.PART_PAID, ReceiptState.PAID)
# Receipts that no longer hold once QuickBooks has again what was posted.
DISCREPANCY_STATES = (ReceiptState.CHANGED, ReceiptState.MISSING)
CORRECTED = "corrected"  # counts the receipts that say so
ORDER_KIND = "purchase_order"  # bills are linked to their orders, which are no payments
MAX_PAYMENTS_READ = 20  # payments of one document that are read to find the date of the last


@dataclass(frozen=True)
class DocumentNews:
    """The result for one document: its discrepancy, and when it was paid."""

    document: PostedDocument
    discrepancy: Discrepancy = Discrepancy.NONE
    text: CaseText | None = None
    edits: Sequence[str] = ()  # a sentence for each edit; `text` contains them
    paid_on: dt.date | None = None
    mergers: Sequence[Merger] = ()  # of its records with others, which are its only edits

    @property
    def is_as_posted(self) -> bool:
        """Return whether QuickBooks has the document as the hub last wrote it."""
        return self.discrepancy == Discrepancy.NONE and not self.mergers


class _Payment(NamedTuple):
    """The amount paid of a document, and whether it is paid fully, partly or not at all."""

    state: ReceiptState
    amount: Decimal


def watch(company_id: int) -> Counter[str]:
    """Process every posted transaction that others changed; return the number of each result."""
    posting_session = PostingSession(company_id)
    counts = Counter[str]()
    last_key = ("", "")
    while True:
        chunk = changed_heads.load_next(company_id, last_key)
        if not chunk.heads:
            return counts
        last_key = chunk.heads[-1].kind, chunk.heads[-1].quickbooks_id
        idle = [document for document in chunk.documents if document.is_settled]
        current, refused_kinds = _read_current(posting_session, idle)
        read_documents = [
            document for document in idle if document.posting.kind not in refused_kinds
        ]
        changes_by_hand.record(posting_session, read_documents, current)
        news = [_compare_document(document, current) for document in read_documents]
        with transaction() as session:
            unchanged_ids = _find_unwritten(session, company_id, chunk, refused_kinds)
            unchanged_documents = [
                document for document in read_documents if document.posting.id in unchanged_ids
            ]
            unchanged_ids -= needless_removals.settle(session, unchanged_documents)
            outdated_questions.take_back(session, _list_as_posted(news), unchanged_ids)
            counts += _report_all(session, news, unchanged_ids)
            changed_heads.mark_processed(session, changed_heads.list_settled(chunk, unchanged_ids))


def _list_as_posted(news: Iterable[DocumentNews]) -> list[PostedDocument]:
    """Return the documents that QuickBooks has as the hub last wrote them."""
    return [item.document for item in news if item.is_as_posted]


def _find_unwritten(
    session: Session, company_id: int, chunk: ChangedHeads, refused_kinds: Collection[str]
) -> set[int]:
    """Return the postings of documents that the hub has not written while QuickBooks was read.

    If another run has written a document meanwhile, the content that was read is outdated, and
    would look like an edit by a person. Documents of refused kinds are left out.
    """
    if not chunk.documents:
        return set()
    last_write_ids = {
        document.posting.id: document.last_write.id
        for document in load_for_heads(session, company_id, chunk.heads)
        if document.is_settled
    }
    unwritten = set()
    for document in chunk.documents:
        is_unwritten = last_write_ids.get(document.posting.id) == document.last_write.id
        is_read = document.posting.kind not in refused_kinds
        if is_unwritten and is_read and document.is_settled:
            unwritten.add(document.posting.id)
    return unwritten


def _read_current(
    posting_session: PostingSession, documents: Sequence[PostedDocument]
) -> tuple[EntitiesByKey, set[str]]:
    """Read edited transactions, and the payments of documents whose source wants their dates.

    Return the entities, and the kinds that QuickBooks refused. The cases about refused kinds are
    opened where the kinds are downloaded (`hub.cases.unread_kinds`).
    """
    ids_by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, id in changes_by_hand.find_restored(documents):
        ids_by_kind[kind].add(id)
    for document in documents:
        if document.is_edited and document.discrepancy not in ABSENT_DISCREPANCIES:
            kind, id = document.key
            ids_by_kind[kind].add(id)
        for kind, id in _list_payment_keys(document):
            ids_by_kind[kind].add(id)
    current: EntitiesByKey = {}
    refused_kinds = set()
    for kind, ids in ids_by_kind.items():
        try:
            current |= fetch_current(posting_session, {kind: ids})
        except Refused:
            refused_kinds.add(kind)
    return current, refused_kinds


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
        kind = get_linked_kind(str(link["type"]))
        if kind and kind != ORDER_KIND:
            keys.append((kind, str(link["id"])))
    return keys


def _compare_document(document: PostedDocument, current: EntitiesByKey) -> DocumentNews:
    """Compare a document with its transaction in QuickBooks."""
    if document.discrepancy in ABSENT_DISCREPANCIES or document.head is None:
        return DocumentNews(document, document.discrepancy)
    paid_on = _find_last_payment_date(document, current)
    edits, document_mergers = describe_edits(document, current)
    if document_mergers and document.discrepancy == Discrepancy.NONE:
        return DocumentNews(document, paid_on=paid_on, mergers=document_mergers)
    text = None
    if document.discrepancy == Discrepancy.NONE:
        name = format_posting_name(document.posting)
        text = CaseText("posted.edited", name=name, differences=" ".join(edits))
    return DocumentNews(
        document,
        Discrepancy.DIFFERS if edits else Discrepancy.NONE,
        text,
        edits if text else (),
        paid_on,
    )


def _compute_paid_amount(document: PostedDocument) -> Decimal | None:
    """Return the paid part of a document's total; None if it cannot be paid."""
    head = document.head
    if head is None:
        return None
    if document.posting.kind not in PAYABLE_KINDS:
        return None
    if not head.total or head.balance is None:
        return None
    currency = head.currency or document.posting.currency
    return round_amount(head.total - head.balance, currency)


def _find_last_payment_date(document: PostedDocument, current: EntitiesByKey) -> dt.date | None:
    """Return the date of the last payment that was read, or else the day of the last change.

    Days are those of the app's time zone.
    """
    dates = []
    for key in _list_payment_keys(document):
        text = current.get(key, {}).get("TxnDate")
        if text:
            dates.append(parse_day(text))
    if dates:
        return max(dates)
    head = document.head
    if head is None or head.updated_at is None:
        return None
    with read_only_session() as session:
        zone = session.get_one(Installation, document.posting.installation_id).zone
    return head.updated_at.astimezone(ZoneInfo(zone)).date()


def _report_all(
    session: Session, news: Iterable[DocumentNews], posting_ids: Set[int]
) -> Counter[str]:
    """Report the news of these documents; return the number of each result."""
    counts = Counter[str]()
    moved_ids = mergers.find_moved_ids(session, posting_ids)
    for item in news:
        if item.document.posting.id in posting_ids:
            counts += _report(session, item, moved_ids)
    return counts


def _report(session: Session, news: DocumentNews, moved_ids: Set[int]) -> Counter[str]:
    """Update the case of a document and tell its source; return what was reported.

    `moved_ids` are the postings in open cases about mergers. Payments of an edited document are
    reported once a person has accepted the difference.
    """
    if discrepancy_cases.settle_if_unwanted(session, news.document):
        return Counter()
    is_open = discrepancy_cases.update_case(
        session, news.document, news.discrepancy, news.text, news.edits
    )
    mergers.update_cases(session, news.document.posting, news.mergers, moved_ids)
    counts = Counter[str]()
    if news.discrepancy != Discrepancy.NONE:
        counts[str(news.discrepancy)] += 1
        if is_open or news.discrepancy in ABSENT_DISCREPANCIES:
            return counts
    state = _report_state(session, news)
    if state:
        counts[state] += 1
    return counts


def _report_state(session: Session, news: DocumentNews) -> str:
    """Queue a receipt if the paid amount has changed, up or down.

    Also queue one if a document that had been edited in QuickBooks is again as it was posted.
    Return the reported state, `CORRECTED`, or "" if there was nothing new.
    """
    document = news.document
    source_document = document.posting.document
    parts = _load_parts(session, document)
    payment = _sum_payments(session, parts)
    if payment is None:
        return ""
    state = payment.state
    amount = None if state == ReceiptState.POSTED else payment.amount
    is_known = _is_last_payment(session, source_document, state, amount)
    if is_known and not _is_corrected(session, news, parts):
        return ""
    receipts.queue(
        session,
        source_document,
        state,
        posting=document.last_write,
        paid=amount,
        paid_on=news.paid_on if amount else None,
    )
    return CORRECTED if is_known else state


def _is_last_payment(
    session: Session, document: SourceDocument, state: ReceiptState, amount: Decimal | None
) -> bool:
    """Return whether the last payment receipt of a document has this state and amount."""
    last = receipts.find_last(session, document, PAYMENT_STATES)
    if last is None:
        return state == ReceiptState.POSTED
    if last.state != state:
        return False
    return amount is None or Decimal((last.body or {}).get("paid") or 0) == amount


def _load_parts(session: Session, document: PostedDocument) -> Sequence[PostedDocument]:
    """Return a document with its other parts that are posted; most documents have none."""
    posting = document.posting
    is_other_part = _build_other_part_conditions(posting)
    if not session.scalar(select(exists().where(*is_other_part))):
        return (document,)
    return (document, *load_posted(session, posting.company_id, is_other_part))


def _build_other_part_conditions(posting: Posting) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the postings of the other parts of a document."""
    return (
        Posting.document_id == posting.document_id,
        Posting.part != posting.part,
        Posting.operation != Operation.ATTACH,
    )


def _sum_payments(session: Session, parts: Sequence[PostedDocument]) -> _Payment | None:
    """Add up the payments of the parts of a document; None if they are not known for each part.

    A part that cannot be paid counts as unpaid.
    """
    present = [part for part in parts if part.discrepancy not in ABSENT_DISCREPANCIES]
    balances = _list_balances(present)
    if None in balances:
        return None
    amount = sum_amounts(_compute_paid_amount(part) for part in present)
    is_settled = bool(balances) and not any(balances)
    is_whole = len(present) == len(parts)
    if is_settled and is_whole and not _has_unposted_part(session, parts[0].posting):
        return _Payment(ReceiptState.PAID, amount)
    if amount > ZERO:
        return _Payment(ReceiptState.PART_PAID, amount)
    return _Payment(ReceiptState.POSTED, amount)


def _list_balances(parts: Iterable[PostedDocument]) -> list[Decimal | None]:
    """Return the open balance of each part that can be paid; None where it is not known."""
    balances = []
    for part in parts:
        is_payable = part.posting.kind in PAYABLE_KINDS
        if is_payable and part.head is not None and part.head.total:
            balances.append(part.head.balance)
    return balances


def _has_unposted_part(session: Session, posting: Posting) -> bool:
    """Return whether another part of a document is still to be posted."""
    is_unposted = (
        *_build_other_part_conditions(posting),
        Posting.operation == Operation.CREATE,
        Posting.state.in_(UNFINISHED),
    )
    return session.scalar(select(exists().where(*is_unposted))) or False


def _is_corrected(session: Session, news: DocumentNews, parts: Sequence[PostedDocument]) -> bool:
    """Return whether the last receipt is about a discrepancy that no part of a document has now."""
    if news.discrepancy != Discrepancy.NONE:
        return False
    last = receipts.find_last(session, news.document.posting.document)
    if last is None or last.state not in DISCREPANCY_STATES:
        return False
    return not any(discrepancy_cases.has_open_case(session, part.posting.id) for part in parts)
