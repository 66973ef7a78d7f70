"""Read changed or single invoices and edits of suppliers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hub import (
    Checkpoint,
    Document,
    Gone,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    check_fields,
    parse_date,
    readable,
)
from hub_costtracker import names, suppliers
from hub_costtracker.client import CostTracker
from hub_costtracker.invoices import PREFIX, build_document

UNIDENTIFIED = Unreadable(
    source_id=f"{PREFIX}?", reason=Sentence("CostTracker sent an invoice without an id.")
)


def iter_changes(site: Site, source: CostTracker, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield the invoices that changed since the cursors, and suppliers if the settings say so.

    While they do not, the edits that wait are closed. So all are read once they do again.
    """
    yield from _iter_changed_invoices(site, source, cursors.get(""))
    if site.settings["update_suppliers"]:
        yield from suppliers.iter_changes(site, source, cursors.get(suppliers.STREAM))
    elif cursors.get(suppliers.STREAM):
        yield Checkpoint(cursor="", stream=suppliers.STREAM)


def read_exactly(site: Site, source: CostTracker, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the invoices and the suppliers' edits with these source ids."""
    invoice_ids = [id for id in ids if id.startswith(PREFIX)]
    supplier_ids = [id for id in ids if id.startswith(suppliers.PREFIX)]
    yield from _read_invoices(site, source, invoice_ids)
    yield from suppliers.read_exactly(site, source, supplier_ids)


def iter_invoices(site: Site, source: CostTracker) -> Iterator[Yielded]:
    """Yield every invoice."""
    for rows, _ in source.invoices():
        for row in rows:
            yield read(site, row)


def _iter_changed_invoices(
    site: Site, source: CostTracker, cursor: str | None
) -> Iterator[Yielded]:
    """Yield every invoice that changed since the cursor, with a Checkpoint after each page."""
    for rows, after in source.invoices(cursor):
        for row in rows:
            yield read(site, row)
        if after:
            yield Checkpoint(cursor=after)


def _read_invoices(site: Site, source: CostTracker, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the invoices with these source ids."""
    for source_id in ids:
        if source_id == UNIDENTIFIED.source_id:  # CostTracker cannot be asked for it
            yield UNIDENTIFIED
            continue
        row = source.invoice(source_id.removeprefix(PREFIX))
        if row is None:
            yield Gone(
                source_id=source_id,
                reason=Sentence("CostTracker does not have it any more."),
            )
        else:
            item = read(site, row)
            yield replace(item, source_id=source_id) if item is UNIDENTIFIED else item


def read(site: Site, row: Row) -> Document | Gone | Unreadable:
    """Return the document of a row, Gone if it was deleted, or Unreadable if that fails."""
    if not isinstance(row, dict) or not row.get(names.Invoice.ID):
        return UNIDENTIFIED
    source_id = f"{PREFIX}{row[names.Invoice.ID]}"
    return readable(source_id, _build_item, site, source_id, row)


def _build_item(site: Site, source_id: str, row: Row) -> Document | Gone:
    """Return the document of a row with an id."""
    check_fields(row, {names.Invoice.DELETED_AT: str})
    # Another value than a moment proves no deletion: parse_date raises ValueError.
    deleted_on = parse_date(row.get(names.Invoice.DELETED_AT), site.zone)
    if deleted_on is None:
        return build_document(site, row)
    reason = Sentence("Deleted in CostTracker on %(deleted_at)s.", deleted_at=str(deleted_on))
    return Gone(source_id=source_id, reason=reason)
