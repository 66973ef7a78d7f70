"""Projects, cost codes and vendors of Ontraccr, their links, and the lists pushed there."""

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
    Sentence,
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
    """The profiles that documents name: the whole list read once, or single ones on demand."""

    def __init__(self, source: Ontraccr, whole: bool) -> None:
        self._source = source
        self._whole = whole
        self._profiles: dict[str, dict[str, Any]] = {}

    def get(self, kind: str, id: str) -> Row:
        """Return a profile, or a placeholder for one that Ontraccr does not have any more."""
        if kind not in self._profiles:
            rows = self._source.profiles(kind) if self._whole else ()
            self._profiles[kind] = {str(row[names.Profile.ID]): row for row in rows}
        profiles_by_id = self._profiles[kind]
        if id not in profiles_by_id:
            profiles_by_id[id] = self._source.profile(kind, id) or {
                names.Profile.ID: id,
                names.Profile.NAME: Sentence("%(id)s (deleted in Ontraccr)", id=str(id)),
            }
        profile: Row = profiles_by_id[id]
        return profile

    def account_type(self, id: str) -> str | None:
        """Return the type of an account that Ontraccr offers, bank or credit card, or None."""
        if "accounts" not in self._profiles:
            types = {}
            for row in self._source.list_choices("purchase_account"):
                types[row[names.Choice.EXTERNAL_ID]] = row.get(names.Choice.TYPE)
            self._profiles["accounts"] = types
        account_type: str | None = self._profiles["accounts"].get(id)
        return account_type


def profile_code(site: Site, kind: str, row: Row) -> Code:
    """Return the code of a profile: only its link counts; for a vendor its name counts too."""
    number = row.get(names.Profile.NUMBER) or None
    quickbooks_id = _link_of(kind, row) or None
    if quickbooks_id is None and not _may_create(site, kind):
        quickbooks_id = NOT_LINKED
    return Code(
        id=f"{kind}:{row[names.Profile.ID]}",
        name=row[names.Profile.NAME],
        number=number,
        quickbooks_id=quickbooks_id,
        create=_new_record(site, kind, row, number),
    )


def _may_create(site: Site, kind: str) -> bool:
    """Return whether a profile without a link may be created in QuickBooks."""
    if kind == "cost_code":
        return bool(site.settings["unlinked_items"] == "create")
    return kind == "vendor"


def _link_of(kind: str, row: Row) -> str | None:
    """Return the id that a profile is linked to; a record of another kind counts as missing."""
    id = row.get(names.Profile.EXTERNAL_ID)
    sort = row.get(names.Profile.EXTERNAL_TYPE) or SORTS[kind]
    if id and sort != SORTS[kind]:
        return f"{id} (it is linked to a {sort.lower()})"
    return id


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


def profile_codes(site: Site, source: Ontraccr, kind: str) -> list[Code]:
    """Return every profile of a kind that is in use."""
    codes = []
    for row in source.profiles(kind):
        if not row.get(names.Profile.ARCHIVED):
            codes.append(profile_code(site, kind, row))
    return codes


# -- from QuickBooks into Ontraccr --


def push_list(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> list[Code]:
    """Push a QuickBooks list into Ontraccr, decided links first; return its profiles' links."""
    is_switched_on = _is_switched_on(site, field)
    if field not in SORTS:
        if is_switched_on:
            _offer_list(site, source, field, records)
        return []
    _link_profiles(source, field, records)
    if is_switched_on:
        items = [_list_entry(record) for record in records if _is_for(field, record)]
        source.bring(field, items)
    return [profile_code(site, field, row) for row in source.profiles(field)]


def _is_switched_on(site: Site, field: str) -> bool:
    """Return whether the settings want a list in Ontraccr; some lists have no setting."""
    if field not in SWITCHES:
        return True
    switch = SWITCHES[field]
    return bool(site.settings[switch])


def _offer_list(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> None:
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
    """Return what is pushed for purchase accounts: the default if it is usable, the currency."""
    default = site.settings["purchase_account"]
    is_usable = default in {record.id for record in usable}
    return _without_none(
        {
            names.Choice.DEFAULT_EXTERNAL_ID: default if is_usable else None,
            names.Choice.CURRENCY: site.company.currency,
        }
    )


def _link_profiles(source: Ontraccr, field: str, records: Sequence[Record]) -> None:
    """Link profiles to the records that a person chose in the hub."""
    decisions = _decided_records(records)
    if not decisions:
        return
    external_ids = {}
    for row in source.profiles(field):
        profile_id = str(row[names.Profile.ID])
        external_ids[profile_id] = row.get(names.Profile.EXTERNAL_ID)
    for id, record in decisions.items():
        if id in external_ids and external_ids[id] != record.id:
            name = record.full_name or record.name
            source.link(field, id, record.id, name, SORTS[field])


def _decided_records(records: Sequence[Record]) -> dict[str, Record]:
    """Return the active records that a person chose, by the ids of their profiles."""
    decisions = {}
    for record in records:
        if record.decided and record.active:
            _, _, profile_id = (record.code or "").partition(":")
            decisions[profile_id] = record
    return decisions


def _is_for(field: str, record: Record) -> bool:
    """Return whether a record belongs to a field.

    Projects have a customer above them, cost codes can be bought, vendors are all.
    """
    if field == "project":
        return bool(record.parent)
    return field == "vendor" or record.use in ("purchase", "both")


def _list_entry(record: Record) -> Row:
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
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def tell_made(source: Ontraccr, document: Document, receipt: Receipt) -> None:
    """Link a profile to the record that the hub created for it."""
    kind, _, id = document.source_id.partition(":")
    if document.details and receipt.state == "posted" and kind in SORTS and receipt.id:
        source.link(kind, id, receipt.id, document.details.name, SORTS[kind])
