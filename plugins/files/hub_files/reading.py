"""Read the documents of received files: mapped tables and e-invoices."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

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
from hub_files.identity import build_document_id_of_year, is_of_other_series
from hub_files.tables import read_table, require_results

E_INVOICE_SUFFIX = ".xml"
Item = Document | Unreadable


def read_content(site: Site, file: ReceivedFile, content: bytes) -> FileContent:
    """Return the ids of the documents in a file, or its table if it is not mapped yet."""
    if _is_e_invoice(file):
        try:
            invoice = e_invoice.read_e_invoice(content)
            id = invoices.build_source_id(site, invoice)
        except ValueError as error:
            raise Refused("%(name)s: %(why)s", name=file.name, why=str(error)) from None
        (known_id,) = _find_ids(site, file, {id: invoice.issue_date}).values()
        return FileContent(documents=(known_id,))
    require_results(file.name, content)
    table = read_table(file.name, content)
    if file.mapping is None:
        return FileContent(table=columns.describe_table(table))
    mapped = rows.MappedTable(table, file.mapping, file.name)
    items = _with_known_ids(site, file, rows.read_documents(site, mapped))
    return FileContent(documents=tuple(item.source_id for item in items))


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


def _iter_documents(site: Site, file: ReceivedFile) -> Iterator[Item]:
    """Yield the documents of an accepted file."""
    yield from _with_known_ids(site, file, _read_items(site, file))


def _read_items(site: Site, file: ReceivedFile) -> list[Item]:
    """Return the documents of an accepted file with the ids that their contents give them."""
    content = site.files.content(file)
    if _is_e_invoice(file):
        return [invoices.read_document(site, file, content)]
    table = read_table(file.name, content)
    mapped = rows.MappedTable(table, file.mapping or {}, file.name)
    return list(rows.iter_documents(site, mapped))


# -- numbers that begin again --------------------------------------------------------------------


def _with_known_ids(site: Site, file: ReceivedFile, items: Iterable[Item]) -> Iterator[Item]:
    """Yield the documents of a file, each with an id that no other document has."""
    items = list(items)
    ids = _find_ids(site, file, _list_dates(items))
    for item in items:
        yield replace(item, source_id=ids.get(item.source_id, item.source_id))


def _list_dates(items: Iterable[Item]) -> dict[str, dt.date]:
    """Return the dates of the documents that can be read, by their ids."""
    dates = {}
    for item in items:
        if isinstance(item, Document) and item.date:
            dates[item.source_id] = item.date
    return dates


def _find_ids(site: Site, file: ReceivedFile, dates: Mapping[str, dt.date]) -> dict[str, str]:
    """Return the id of each document; one with the number of another year has the year in it.

    Otherwise a sender who numbers from 1 each year would change the documents of the year before.
    """
    ids = {id: id for id in dates}
    dates_by_position: dict[int, dict[str, dt.date]] = {}
    for id, holder in site.files.with_documents(list(dates)).items():
        if holder.position == file.position:
            continue
        if holder.position not in dates_by_position:
            dates_by_position[holder.position] = _list_dates(_read_items(site, holder))
        known_date = dates_by_position[holder.position].get(id)
        if known_date and is_of_other_series(dates[id], known_date):
            ids[id] = build_document_id_of_year(id, dates[id].year)
    return ids


def _is_e_invoice(file: ReceivedFile) -> bool:
    """Return whether a file is an e-invoice by its name."""
    name = file.name.lower()
    return name.endswith(E_INVOICE_SUFFIX)
