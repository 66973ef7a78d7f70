"""Search the audit log by the words that its page shows in place of what is recorded.

An entry records the id of a posting, the id of a code and the name of an act. The page shows the
number and party of the document, the name of the code and a sentence in the person's language.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, Text, cast, exists, literal, or_, select
from sqlalchemy.orm import Session

from hub.db.text_search import contains_text
from hub.models import AuditEntry, Installation, Posting, SeenCode, SourceDocument
from hub.outbox.document_search import has_all_words
from hub.web.audit_log import audit_wording
from hub.web.audit_log.audit_codes import CODE_ACTIONS
from hub.web.audit_log.audit_subjects import LIST_ACTION, POSTING_ACTIONS

MAX_POSTINGS = 1_000  # of documents with the words; of common words the newest


def build_condition(session: Session, text: str, acts: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that the page shows a text for an entry; `acts` are all that occur."""
    shown_acts = [act for act in acts if _has_words(audit_wording.format_label(act), text)]
    posting_ids = _select_posting_ids(session, text)
    return or_(
        AuditEntry.what.in_(shown_acts),
        _is_about_code(text),
        AuditEntry.what.in_(POSTING_ACTIONS) & AuditEntry.subject.in_(posting_ids),
        (AuditEntry.what == LIST_ACTION) & _lists_one_of(posting_ids),
    )


def _has_words(label: str, text: str) -> bool:
    """Return whether a label has a text at the beginning of a word."""
    return f" {text.casefold()}" in f" {label.casefold()}"


def _select_posting_ids(session: Session, text: str) -> Select[str]:
    """Return the query for the ids, as texts, of the newest postings of documents with all words.

    Without a limit, a word that most documents have would be compared with each of them.
    """
    return (
        select(cast(Posting.id, Text).label("id"))
        .join(SourceDocument, SourceDocument.id == Posting.document_id)
        .where(has_all_words(session, text))
        .order_by(Posting.id.desc())
        .limit(MAX_POSTINGS)
        .correlate(None)
    )


def _lists_one_of(posting_ids: Select[str]) -> ColumnElement[bool]:
    """Return the condition that a subject, which lists ids with commas, has one of these."""
    ids = posting_ids.subquery()
    listed = literal(", ") + AuditEntry.subject + ","
    return exists().where(listed.contains(literal(", ") + ids.c.id + ","))


def _is_about_code(text: str) -> ColumnElement[bool]:
    """Return the condition that an entry is about a code with this text in its name."""
    subject = Installation.slug + " " + SeenCode.field + " " + SeenCode.code
    named = (
        select(subject)
        .join(SeenCode, SeenCode.installation_id == Installation.id)
        .where(contains_text(SeenCode.name, text))
    )
    return AuditEntry.what.in_(CODE_ACTIONS) & AuditEntry.subject.in_(named)
