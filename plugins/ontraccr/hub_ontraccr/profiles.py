"""Projects, cost codes and vendors of Ontraccr, their links, and the lists pushed there."""

from collections.abc import Sequence

from hub import (
    NOT_LINKED,
    Code,
    Field,
    FromSetting,
    Item,
    Party,
    Record,
    Refused,
    Row,
    Sentence,
    Site,
)
from hub_ontraccr import names
from hub_ontraccr.client import Ontraccr
from hub_ontraccr.link_check import RefusedLink, note_refused_links, note_wrong_links

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
RECORD_TYPES = {"project": "Project", "cost_code": "Item", "vendor": "Vendor"}
LIST_SETTINGS = {
    "project": "import_projects",
    "cost_code": "import_cost_codes",
    "vendor": "import_vendors",
    "class": "project_class",
}


IS_PLACEHOLDER = "is_placeholder"  # in the row of a profile that Ontraccr no longer has


class Profiles:
    """Cached profiles: each list is read once as a whole, or single profiles on demand."""

    def __init__(self, source: Ontraccr, reads_whole_lists: bool) -> None:
        self._source = source
        self._reads_whole_lists = reads_whole_lists
        self._profiles: dict[str, dict[str, Row]] = {}
        self._account_types: dict[str, str | None] | None = None

    def get(self, kind: str, id: str) -> Row:
        """Return a profile, or a placeholder for one that Ontraccr does not have any more."""
        if kind not in self._profiles:
            rows = self._source.profiles(kind) if self._reads_whole_lists else ()
            self._profiles[kind] = {str(row[names.Profile.ID]): row for row in rows}
        profiles_by_id = self._profiles[kind]
        if id not in profiles_by_id:
            row = self._source.profile(kind, id) or self._find_in_list(kind, id)
            profiles_by_id[id] = row or _build_deleted_profile(id)
        return profiles_by_id[id]

    def _find_in_list(self, kind: str, id: str) -> Row | None:
        """Return a profile that only the list shows, as of a source that answers no single ones."""
        if self._reads_whole_lists:
            return None
        rows = self._source.profiles(kind)
        return next((row for row in rows if str(row[names.Profile.ID]) == id), None)

    def account_type(self, id: str) -> str | None:
        """Return the type of an account that Ontraccr offers, bank or credit card, or None."""
        if self._account_types is None:
            types = {}
            for row in self._source.choices("purchase_account"):
                types[row[names.Choice.EXTERNAL_ID]] = row.get(names.Choice.TYPE)
            self._account_types = types
        return self._account_types.get(id)


def _build_deleted_profile(id: str) -> Row:
    """Return a placeholder for a profile that Ontraccr no longer has."""
    return {
        names.Profile.ID: id,
        names.Profile.NAME: Sentence("%(id)s (deleted in Ontraccr)", id=str(id)),
        IS_PLACEHOLDER: True,
    }


def list_profile_codes(site: Site, source: Ontraccr, kind: str) -> list[Code]:
    """Return every profile of a kind that is in use."""
    codes = []
    for row in source.profiles(kind):
        if not row.get(names.Profile.ARCHIVED):
            codes.append(build_profile_code(site, kind, row))
    return codes


def build_profile_code(site: Site, kind: str, row: Row) -> Code:
    """Return the code of a profile: it matches by its link only, and a vendor also by name."""
    number = row.get(names.Profile.NUMBER) or None
    quickbooks_id = _link_of(kind, row)
    may_create = _may_create(site, kind) and not row.get(IS_PLACEHOLDER)
    if quickbooks_id is None and not may_create:
        quickbooks_id = NOT_LINKED
    return Code(
        id=f"{kind}:{row[names.Profile.ID]}",
        name=row[names.Profile.NAME],
        number=number,
        quickbooks_id=quickbooks_id,
        create=None if row.get(IS_PLACEHOLDER) else _build_new_record(site, kind, row, number),
    )


def _may_create(site: Site, kind: str) -> bool:
    """Return whether a profile without a link may be created in QuickBooks."""
    if kind == "cost_code":
        choice: str = site.settings["unlinked_items"]
        return choice == "create"
    return kind == "vendor"


def _link_of(kind: str, row: Row) -> str | None:
    """Return the id that a profile is linked to, with a note if the record has another type."""
    id: str = (row.get(names.Profile.EXTERNAL_ID) or "").strip()
    expected_type = RECORD_TYPES[kind]
    record_type: str = (row.get(names.Profile.EXTERNAL_TYPE) or "").strip() or expected_type
    if id and record_type.casefold() != expected_type.casefold():
        return f"{id} (it is linked to a {record_type.lower()})"
    return id or None


def _build_new_record(site: Site, kind: str, row: Row, number: str | None) -> Party | Item | None:
    """Return the record to create if QuickBooks has none; projects are never created."""
    if kind == "vendor":
        return Party(
            name=row[names.Profile.NAME],
            email=row.get(names.Profile.EMAIL) or None,
            phone=row.get(names.Profile.PHONE) or None,
            currency=row.get(names.Profile.CURRENCY) or None,
        )
    if kind == "cost_code":
        account = site.settings["item_account"]
        words = filter(None, (number, row[names.Profile.NAME]))
        return Item(
            name=" ".join(words),
            type="non_inventory",
            codes={"expense_account": account} if account else {},
        )
    return None


# -- from QuickBooks into Ontraccr --


def push_list(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> list[Code]:
    """Push a list of QuickBooks to Ontraccr, links that people chose first; return all links."""
    is_switched_on = _is_switched_on(site, field)
    if field not in RECORD_TYPES:
        if is_switched_on:
            _offer_list(site, source, field, records)
        return []
    _link_profiles(site, source, field, records)
    if is_switched_on:
        items = [_list_entry(record) for record in records if _belongs_to_field(field, record)]
        source.import_profiles(field, items)
    rows = source.profiles(field)
    note_wrong_links(site, field, rows, records)
    return [build_profile_code(site, field, row) for row in rows]


def _is_switched_on(site: Site, field: str) -> bool:
    """Return whether the settings push a list to Ontraccr; some lists have no setting."""
    if field not in LIST_SETTINGS:
        return True
    switch = LIST_SETTINGS[field]
    return bool(site.settings[switch])


def _offer_list(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> None:
    """Offer the active records of a list, without those for sales only, in Ontraccr."""
    usable = [record for record in records if record.active and record.use != "sales"]
    items = [_build_choice(record) for record in usable]
    account_fields = _get_account_defaults(site, usable) if field == "purchase_account" else {}
    source.offer_choices(field, items, account_fields)


def _build_choice(record: Record) -> Row:
    """Return a record of QuickBooks as a choice in Ontraccr."""
    return _drop_missing(
        {
            names.Choice.EXTERNAL_ID: record.id,
            names.Choice.NAME: record.full_name or record.name,
            names.Choice.TYPE: record.type,
        }
    )


def _get_account_defaults(site: Site, usable: Sequence[Record]) -> Row:
    """Return the default purchase account, if it is usable, and the currency."""
    default = site.settings["purchase_account"]
    is_usable = default in {record.id for record in usable}
    return _drop_missing(
        {
            names.Choice.DEFAULT_EXTERNAL_ID: default if is_usable else None,
            names.Choice.CURRENCY: site.company.currency,
        }
    )


def _link_profiles(site: Site, source: Ontraccr, field: str, records: Sequence[Record]) -> None:
    """Link profiles to the records that a person chose in the hub.

    A link that Ontraccr refuses becomes a warning, and the others are made.
    """
    chosen_records = _list_chosen_records(records)
    refusals: list[RefusedLink] = []
    profiles = source.profiles(field) if chosen_records else []
    for row in profiles:
        record = chosen_records.get(str(row[names.Profile.ID]))
        if record is None or _link_of(field, row) == record.id:
            continue
        try:
            source.link(
                field,
                str(row[names.Profile.ID]),
                record.id,
                record.full_name or record.name,
                RECORD_TYPES[field],
            )
        except Refused as error:
            refusals.append(RefusedLink(row[names.Profile.NAME], error.text))
    note_refused_links(site, field, refusals)


def _list_chosen_records(records: Sequence[Record]) -> dict[str, Record]:
    """Return the active records that a person chose, by the ids of their profiles."""
    chosen_records = {}
    for record in records:
        if not record.active:
            continue
        for code in record.decided_codes:
            _, _, profile_id = code.partition(":")
            chosen_records[profile_id] = record
    return chosen_records


def _belongs_to_field(field: str, record: Record) -> bool:
    """Return whether a record belongs to the list of a field.

    A project is a customer below another one, and a cost code is an item that can be bought.
    """
    if field == "project":
        return bool(record.parent)
    return field == "vendor" or record.use in ("purchase", "both")


def _list_entry(record: Record) -> Row:
    """Return a record of QuickBooks as a profile to import."""
    party = record.party
    return _drop_missing(
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


def _drop_missing(fields: Row) -> Row:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
