"""Read the payables of Ontraccr: those that changed, or single ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from hub import (
    Checkpoint,
    Document,
    Gone,
    Outcome,
    Row,
    Sentence,
    Site,
    Unreadable,
    Yielded,
    add_deletions,
    parse_date,
    readable,
)
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.payables import PREFIX, build_document
from hub_ontraccr.profiles import Profiles

NO_ID = "?"  # in place of the id of a payable that has none
UNIDENTIFIED = Unreadable(
    source_id=f"{PREFIX}{NO_ID}", reason=Sentence("Ontraccr sent a payable without an id.")
)
ABSENT_REASON = Sentence("The division does not have it in Ontraccr any more.")


def iter_changes(site: Site, source: Ontraccr, cursors: Mapping[str, str]) -> Iterator[Yielded]:
    """Yield every payable that changed since the cursor and, once a day, those that are absent.

    A payable that was moved to another division may just be missing in the list of its former one.
    """
    return add_deletions(
        _iter_changed_payables(site, source, cursors.get("")),
        cursors,
        site.today,
        _iter_ids(source),
        reason=ABSENT_REASON,
        prefix=PREFIX,
        read=lambda ids: read_exactly(site, source, ids),
    )


def _iter_changed_payables(site: Site, source: Ontraccr, cursor: str | None) -> Iterator[Yielded]:
    """Yield every payable that changed since the cursor, with a Checkpoint after each page."""
    profiles = Profiles(source, reads_whole_lists=True)
    for rows, after in source.payables(cursor):
        for row in rows:
            item = read(site, profiles, row)
            if item is not UNIDENTIFIED and not source.is_own(row):
                item = Gone(source_id=item.source_id, reason=ABSENT_REASON)
            yield item
        if after:
            yield Checkpoint(cursor=after)


def _iter_ids(source: Ontraccr) -> Iterator[str]:
    """Yield the ids of all payables of the division."""
    for rows, _ in source.payables():
        for row in rows:
            if not _has_id(row):
                yield NO_ID
            elif source.is_own(row):
                yield str(row[names.Payable.ID])


def read_exactly(site: Site, source: Ontraccr, ids: Sequence[str]) -> Iterator[Outcome]:
    """Yield the payables with these source ids."""
    profiles = Profiles(source, reads_whole_lists=False)
    for source_id in ids:
        if source_id == UNIDENTIFIED.source_id:  # Ontraccr cannot be asked for it
            yield UNIDENTIFIED
            continue
        row = source.payable(source_id.removeprefix(PREFIX))
        if row is None:
            yield Gone(source_id=source_id, reason=ABSENT_REASON)
        else:
            item = read(site, profiles, row)
            yield replace(item, source_id=source_id) if item is UNIDENTIFIED else item


def _has_id(row: object) -> bool:
    """Return whether Ontraccr sent a row with an id."""
    return isinstance(row, dict) and bool(row.get(names.Payable.ID))


def read(site: Site, profiles: Profiles, row: Row) -> Document | Gone | Unreadable:
    """Return the document of a row, Gone if it was deleted, or Unreadable if that fails."""
    if not _has_id(row):
        return UNIDENTIFIED
    source_id = f"{PREFIX}{row[names.Payable.ID]}"
    return readable(source_id, _build_item, site, profiles, source_id, row)


def _build_item(site: Site, profiles: Profiles, source_id: str, row: Row) -> Document | Gone:
    """Return the document of a row with an id."""
    # Another value than a moment proves no deletion: parse_date raises ValueError.
    deleted_on = parse_date(row.get(names.Payable.DELETED_AT), site.zone)
    if deleted_on is None:
        return build_document(site, profiles, row)
    reason = Sentence("Deleted in Ontraccr on %(deleted_at)s.", deleted_at=str(deleted_on))
    return Gone(source_id=source_id, reason=reason)
