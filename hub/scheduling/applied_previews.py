"""Previews of the documents that lines apply to, such as the invoice that a payment pays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub import payloads
from hub.contract.documents import Document
from hub.mapping import Link
from hub.mapping.placeholders import is_placeholder

UNPOSTED_PREFIX = "unposted:"  # precedes a source id where a payload has the id of a transaction
NOT_POSTED = "not posted yet"
IS_MISSING = f"{NOT_POSTED}, and missing in what would be posted"
Links = Mapping[str, Link]


@dataclass(frozen=True, kw_only=True)
class AppliedPreview:
    """The document that a line applies to, or one line of it.

    `record` is the QuickBooks id of its transaction, None if it is not posted yet; `result` says it
    in words.
    """

    line: str
    document: str
    document_line: str = ""
    record: str | None = None
    result: str = NOT_POSTED

    def describe(self) -> str:
        """Return the preview as one line of text."""
        part = f"line {self.document_line} of " if self.document_line else ""
        return f"line {self.line}: applied to {part}{self.document}, {self.result}"


def describe_applied(document: Document) -> tuple[AppliedPreview, ...]:
    """Return the documents to which lines apply, without looking up whether they are posted."""
    previews = []
    for line in document.lines:
        if line.applied:
            preview = AppliedPreview(
                line=line.id,
                document=line.applied.document,
                document_line=line.applied.line or "",
            )
            previews.append(preview)
    return tuple(previews)


def describe_links(document: Document, links: Links) -> tuple[AppliedPreview, ...]:
    """Return the documents to which lines apply; `links` are their transactions by source id."""
    previews = []
    for preview in describe_applied(document):
        link = links.get(preview.document)
        if link is None:
            preview = replace(preview, result=IS_MISSING)
        elif not is_placeholder(link.id):
            name = f"{link.kind.replace('_', ' ')} {link.id} in QuickBooks"
            preview = replace(preview, record=link.id, result=name)
        previews.append(preview)
    return tuple(previews)


def fill_source_ids(payload: Any, links: Links) -> Any:
    """Return a payload with source ids in place of transactions that are not posted yet."""
    ids: dict[str, str] = {}
    for source_id, link in links.items():
        ids[link.id] = f"{UNPOSTED_PREFIX}{source_id}"
        for line_id, placeholder in link.lines.items():
            ids[placeholder] = f"{UNPOSTED_PREFIX}{line_id}"
    placeholders = {id: name for id, name in ids.items() if is_placeholder(id)}
    return payloads.fill(payload, placeholders)


def find_awaited_documents(document: Document, documents: Mapping[str, Document]) -> list[Document]:
    """Return the documents to which the lines of a document apply, directly or through others.

    `documents` are all that were read, by source id. A document follows those to which its own
    lines apply.
    """
    documents_by_id: dict[str, Document] = {}
    _add_awaited(document, documents, documents_by_id, frozenset((document.source_id,)))
    return list(documents_by_id.values())


def _add_awaited(
    document: Document,
    documents: Mapping[str, Document],
    awaited_documents: dict[str, Document],
    path: frozenset[str],
) -> None:
    """Add the documents to which the lines of a document apply.

    `path` has the ids from the first document to this one: documents may apply to each other.
    """
    for source_id in _iter_applied_ids(document):
        applied_document = documents.get(source_id)
        if applied_document and source_id not in path and source_id not in awaited_documents:
            _add_awaited(applied_document, documents, awaited_documents, path | {source_id})
            awaited_documents[source_id] = applied_document


def _iter_applied_ids(document: Document) -> Iterator[str]:
    """Yield the source ids of the documents that lines apply to."""
    for line in document.lines:
        if line.applied:
            yield line.applied.document
