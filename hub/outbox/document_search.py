"""Search documents by words of their number, party or source id, or by values from QuickBooks.

These values are the marker of a document, and the id and the number of its transaction.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from hub.contract.document_kinds import LIST_KINDS
from hub.contract.documents import KINDS
from hub.db import bulk
from hub.db.engine import insert, transaction
from hub.models import ConnectedCompany, DocumentTerm, Posting, SourceDocument, TransactionHead
from hub.models.document_terms import SEARCHED_COLUMNS, list_terms, split_words
from hub.outbox.main_posting import SAME_TRANSACTION

MAX_CANDIDATES = 10_000
MAX_WITHOUT_TERMS = 20_000  # the newest documents, which are searched for those without terms
DOCUMENTS_PER_STEP = 1000  # documents whose missing terms are written in one transaction
MAX_SEARCH_WORDS = 8  # further ones are ignored
MARKER_START, MARKER_END = "[hub:", "]"
TRANSACTION_KINDS = [kind for kind in KINDS if kind not in LIST_KINDS]
HIGHEST_CHARACTER = "\U0010ffff"


def has_all_words(session: Session, text: str) -> ColumnElement[bool]:
    """Return the condition that a document has a term that begins with each word of a text.

    If one of the words is rare, an index finds its documents, and only these are tested. If all
    words are common, documents are tested in the order of the list until a page is full.
    """
    words = list(dict.fromkeys(split_words(text)))[:MAX_SEARCH_WORDS]
    has_id = SourceDocument.id.in_(union_all(*_select_with_id(text)))
    if not words:
        return has_id
    counts = {word: _count(session, word) for word in words}
    rarest = min(words, key=counts.__getitem__)
    has_every_word = and_(*(_has_term(word) for word in words))
    if counts[rarest] > MAX_CANDIDATES:
        return or_(has_every_word, has_id)
    candidates = select(DocumentTerm.document_id).where(_begins_with(rarest))
    is_candidate = SourceDocument.id.in_(union_all(candidates, *_select_with_id(text)))
    if len(words) == 1:
        return is_candidate
    return and_(is_candidate, or_(has_every_word, has_id))


def _select_with_id(text: str) -> list[Select[Any]]:
    """Return queries for the documents with a marker, or with an id or number in QuickBooks.

    A company gives its transactions numbers of its own if it uses no custom ones. The index of
    numbers begins with company and kind, so each of these is named.
    """
    marker = text.removeprefix(MARKER_START).removesuffix(MARKER_END)
    with_marker = select(SourceDocument.id).where(SourceDocument.marker == marker)
    with_quickbooks_id = select(Posting.document_id).where(Posting.quickbooks_id == text)
    with_number = (
        select(Posting.document_id)
        .join(TransactionHead, SAME_TRANSACTION)
        .where(
            TransactionHead.company_id.in_(select(ConnectedCompany.id)),
            TransactionHead.kind.in_(TRANSACTION_KINDS),
            TransactionHead.number.in_({text, text.upper()}),
        )
    )
    return [query.correlate(None) for query in (with_marker, with_quickbooks_id, with_number)]


def _count(session: Session, word: str) -> int:
    """Count the terms that begin with a word, at most one more than `MAX_CANDIDATES`."""
    terms = select(DocumentTerm.document_id).where(_begins_with(word))
    return bulk.count_rows(session, terms.limit(MAX_CANDIDATES + 1))


def _begins_with(word: str) -> ColumnElement[bool]:
    """Return the condition that a term begins with a word, as a range of the index."""
    return and_(DocumentTerm.term >= word, DocumentTerm.term < word + HIGHEST_CHARACTER)


def _has_term(word: str) -> ColumnElement[bool]:
    """Return the condition that a document has a term that begins with a word.

    The limit lets PostgreSQL look it up for one document after the other. For EXISTS it would read
    all terms that begin with the word first.
    """
    term = select(literal(1)).where(
        DocumentTerm.document_id == SourceDocument.id, _begins_with(word)
    )
    return term.limit(1).correlate(SourceDocument).scalar_subquery() == 1


def add_missing_terms(after: int = 0) -> int | None:
    """Write the search terms of up to `DOCUMENTS_PER_STEP` new documents without terms.

    Return the id after which to continue; None if nothing is left. The scheduler calls this once
    per tick, because another process takes over the schedules if a tick takes long. Documents
    without terms are added by processes of an older version during an upgrade without downtime.
    """
    newest = select(func.max(SourceDocument.id)).scalar_subquery()
    has_terms = exists().where(DocumentTerm.document_id == SourceDocument.id)
    columns = [getattr(SourceDocument, name) for name in SEARCHED_COLUMNS]
    query = select(SourceDocument.id, *columns).where(
        SourceDocument.id > newest - MAX_WITHOUT_TERMS, SourceDocument.id > after, ~has_terms
    )
    next_ones = query.order_by(SourceDocument.id).limit(DOCUMENTS_PER_STEP)
    rows: list[dict[str, Any]] = []
    with transaction() as session:
        documents = session.execute(next_ones).all()
        for document in documents:
            terms = list_terms(document[1:])
            rows += [{"document_id": document.id, "term": term} for term in terms]
        if rows:
            table = DocumentTerm.__table__
            session.execute(insert(session, table).on_conflict_do_nothing(), rows)
    return documents[-1].id if len(documents) == DOCUMENTS_PER_STEP else None
