"""Read the documents of received files: mapped tables and e-invoices."""

from collections.abc import Iterator, Mapping, Sequence

from hub import (
    Attachment,
    Checkpoint,
    Document,
    FileContent,
    Gone,
    ReceivedFile,
    Refused,
    Sentence,
    Site,
    Unreadable,
    Yielded,
)
from hub_files import columns, e_invoice, invoices, rows
from hub_files.tables import read_table

E_INVOICE_SUFFIX = ".xml"


def read_content(site: Site, file: ReceivedFile, content: bytes) -> FileContent:
    """Return the ids of the documents in a file, or its table if it is not mapped yet."""
    if _is_e_invoice(file):
        try:
            invoice = e_invoice.read_e_invoice(content)
            id = invoices.source_id(site, invoice)
        except ValueError as error:
            raise Refused("%(name)s: %(why)s", name=file.name, why=str(error)) from None
        return FileContent(documents=(id,))
    table = read_table(file.name, content)
    if file.mapping is None:
        return FileContent(table=columns.describe_table(table))
    mapped = rows.MappedTable(table, file.mapping, file.name)
    return FileContent(documents=rows.document_ids(site, mapped))


def iter_changes(site: Site, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield the documents of each file that was accepted since the cursor."""
    for file in site.files.after(int(cursors.get("") or 0)):
        yield from _iter_documents(site, file)
        yield Checkpoint(cursor=str(file.position))


def read_exactly(site: Site, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these ids, each from the newest file that has it."""
    files = site.files.with_documents(ids)
    ids_by_position: dict[int, set[str]] = {}
    for id, file in files.items():
        ids_by_position.setdefault(file.position, set()).add(id)
    read_positions = set()
    for id in ids:
        received = files.get(id)
        if received is None:
            yield Gone(source_id=id, reason=Sentence("No received file has it."))
            continue
        if received.position in read_positions:
            continue
        read_positions.add(received.position)
        ids_in_file = ids_by_position[received.position]
        for item in _iter_documents(site, received):
            if item.source_id in ids_in_file:
                yield item


def read_attachment(site: Site, document: Document, attachment: Attachment) -> bytes:
    """Return a file of a document: the received one, or one that its e-invoice contains."""
    file = site.files.with_documents([document.source_id]).get(document.source_id)
    if file is None:
        raise Refused("No received file has this document any more.")
    content = site.files.content(file)
    if not _is_e_invoice(file):
        return content
    return invoices.read_attachment(content, attachment)


def _iter_documents(site: Site, file: ReceivedFile) -> Iterator[Document | Unreadable]:
    """Yield the documents of an accepted file."""
    content = site.files.content(file)
    if _is_e_invoice(file):
        yield invoices.read_document(site, file, content)
        return
    table = read_table(file.name, content)
    mapped = rows.MappedTable(table, file.mapping or {}, file.name)
    yield from rows.iter_documents(site, mapped)


def _is_e_invoice(file: ReceivedFile) -> bool:
    """Return whether a file is an e-invoice by its name."""
    name = file.name.lower()
    return name.endswith(E_INVOICE_SUFFIX)
