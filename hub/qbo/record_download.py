"""Download the company's lists from QuickBooks into the cache that `hub.qbo.records` reads."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import select

from hub.context import current_hub
from hub.db import engine
from hub.errors import Refused
from hub.models import ListState, StoredRecord
from hub.qbo import company, records
from hub.qbo.client import Client
from hub.qbo.paging import read_all

MAX_LIST_AGE = dt.timedelta(hours=24)


def refresh(
    company_id: int, lists: Iterable[str] | None = None, client: Client | None = None
) -> dict[str, int]:
    """Read whole lists, with inactive records; return the number of records in each.

    Without `lists`, read every list, the employees and how the company is set up. Raise the first
    refusal of a list after the others are read.
    """
    client = client or Client(company_id)
    if lists is None:
        company.read(company_id, client)
        lists = (*records.LISTS, records.EMPLOYEES)
    counts = {}
    refusals: list[Refused] = []
    for name in lists:
        known_ids = _load_active_ids(company_id, name)
        try:
            entities, started_at = read_all(
                client, name, "Active IN (true, false)", known_ids=known_ids
            )
        except Refused as refusal:
            if name != records.EMPLOYEES:  # documents refer to none, so nothing stops without them
                refusals.append(refusal)
            continue
        with engine.transaction() as session:
            records.store_list(session, company_id, name, entities, started_at)
        counts[name] = len(entities)
    if refusals:
        raise refusals[0]
    return counts


def _load_active_ids(company_id: int, name: str) -> set[str]:
    """Return the ids of the records of a list that can be used."""
    active = select(StoredRecord.quickbooks_id).where(
        StoredRecord.company_id == company_id,
        StoredRecord.list == name,
        StoredRecord.active,
    )
    with engine.read_only_session() as session:
        return set(session.scalars(active))


def refresh_outdated(company_id: int) -> list[str]:
    """Refresh the lists that were never read or are too old; return their names.

    The employees are read with them, but never cause a download: no document refers to them.
    """
    fresh = _load_fresh_lists(company_id)
    stale = [name for name in records.LISTS if name not in fresh]
    is_company_stale = company.COMPANY_LIST not in fresh
    if not stale and not is_company_stale:
        return []
    client = Client(company_id)
    if is_company_stale:
        company.read(company_id, client)
    if stale:
        refresh(company_id, (*stale, records.EMPLOYEES), client)
    return stale


def _load_fresh_lists(company_id: int) -> set[str]:
    """Return the lists that were read recently.

    A reading in the future was made before the clock was set back.
    """
    now = current_hub().clock.now()
    fresh = select(ListState.list).where(
        ListState.company_id == company_id,
        ListState.read_at.between(now - MAX_LIST_AGE, now),
    )
    with engine.read_only_session() as session:
        return set(session.scalars(fresh))
