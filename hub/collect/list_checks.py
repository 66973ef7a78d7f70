"""Check that the list of a source ends, and that each of its ids belongs to one document.

Otherwise a plugin would read forever, or documents would be lost silently.
"""

from collections.abc import Iterable, Iterator, Set

from hub.contract.document_kinds import SALES_KINDS, words_of
from hub.contract.documents import Checkpoint, Document, Kind, Yielded
from hub.errors import Retry
from hub.models import SourceDocument

# How many documents and cursors may follow each other without a document that is new in the list.
# Pages that moved are repeated, and so may be documents of which a part has changed: a list with
# many documents may repeat more of them.
MAX_REPETITIONS = 10_000
REPETITIONS_PER_DOCUMENT = 5
INTERCHANGEABLE_PURCHASES: tuple[Kind, ...] = ("bill", "vendor_credit", "expense")


def stop_without_end(items: Iterable[Yielded], read_ids: Set[str], app: str) -> Iterator[Yielded]:
    """Yield the items of a list; raise Retry if it goes on without new documents.

    `read_ids` are the ids of the documents that were stored so far.
    """
    repetitions = 0
    for item in items:
        is_new = not isinstance(item, Checkpoint) and item.source_id not in read_ids
        repetitions = 0 if is_new else repetitions + 1
        if repetitions > MAX_REPETITIONS + REPETITIONS_PER_DOCUMENT * len(read_ids):
            raise Retry(
                "%(app)s's list does not end: after %(count)s documents it sent nothing new"
                " %(repetitions)s times. What it sent before is stored. If this happens again, send"
                " this message to the plugin's author.",
                app=app,
                count=len(read_ids),
                repetitions=repetitions,
            )
        yield item


def require_one_document(row: SourceDocument, document: Document, app: str) -> None:
    """Raise Retry if two documents with the same id in this reading must be different ones.

    A document may change while the list is read: to another kind of purchase or sale, or to another
    version with another number.
    """
    if not row.body or row.made_for or not _are_different(row, document):
        return
    raise Retry(
        "%(app)s has two documents with the id %(id)s: %(first)s and %(second)s. Only one of them"
        " could be posted, so neither they nor what follows is read. Send this message to the"
        " plugin's author: each list of the source needs ids with a prefix of its own.",
        app=app,
        id=document.source_id,
        first=_describe(row.kind, row.number),
        second=_describe(document.kind, document.number),
    )


def _are_different(row: SourceDocument, document: Document) -> bool:
    """Return whether the stored document of an id and another one cannot be the same."""
    if _get_family(row.kind) != _get_family(document.kind):
        return True
    has_other_number = bool(row.number and document.number and row.number != document.number)
    return has_other_number and row.body.get("version") == document.version


def _get_family(kind: str) -> str:
    """Return a name for the kinds that a document may change between."""
    if kind in INTERCHANGEABLE_PURCHASES:
        return "purchase"
    return "sale" if kind in SALES_KINDS else kind


def _describe(kind: str, number: str | None) -> str:
    """Return the kind and number of a document, such as "bill F-1"."""
    return f"{words_of(kind)} {number or ''}".rstrip()
