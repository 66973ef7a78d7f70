"""An index of QuickBooks transactions, filled from every response, to search without a read.

`hub.qbo.transaction_download` reads it from QuickBooks.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import BindParameter, Insert, Select, Table, bindparam, select
from sqlalchemy.orm import Session

from hub.contract.chunks import iter_chunks
from hub.db import bulk, engine
from hub.models import TransactionHead, TransactionSummary
from hub.models.enums import TransactionState
from hub.payloads.entities import (
    DOCUMENT_ENTITIES,
    get_amount_sign,
    parse_day,
    read_ref_id,
)
from hub.payloads.fingerprint import compute_content_digest
from hub.payloads.summary import PARTY_FIELDS, get_payment_account
from hub.qbo.transaction_links import (
    find_ended_links,
    forget_balances,
    list_transaction_links,
    remove_links,
)

MARKER_PATTERN = re.compile(r"\[hub:([A-Z2-7]{12})\]")
ACCOUNT_FIELDS = ("AccountRef", "DepositToAccountRef")
HEADS_PREFIX = "heads:"  # prefix of a kind in ListState.list
IDS_PER_QUERY = 500

Row = dict[str, Any]

_heads_table = cast(Table, TransactionHead.__table__)
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_STORED_HEADS = select(TransactionHead).where(
    TransactionHead.company_id == bindparam("_company"),
    TransactionHead.kind == bindparam("_kind"),
    TransactionHead.quickbooks_id.in_(_ids),
)
_LOCKED_HEADS = (
    _STORED_HEADS.order_by(TransactionHead.quickbooks_id)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)


class _NewerHeads(NamedTuple):
    """The heads in a response of QuickBooks that are not older than the stored ones.

    - `current`: the rows that are not older than the stored heads.
    - `changed`: those of them that differ from the stored heads.
    - `deleted_ids`: the Ids of deleted transactions that are not stored as deleted.
    """

    current: list[Row]
    changed: list[Row]
    deleted_ids: list[str]


def absorb(session: Session, company_id: int, kind: str, entity: dict[str, Any]) -> None:
    """Store the head of one transaction as QuickBooks has just shown it."""
    entities = [entity]
    absorb_all(session, company_id, kind, entities)


def absorb_all(
    session: Session,
    company_id: int,
    kind: str,
    entities: Sequence[dict[str, Any]],
    *,
    is_own_write: bool = False,
    summaries: Mapping[str, TransactionSummary | None] | None = None,
) -> list[tuple[str, str]]:
    """Store the heads of transactions of one kind; return kind and Id of those that changed.

    An older version never overwrites a newer one. A change to a stored head is marked as news
    unless `is_own_write`: the hub itself has just written the entities. `summaries` holds those
    that the caller has already, by Id.
    """
    if kind not in DOCUMENT_ENTITIES or not entities:
        return []
    deleted_ids, rows = _partition_entities(company_id, kind, entities, summaries or {})
    ids = [*deleted_ids, *(row["quickbooks_id"] for row in rows)]
    heads = _load_stored_heads(session, company_id, kind, ids)
    newer = _select_newer(rows, deleted_ids, heads)
    changed_ids = {*newer.deleted_ids, *(row["quickbooks_id"] for row in newer.changed)}
    to_lock = sorted(changed_ids & heads.keys())
    if to_lock:
        # Another process may have stored a newer version since they were read.
        heads |= _load_stored_heads(session, company_id, kind, to_lock, _LOCKED_HEADS)
        newer = _select_newer(rows, deleted_ids, heads)

    ended_links = find_ended_links(heads, newer.current, newer.deleted_ids)
    remove_links(session, company_id, kind, ended_links)
    if is_own_write:
        forget_balances(session, company_id, heads, newer.changed)
    is_news = not is_own_write
    new_deleted_rows = _mark_deleted(company_id, kind, heads, newer.deleted_ids, is_news=is_news)
    _upsert_heads(session, heads, [*newer.changed, *new_deleted_rows], is_news=is_news)

    newer_ids = [row["quickbooks_id"] for row in newer.changed]
    return [(kind, id) for id in (*newer.deleted_ids, *newer_ids)]


def mark_as_news(session: Session, company_id: int, kind: str, id: str) -> None:
    """Make the next poll of changes process a transaction, although nobody has changed it."""
    head = session.get(TransactionHead, (company_id, kind, id))
    if head is not None:
        head.news = True


def _partition_entities(
    company_id: int,
    kind: str,
    entities: Iterable[dict[str, Any]],
    summaries: Mapping[str, TransactionSummary | None],
) -> tuple[set[str], list[Row]]:
    """Split entities into the Ids of the deleted ones and the rows of the others.

    An Id that is among both counts as deleted.
    """
    entities = list(entities)
    deleted_ids = {str(entity["Id"]) for entity in entities if entity.get("status") == "Deleted"}
    rows = []
    for entity in entities:
        id = str(entity["Id"])
        if id not in deleted_ids:
            rows.append(build_head(company_id, kind, entity, summaries.get(id)))
    return deleted_ids, rows


def _select_newer(
    rows: Iterable[Row], deleted_ids: Iterable[str], stored_heads: Mapping[str, TransactionHead]
) -> _NewerHeads:
    """Compare rows and deleted Ids with the stored heads."""
    current = []
    changed_rows = []
    for row in rows:
        head = stored_heads.get(row["quickbooks_id"])
        if _is_older(row, head):
            continue
        current.append(row)
        if not _is_same(row, head):
            changed_rows.append(row)
    newly_deleted = [id for id in deleted_ids if not _is_deleted(stored_heads.get(id))]
    return _NewerHeads(current, changed_rows, newly_deleted)


def _mark_deleted(
    company_id: int,
    kind: str,
    heads: Mapping[str, TransactionHead],
    ids: Iterable[str],
    *,
    is_news: bool,
) -> list[Row]:
    """Mark stored heads as deleted; return rows for those that were not stored before."""
    new_rows = []
    for id in ids:
        head = heads.get(id)
        if head is None:
            row = build_head(company_id, kind, {"Id": id})
            new_rows.append(row | {"state": TransactionState.DELETED})
            continue
        head.state = TransactionState.DELETED
        head.balance = None
        head.news = is_news
    return new_rows


def _upsert_heads(
    session: Session, heads: Mapping[str, TransactionHead], rows: Iterable[Row], *, is_news: bool
) -> None:
    """Update stored heads and insert new ones; the last one of two rows with the same Id counts.

    New heads are not marked as news, because nothing refers to them yet. Heads that another process
    has inserted meanwhile are left as they are.
    """
    latest = {row["quickbooks_id"]: row for row in rows}
    new_rows = []
    for id, row in latest.items():
        head = heads.get(id)
        if head is None:
            new_rows.append(row | {"news": False})
            continue
        for name, value in row.items():
            setattr(head, name, value)
        head.news = is_news
    if new_rows:
        dialect = session.get_bind().dialect.name
        bulk.execute_each(session, _build_insert_if_absent(dialect), new_rows)


@cache
def _build_insert_if_absent(dialect: str) -> Insert:
    """Return the statement that inserts a head unless another process has just done so."""
    insert = engine.INSERT_FUNCTIONS[dialect](_heads_table)
    return cast(Insert, insert.on_conflict_do_nothing())


def strip_markers(private_note: str) -> str:
    """Return a note as people wrote it, without the markers of documents."""
    return MARKER_PATTERN.sub("", private_note).strip()


def extract_marker(private_note: str | None) -> str:
    """Return the last marker in a memo, where the hub puts it; "" without one."""
    markers: list[str] = MARKER_PATTERN.findall(private_note or "")
    if not markers:
        return ""
    return markers[-1]


def build_head(
    company_id: int,
    kind: str,
    entity: dict[str, Any],
    summary: TransactionSummary | None = None,
) -> dict[str, Any]:
    """Return the head of a transaction as a row of the table.

    `summary` is the summary of the entity, if the caller has it already.
    """
    times = entity.get("MetaData") or {}
    number = entity.get("DocNumber") or entity.get("PaymentRefNum")
    return {
        "company_id": company_id,
        "kind": kind,
        "quickbooks_id": str(entity["Id"]),
        "number": str(number or "")[:100],
        "party": _get_first_ref_id(entity, PARTY_FIELDS),
        "account": _get_first_ref_id(entity, ACCOUNT_FIELDS) or get_payment_account(entity),
        "date": _parse_readable_day(entity.get("TxnDate")),
        "currency": read_ref_id(entity, "CurrencyRef")[:3],
        "total": _round_for_column(entity.get("TotalAmt"), get_amount_sign(entity)),
        "balance": _round_for_column(entity.get("Balance")),
        "links": list_transaction_links(entity),
        "sync_token": str(entity.get("SyncToken") or ""),
        "marker": extract_marker(entity.get("PrivateNote")),
        "state": TransactionState.VOIDED if is_voided(entity) else TransactionState.LIVE,
        "content": compute_content_digest(kind, entity, summary),
        "created_at": _parse_moment(str(times.get("CreateTime"))),
        "updated_at": _parse_moment(str(times.get("LastUpdatedTime"))),
    }


def _get_first_ref_id(entity: dict[str, Any], names: Iterable[str]) -> str:
    """Return the id in the first of these references that an entity has; "" if it has none."""
    for name in names:
        if entity.get(name):
            return read_ref_id(entity, name)
    return ""


def is_voided(entity: dict[str, Any]) -> bool:
    """Return whether a transaction was voided: all its amounts are zero and its memo says so.

    QuickBooks sets the amount of each line to zero, too. Lines that cancel each other out are those
    of a transaction that somebody entered with such a memo.
    """
    memo = str(entity.get("PrivateNote") or "")
    if "Voided" not in memo:
        return False
    lines = entity.get("Line") or ()
    amounts = [
        entity.get("TotalAmt"),
        entity.get("Balance"),
        *(line.get("Amount") for line in lines),
    ]
    return not any(_round_for_column(amount) for amount in amounts)


def _load_stored_heads(
    session: Session,
    company_id: int,
    kind: str,
    ids: list[str],
    query: Select[TransactionHead] = _STORED_HEADS,
) -> dict[str, TransactionHead]:
    """Return the stored heads with these Ids, by Id."""
    heads = {}
    for chunk in iter_chunks(ids, IDS_PER_QUERY):
        values = {"_company": company_id, "_kind": kind, "ids": chunk}
        for head in session.scalars(query, values):
            heads[head.quickbooks_id] = head
    return heads


def _is_older(row: Row, head: TransactionHead | None) -> bool:
    """Return whether a row is older than the stored head; a deleted transaction stays deleted."""
    if head is None:
        return False
    if _is_deleted(head):
        return True
    token, stored_token = row["sync_token"], head.sync_token
    if not token.isdigit() or not stored_token.isdigit():
        return False
    return int(token) < int(stored_token)


def _is_deleted(head: TransactionHead | None) -> bool:
    """Return whether a head is stored and marked as deleted."""
    if head is None:
        return False
    return head.state == TransactionState.DELETED


def _is_same(row: Row, head: TransactionHead | None) -> bool:
    """Return whether a row equals the stored head."""
    if head is None:
        return False
    return all(getattr(head, name) == value for name, value in row.items())


def _parse_readable_day(text: Any) -> dt.date | None:
    """Return the day of a transaction; None if there is none that can be read."""
    try:
        return parse_day(text)
    except ValueError:
        return None


@lru_cache(maxsize=1000)  # many transactions have the same times
def _parse_moment(text: str) -> dt.datetime | None:
    """Return a time of QuickBooks in UTC; None if it cannot be read."""
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        return None


def _round_for_column(number: Any, sign: int = 1) -> Decimal | None:
    """Return an amount with as many decimals as its column; None if there is none."""
    if number is None:
        return None
    try:
        return sign * Decimal(str(number)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return None
