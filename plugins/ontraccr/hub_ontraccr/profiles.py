"""Projects, cost codes and vendors of Ontraccr: what each is linked to in QuickBooks, and how lists get there."""

from hub import Code, Field, Item, Party

FIELDS = (
    Field(name="vendor", label="Vendor", role="vendor", match=("id", "name"), missing="{vendors}"),
    Field(name="project", label="Project", role="customer"),
    Field(name="cost_code", label="Cost code", role="item", missing="{unlinked_items}"),
    Field(name="purchase_account", label="Purchase account", role="payment_account"),
    Field(name="class", label="Class", role="class"),
    Field(name="tax_code", label="Tax code", role="tax_code"),
)
SORTS = {"project": "Project", "cost_code": "Item", "vendor": "Vendor"}
SWITCHES = {
    "project": "import_projects",
    "cost_code": "import_cost_codes",
    "vendor": "import_vendors",
    "class": "project_class",
}


class Profiles:
    """The profiles that documents name: the whole list read once, or one by one where only a few are wanted."""

    def __init__(self, source, whole):
        self._source, self._whole, self._known = source, whole, {}

    def get(self, kind, id):
        """A profile, or what is known of one that Ontraccr does not have any more."""
        known = self._known.get(kind)
        if known is None:
            rows = self._source.profiles(kind) if self._whole else ()
            known = self._known[kind] = {str(row["id"]): row for row in rows}
        if id not in known:
            known[id] = self._source.profile(kind, id) or {
                "id": id,
                "name": f"{id} (deleted in Ontraccr)",
            }
        return known[id]

    def account_type(self, id):
        """Whether an account that is offered in Ontraccr is a bank or a credit card account; None where it is not."""
        if "accounts" not in self._known:
            rows = self._source.offered("purchase_account")
            self._known["accounts"] = {row["external_id"]: row.get("type") for row in rows}
        return self._known["accounts"].get(id)


def code(site, kind, row):
    """A profile as a code: its link at Ontraccr counts, a name alone is no link; vendors are known by name too."""
    told = _linked(kind, row)
    own_way = kind == "vendor" or (
        kind == "cost_code" and site.settings["unlinked_items"] == "create"
    )
    number = row.get("number") or None
    return Code(
        id=f"{kind}:{row['id']}",
        name=row["name"],
        number=number,
        quickbooks_id=told or (None if own_way else ""),
        create=_made(site, kind, row, number),
    )


def _linked(kind, row):
    """The id that a profile is linked to; a record of another kind stands for none that QuickBooks has."""
    id, sort = row.get("external_id"), row.get("external_type") or SORTS[kind]
    return id if not id or sort == SORTS[kind] else f"{id} (it is linked to a {sort.lower()})"


def _made(site, kind, row, number):
    """What is made where QuickBooks has none: never a project."""
    if kind == "vendor":
        return Party(
            name=row["name"], email=row.get("email") or None, phone=row.get("phone") or None,
            currency=row.get("currency") or None,
        )  # fmt: skip
    if kind == "cost_code":
        name = " ".join(filter(None, (number, row["name"])))
        account = site.settings["item_account"] or None
        return Item(
            name=name, type="non_inventory", codes={"expense_account": account} if account else {}
        )
    return None


def codes(site, source, kind):
    """Every profile of a kind that is in use."""
    return [code(site, kind, row) for row in source.profiles(kind) if not row.get("archived")]


# -- from QuickBooks into Ontraccr -----------------------------------------------------------------------------------


def push(site, source, field, records):
    """Puts a list of QuickBooks into Ontraccr, decided links first; returns how its profiles are linked then."""
    if field not in SORTS:
        if field not in SWITCHES or site.settings[SWITCHES[field]]:
            _offer(site, source, field, records)
        return []
    _link(source, field, records)
    if site.settings[SWITCHES[field]]:
        source.bring(field, [_item(record) for record in records if _is_for(field, record)])
    return [code(site, field, row) for row in source.profiles(field)]


def _offer(site, source, field, records):
    wanted = [record for record in records if record.active and record.use != "sales"]
    default = site.settings["purchase_account"]
    offered = default if default in {record.id for record in wanted} else None
    about = _plain(default_external_id=offered, currency=site.company.currency)
    items = [
        _plain(external_id=record.id, name=record.full_name or record.name, type=record.type)
        for record in wanted
    ]
    source.offer(field, items, **(about if field == "purchase_account" else {}))


def _link(source, field, records):
    """Tells Ontraccr what a person decided in the hub."""
    decided = {
        record.code.partition(":")[2]: record
        for record in records
        if record.decided and record.active
    }
    known = {str(row["id"]): row for row in source.profiles(field)} if decided else {}
    for id, record in decided.items():
        if id in known and known[id].get("external_id") != record.id:
            source.link(field, id, record.id, record.full_name or record.name, SORTS[field])


def _is_for(field, record):
    """Projects have a customer above them; cost codes are what can be bought; a vendor is any."""
    if field == "project":
        return bool(record.parent)
    return field == "vendor" or record.use in ("purchase", "both")


def _item(record):
    party = record.party
    return _plain(
        external_id=record.id, external_name=record.full_name or record.name, name=record.name, number=record.number,
        active=record.active, currency=party.currency if party else None, email=party.email if party else None,
    )  # fmt: skip


def _plain(**fields):
    return {name: value for name, value in fields.items() if value is not None}


def tell_made(source, document, receipt):
    """What the hub made for a profile is linked to it."""
    kind, _, id = document.source_id.partition(":")
    if receipt.state == "posted" and kind in SORTS and receipt.id:
        source.link(kind, id, receipt.id, document.details.name, SORTS[kind])
