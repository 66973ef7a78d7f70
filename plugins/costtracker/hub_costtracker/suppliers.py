"""Suppliers that people edited in CostTracker, as updates of vendors: never new ones, never without the right."""

from hub import Address, Checkpoint, Document, Gone, Party, Unreadable, readable
from hub_costtracker import lists

STREAM = "suppliers"
PREFIX = "supplier:"
RIGHT = "can_update_accounting_suppliers"


def changed(site, source, cursor):
    """Every supplier edited since the cursor, with a Checkpoint after each page."""
    for rows, after in source.suppliers(cursor):
        yield from (read(site, row) for row in rows)
        if after:
            yield Checkpoint(cursor=after, stream=STREAM)


def exactly(site, source, ids):
    """The edits with these source ids; CostTracker has no call for a single one."""
    if not ids:
        return
    found = {f"{PREFIX}{row['id']}": row for rows, _ in source.suppliers() for row in rows}
    for id in ids:
        yield (
            read(site, found[id])
            if id in found
            else Gone(source_id=id, reason="CostTracker no longer shows this edit.")
        )


def read(site, row):
    """The update of a vendor that an edit asks for."""
    if not isinstance(row, dict) or not row.get("id"):
        return Unreadable(
            source_id=f"{PREFIX}?", reason="CostTracker sent a supplier without an id."
        )
    return readable(f"{PREFIX}{row['id']}", _read, site, row)


def _read(site, row):
    if row.get("deleted_at"):
        return Gone(
            source_id=f"{PREFIX}{row['id']}", reason="The supplier was deleted in CostTracker."
        )
    allowed = row.get(RIGHT) is True
    return Document(
        kind="vendor",
        source_id=f"{PREFIX}{row['id']}",
        quickbooks_id=lists.supplier(site, row).quickbooks_id,
        version=str(row["version"]),
        stage=_stage(site, allowed),
        hold=None if allowed else _hold(row),
        details=_party(row),
        facts={"Edited by": row["user"]} if row.get("user") else {},
    )


def _stage(site, allowed):
    if not site.settings["update_suppliers"]:
        return "closed"
    return "update_only" if allowed else "pending"


def _hold(row):
    return (
        f"{row.get('user') or 'Somebody'} changed supplier {row['name']} but may not update suppliers in the accounting"
        " system. Let a user who has that right save it in CostTracker, or give the right there."
    )


def _party(row):
    place = row.get("address") or {}
    address = Address(
        lines=tuple(place.get("lines") or ()),
        city=place.get("city"),
        region=place.get("region"),
        postal_code=place.get("postal_code"),
        country=place.get("country"),
    )
    return Party(
        name=row["name"],
        email=row.get("email"),
        phone=row.get("phone"),
        contact=row.get("contact"),
        address=address if place else None,
    )


def warnings(site, account):
    """What the account lacks for the settings."""
    if site.settings["update_suppliers"] and not any(
        user.get(RIGHT) for user in account.get("users") or ()
    ):
        return (
            "Supplier updates are on, but no user of the CostTracker account may update suppliers in accounting.",
        )
    return ()
