"""The words by which documents are searched, updated with the documents.

A term is a word of a document's number, party or source id, or the part of a word behind a hyphen
or another sign: 26M-48248 has the terms "26m-48248" and "48248". A search looks up the terms that
begin with a word, by an index that every database has.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import ForeignKey, Index, String, Table, delete, event, insert, inspect
from sqlalchemy.orm import Mapped, Session, mapped_column

from hub.db.engine import Model
from hub.models.postings import SourceDocument

MAX_TERM_LENGTH = 60
MAX_TERMS_PER_WORD = 8
MAX_TERMS_PER_DOCUMENT = 40
SEARCHED_COLUMNS = ("number", "party", "source_id")
# PostgreSQL compares in the order of bytes, as SQLite does, so that a prefix is a range.
TERM = String(MAX_TERM_LENGTH).with_variant(String(MAX_TERM_LENGTH, collation="C"), "postgresql")
_PART = re.compile(r"[^\W_]+")


class DocumentTerm(Model):
    """A term of a document."""

    __table_args__ = (
        Index("ix_document_term_term", "term", "document_id"),
        {"sqlite_with_rowid": False},
    )
    document_id: Mapped[int] = mapped_column(
        ForeignKey("source_document.id", ondelete="CASCADE"), primary_key=True
    )
    term: Mapped[str] = mapped_column(TERM, primary_key=True)


def split_words(text: str) -> list[str]:
    """Return the words of a text for comparisons: without capitals, accents and outer signs.

    A text of signs only has no words.
    """
    decomposed_text = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed_text if not unicodedata.combining(letter))
    words: list[str] = []
    for word in plain.split():
        parts = list(_PART.finditer(word))
        if parts:
            trimmed_word = word[parts[0].start() : parts[-1].end()]
            words.append(trimmed_word[:MAX_TERM_LENGTH])
    return words


def list_terms(texts: Iterable[str]) -> list[str]:
    """Return the terms of a document with these texts, each once and without those left empty."""
    terms: dict[str, None] = {}
    for text in texts:
        for word in split_words(text or ""):
            for part in list(_PART.finditer(word))[:MAX_TERMS_PER_WORD]:
                terms[word[part.start() :]] = None
    return list(terms)[:MAX_TERMS_PER_DOCUMENT]


def list_terms_of_row(document: Any) -> list[str]:
    """Return the terms of a document, or of a row with its searched columns."""
    return list_terms(getattr(document, name) for name in SEARCHED_COLUMNS)


@event.listens_for(Session, "after_flush")
def _update_terms(session: Session, flush_context: Any) -> None:
    """Write the terms of the documents that a flush added or changed.

    It runs after every flush, so that code that writes documents need not call it.
    """
    rows: list[dict[str, Any]] = []
    changed_ids: list[int] = []
    for document in session.new:
        if isinstance(document, SourceDocument):
            rows += _build_term_rows(document)
    for document in session.dirty:
        if isinstance(document, SourceDocument) and _has_changed(document):
            changed_ids.append(document.id)
            rows += _build_term_rows(document)
    table = cast(Table, DocumentTerm.__table__)
    if changed_ids:
        session.execute(delete(table).where(table.c.document_id.in_(changed_ids)))
    if rows:
        session.execute(insert(table), rows)


def _has_changed(document: SourceDocument) -> bool:
    """Return whether a searched column of a document is changed by the present flush."""
    attributes = inspect(document).attrs
    return any(attributes[name].history.has_changes() for name in SEARCHED_COLUMNS)


def _build_term_rows(document: SourceDocument) -> list[dict[str, Any]]:
    """Return the rows of the terms of a document."""
    return [{"document_id": document.id, "term": term} for term in list_terms_of_row(document)]
