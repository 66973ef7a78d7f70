"""The lists that the hub keeps in CostTracker, and how a code of an invoice finds its way back to its record."""

from hub import Code, Field

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
FIELDS = (
    Field(name="supplier", label="Supplier", role="vendor", match=("id", "name")),
    Field(name="account", label="Account", role="account", match=("id", "number", "name")),
    Field(name="tax_code", label="Tax code", role="tax_code", match=("id", "name")),
    Field(
        name="location",
        label="Location",
        role="location",
        match=("id", "name"),
        differ="{locations_differ}",
    ),
    Field(name="class", label="Class", role="class", match=("id", "name")),
    Field(name="customer", label="Customer or project", role="customer", match=("id", "name")),
)


def is_used(site, field):
    """Whether the settings let the field's list into CostTracker and onto bills."""
    return field not in SWITCHES or site.settings[SWITCHES[field]]


def is_pushed(site, field):
    """Whether this installation put the field's list into CostTracker: only then do external ids mean our records."""
    return f"pushed {field}" in site.secrets


def code(site, field, text):
    """The code of a line: CostTracker's own number or name until the list was pushed, then the id that we gave it."""
    if not text or not is_used(site, field):
        return None
    return text if is_pushed(site, field) else Code(id=text, number=text, name=text)


def supplier(site, raw):
    """The code of an invoice's supplier."""
    ours = raw.get("external_id") if is_pushed(site, "supplier") else None
    return Code(id=str(raw["id"]), name=raw["name"], quickbooks_id=ours or None)


def push(site, source, field, records):
    """Puts a whole list into CostTracker, if it is wanted there, and links what was put."""
    if not is_used(site, field):
        return []
    records = [record for record in records if _is_for_bills(site, field, record)]
    items = [_item(site, field, record) for record in records]
    given = {}
    for start in range(0, len(items) or 1, BATCH):
        given |= source.push(KINDS[field], items[start : start + BATCH])
    site.secrets[f"pushed {field}"] = "yes"
    return [_link(field, record, given) for record in records if record.id in given]


def _is_for_bills(site, field, record):
    """Tax codes for sales have no place on a bill; in the United States no tax code has."""
    return field != "tax_code" or (record.use != "sales" and site.company.country != "US")


def _item(site, field, record):
    party = record.party
    item = {
        "external_id": record.id,
        "name": record.name,
        "number": record.number,
        "parent_external_id": record.parent,
        "active": record.active,
        "hidden": record.id in site.settings[HIDING[field]] if field in HIDING else None,
        "type": record.type or record.use,
        "currency": ((party and party.currency) or site.company.currency)
        if field == "supplier"
        else None,
        "rate": record.rate,
    }
    return {name: value for name, value in item.items() if value is not None}


def _link(field, record, given):
    id = given[record.id] if field == "supplier" else record.id
    return Code(id=id, name=record.name, number=record.number, quickbooks_id=record.id)
