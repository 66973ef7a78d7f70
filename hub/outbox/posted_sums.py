"""Add up the totals of an installation's posted documents: at the source and in QuickBooks."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session

from hub.models import Posting, SourceDocument, TransactionHead
from hub.models.enums import DocumentState, PostingState, TransactionState
from hub.money import ZERO
from hub.outbox.document_counts import (
    IS_FIRST_POSTING,
    select_documents_counted_singly,
    select_documents_with_several_postings,
    select_ranked_documents,
)
from hub.outbox.main_posting import ATTENTION_ORDER, SAME_TRANSACTION, counts_for_its_part
from hub.outbox.states import REMOVALS
from hub.outbox.sums import get_sign_of_kind, join_halves, sum_halves

SIDES = ("source", "posted", "quickbooks")  # the totals that are added up for each document
STATES_WITH_AMOUNTS = (DocumentState.POSTED, DocumentState.MISSING)
LIVE_TOTAL = case(
    (TransactionHead.state == TransactionState.LIVE, TransactionHead.total), else_=None
)
KindSums = dict[tuple[str, str], dict[str, Decimal]]  # by kind and currency


def sum_posted_by_currency(session: Session, installation_id: int) -> dict[str, dict[str, Decimal]]:
    """Add up the posted documents of all kinds by currency, as `sum_posted_by_kind` does."""
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(SIDES, ZERO))
    for (_, currency), of_kind in sum_posted_by_kind(session, installation_id).items():
        for name in SIDES:
            totals[currency][name] += of_kind[name]
    return dict(totals)


def sum_posted_by_kind(session: Session, installation_id: int) -> KindSums:
    """Add up the posted documents: source totals, posted totals, totals in QuickBooks.

    Credits are negative. Documents that are missing in QuickBooks are included, so that their
    amount is a difference; removed ones are not. The database adds up the documents that have only
    their first posting.
    """
    totals: KindSums = defaultdict(lambda: dict.fromkeys(SIDES, ZERO))
    for kind, currency, *halves in session.execute(_select_sums_of_first_postings(installation_id)):
        for name, upper, lower in zip(SIDES, halves[::2], halves[1::2], strict=True):
            totals[kind, currency][name] += get_sign_of_kind(kind) * join_halves(upper, lower)
    _add_others(session, installation_id, totals)
    return dict(totals)


def _select_sums_of_first_postings(installation_id: int) -> Select[Any]:
    """Return a query for the sums of documents with one posting, by kind and currency."""
    source_total = func.coalesce(SourceDocument.total, Posting.total)
    halves: list[Any] = []
    for amount in (source_total, Posting.posted_total, LIVE_TOTAL):
        halves += sum_halves(amount)
    counted_singly = select_documents_counted_singly([installation_id])
    return (
        select(Posting.kind, Posting.currency, *halves)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(*IS_FIRST_POSTING, Posting.installation_id == installation_id)
        .where(Posting.state == PostingState.POSTED, source_total.is_not(None))
        .where(Posting.document_id.not_in(counted_singly))
        .group_by(Posting.kind, Posting.currency)
    )


def _add_others(session: Session, installation_id: int, totals: KindSums) -> None:
    """Add the documents that have more than one posting."""
    ranks = session.execute(select_ranked_documents([installation_id]))
    states = {document_id: ATTENTION_ORDER[rank] for _, document_id, rank in ranks}

    with_source_total: set[int] = set()
    for row in _iter_amounts(session, installation_id):
        if states.get(row.document_id) not in STATES_WITH_AMOUNTS:
            continue
        if row.source_total is None and row.total is None:
            continue
        factor = get_sign_of_kind(row.kind)
        line = totals[row.kind, row.currency]
        if row.source_total is None:
            line["source"] += factor * row.total
        elif row.document_id not in with_source_total:
            line["source"] += factor * row.source_total
        with_source_total.add(row.document_id)
        line["posted"] += factor * (row.posted_total or ZERO)
        line["quickbooks"] += factor * (row.live_total or ZERO)


def _iter_amounts(session: Session, installation_id: int) -> Iterator[Row[Any]]:
    """Yield the amounts of posted documents that have several postings."""
    amounts: Any = (
        Posting.document_id,
        Posting.kind,
        Posting.currency,
        Posting.total,
        Posting.posted_total,
        SourceDocument.total.label("source_total"),
        LIVE_TOTAL.label("live_total"),
    )
    query = (
        select(*amounts)
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .outerjoin(TransactionHead, SAME_TRANSACTION)
        .where(
            Posting.document_id.in_(select_documents_with_several_postings([installation_id])),
            counts_for_its_part(Posting),
            Posting.state == PostingState.POSTED,
            Posting.operation.not_in(REMOVALS),
            SourceDocument.made_for == "",
        )
        .order_by(Posting.id)
    )
    yield from session.execute(query)
