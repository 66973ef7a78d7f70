"""The payables of Ontraccr: reading those that changed, or single ones, and their receipts."""

from collections.abc import Iterator, Sequence

from hub import (
    Checkpoint,
    Document,
    Gone,
    Receipt,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    format_moment,
    readable,
)
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.payables import PREFIX, build_document
from hub_ontraccr.profiles import Profiles

STATES = {"changed": "changed_in_ledger", "missing": "missing_in_ledger"}


def iter_changes(site: Site, source: Ontraccr, cursor: str | None) -> Iterator[Yielded]:
    """Yield every payable that changed since the cursor, with a Checkpoint after each page."""
    profiles = Profiles(source, whole=True)
    for rows, after in source.payables(cursor):
        for row in rows:
            yield _read(site, profiles, row)
        if after:
            yield Checkpoint(cursor=after)


def read_exactly(site: Site, source: Ontraccr, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the payables with these source ids."""
    profiles = Profiles(source, whole=False)
    for id in ids:
        row = source.payable(id.removeprefix(PREFIX))
        if row is None:
            yield Gone(
                source_id=id,
                reason=Sentence("The division does not have it in Ontraccr any more."),
            )
        else:
            yield _read(site, profiles, row)


def _read(site: Site, profiles: Profiles, row: Row) -> Document | Gone | Unreadable:
    """Convert a row of the list; return Unreadable if that fails."""
    if not isinstance(row, dict) or not row.get(names.Payable.ID):
        return Unreadable(
            source_id=f"{PREFIX}?",
            reason=Sentence("Ontraccr sent a payable without an id."),
        )
    source_id = f"{PREFIX}{row[names.Payable.ID]}"
    deleted_at = row.get(names.Payable.DELETED_AT)
    if deleted_at:
        return Gone(
            source_id=source_id,
            reason=Sentence(
                "Deleted in Ontraccr on %(deleted_at)s.", deleted_at=str(deleted_at)[:10]
            ),
        )
    return readable(source_id, build_document, site, profiles, row)


def report(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """Report a state to a payable; one that changed since gets the state of its new version."""
    id = document.source_id.removeprefix(PREFIX)
    version = int(document.version or 0)
    if source.set_status(id, _build_status(receipt, version)):
        return
    row = source.payable(id)
    if not row:
        return
    current_version = row[names.Payable.VERSION]
    if current_version != version:
        source.set_status(id, _build_status(receipt, current_version))


def _build_status(receipt: Receipt, version: int) -> Row:
    """Return a receipt as Ontraccr wants it."""
    paid_on = f"Paid on {receipt.paid_on}" if receipt.paid_on else None
    status = {
        names.Status.STATE: STATES.get(receipt.state, receipt.state),
        names.Status.SYSTEM: "quickbooks_online",
        names.Status.EXTERNAL_ID: receipt.id,
        names.Status.EXTERNAL_NUMBER: receipt.number,
        names.Status.EXTERNAL_URL: receipt.url,
        names.Status.AMOUNT_PAID: receipt.paid,
        names.Status.MESSAGE: receipt.message or paid_on,
        names.Status.AT: format_moment(receipt.at),
        names.Status.VERSION: version,
    }
    return {name: value for name, value in status.items() if value is not None}
