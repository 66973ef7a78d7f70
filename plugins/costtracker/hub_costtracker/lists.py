"""Push lists to CostTracker, and build the codes of invoices."""

from collections.abc import Iterator, Sequence

from hub import (
    Code,
    Codes,
    Field,
    FromSetting,
    Party,
    Record,
    Retry,
    Row,
    Sentence,
    Site,
    iter_chunks,
    require_id,
)
from hub_costtracker import names
from hub_costtracker.client import SUPPORT_CONTACT, CostTracker

BATCH_SIZE = 500  # entries in one push
LIST_KINDS = {
    "supplier": "suppliers",
    "account": "accounts",
    "tax_code": "tax-codes",
    "location": "locations",
    "class": "classes",
    "customer": "customers",
}
TRANSFER_SETTINGS = {
    "location": "transfer_locations",
    "class": "transfer_classes",
    "customer": "transfer_customers",
}
HIDDEN_IDS_SETTINGS = {"account": "hidden_accounts", "tax_code": "hidden_tax_codes"}
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
LIST_LABELS = {field.name: field.label for field in FIELDS}
WARNING_PREFIX = "not taken "  # of the secret that keeps the warning about a field's list


def is_used(site: Site, field: str) -> bool:
    """Return whether the settings transfer the field's list to CostTracker and use it on bills."""
    if field not in TRANSFER_SETTINGS:
        return True
    switch = TRANSFER_SETTINGS[field]
    return bool(site.settings[switch])


def is_pushed(site: Site, field: str) -> bool:
    """Return whether this installation has pushed the field's list to CostTracker.

    Only then the external ids are ids of records in this company.
    """
    return f"pushed {field}" in site.secrets


def build_line_codes(site: Site, line: Row) -> Codes:
    """Return the codes of a line by field."""
    codes = {}
    for field, name in LINE_CODES.items():
        codes[field] = build_line_code(site, field, line.get(name))
    return codes


def build_line_code(site: Site, field: str, text: str | None) -> str | Code | None:
    """Return the code of a line: QuickBooks' id if the list was pushed, else a number or name."""
    if not text or not is_used(site, field):
        return None
    if is_pushed(site, field):
        return text
    return Code(id=text, number=text, name=text)


def build_supplier_code(site: Site, row: Row) -> Code:
    """Return the code of an invoice's supplier."""
    quickbooks_id = None
    if is_pushed(site, "supplier"):
        quickbooks_id = (row.get(names.Supplier.EXTERNAL_ID) or "").strip()
    return Code(
        id=require_id(row, names.Supplier.ID),
        name=row[names.Supplier.NAME],
        quickbooks_id=quickbooks_id or None,
        create=_build_new_supplier(row),
    )


def _build_new_supplier(row: Row) -> Party | None:
    """Return the vendor to create if QuickBooks has none; None without an organisation number."""
    number = row.get(names.Supplier.ORG_NUMBER)
    if not number:
        return None
    return Party(name=row[names.Supplier.NAME], number=number)


def push_list(site: Site, source: CostTracker, field: str, records: Sequence[Record]) -> list[Code]:
    """Push a whole list to CostTracker, if the settings use it; return its links."""
    if not is_used(site, field):
        return []
    usable = [record for record in records if _is_for_bills(site, field, record)]
    items = [_build_entry(site, field, record) for record in usable]
    own_ids = _push_entries(source, LIST_KINDS[field], items)
    site.secrets[f"pushed {field}"] = "yes"
    _note_left_out(site, field, usable, own_ids)
    links = []
    for record in usable:
        if record.id in own_ids:
            links.append(_build_link(field, record, own_ids))
    return links


def _push_entries(source: CostTracker, kind: str, items: Sequence[Row]) -> Row:
    """Push the entries of a list in batches; return CostTracker's ids of those that it took.

    Raise Retry if it took none.
    """
    own_ids: Row = {}
    chunks = iter_chunks(items, BATCH_SIZE) if items else [[]]  # an empty list is pushed, too
    for chunk in chunks:
        own_ids |= source.push_entries(kind, chunk)
    if items and not own_ids:
        raise Retry(
            "CostTracker did not take any entry of its list %(kind)s. It is sent again later.",
            kind=kind,
        )
    return own_ids


def _note_left_out(site: Site, field: str, records: Sequence[Record], own_ids: Row) -> None:
    """Keep a warning if CostTracker did not take some active entries of a list."""
    key = f"{WARNING_PREFIX}{field}"
    left_out = [record for record in records if record.active and record.id not in own_ids]
    if not left_out:
        site.secrets.pop(key, None)
        return
    site.secrets[key] = Sentence(
        "CostTracker did not take %(missing)s of %(count)s entries of the list “%(list)s” of"
        " QuickBooks, such as “%(name)s”, so invoices cannot use them. Ask %(support)s why, or"
        " change them in QuickBooks.",
        missing=len(left_out),
        count=len(records),
        list=LIST_LABELS[field],
        name=left_out[0].name,
        support=SUPPORT_CONTACT,
    )


def iter_warnings(site: Site) -> Iterator[str]:
    """Yield the warnings about lists in use of which CostTracker did not take everything."""
    for field in LIST_KINDS:
        warning = site.secrets.get(f"{WARNING_PREFIX}{field}")
        if warning and is_used(site, field):
            yield warning


def _is_for_bills(site: Site, field: str, record: Record) -> bool:
    """Return whether a record can be used on bills.

    Tax codes for sales cannot, and in the United States no tax code can.
    """
    if field != "tax_code":
        return True
    return record.use != "sales" and site.company.country != "US"


def _build_entry(site: Site, field: str, record: Record) -> Row:
    """Return a record of QuickBooks as an entry of a list in CostTracker."""
    entry = {
        names.Record.EXTERNAL_ID: record.id,
        names.Record.NAME: record.name,
        names.Record.NUMBER: record.number,
        names.Record.PARENT_EXTERNAL_ID: record.parent,
        names.Record.ACTIVE: record.active,
        names.Record.HIDDEN: _is_hidden(site, field, record),
        names.Record.TYPE: record.type or record.use,
        names.Record.CURRENCY: _get_currency(site, record) if field == "supplier" else None,
        names.Record.RATE: record.rate,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _is_hidden(site: Site, field: str, record: Record) -> bool | None:
    """Return whether the settings hide a record; None for a list without that setting."""
    if field not in HIDDEN_IDS_SETTINGS:
        return None
    hidden_ids = site.settings[HIDDEN_IDS_SETTINGS[field]]
    return record.id in hidden_ids


def _get_currency(site: Site, record: Record) -> str:
    """Return the currency of a supplier, by default that of the company."""
    party = record.party
    if party and party.currency:
        return party.currency
    return site.company.currency


def _build_link(field: str, record: Record, own_ids: Row) -> Code:
    """Return a record as a code, with the id that CostTracker uses on invoices.

    That is CostTracker's own id for a supplier, and QuickBooks' id for other records.
    """
    id = own_ids[record.id] if field == "supplier" else record.id
    return Code(
        id=id,
        name=record.name,
        number=record.number,
        quickbooks_id=record.id,
    )
