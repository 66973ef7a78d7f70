"""The records that the hub creates in QuickBooks for codes of documents."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hub.contract.documents import Code, Document, Item, Kind, Party, iter_codes
from hub.contract.types import Field
from hub.testing.outcomes.items import id_at_the_source

KINDS: Mapping[str, Kind] = {  # kinds of records, by the role of their codes
    "vendor": "vendor",
    "customer": "customer",
    "item": "item",
    "category": "item",
}


def iter_created_records(
    fields: Iterable[Field], documents: Iterable[Document]
) -> Iterator[tuple[str, Document]]:
    """Yield each record that may be created for a code of documents, with the name of its field.

    The hub keeps it as a document, whose source id is that of the code.
    """
    roles = {field.name: field.role for field in fields}
    for document in documents:
        for name, code, _ in iter_codes(document):
            kind = KINDS.get(roles.get(name, name))
            if kind and isinstance(code, Code) and code.create:
                yield name, _build_record(kind, code.id, code.create)


def _build_record(kind: Kind, source_id: str, details: Party | Item) -> Document:
    """Return the document that creates a record."""
    currency = details.currency if isinstance(details, Party) else None
    return Document(kind=kind, source_id=source_id, details=details, currency=currency)


def with_id_of(record: Document, document: Document) -> Document:
    """Return a record whose code has the id of a document at the source, behind its own prefix."""
    prefix, colon, _ = record.source_id.rpartition(":")
    return replace(record, source_id=f"{prefix}{colon}{id_at_the_source(document)}")
