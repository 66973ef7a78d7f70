"""The documents that a table no longer holds once its columns are chosen otherwise.

Another supplier or number gives a document another id, so that the hub takes it for another
document. What it was before must not be posted as well.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import outbox
from hub.contract.chunks import iter_chunks
from hub.errors import Refused
from hub.models import FileDocument, Installation, Posting, SourceDocument, StoredFile
from hub.models.display_names import format_document_name
from hub.models.enums import Operation, PostingState

DOCUMENTS_PER_QUERY = 500


def release(
    session: Session, installation: Installation, file: StoredFile, documents: Collection[str]
) -> None:
    """Have the documents read again that a file no longer has once it has only these.

    None of them is sent before it is read, and then the source has it no more, unless another file
    has it. Raise Refused if some of them are in QuickBooks or on their way there: they would be in
    the books twice.
    """
    ids = _load_ids(session, installation, file.id, documents)
    in_books: list[SourceDocument] = []
    for chunk in iter_chunks(ids, DOCUMENTS_PER_QUERY):
        query = select(SourceDocument).where(SourceDocument.id.in_(chunk))
        rows = session.scalars(query.order_by(SourceDocument.id)).all()
        histories = outbox.load_history(session, rows)
        for row in rows:
            if _may_be_in_books(session, histories[row.id]):
                in_books.append(row)
            row.reread = True
    if in_books:
        raise _build_refusal(format_document_name(in_books[0]), len(in_books), file.name)


def _build_refusal(document: str, count: int, name: str) -> Refused:
    """Return why the columns stay as they are; `document` is the first of those in QuickBooks."""
    if count == 1:
        return Refused(
            "With these columns, %(document)s would be another document, although QuickBooks has it"
            " or may get it: it would be in the books twice. Remove it from QuickBooks first, then"
            " change the columns.",
            document=document,
        )
    return Refused(
        "With these columns, %(count)s documents of %(name)s, such as %(document)s, would be"
        " others, although QuickBooks has them or may get them: they would be in the books twice."
        " Remove them from QuickBooks first, then change the columns.",
        count=count,
        name=name,
        document=document,
    )


def _load_ids(
    session: Session, installation: Installation, file_id: int, documents: Collection[str]
) -> list[int]:
    """Return the ids of the stored documents that a file has so far, without these."""
    query = (
        select(SourceDocument.id, SourceDocument.source_id)
        .join(FileDocument, FileDocument.document_id == SourceDocument.source_id)
        .where(FileDocument.file_id == file_id)
        .where(SourceDocument.installation_id == installation.id, SourceDocument.made_for == "")
        .order_by(SourceDocument.id)
    )
    remaining = set(documents)
    return [id for id, source_id in session.execute(query) if source_id not in remaining]


def _may_be_in_books(session: Session, postings: Sequence[Posting]) -> bool:
    """Return whether QuickBooks has a part of a document, or may have; oldest posting first."""
    newest: dict[str, Posting] = {}
    for posting in postings:
        if posting.operation == Operation.ATTACH:
            continue
        is_unfinished = posting.state in outbox.UNFINISHED
        if is_unfinished and outbox.may_have_landed(session, posting):
            return True
        if posting.state == PostingState.POSTED:
            newest[posting.part] = posting
    return any(_is_in_books(session, posting) for posting in newest.values())


def _is_in_books(session: Session, posting: Posting) -> bool:
    """Return whether QuickBooks has the transaction of the newest posting of a part."""
    if posting.operation in outbox.REMOVALS:
        return False
    quickbooks_id = posting.quickbooks_id or ""
    return not outbox.has_left(session, posting.company_id, posting.kind, quickbooks_id)
