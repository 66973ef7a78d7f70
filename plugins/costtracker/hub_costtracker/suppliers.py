"""Build the update of an existing vendor from a supplier that was edited in CostTracker."""

from collections.abc import Iterator, Sequence

from hub import (
    Address,
    Checkpoint,
    Document,
    Gone,
    Outcome,
    Party,
    Row,
    Sentence,
    Site,
    StageName,
    Unreadable,
    Yielded,
    check_fields,
    parse_date,
    readable,
    require_id,
)
from hub_costtracker import lists, names
from hub_costtracker.client import CostTracker

STREAM = "suppliers"
# An edit is another document than the record that is created for the supplier's code, whose id has
# no prefix: it only changes a vendor that is there, and never creates one.
PREFIX = "supplier:"
UNIDENTIFIED = Unreadable(
    source_id=f"{PREFIX}?", reason=Sentence("CostTracker sent a supplier without an id.")
)


def iter_changes(site: Site, source: CostTracker, cursor: str | None) -> Iterator[Yielded]:
    """Yield every supplier edited since the cursor, with a Checkpoint after each page."""
    for rows, after in source.suppliers(cursor):
        for row in rows:
            yield _read(site, row)
        if after:
            yield Checkpoint(cursor=after, stream=STREAM)


def read_exactly(site: Site, source: CostTracker, ids: Sequence[str]) -> Iterator[Yielded]:
    """Yield the edits with these source ids; read the whole list, as no call returns one edit."""
    if not ids:
        return
    wanted_ids = set(ids)
    edits: dict[str, Outcome] = {UNIDENTIFIED.source_id: UNIDENTIFIED}  # no call asks for it
    for rows, _ in source.suppliers():
        for row in rows:
            edit = _read(site, row)
            if edit.source_id in wanted_ids:
                edits[edit.source_id] = edit
    for id in ids:
        if id in edits:
            yield edits[id]
        else:
            yield Gone(
                source_id=id,
                reason=Sentence("CostTracker no longer shows this edit."),
            )


def _read(site: Site, row: Row) -> Outcome:
    """Return the document of a row, Gone if it was deleted, or Unreadable if that fails."""
    if not isinstance(row, dict) or not row.get(names.SupplierEdit.ID):
        return UNIDENTIFIED
    return readable(_build_source_id(row), _build_item, site, row)


def _build_source_id(row: Row) -> str:
    """Return the id of an edit as a document."""
    return f"{PREFIX}{row[names.SupplierEdit.ID]}"


def _build_item(site: Site, row: Row) -> Document | Gone:
    """Return the update of a vendor, or Gone if the supplier was deleted."""
    if parse_date(row.get(names.SupplierEdit.DELETED_AT), site.zone):
        return Gone(
            source_id=_build_source_id(row),
            reason=Sentence("The supplier was deleted in CostTracker."),
        )
    check_fields(row, {names.SupplierEdit.ADDRESS: dict})
    user = row.get(names.SupplierEdit.USER)
    vendor_id = lists.build_supplier_code(site, row).quickbooks_id
    obstacle = _find_obstacle(row, vendor_id)
    return Document(
        kind="vendor",
        source_id=_build_source_id(row),
        quickbooks_id=vendor_id,
        version=require_id(row, names.SupplierEdit.VERSION),
        stage=_decide_stage(site, obstacle),
        hold=obstacle,
        details=_build_party(row),
        facts={"Edited by": user} if user else {},
    )


def _find_obstacle(row: Row, vendor_id: str | None) -> str | None:
    """Return why an edit cannot be made in QuickBooks, or None."""
    if row.get(names.SupplierEdit.MAY_UPDATE_SUPPLIERS) is not True:
        return _explain_missing_right(row)
    if vendor_id:
        return None
    return Sentence(
        "Supplier %(name)s is not linked to QuickBooks in CostTracker, so what was changed there is"
        " not changed in QuickBooks. Change it there, too.",
        name=str(row[names.SupplierEdit.NAME]),
    )


def _explain_missing_right(row: Row) -> str:
    """Say that the person who edited a supplier may not do so in the accounting system."""
    user = row.get(names.SupplierEdit.USER) or "Somebody"
    return Sentence(
        "%(user)s changed supplier %(name)s but may not update suppliers in the"
        " accounting system. Let a user who has that right save it in CostTracker, or"
        " give the right there.",
        user=user,
        name=str(row[names.SupplierEdit.NAME]),
    )


def _decide_stage(site: Site, obstacle: str | None) -> StageName:
    """Return the stage of an edit by the settings; one that cannot be made waits."""
    if not site.settings["update_suppliers"]:
        return "closed"
    return "pending" if obstacle else "update_only"


def _build_party(row: Row) -> Party:
    """Return the details of the vendor, which are those of the supplier in CostTracker."""
    address = row.get(names.SupplierEdit.ADDRESS)
    return Party(
        name=row[names.SupplierEdit.NAME],
        email=row.get(names.SupplierEdit.EMAIL),
        phone=row.get(names.SupplierEdit.PHONE),
        contact=row.get(names.SupplierEdit.CONTACT),
        address=_build_address(address) if address else None,
    )


def _build_address(address: Row) -> Address:
    """Return the address of a supplier; raise ValueError for street lines that are no list."""
    check_fields(address, {names.Address.LINES: list})
    return Address(
        lines=tuple(address.get(names.Address.LINES) or ()),
        city=address.get(names.Address.CITY),
        region=address.get(names.Address.REGION),
        postal_code=address.get(names.Address.POSTAL_CODE),
        country=address.get(names.Address.COUNTRY),
    )


def warn_of_missing_rights(site: Site, account: Row) -> tuple[str, ...]:
    """Return a warning if no user of the account has the right that the settings need."""
    if not site.settings["update_suppliers"]:
        return ()
    users = account.get(names.Account.USERS)
    if users is None:  # CostTracker does not say who has the right
        return ()
    if any(user.get(names.User.MAY_UPDATE_SUPPLIERS) for user in users):
        return ()
    return (
        Sentence(
            "Supplier updates are on, but no user of the CostTracker account may"
            " update suppliers in accounting."
        ),
    )
