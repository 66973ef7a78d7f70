"""The lists that the hub pushes into CostTracker, and the codes of lines that come back."""

from collections.abc import Sequence

from hub import Code, Codes, Field, FromSetting, Record, Row, Site
from hub_costtracker import names
from hub_costtracker.client import CostTracker

BATCH = 500
KINDS = {
    "supplier": "suppliers",
    "account": "accounts",
    "tax_code": "tax-codes",
    "location": "locations",
    "class": "classes",
    "customer": "customers",
}
SWITCHES = {
    "location": "transfer_locations",
    "class": "transfer_classes",
    "customer": "transfer_customers",
}
HIDING = {"account": "hidden_accounts", "tax_code": "hidden_tax_codes"}
LINE_CODES = {
    "account": names.Line.ACCOUNT,
    "tax_code": names.Line.TAX_CODE,
    "location": names.Line.LOCATION,
    "class": names.Line.CLASS,
    "customer": names.Line.CUSTOMER,
}
FIELDS = (
    Field(name="supplier", label="Supplier", role="vendor", match=("id", "name")),
    Field(name="account", label="Account", role="account", match=("id", "number", "name")),
    Field(name="tax_code", label="Tax code", role="tax_code", match=("id", "name")),
    Field(
        name="location",
        label="Location",
        role="location",
        match=("id", "name"),
        differ=FromSetting("locations_differ"),
    ),
    Field(name="class", label="Class", role="class", match=("id", "name")),
    Field(name="customer", label="Customer or project", role="customer", match=("id", "name")),
)


def is_used(site: Site, field: str) -> bool:
    """Tell whether the settings let the field's list into CostTracker and onto bills."""
    return field not in SWITCHES or site.settings[SWITCHES[field]]


def is_pushed(site: Site, field: str) -> bool:
    """Tell whether this installation put the field's list into CostTracker.

    Only then do external ids mean records of this company.
    """
    return f"pushed {field}" in site.secrets


def line_codes(site: Site, line: Row) -> Codes:
    """Return the codes of a line by field."""
    return {field: line_code(site, field, line.get(name)) for field, name in LINE_CODES.items()}


def line_code(site: Site, field: str, text: str | None) -> str | Code | None:
    """Return the code of a line: QuickBooks' id if the list was pushed, else a number or name."""
    if not text or not is_used(site, field):
        return None
    if is_pushed(site, field):
        return text
    return Code(id=text, number=text, name=text)


def supplier_code(site: Site, row: Row) -> Code:
    """Return the code of an invoice's supplier."""
    external = row.get(names.Supplier.EXTERNAL_ID) if is_pushed(site, "supplier") else None
    return Code(
        id=str(row[names.Supplier.ID]),
        name=row[names.Supplier.NAME],
        quickbooks_id=external or None,
    )


def push(site: Site, source: CostTracker, field: str, records: Sequence[Record]) -> list[Code]:
    """Push a whole list into CostTracker, if the settings want it; return its links."""
    if not is_used(site, field):
        return []
    records = [record for record in records if _is_for_bills(site, field, record)]
    items = [_list_entry(site, field, record) for record in records]
    own_ids: dict[str, str] = {}
    for start in range(0, len(items) or 1, BATCH):  # an empty list is pushed too
        batch = items[start : start + BATCH]
        own_ids |= source.push(KINDS[field], batch)
    site.secrets[f"pushed {field}"] = "yes"
    links = []
    for record in records:
        if record.id in own_ids:
            links.append(_link(field, record, own_ids))
    return links


def _is_for_bills(site: Site, field: str, record: Record) -> bool:
    """Leave out tax codes for sales; in the United States leave out all, as bills have none."""
    return field != "tax_code" or (record.use != "sales" and site.company.country != "US")


def _list_entry(site: Site, field: str, record: Record) -> Row:
    item = {
        names.Record.EXTERNAL_ID: record.id,
        names.Record.NAME: record.name,
        names.Record.NUMBER: record.number,
        names.Record.PARENT_EXTERNAL_ID: record.parent,
        names.Record.ACTIVE: record.active,
        names.Record.HIDDEN: _is_hidden(site, field, record),
        names.Record.TYPE: record.type or record.use,
        names.Record.CURRENCY: _currency(site, record) if field == "supplier" else None,
        names.Record.RATE: record.rate,
    }
    return {name: value for name, value in item.items() if value is not None}


def _is_hidden(site: Site, field: str, record: Record) -> bool | None:
    return record.id in site.settings[HIDING[field]] if field in HIDING else None


def _currency(site: Site, record: Record) -> str:
    return (record.party and record.party.currency) or site.company.currency


def _link(field: str, record: Record, own_ids: Row) -> Code:
    id = own_ids[record.id] if field == "supplier" else record.id
    return Code(id=id, name=record.name, number=record.number, quickbooks_id=record.id)
