"""Download the company's lists from QuickBooks into the cache that `hub.qbo.records` reads."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import func, select

from hub.cases import unread_kinds
from hub.context import current_hub
from hub.db import engine
from hub.models import ListState, StoredRecord
from hub.qbo import company, records
from hub.qbo.client import Client
from hub.qbo.list_states import lock_state
from hub.qbo.paging import ListRefused, read_all

MAX_LIST_AGE = dt.timedelta(hours=24)
# The lists without which documents can be posted: no document refers to an employee.
OPTIONAL_LISTS = (*records.OPTIONAL_LISTS, records.EMPLOYEES)


def refresh(
    company_id: int,
    lists: Iterable[str] | None = None,
    client: Client | None = None,
    *,
    optional: Collection[str] = OPTIONAL_LISTS,
) -> dict[str, int]:
    """Read whole lists, with inactive records; return the number of records in each.

    Without `lists`, read every list, the employees and how the company is set up. QuickBooks may
    refuse an `optional` list. Raise the first refusal of any other list after the others are read.
    Each refused list with records that documents refer to has a case.
    """
    client = client or Client(company_id)
    if lists is None:
        company.read(company_id, client)
        lists = (*records.LISTS, records.EMPLOYEES)
    counts = {}
    refusals: dict[str, ListRefused] = {}
    for name in lists:
        known_ids = _load_active_ids(company_id, name)
        try:
            entities, started_at = read_all(
                client, name, "Active IN (true, false)", known_ids=known_ids
            )
        except ListRefused as error:
            refusals[name] = error
            continue
        with engine.transaction() as session:
            records.store_list(session, company_id, name, entities, started_at)
        counts[name] = len(entities)
    _note_refusals(company_id, counts, refusals)
    for name, refusal in refusals.items():
        if name not in optional:
            raise refusal
    return counts


def _note_refusals(
    company_id: int, read: Collection[str], refusals: Mapping[str, ListRefused]
) -> None:
    """Note which lists with records of documents were refused, and update their cases.

    A list that documents cannot do without is asked for again with the next run.
    """
    read_lists = [name for name in records.LISTS if name in read]
    problems = {
        name: refusal.problem for name, refusal in refusals.items() if name in records.LISTS
    }
    if not read_lists and not problems:
        return
    needed_lists = problems.keys() - set(records.OPTIONAL_LISTS)
    now = current_hub().clock.now()
    with engine.transaction() as session:
        for name in problems.keys() - needed_lists:
            lock_state(session, company_id, name).refused_at = now
        unread_kinds.update(
            session,
            company_id,
            unread_kinds.KindReader.LISTS,
            read=read_lists,
            problems=problems,
            needed_kinds=needed_lists,
        )


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
    """Return the lists that were read recently, or were refused since.

    A reading in the future was made before the clock was set back.
    """
    now = current_hub().clock.now()
    asked_at = func.coalesce(ListState.refused_at, ListState.read_at)
    fresh = select(ListState.list).where(
        ListState.company_id == company_id,
        asked_at.between(now - MAX_LIST_AGE, now),
    )
    with engine.read_only_session() as session:
        return set(session.scalars(fresh))
