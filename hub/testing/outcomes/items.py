"""What a reading has yielded: its documents, its ids, and the cursors to continue from."""

from collections.abc import Iterable

from hub.contract.documents import Checkpoint, Document, Gone, Unreadable, Yielded


def only_documents(items: Iterable[Yielded]) -> list[Document]:
    """Return the documents among what was read."""
    return [item for item in items if isinstance(item, Document)]


def without_checkpoints(items: Iterable[Yielded]) -> list[Yielded]:
    """Return what was read, without the Checkpoints."""
    return [item for item in items if not isinstance(item, Checkpoint)]


def source_ids(items: Iterable[Yielded]) -> list[str]:
    """Return the source ids of what was read, in its order."""
    return [item.source_id for item in items if isinstance(item, Document | Gone | Unreadable)]


def unique_ids(items: Iterable[Yielded]) -> set[str]:
    """Return the source ids of what was read, each once."""
    return set(source_ids(items))


def describe_shared_id(slug: str, items: Iterable[Yielded]) -> str:
    """Return a sentence if two documents have one source id, of which the hub would post only one.

    A list of changes may have a row in several versions.
    """
    documents: dict[str, Document] = {}
    for document in only_documents(items):
        other = documents.setdefault(document.source_id, document)
        is_same_version = other.version == document.version
        if other.kind != document.kind or (is_same_version and other != document):
            return (
                f"{slug} has two documents with the source id {document.source_id}:"
                f" {other.kind} {other.number} and {document.kind} {document.number}. The hub"
                " takes them for one document and posts only one. Begin the ids of each list"
                " with a prefix, and use the id of the row."
            )
    return ""


def last_cursors(items: Iterable[Yielded]) -> dict[str, str]:
    """Return the last cursor of each stream, from which reading continues."""
    by_stream = {}
    for item in items:
        if isinstance(item, Checkpoint):
            by_stream[item.stream] = item.cursor
    return by_stream


def identity(item: Yielded) -> str:
    """Return what distinguishes one row from another.

    Its source id, or the cursor of a Checkpoint.
    """
    if isinstance(item, Checkpoint):
        return item.cursor
    return item.source_id


def list_of(item: Yielded) -> tuple[str, str]:
    """Return the kind of what was read, and the list that its source id begins with.

    The kind of anything but a document is "".
    """
    if isinstance(item, Checkpoint):
        return "", ""
    kind = item.kind if isinstance(item, Document) else ""
    return kind, item.source_id.rpartition(":")[0]


def id_at_the_source(document: Document) -> str:
    """Return the id of a document without the list that its source id begins with."""
    return document.source_id.rpartition(":")[2]
