"""Detect what others did to our transactions in QuickBooks, and report it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from hub.db.engine import reading, transaction
from hub.models import TransactionHead
from hub.money import ZERO, to_cents
from hub.posting import case_texts, receipts
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight.context import party_list
from hub.posting.reconcile import posted_documents
from hub.posting.reconcile import refresh as reconcile_refresh
from hub.posting.reconcile.posted_documents import PostedDocument
from hub.qbo import payloads
from hub.qbo.display import namer
from hub.qbo.entities import linked_kind

PAYABLE = ("bill", "invoice")
AT_ONCE = 200
MOST = 20  # payments of one document that are read for the day of the last


@dataclass(frozen=True)
class DocumentNews:
    """What became of one document: what is wrong with it, and what is paid of it."""

    one: PostedDocument
    trouble: str = ""
    reason: str = ""
    paid: Decimal | None = None
    paid_on: dt.date | None = None


def watch(company_id: int) -> Counter[str]:
    """Process every transaction of ours that others changed; return the number of each result."""
    posting_session = PostingSession(company_id)
    counts = Counter[str]()
    last = ("", "")
    while group := _group(posting_session, last):
        heads, documents = group
        last = heads[-1].kind, heads[-1].quickbooks_id
        idle = [one for one in documents if not one.busy]
        busy = {(one.posting.kind, one.posting.quickbooks_id) for one in documents if one.busy}
        current = _shown(posting_session, idle)
        news = [_news(one, current) for one in idle]
        processed = [head for head in heads if (head.kind, head.quickbooks_id) not in busy]
        with transaction() as session:
            for item in news:
                counts += _tell(session, item)
            _looked_at(session, processed)
    return counts


def _group(
    posting_session: PostingSession, last: tuple[str, str]
) -> tuple[Sequence[TransactionHead], list[PostedDocument]] | None:
    changed = select(TransactionHead).where(
        TransactionHead.company_id == posting_session.company_id, TransactionHead.news
    )
    later = changed.where(tuple_(TransactionHead.kind, TransactionHead.quickbooks_id) > last)
    with reading() as session:
        heads = session.scalars(
            later.order_by(TransactionHead.kind, TransactionHead.quickbooks_id).limit(AT_ONCE)
        ).all()
        return (
            (heads, posted_documents.under(session, posting_session.company_id, heads))
            if heads
            else None
        )


def _shown(
    posting_session: PostingSession, ours: Iterable[PostedDocument]
) -> reconcile_refresh.Shown:
    """What QuickBooks is asked about a group: the edited ones, and the payments of those whose source wants the day."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for one in ours:
        if one.edited and one.trouble not in ("missing", "voided"):
            wanted[one.posting.kind].add(str(one.posting.quickbooks_id))
        for kind, id in _payments(one):
            wanted[kind].add(id)
    return reconcile_refresh.fetch_current(posting_session, wanted)


def _payments(one: PostedDocument) -> list[tuple[str, str]]:
    """The newest payments of a document, where anybody wants to know of them."""
    if (
        one.head is None
        or _paid(one) is None
        or not receipts.is_wanted(one.posting.document.slug, "paid", "part_paid")
    ):
        return []
    return [
        (kind, str(link["id"]))
        for link in one.head.links[-MOST:]
        if (kind := linked_kind(str(link["type"])))
    ]


def _news(one: PostedDocument, shown: reconcile_refresh.Shown) -> DocumentNews:
    if one.trouble in ("missing", "voided") or one.head is None:
        return DocumentNews(one, one.trouble, posted_documents.reason(one))
    told = _edits(one, shown)
    edited = f"{case_texts.called(one.posting)} was changed in QuickBooks. {' '.join(told)}"
    reason = posted_documents.reason(one) if one.trouble else edited
    return DocumentNews(one, "differs" if told else "", reason, _paid(one), _paid_on(one, shown))


def _edits(one: PostedDocument, shown: reconcile_refresh.Shown) -> list[str]:
    """What was edited, where its content is another than what we wrote."""
    kind, written = one.posting.kind, one.newest.answer or {}
    entity = shown.get((kind, str(one.posting.quickbooks_id)))
    if entity is None:
        return []
    with reading() as session:
        named = namer(
            session, one.posting.company_id, party_list(one.posting.kind, one.posting.summary)
        )
        return payloads.differences(
            payloads.summarize(kind, written), payloads.summarize(kind, entity), name_of=named
        )


def _paid(one: PostedDocument) -> Decimal | None:
    """What is paid of it; None where nothing can be."""
    head = one.head
    if one.posting.kind not in PAYABLE or head is None or not head.total or head.balance is None:
        return None
    return to_cents(head.total - head.balance, head.currency or one.posting.currency or "USD")


def _paid_on(
    one: PostedDocument, shown: Mapping[tuple[str, str], Mapping[str, Any]]
) -> dt.date | None:
    """The day of its last payment."""
    paid = [shown.get(payment) or {} for payment in _payments(one)]
    days = [
        dt.date.fromisoformat(str(entity["TxnDate"])[:10])
        for entity in paid
        if entity.get("TxnDate")
    ]
    head = one.head
    return max(days, default=head.updated_at.date() if head and head.updated_at else None)


def _tell(session: Session, news: DocumentNews) -> Counter[str]:
    posted_documents.judge(session, news.one, news.trouble, news.reason)
    found: Counter[str] = Counter({news.trouble: 1} if news.trouble else {})
    if news.paid is not None and not news.trouble and (state := _payment(session, news)):
        found[state] += 1
    return found


def _payment(session: Session, news: DocumentNews) -> str:
    """Queue a receipt if the paid amount has changed, also if a payment was taken back.

    Return the state that the source is told; "" if it has been told already.
    """
    one = news.one
    paid = news.paid or ZERO
    state = _payment_state(one, paid)
    amount = None if state == "posted" else paid
    last = receipts.last(session, one.posting.document, ("posted", "part_paid", "paid"))
    last_state = last.state if last else "posted"
    if last_state == state:
        last_paid = Decimal((last.body or {}).get("paid") or 0) if last else ZERO
        if amount is None or last_paid == amount:
            return ""
    receipts.queue(
        session, one.posting.document, state, posting=one.newest, paid=amount, paid_on=news.paid_on
    )
    return str(state)


def _payment_state(one: PostedDocument, paid: Decimal) -> Any:
    if one.head is not None and one.head.balance == ZERO:
        return "paid"
    return "part_paid" if paid > ZERO else "posted"


def _looked_at(session: Session, heads: Sequence[TransactionHead]) -> None:
    """What was seen is no news any more, unless it changed again meanwhile."""
    for head in heads:
        same = (
            TransactionHead.company_id == head.company_id,
            TransactionHead.kind == head.kind,
            TransactionHead.quickbooks_id == head.quickbooks_id,
        )
        seen = (
            TransactionHead.sync_token == head.sync_token,
            TransactionHead.updated_at.is_not_distinct_from(head.updated_at),
        )
        mine = update(TransactionHead).where(*same, *seen, TransactionHead.state == head.state)
        session.execute(mine.values(news=False), execution_options={"synchronize_session": False})
