"""Read the documents of received files: mapped tables and e-invoices."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

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
from hub_files.other_formats import require_table
from hub_files.tables import read_table, require_one_table, require_results

E_INVOICE_SUFFIX = ".xml"
Item = Document | Unreadable


class FileItems(NamedTuple):
    """The documents of a file, and the dates of those that have a readable one, by their ids."""

    items: Sequence[Item]
    dates: Mapping[str, dt.date]


def read_content(site: Site, file: ReceivedFile, content: bytes) -> FileContent:
    """Return the ids of the documents in a file, or its table if it is not mapped yet."""
    if _is_e_invoice(file):
        try:
            invoice = e_invoice.read_e_invoice(content)
            id = invoices.build_source_id(site, invoice)
        except ValueError as error:
            raise Refused("%(name)s: %(why)s", name=file.name, why=str(error)) from None
        id = _find_former_id(site, file, id, content)
        (known_id,) = _find_ids(site, file, {id: invoice.issue_date}).values()
        return FileContent(documents=(known_id,))
    require_table(file.name, content)
    require_results(file.name, content)
    require_one_table(file.name, content)
    table = read_table(file.name, content)
    if file.mapping is None:
        return FileContent(table=columns.describe_table(table))
    mapped_table = rows.MappedTable(table, file.mapping, file, site.zone)
    items = FileItems(rows.read_documents(site, mapped_table), mapped_table.find_dates())
    documents = _with_known_ids(site, file, items)
    return FileContent(documents=tuple(item.source_id for item in documents))


def iter_changes(site: Site, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield the documents of each file that was accepted since the cursor."""
    for file in site.files.after(int(cursors.get("") or 0)):
        yield from _iter_documents(site, file)
        yield Checkpoint(cursor=str(file.position))


def read_exactly(site: Site, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the documents with these ids, each from the newest file that has it."""
    files = site.files.with_documents(ids)
    unreadable_files = _find_unreadable_files(site, set(ids) - files.keys())
    ids_by_position: dict[int, set[str]] = {}
    for id, file in files.items():
        ids_by_position.setdefault(file.position, set()).add(id)
    read_positions = set()
    for id in ids:
        newest_file = files.get(id)
        if newest_file is None:
            yield from _read_unreadable(site, id, unreadable_files.get(id))
            continue
        if newest_file.position in read_positions:
            continue
        read_positions.add(newest_file.position)
        ids_in_file = ids_by_position[newest_file.position]
        for item in _iter_documents(site, newest_file):
            if _is_e_invoice(newest_file):
                yield replace(item, source_id=id)  # as it was accepted, if it has another id now
            elif item.source_id in ids_in_file:
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


def _read_items(site: Site, file: ReceivedFile) -> FileItems:
    """Return the documents of an accepted file with the ids that their contents give them."""
    content = site.files.content(file)
    if _is_e_invoice(file):
        return _read_invoice(site, file, content)
    table = read_table(file.name, content)
    mapped_table = rows.MappedTable(table, file.mapping or {}, file, site.zone)
    return FileItems(list(rows.iter_documents(site, mapped_table)), mapped_table.find_dates())


def _read_invoice(site: Site, file: ReceivedFile, content: bytes) -> FileItems:
    """Return the document of an accepted e-invoice."""
    item = invoices.read_document(site, file, content)
    if isinstance(item, Unreadable) or item.date is None:
        return FileItems((item,), {})
    id = _find_former_id(site, file, item.source_id, content)
    return FileItems((replace(item, source_id=id),), {id: item.date})


# -- e-invoices that cannot be read --------------------------------------------------------------


def _find_unreadable_files(site: Site, ids: Iterable[str]) -> dict[str, ReceivedFile]:
    """Return the e-invoices that these ids stand for because they could not be read."""
    unreadable_ids = {id for id in ids if id.startswith(invoices.UNREADABLE_PREFIX)}
    files = site.files.after(0) if unreadable_ids else ()
    files_by_id = {invoices.build_unreadable_id(file): file for file in files}
    return {id: files_by_id[id] for id in unreadable_ids & files_by_id.keys()}


def _read_unreadable(site: Site, id: str, file: ReceivedFile | None) -> Iterator[Yielded]:
    """Yield an e-invoice that could not be read, or what it is now that it can be read."""
    if file is None:
        yield Gone(source_id=id, reason=Sentence("No received file has it."))
        return
    items = list(_iter_documents(site, file))
    yield from items
    if id not in [item.source_id for item in items]:
        yield Gone(source_id=id, reason=Sentence("%(name)s can be read now.", name=file.name))


# -- e-invoices of our own -----------------------------------------------------------------------


def _find_former_id(site: Site, file: ReceivedFile, id: str, content: bytes) -> str:
    """Return the id with which an e-invoice was accepted, or an earlier version of it.

    It differs from the present `id` if the numbers of our company were entered or changed since: a
    bill has turned out to be an invoice of our own. The document stays the same one, so that it is
    not posted as both.
    """
    if site.files.with_documents([id]):
        return id
    invoice = e_invoice.read_e_invoice(content)
    former_id = invoices.build_id_of_other_direction(site, invoice)
    if former_id is None:
        return id
    id_of_year = build_document_id_of_year(former_id, invoice.issue_date.year)
    holders = site.files.with_documents([former_id, id_of_year])
    for known_id, holder in holders.items():
        if holder.position == file.position:
            return known_id
    earlier = holders.get(former_id)
    if earlier and _build_present_id(site, earlier) == id:
        return former_id
    return id


def _build_present_id(site: Site, file: ReceivedFile) -> str | None:
    """Return the id that the content of an e-invoice gives it now; None if it cannot be read."""
    try:
        invoice = e_invoice.read_e_invoice(site.files.content(file))
        return invoices.build_source_id(site, invoice)
    except ValueError:
        return None


# -- numbers that begin again --------------------------------------------------------------------


def _with_known_ids(site: Site, file: ReceivedFile, read: FileItems) -> Iterator[Item]:
    """Yield the documents of a file, each with an id that no other document has."""
    ids = _find_ids(site, file, read.dates)
    for item in read.items:
        yield replace(item, source_id=ids.get(item.source_id, item.source_id))


def _find_ids(site: Site, file: ReceivedFile, dates: Mapping[str, dt.date]) -> dict[str, str]:
    """Return the id of each document; one with the number of another year has the year in it.

    Otherwise a sender who numbers from 1 each year would change the documents of the year before.
    """
    ids = {id: id for id in dates}
    dates_by_position: dict[int, Mapping[str, dt.date]] = {}
    for id, holder in site.files.with_documents(list(dates)).items():
        if holder.position == file.position:
            continue
        if holder.position not in dates_by_position:
            dates_by_position[holder.position] = _read_items(site, holder).dates
        known_date = dates_by_position[holder.position].get(id)
        if known_date and is_of_other_series(dates[id], known_date):
            ids[id] = build_document_id_of_year(id, dates[id].year)
    return ids


def _is_e_invoice(file: ReceivedFile) -> bool:
    """Return whether a file is an e-invoice by its name."""
    name = file.name.lower()
    return name.endswith(E_INVOICE_SUFFIX)
