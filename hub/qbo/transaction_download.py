"""Download transactions from QuickBooks into the index of `hub.qbo.transaction_index`."""

import datetime as dt
from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.errors import Refused
from hub.models import ListState, TransactionHead
from hub.models.enums import TransactionState
from hub.payloads.entities import DOCUMENT_ENTITIES, INDEX_DELAY
from hub.qbo import search
from hub.qbo.client import Client
from hub.qbo.list_states import lock_state
from hub.qbo.paging import read_all
from hub.qbo.transaction_index import HEADS_PREFIX, absorb_all


def download_missing(
    company_id: int,
    kinds: Iterable[str],
    since: dt.date,
    *,
    margin: dt.timedelta = dt.timedelta(0),
) -> dict[str, Refused]:
    """Read the kinds that were not read back to a day yet; return the refusals to list, by kind.

    They are read back to an earlier day, by the margin.
    """
    complete = _load_complete_lists(company_id, since)
    missing = []
    for kind in dict.fromkeys(kinds):
        is_complete = HEADS_PREFIX + kind in complete
        if kind in DOCUMENT_ENTITIES and not is_complete:
            missing.append(kind)
    if not missing:
        return {}
    client = Client(company_id)
    refusals = {}
    for kind in missing:
        try:
            load(company_id, client, [kind], since - margin)
        except Refused as refusal:
            refusals[kind] = refusal
    return refusals


def load(company_id: int, client: Client, kinds: Iterable[str], since: dt.date) -> int:
    """Read all transactions of these kinds dated since a day, and mark missing ones as deleted."""
    count = 0
    for kind in kinds:
        count += _load_kind(company_id, client, kind, since)
    return count


def _load_complete_lists(company_id: int, since: dt.date) -> set[str]:
    """Return the names, in the table of lists, of those that were read at least back to a day."""
    complete = select(ListState.list).where(
        ListState.company_id == company_id,
        ListState.since <= since,
    )
    with engine.read_only_session() as session:
        return set(session.scalars(complete))


def _load_kind(company_id: int, client: Client, kind: str, since: dt.date) -> int:
    """Read the transactions of one kind; return their number."""
    known_ids = _load_present_ids(company_id, kind, since)
    where = f"TxnDate >= '{since.isoformat()}'"
    entities, started_at = read_all(client, kind, where, known_ids=known_ids)
    present_ids = {str(entity["Id"]) for entity in entities}
    # Somebody may have given a transaction an earlier date than the reading begins with.
    outside_period = list(search.find_by_ids(client, kind, sorted(known_ids - present_ids)))
    present_ids.update(str(entity["Id"]) for entity in outside_period)
    with engine.transaction() as session:
        absorb_all(session, company_id, kind, [*entities, *outside_period])
        if known_ids:
            _mark_missing(session, company_id, kind, since, present_ids, started_at)
        state = lock_state(session, company_id, HEADS_PREFIX + kind)
        state.read_at = current_hub().clock.now()
        state.changed_to = started_at
        state.since = since
    return len(entities)


def _load_present_ids(company_id: int, kind: str, since: dt.date) -> set[str]:
    """Return the ids of the indexed transactions of a kind that QuickBooks had so far."""
    present = select(TransactionHead.quickbooks_id).where(
        *_build_expected_conditions(company_id, kind, since)
    )
    with engine.read_only_session() as session:
        return set(session.scalars(present))


def _build_expected_conditions(
    company_id: int, kind: str, since: dt.date
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for heads that a complete reading contains."""
    return (
        TransactionHead.company_id == company_id,
        TransactionHead.kind == kind,
        TransactionHead.state != TransactionState.DELETED,
        TransactionHead.date >= since,
    )


def _mark_missing(
    session: Session,
    company_id: int,
    kind: str,
    since: dt.date,
    present_ids: Collection[str],
    started_at: dt.datetime | None,
) -> None:
    """Mark transactions as deleted that a complete reading lacks, unless they may be newer."""
    expected_heads = select(TransactionHead).where(
        *_build_expected_conditions(company_id, kind, since)
    )
    for head in session.scalars(expected_heads):
        if head.quickbooks_id in present_ids or _may_be_too_new(head, started_at):
            continue
        head.state = TransactionState.DELETED
        head.balance = None
        head.news = True


def _may_be_too_new(head: TransactionHead, started_at: dt.datetime | None) -> bool:
    """Return whether a transaction is so new that the reading may not have shown it."""
    if started_at is None or head.created_at is None:
        return False
    return head.created_at >= started_at - INDEX_DELAY
