"""The company's lists in our cache: read whole and refreshed, offered as choices, and as the book that mapping uses."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from hub import context as hub_context
from hub.contract import types
from hub.contract.documents import Address, Party, Role
from hub.contract.types import Field
from hub.db import engine
from hub.db.upsert import upsert
from hub.mapping.index import Decision, Entry, MatchIndex, RecordIndex
from hub.models import ListState, Match, Record
from hub.money import total
from hub.qbo import company
from hub.qbo.client import Client
from hub.qbo.paging import read_all
from hub.qbo.record_rows import row_of

LISTS = (
    "account", "vendor", "customer", "item", "class", "location", "tax_rate", "tax_code", "term", "payment_method",
)  # fmt: skip
FRESH = dt.timedelta(hours=24)
SETTLED = dt.timedelta(minutes=10)  # after which a query shows what was made
EXPENSES, INCOMES = ("Expense", "Other Expense", "Cost of Goods Sold"), ("Income", "Other Income")
NOT_ON_LINES = ("Accounts Payable", "Accounts Receivable", "Non-Posting")
ROLE_LIST: dict[Role, str] = {
    "vendor": "vendor", "customer": "customer", "item": "item", "class": "class", "location": "location",
    "term": "term", "tax_code": "tax_code", "payment_method": "payment_method", "account": "account",
    "payable_account": "account", "payment_account": "account", "deposit_account": "account",
    "income_account": "account", "asset_account": "account", "expense_account": "account",
    "category": "item",
}  # fmt: skip
FITS: dict[Role, Callable[[Record], bool]] = {
    "account": lambda row: row.type not in NOT_ON_LINES,
    "payable_account": lambda row: row.type == "Accounts Payable",
    "payment_account": lambda row: row.type in ("Bank", "Credit Card"),
    "deposit_account": lambda row: row.type in ("Bank", "Other Current Asset"),
    "income_account": lambda row: row.type in INCOMES,
    "asset_account": lambda row: (
        row.type == "Other Current Asset" and row.sub_type in ("", "Inventory")
    ),
    "expense_account": lambda row: row.type in EXPENSES,
    "item": lambda row: row.type not in ("Category", "Group"),
    "category": lambda row: row.type == "Category",
}


def refresh(
    company_id: int, lists: Iterable[str] | None = None, client: Client | None = None
) -> dict[str, int]:
    """Read lists whole, inactive entries too; what QuickBooks no longer has becomes inactive. Return the counts."""
    client = client or Client(company_id)
    if lists is None:
        company.read(company_id, client)
    counts = {}
    for name in LISTS if lists is None else lists:
        entities, begun = read_all(client, name, "Active IN (true, false)")
        with engine.transaction() as session:
            _keep_whole(session, company_id, name, entities, begun)
        counts[name] = len(entities)
    return counts


def ensure(
    company_id: int, max_age: dt.timedelta = FRESH, client: Client | None = None
) -> list[str]:
    """Refresh the lists that were never read or are too old; return which."""
    limit = hub_context.current().clock.now() - max_age
    recent = select(ListState.list).where(
        ListState.company_id == company_id, ListState.read_at >= limit
    )
    with engine.reading() as session:
        fresh = set(session.scalars(recent))
    stale = [name for name in LISTS if name not in fresh]
    is_company_stale = company.LIST not in fresh
    if not stale and not is_company_stale:
        return []
    client = client or Client(company_id)
    if is_company_stale:
        company.read(company_id, client)
    if stale:
        refresh(company_id, stale, client)
    return stale


def absorb(
    session: Session, company_id: int, name: str, entities: Sequence[dict[str, Any]]
) -> None:
    """Take in entries as QuickBooks shows them now: after a change there, or after making one."""
    now = hub_context.current().clock.now()
    gone = [str(entity["Id"]) for entity in entities if entity.get("status") == "Deleted"]
    rows = [
        row_of(company_id, name, entity, now)
        for entity in entities
        if entity.get("status") != "Deleted"
    ]
    if upsert(session, Record, rows) + _drop(session, company_id, name, gone):
        _touch(session, company_id, name)


def choices(session: Session, company_id: int, role: Role) -> list[Record]:
    """The active records that a setting or a match of this role may name, in the order people read them."""
    fits = FITS.get(role, _any)
    found = select(Record).where(
        Record.company_id == company_id, Record.list == ROLE_LIST.get(role, ""), Record.active
    )
    return sorted(
        filter(fits, session.scalars(found)), key=lambda row: (row.number, row.full_name.casefold())
    )


def match_index(
    session: Session,
    company_id: int,
    scope: str,
    tenant: str,
    fields: Iterable[Field],
    settings: object = None,
) -> MatchIndex:
    """What mapping needs for one installation: its decisions and links, and the indexed lists."""
    found = select(Match).where(
        Match.company_id == company_id, Match.scope == scope, Match.tenant == tenant
    )
    matches = {
        (row.field, row.code): Decision(record=row.record, how=row.how)
        for row in session.scalars(found)
    }
    states = {
        row.list: row
        for row in session.scalars(select(ListState).where(ListState.company_id == company_id))
    }
    stored = cache(
        partial(_stored, session, company_id)
    )  # several roles take their records from one list
    return MatchIndex(
        matches,
        {
            role: _index(company_id, role, states.get(name), stored)
            for role, name in ROLE_LIST.items()
        },
    )


def index(session: Session, company_id: int, role: Role) -> RecordIndex:
    """The records a role may take, indexed; made anew only when the list has changed."""
    state = session.get(ListState, (company_id, ROLE_LIST[role]))
    return _index(company_id, role, state, partial(_stored, session, company_id))


def _index(
    company_id: int, role: Role, state: ListState | None, stored: Callable[[str], Sequence[Record]]
) -> RecordIndex:
    version = (state.version, state.read_at) if state else None
    kept: dict[tuple[int, Role], tuple[Any, RecordIndex]] = current_app.extensions.setdefault(
        "hub.indexes", {}
    )
    known = kept.get((company_id, role))
    if known and known[0] == version:
        return known[1]
    fits = FITS.get(role, _any)
    made = RecordIndex(_entry(row) for row in stored(ROLE_LIST[role]) if fits(row))
    kept[company_id, role] = version, made
    return made


def _stored(session: Session, company_id: int, name: str) -> Sequence[Record]:
    found = select(Record).where(Record.company_id == company_id, Record.list == name)
    return session.scalars(found.options(defer(Record.body))).all()


def to_record(row: Record) -> types.Record:
    """An entry as plugins see it."""
    return types.Record(
        id=row.quickbooks_id,
        name=row.name,
        full_name=row.full_name or None,
        number=row.number or None,
        type=row.type or None,
        parent=row.parent,
        active=row.active,
        rate=row.rate or None,
        use=_use(row),
        party=_party(row) if row.list in ("vendor", "customer") else None,
    )


def _keep_whole(
    session: Session,
    company_id: int,
    name: str,
    entities: list[dict[str, Any]],
    begun: dt.datetime | None,
) -> None:
    now = hub_context.current().clock.now()
    upsert(session, Record, [row_of(company_id, name, entity, now) for entity in entities])
    before, found = (
        session.get(ListState, (company_id, name)),
        {str(entity["Id"]) for entity in entities},
    )
    held = select(Record).where(Record.company_id == company_id, Record.list == name, Record.active)
    for row in session.scalars(held.options(defer(Record.body))):
        row.active = row.quickbooks_id in found or _is_too_new(row, before, now)
    if name == "tax_code":
        _fill_rates(session, company_id)
    state = _touch(session, company_id, name)
    state.read_at, state.changed_to = now, begun


def _is_too_new(row: Record, before: ListState | None, now: dt.datetime) -> bool:
    """Return whether the index may not know it yet: it was shown by itself, and just now.

    A whole reading and all that it shows bear the same time; it may have begun after the entry was made.
    """
    return before is not None and before.read_at != row.read_at and now - row.read_at < SETTLED


def _drop(session: Session, company_id: int, name: str, ids: Sequence[str]) -> int:
    """Entries that were deleted, or merged into others, may be used no more; how many are known."""
    mine = (
        Record.company_id == company_id,
        Record.list == name,
        Record.quickbooks_id.in_(ids),
        Record.active,
    )
    gone = session.scalars(select(Record).where(*mine)).all() if ids else ()
    for row in gone:
        row.active = False
    return len(gone)


def _fill_rates(session: Session, company_id: int) -> None:
    """Give each tax code the sum of its rates: those for purchases, else those for sales."""
    entries = select(Record).where(Record.company_id == company_id)
    percents = {}
    for row in session.scalars(entries.where(Record.list == "tax_rate")):
        percents[row.quickbooks_id] = Decimal(row.rate or 0)

    for row in session.scalars(entries.where(Record.list == "tax_code")):
        rates = row.body.get("rates", {})
        ids = rates.get("purchase") or rates.get("sales")
        if ids:
            row.rate = format(total(percents.get(id) for id in ids).normalize(), "f")
        else:
            row.rate = ""


def _touch(session: Session, company_id: int, name: str) -> ListState:
    state = session.get(ListState, (company_id, name))
    if state is None:
        state = ListState(
            company_id=company_id,
            list=name,
            read_at=dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
            version=0,
        )
        session.add(state)
    state.version += 1
    return state


def _entry(row: Record) -> Entry:
    return Entry(
        id=row.quickbooks_id, name=row.name, full_name=row.full_name, number=row.number, email=row.email,
        type=row.type, currency=row.currency, active=row.active,
    )  # fmt: skip


def _use(row: Record) -> str | None:
    """Return what a tax code or an item is for: purchases, sales or both."""
    if row.list != "item":
        return row.body.get("use")
    bought = bool({"expense_account", "asset_account"} & row.body.keys())
    sold = "income_account" in row.body
    return "both" if bought and sold else "purchase" if bought else "sales" if sold else None


def _any(row: Record) -> bool:
    return True


def _party(row: Record) -> Party:
    address = row.body.get("address") or {}
    lines = tuple(address.get("lines", ()))
    place = {
        key: address[key] for key in ("city", "region", "postal_code", "country") if key in address
    }
    return Party(
        name=row.name, email=row.email or None, phone=row.body.get("phone"), contact=row.body.get("contact"),
        address=Address(lines=lines, **place) if address else None, currency=row.currency or None,
    )  # fmt: skip
