"""Read the payables of Ontraccr: those that changed, or single ones."""

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
    readable,
)
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.payables import PREFIX, build_document
from hub_ontraccr.profiles import Profiles

UNIDENTIFIED = Unreadable(
    source_id=f"{PREFIX}?", reason=Sentence("Ontraccr sent a payable without an id.")
)


def iter_changes(site: Site, source: Ontraccr, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield every payable that changed since the cursor, with a Checkpoint after each page."""
    profiles = Profiles(source, reads_whole_lists=True)
    for rows, after in source.payables(cursors.get("")):
        for row in rows:
            yield read(site, profiles, row)
        if after:
            yield Checkpoint(cursor=after)


def read_exactly(site: Site, source: Ontraccr, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the payables with these source ids."""
    profiles = Profiles(source, reads_whole_lists=False)
    for source_id in ids:
        if source_id == UNIDENTIFIED.source_id:  # Ontraccr cannot be asked for it
            yield UNIDENTIFIED
            continue
        row = source.payable(source_id.removeprefix(PREFIX))
        if row is None:
            yield Gone(
                source_id=source_id,
                reason=Sentence("The division does not have it in Ontraccr any more."),
            )
        else:
            item = read(site, profiles, row)
            yield replace(item, source_id=source_id) if item is UNIDENTIFIED else item


def read(site: Site, profiles: Profiles, row: Row) -> Document | Gone | Unreadable:
    """Return the document of a row, Gone if it was deleted, or Unreadable if that fails."""
    if not isinstance(row, dict) or not row.get(names.Payable.ID):
        return UNIDENTIFIED
    source_id = f"{PREFIX}{row[names.Payable.ID]}"
    deleted_at = row.get(names.Payable.DELETED_AT)
    if deleted_at:
        day = str(deleted_at)[:10]
        reason = Sentence("Deleted in Ontraccr on %(deleted_at)s.", deleted_at=day)
        return Gone(source_id=source_id, reason=reason)
    return readable(source_id, build_document, site, profiles, row)
