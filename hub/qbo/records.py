"""The stored lists of a company: the choices of a setting, and the index that mapping uses.

`hub.qbo.record_download` reads the lists from QuickBooks.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hub.context import current_hub
from hub.contract import types
from hub.contract.codec import load
from hub.contract.document_kinds import PARTY_ROLES
from hub.contract.documents import Address, Item, Party, Role
from hub.db.upsert import upsert
from hub.mapping.index import Decision, Entry, MatchIndex, NameOwner, RecordIndex
from hub.models import ListState, Match, StoredRecord
from hub.money import sum_amounts
from hub.payloads.entities import INDEX_DELAY
from hub.qbo.index_cache import process_cache
from hub.qbo.list_states import lock_state
from hub.qbo.record_rows import DELETED_SUFFIX, build_row

# The lists of records that documents refer to.
LISTS = (
    "account",
    "vendor",
    "customer",
    "item",
    "class",
    "location",
    "tax_rate",
    "tax_code",
    "term",
    "payment_method",
)
# Those without which documents can be posted. An edition of QuickBooks may not have them:
# Essentials, for example, has neither classes nor locations.
OPTIONAL_LISTS = ("class", "location", "term", "payment_method")
EMPLOYEES = "employee"  # only their names count, which no supplier or customer may have

EXPENSE_TYPES = ("Expense", "Other Expense", "Cost of Goods Sold")
INCOME_TYPES = ("Income", "Other Income")
# The types of accounts that no line may post to.
CONTROL_TYPES = ("Accounts Payable", "Accounts Receivable", "Non-Posting")
# The list that holds the records of each role.
ROLE_LIST: dict[NameOwner, str] = {
    "vendor": "vendor",
    "customer": "customer",
    "item": "item",
    "class": "class",
    "location": "location",
    "term": "term",
    "tax_code": "tax_code",
    "payment_method": "payment_method",
    "account": "account",
    "payable_account": "account",
    "payment_account": "account",
    "deposit_account": "account",
    "income_account": "account",
    "asset_account": "account",
    "expense_account": "account",
    "category": "item",
    "employee": EMPLOYEES,
}
ITEM_ROLES = ("item", "category")
# Which records of its list a role may take; a role that is not named here takes all of them.
ROLE_CONDITIONS: dict[NameOwner, Callable[[StoredRecord], bool]] = {
    "account": lambda row: row.type not in CONTROL_TYPES,
    "payable_account": lambda row: row.type == "Accounts Payable",
    "payment_account": lambda row: row.type in ("Bank", "Credit Card"),
    "deposit_account": lambda row: row.type in ("Bank", "Other Current Asset"),
    "income_account": lambda row: row.type in INCOME_TYPES,
    "asset_account": lambda row: (
        row.type == "Other Current Asset" and row.sub_type in ("", "Inventory")
    ),
    "expense_account": lambda row: row.type in EXPENSE_TYPES,
    "item": lambda row: row.type not in ("Category", "Group"),
    "category": lambda row: row.type == "Category",
}

# -- reading --------------------------------------------------------------------------------------


def list_choices(session: Session, company_id: int, role: NameOwner) -> list[StoredRecord]:
    """Return the active records that may take a role, by number and name."""
    list_name = ROLE_LIST.get(role, "")
    active = select(StoredRecord).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list == list_name,
        StoredRecord.active,
    )
    rows = [row for row in session.scalars(active) if _fits_role(role, row)]
    return sorted(rows, key=lambda row: (row.number, row.full_name.casefold()))


def find_choice(session: Session, company_id: int, role: NameOwner, id: str) -> StoredRecord | None:
    """Return the active record with this id if it may take a role; None otherwise."""
    row = session.get(StoredRecord, (company_id, ROLE_LIST.get(role, ""), id))
    if row is None or not row.active or not _fits_role(role, row):
        return None
    return row


def load_match_index(
    session: Session,
    company_id: int,
    plugin_name: str,
    tenant: str,
    fields: Iterable[types.Field] = (),
) -> MatchIndex:
    """Return the matches and record lists with which documents of one installation are mapped.

    Installations of the apps of one plugin share their matches within a tenant. Matches to records
    of another list than that of their field in `fields` are left out.
    """
    roles = {field.name: field.role for field in fields}
    columns = Match.field, Match.code, Match.record, Match.match_method, Match.role, Match.details
    stored_matches = select(*columns).where(
        Match.company_id == company_id, Match.scope == plugin_name, Match.tenant == tenant
    )
    matches = {}
    for field, code, record, method, matched_role, details in session.execute(stored_matches):
        if field in roles and not is_same_list(matched_role, roles[field]):
            continue
        entered_details = load_entered_details(matched_role, details)
        matches[field, code] = Decision(record=record, match_method=method, details=entered_details)

    states = {}
    for state in session.scalars(select(ListState).where(ListState.company_id == company_id)):
        states[state.list] = state

    # Several roles take their records from one list: read it once.
    read_list = cache(partial(_list_rows, session, company_id))
    indexes: dict[NameOwner, RecordIndex] = {}
    for role, name in ROLE_LIST.items():
        indexes[role] = _load_index(company_id, role, states.get(name), read_list)
    return MatchIndex(matches, indexes)


def is_same_list(matched_role: str, role: str) -> bool:
    """Return whether a match that was made in one role names a record of the list of another role.

    It does not if a new version of a plugin gave the field of the match another role: the records
    of two lists have the same ids.
    """
    matched_list = ROLE_LIST.get(cast(Role, matched_role), matched_role)
    own_list = ROLE_LIST.get(cast(Role, role), role)
    return matched_list == own_list


def load_entered_details(role: str, details: Mapping[str, Any] | None) -> Party | Item | None:
    """Return the details that a person entered for a record to create; None if there are none.

    `role` and `details` are columns of the match.
    """
    if not details:
        return None
    if role in ITEM_ROLES:
        return load(Item, details)
    return load(Party, details)


def load_index(session: Session, company_id: int, role: NameOwner) -> RecordIndex:
    """Return an index of the records that may take a role; built again only if the list changed."""
    state = session.get(ListState, (company_id, ROLE_LIST[role]))
    read_list = partial(_list_rows, session, company_id)
    return _load_index(company_id, role, state, read_list)


def _load_index(
    company_id: int,
    role: NameOwner,
    state: ListState | None,
    read_list: Callable[[str], Sequence[StoredRecord]],
) -> RecordIndex:
    """Return the index of a role; `read_list` returns the rows of a list if it has to be built."""
    key = company_id, role
    version = (state.version, state.read_at) if state else None
    indexes = process_cache()
    cached_index = indexes.get(key, version)
    if cached_index is not None:
        return cached_index

    rows = read_list(ROLE_LIST[role])
    new_index = RecordIndex(_build_index_entry(row) for row in rows if _fits_role(role, row))
    indexes.put(key, version, new_index)
    return new_index


def _fits_role(role: NameOwner, row: StoredRecord) -> bool:
    """Return whether a record may take a role."""
    condition = ROLE_CONDITIONS.get(role)
    if condition is None:
        return True
    return condition(row)


def _list_rows(session: Session, company_id: int, name: str) -> Sequence[StoredRecord]:
    """Return the rows of a list; their bodies are loaded only when they are needed."""
    of_list = select(StoredRecord).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list == name,
    )
    without_bodies = of_list.options(defer(StoredRecord.body))
    return session.scalars(without_bodies).all()


def _build_index_entry(row: StoredRecord) -> Entry:
    """Return a record as an entry of the index that mapping uses."""
    return Entry(
        id=row.quickbooks_id,
        name=row.name,
        full_name=row.full_name,
        number=row.number,
        email=row.email,
        tax_numbers=row.tax_numbers or "",
        type=row.type,
        currency=row.currency,
        active=row.active,
        stored_name="" if row.active else row.name + DELETED_SUFFIX,
    )


def to_record(row: StoredRecord) -> types.Record:
    """Return a stored record as plugins see it."""
    return types.Record(
        id=row.quickbooks_id,
        name=row.name,
        full_name=row.full_name or None,
        number=row.number or None,
        type=row.type or None,
        parent=row.parent,
        active=row.active,
        rate=row.rate or None,
        use=_get_use(row),
        party=_build_party_details(row) if row.list in PARTY_ROLES else None,
    )


def _get_use(row: StoredRecord) -> str | None:
    """Return whether a tax code or an item is for purchases, sales or both."""
    if row.list != "item":
        return row.body.get("use")
    is_bought = "expense_account" in row.body or "asset_account" in row.body
    is_sold = "income_account" in row.body
    if is_bought and is_sold:
        return "both"
    if is_bought:
        return "purchase"
    return "sales" if is_sold else None


def _build_party_details(row: StoredRecord) -> Party:
    """Return the details of a supplier or customer."""
    stored_address = row.body.get("address")
    address = None
    if stored_address:
        address = Address(
            lines=tuple(stored_address.get("lines", ())),
            city=stored_address.get("city"),
            region=stored_address.get("region"),
            postal_code=stored_address.get("postal_code"),
            country=stored_address.get("country"),
        )
    return Party(
        name=row.name,
        email=row.email or None,
        phone=row.body.get("phone"),
        contact=row.body.get("contact"),
        address=address,
        currency=row.currency or None,
    )


# -- storing --------------------------------------------------------------------------------------


def absorb(
    session: Session, company_id: int, name: str, entities: Sequence[dict[str, Any]]
) -> None:
    """Store records as QuickBooks shows them now: after a change there, or after creating one."""
    if not entities:
        return
    now = current_hub().clock.now()
    state = lock_state(session, company_id, name)
    deleted_ids = []
    rows = []
    for entity in entities:
        if entity.get("status") == "Deleted":
            deleted_ids.append(str(entity["Id"]))
        else:
            rows.append(build_row(company_id, name, entity, now))
    has_stored = upsert(session, StoredRecord, rows)
    has_deactivated = _deactivate(session, company_id, name, deleted_ids)
    if has_stored or has_deactivated:
        state.version += 1  # its indexes are built again


def store_list(
    session: Session,
    company_id: int,
    name: str,
    entities: Sequence[dict[str, Any]],
    started_at: dt.datetime | None,
) -> None:
    """Store a list that was read whole, and deactivate the records that it does not contain.

    `started_at` is QuickBooks' time when the reading began: later changes are not in it.
    """
    now = current_hub().clock.now()
    state = lock_state(session, company_id, name)
    rows = [build_row(company_id, name, entity, now) for entity in entities]
    upsert(session, StoredRecord, rows)
    ids = {row["quickbooks_id"] for row in rows}
    active = select(StoredRecord).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list == name,
        StoredRecord.active,
    )
    for row in session.scalars(active.options(defer(StoredRecord.body))):
        row.active = row.quickbooks_id in ids or _is_too_new(row, state, now)
    if name == "tax_code":
        _fill_rates(session, company_id)
    state.version += 1
    state.read_at = now
    state.refused_at = None
    state.changed_to = started_at


def _is_too_new(row: StoredRecord, before: ListState, now: dt.datetime) -> bool:
    """Return whether a record is so new that a query may not contain it yet.

    A record that was stored with the last whole reading has its time. Any other record may have
    been created after the reading began.
    """
    return before.read_at != row.read_at and now - row.read_at < INDEX_DELAY


def _deactivate(session: Session, company_id: int, name: str, ids: Sequence[str]) -> int:
    """Deactivate records that were deleted or merged; return how many were active."""
    if not ids:
        return 0
    active = select(StoredRecord).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list == name,
        StoredRecord.quickbooks_id.in_(ids),
        StoredRecord.active,
    )
    rows = session.scalars(active).all()
    for row in rows:
        row.active = False
    return len(rows)


def _fill_rates(session: Session, company_id: int) -> None:
    """Give each tax code the sum of its rates: those for purchases, else those for sales."""
    of_company = select(StoredRecord).where(StoredRecord.company_id == company_id)
    percents = {}
    for row in session.scalars(of_company.where(StoredRecord.list == "tax_rate")):
        percents[row.quickbooks_id] = Decimal(row.rate or 0)

    for row in session.scalars(of_company.where(StoredRecord.list == "tax_code")):
        rates = row.body.get("rates", {})
        ids = rates.get("purchase") or rates.get("sales")
        if ids:
            percent = sum_amounts(percents.get(id) for id in ids)
            row.rate = format(percent.normalize(), "f")
        else:
            row.rate = ""
