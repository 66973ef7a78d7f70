"""Projects, cost codes and vendors of Ontraccr: what each is linked to in QuickBooks, and how lists get there."""

from collections.abc import Sequence
from typing import Any

from hub import (
    NOT_LINKED,
    Code,
    Document,
    Field,
    FromSetting,
    Item,
    Party,
    Receipt,
    Record,
    Row,
    Site,
)
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr

FIELDS = (
    Field(
        name="vendor",
        label="Vendor",
        role="vendor",
        match=("id", "name"),
        missing=FromSetting("vendors"),
    ),
    Field(name="project", label="Project", role="customer"),
    Field(name="cost_code", label="Cost code", role="item", missing=FromSetting("unlinked_items")),
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

    def __init__(self, source: Ontraccr, whole: bool) -> None:
        self._source, self._whole = source, whole
        self._known: dict[str, dict[str, Any]] = {}

    def get(self, kind: str, id: str) -> Row:
        """A profile, or what is known of one that Ontraccr does not have any more."""
        known = self._known.get(kind)
        if known is None:
            rows = self._source.profiles(kind) if self._whole else ()
            known = self._known[kind] = {str(row[names.Profile.ID]): row for row in rows}
        if id not in known:
            known[id] = self._source.profile(kind, id) or {
                names.Profile.ID: id,
                names.Profile.NAME: f"{id} (deleted in Ontraccr)",
            }
        profile: Row = known[id]
        return profile

    def account_type(self, id: str) -> str | None:
        """Whether an account that is offered in Ontraccr is a bank or a credit card account; None where it is not."""
        if "accounts" not in self._known:
            rows = self._source.offered("purchase_account")
            self._known["accounts"] = {
                row[names.Choice.EXTERNAL_ID]: row.get(names.Choice.TYPE) for row in rows
            }
        account_type: str | None = self._known["accounts"].get(id)
        return account_type


def code(site: Site, kind: str, row: Row) -> Code:
    """Return a profile as a code: its link in Ontraccr counts, a name alone is no link; a vendor's name counts too."""
    link = _link_of(kind, row)
    is_made = kind == "vendor" or (
        kind == "cost_code" and site.settings["unlinked_items"] == "create"
    )
    number = row.get(names.Profile.NUMBER) or None
    return Code(
        id=f"{kind}:{row[names.Profile.ID]}",
        name=row[names.Profile.NAME],
        number=number,
        quickbooks_id=link or (None if is_made else NOT_LINKED),
        create=_new_record(site, kind, row, number),
    )


def _link_of(kind: str, row: Row) -> str | None:
    """Return the id that a profile is linked to; a record of another kind stands for none that QuickBooks has."""
    id = row.get(names.Profile.EXTERNAL_ID)
    sort = row.get(names.Profile.EXTERNAL_TYPE) or SORTS[kind]
    return id if not id or sort == SORTS[kind] else f"{id} (it is linked to a {sort.lower()})"


def _new_record(site: Site, kind: str, row: Row, number: str | None) -> Party | Item | None:
    """Return what is made where QuickBooks has no such record: never a project."""
    if kind == "vendor":
        return Party(
            name=row[names.Profile.NAME],
            email=row.get(names.Profile.EMAIL) or None,
            phone=row.get(names.Profile.PHONE) or None,
            currency=row.get(names.Profile.CURRENCY) or None,
        )
    if kind == "cost_code":
        account = site.settings["item_account"] or None
        return Item(
            name=" ".join(filter(None, (number, row[names.Profile.NAME]))),
            type="non_inventory",
            codes={"expense_account": account} if account else {},
        )
    return None


def codes(site: Site, source: Ontraccr, kind: str) -> list[Code]:
    """Every profile of a kind that is in use."""
    rows = source.profiles(kind)
    return [code(site, kind, row) for row in rows if not row.get(names.Profile.ARCHIVED)]


# -- from QuickBooks into Ontraccr -----------------------------------------------------------------------------------


def push(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> list[Code]:
    """Puts a list of QuickBooks into Ontraccr, decided links first; returns how its profiles are linked then."""
    if field not in SORTS:
        if field not in SWITCHES or site.settings[SWITCHES[field]]:
            _offer(site, source, field, records)
        return []
    _link(source, field, records)
    if site.settings[SWITCHES[field]]:
        source.bring(field, [_item(record) for record in records if _is_for(field, record)])
    return [code(site, field, row) for row in source.profiles(field)]


def _offer(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> None:
    usable = [record for record in records if record.active and record.use != "sales"]
    items = [
        _without_none(
            {
                names.Choice.EXTERNAL_ID: record.id,
                names.Choice.NAME: record.full_name or record.name,
                names.Choice.TYPE: record.type,
            }
        )
        for record in usable
    ]
    about = _about_accounts(site, usable) if field == "purchase_account" else {}
    source.offer(field, items, about)


def _about_accounts(site: Site, usable: Sequence[Record]) -> dict[str, str]:
    """Return what is said of purchase accounts: the default, as long as it is usable, and the currency."""
    default = site.settings["purchase_account"]
    is_usable = default in {record.id for record in usable}
    return _without_none(
        {
            names.Choice.DEFAULT_EXTERNAL_ID: default if is_usable else None,
            names.Choice.CURRENCY: site.company.currency,
        }
    )


def _link(source: Ontraccr, field: str, records: Sequence[Record]) -> None:
    """Tell Ontraccr what a person decided in the hub."""
    decided = {
        (record.code or "").partition(":")[2]: record
        for record in records
        if record.decided and record.active
    }
    rows = source.profiles(field) if decided else ()
    known = {str(row[names.Profile.ID]): row for row in rows}
    for id, record in decided.items():
        if id in known and known[id].get(names.Profile.EXTERNAL_ID) != record.id:
            source.link(field, id, record.id, record.full_name or record.name, SORTS[field])


def _is_for(field: str, record: Record) -> bool:
    """Projects have a customer above them; cost codes are what can be bought; a vendor is any."""
    if field == "project":
        return bool(record.parent)
    return field == "vendor" or record.use in ("purchase", "both")


def _item(record: Record) -> Row:
    party = record.party
    return _without_none(
        {
            names.ImportedProfile.EXTERNAL_ID: record.id,
            names.ImportedProfile.EXTERNAL_NAME: record.full_name or record.name,
            names.ImportedProfile.NAME: record.name,
            names.ImportedProfile.NUMBER: record.number,
            names.ImportedProfile.ACTIVE: record.active,
            names.ImportedProfile.CURRENCY: party.currency if party else None,
            names.ImportedProfile.EMAIL: party.email if party else None,
        }
    )


def _without_none(fields: Row) -> Row:
    return {name: value for name, value in fields.items() if value is not None}


def tell_made(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """What the hub made for a profile is linked to it."""
    kind, _, id = document.source_id.partition(":")
    if document.details and receipt.state == "posted" and kind in SORTS and receipt.id:
        source.link(kind, id, receipt.id, document.details.name, SORTS[kind])
