"""Heads of QuickBooks' transactions, kept from everything the hub sees of them, searched without a read."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, cast

from sqlalchemy import BindParameter, Insert, Table, bindparam, select
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import bulk, engine
from hub.models import Head, ListState
from hub.qbo.client import Client
from hub.qbo.entities import DOCUMENTS, linked_kind, ref_id, way
from hub.qbo.paging import read_all
from hub.qbo.payloads.fingerprint import content

MARKER = re.compile(r"\[hub:([A-Z2-7]{12})\]")
PARTIES = ("VendorRef", "CustomerRef", "EntityRef")
ACCOUNTS = ("AccountRef", "DepositToAccountRef")
LIVE, VOIDED, DELETED = "live", "voided", "deleted"
HEADS = "heads:"  # how the state of a mirrored kind is named among the lists
SETTLED = dt.timedelta(minutes=10)
_heads_table = cast(Table, Head.__table__)
_ids: BindParameter[str] = bindparam("ids", expanding=True)
_KNOWN = select(Head).where(
    Head.company_id == bindparam("_company"),
    Head.kind == bindparam("_kind"),
    Head.quickbooks_id.in_(_ids),
)


def absorb(session: Session, company_id: int, kind: str, entity: dict[str, Any]) -> None:
    """Keeps the head of a transaction as QuickBooks has just shown it; an older sight never overwrites a newer one."""
    absorb_all(session, company_id, kind, [entity])


def absorb_all(
    session: Session, company_id: int, kind: str, entities: Sequence[dict[str, Any]], *, ours: bool = False,
    meant: Mapping[str, dict[str, Any]] | None = None,
) -> list[tuple[str, str]]:  # fmt: skip
    """The same for many of one kind; returns those that were not known as they are now.

    What was known otherwise is news, unless it is the answer to a write of `ours`. `meant` are the meanings, by Id,
    that were read already.
    """
    if kind not in DOCUMENTS or not entities:
        return []
    deleted = {str(entity["Id"]) for entity in entities if entity.get("status") == "Deleted"}
    living = [entity for entity in entities if str(entity["Id"]) not in deleted]
    alive = [
        head_of(company_id, kind, entity, (meant or {}).get(str(entity["Id"]))) for entity in living
    ]
    known = _heads(
        session, company_id, kind, [*deleted, *(head["quickbooks_id"] for head in alive)]
    )
    fresh = [head for head in alive if not _is_older(head, known.get(head["quickbooks_id"]))]
    changed = [head for head in fresh if not _is_same(head, known.get(head["quickbooks_id"]))]
    gone = [id for id in deleted if id not in known or known[id].state != DELETED]
    _release(session, company_id, kind, _ended_links(known, fresh, gone))
    for id in gone:
        if id in known:
            known[id].state, known[id].balance, known[id].news = DELETED, None, not ours
    seen = [head | {"news": not ours and head["quickbooks_id"] in known} for head in changed]
    _write(
        session, known, [*seen, *(_blank(company_id, kind, id) for id in gone if id not in known)]
    )
    return [(kind, id) for id in (*gone, *(head["quickbooks_id"] for head in changed))]


def _ended_links(
    known: Mapping[str, Head], fresh: Iterable[Mapping[str, Any]], gone: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return, by Id, the transactions that each of these was linked with and is linked with no more."""
    now = {str(head["quickbooks_id"]): head["links"] for head in fresh} | dict.fromkeys(gone, ())
    return {
        id: [
            (linked_kind(link["type"]), link["id"]) for link in known[id].links if link not in links
        ]
        for id, links in now.items()
        if id in known
    }


def _release(
    session: Session, company_id: int, kind: str, ended: Mapping[str, list[tuple[str, str]]]
) -> None:
    """Take an ended link out of the heads at its other end.

    QuickBooks answers a void or deletion with that transaction alone. What is open of the ones it settled is not known
    until they are shown again.
    """
    for id, others in ended.items():
        for other in others:
            head = session.get(Head, (company_id, *other))
            left = [
                link
                for link in (head.links if head else ())
                if (linked_kind(link["type"]), link["id"]) != (kind, id)
            ]
            if head and left != head.links:
                head.links, head.balance = left, None


def _write(session: Session, known: Mapping[str, Head], heads: Iterable[dict[str, Any]]) -> None:
    """New ones are added, unless somebody else has just done so; of two with the same id the last counts."""
    latest = {head["quickbooks_id"]: head for head in heads}
    for id in latest.keys() & known.keys():
        for name, value in latest[id].items():
            setattr(known[id], name, value)
    if new := [latest[id] for id in latest.keys() - known.keys()]:
        bulk.each(session, _added(session.get_bind().dialect.name), new)


@cache
def _added(dialect: str) -> Insert:
    """The statement that adds what is not there yet."""
    return cast(Insert, engine.INSERTS[dialect](_heads_table).on_conflict_do_nothing())


def ensure(company_id: int, kinds: Iterable[str], since: dt.date) -> int:
    """Reads the transactions of these kinds that were never read back to that day; how many were read."""
    with engine.reading() as session:
        known = session.scalars(select(ListState).where(ListState.company_id == company_id))
        read_all = {
            state.list for state in known if state.since is not None and state.since <= since
        }
    missing = [
        kind for kind in dict.fromkeys(kinds) if kind in DOCUMENTS and HEADS + kind not in read_all
    ]
    return load(company_id, Client(company_id), missing, since) if missing else 0


def load(company_id: int, client: Client, kinds: Iterable[str], since: dt.date) -> int:
    """Reads every transaction of these kinds dated since a day; what is not there any more is gone."""
    return sum(_load(company_id, client, kind, since) for kind in kinds)


def _load(company_id: int, client: Client, kind: str, since: dt.date) -> int:
    rows, begun = read_all(client, kind, f"TxnDate >= '{since.isoformat()}'")
    with engine.transaction() as session:
        absorb_all(session, company_id, kind, rows)
        _drop_vanished(session, company_id, kind, since, {str(row["Id"]) for row in rows}, begun)
        now = hub_context.current().clock.now()
        session.merge(
            ListState(
                company_id=company_id, list=HEADS + kind, read_at=now, changed_to=begun, since=since
            )
        )
    return len(rows)


def _drop_vanished(
    session: Session,
    company_id: int,
    kind: str,
    since: dt.date,
    seen: set[str],
    begun: dt.datetime | None,
) -> None:
    """What a complete reading did not show is deleted, unless it may be younger than the reading."""
    mine = (
        Head.company_id == company_id,
        Head.kind == kind,
        Head.state != DELETED,
        Head.date >= since,
    )
    for head in session.scalars(select(Head).where(*mine)):
        older = begun is None or head.created_at is None or head.created_at < begun - SETTLED
        if older and head.quickbooks_id not in seen:
            head.state, head.balance, head.news = DELETED, None, True


def extract_marker(private_note: str | None) -> str:
    """The marker in a note, "" without one; of several the last, which is where the hub puts it."""
    found = MARKER.findall(private_note or "")
    return found[-1] if found else ""


def head_of(
    company_id: int, kind: str, entity: dict[str, Any], meant: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The head of a transaction as a row."""
    times = entity.get("MetaData") or {}
    return {
        "company_id": company_id,
        "kind": kind,
        "quickbooks_id": str(entity["Id"]),
        "number": str(entity.get("DocNumber") or entity.get("PaymentRefNum") or "")[:100],
        "party": next((ref_id(entity, name) for name in PARTIES if entity.get(name)), ""),
        "account": next((ref_id(entity, name) for name in ACCOUNTS if entity.get(name)), ""),
        "date": _day(entity.get("TxnDate")),
        "currency": ref_id(entity, "CurrencyRef")[:3],
        "total": _amount(entity.get("TotalAmt"), way(entity)),
        "balance": _amount(entity.get("Balance")),
        "links": _links(entity),
        "sync_token": str(entity.get("SyncToken") or ""),
        "marker": extract_marker(entity.get("PrivateNote")),
        "state": VOIDED if is_voided(entity) else LIVE,
        "content": content(kind, entity, meant),
        "created_at": _moment(str(times.get("CreateTime"))),
        "updated_at": _moment(str(times.get("LastUpdatedTime"))),
    }


def is_voided(entity: dict[str, Any]) -> bool:
    """Whether a transaction was voided: its amounts are zero, and QuickBooks wrote so into its note."""
    note = str(entity.get("PrivateNote") or "")
    return (
        "Voided" in note
        and not _amount(entity.get("TotalAmt"))
        and not _amount(entity.get("Balance"))
    )


def _heads(session: Session, company_id: int, kind: str, ids: list[str]) -> dict[str, Head]:
    mine = {"_company": company_id, "_kind": kind}
    parts = (mine | {"ids": ids[start : start + 500]} for start in range(0, len(ids), 500))
    return {head.quickbooks_id: head for part in parts for head in session.scalars(_KNOWN, part)}


def _is_older(seen: dict[str, Any], known: Head | None) -> bool:
    """Whether this sight is from before what is known; a deleted one never lives again."""
    if known is None:
        return False
    if known.state == DELETED:
        return True
    tokens = seen["sync_token"], known.sync_token
    return all(token.isdigit() for token in tokens) and int(tokens[0]) < int(tokens[1])


def _is_same(seen: dict[str, Any], known: Head | None) -> bool:
    return known is not None and all(getattr(known, name) == value for name, value in seen.items())


def _blank(company_id: int, kind: str, id: str) -> dict[str, Any]:
    return head_of(company_id, kind, {"Id": id}) | {"state": DELETED}


def _links(entity: dict[str, Any]) -> list[dict[str, str]]:
    lines = entity.get("Line") or []
    linked = [
        *(entity.get("LinkedTxn") or []),
        *(link for line in lines for link in line.get("LinkedTxn") or []),
    ]
    named = [
        {"type": str(link.get("TxnType") or ""), "id": str(link.get("TxnId") or "")}
        for link in linked
    ]
    return list({(link["type"], link["id"]): link for link in named}.values())


def _day(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


@lru_cache(maxsize=1000)  # many are of the same second
def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except ValueError:
        return None


def _amount(value: Any, way: int = 1) -> Decimal | None:
    if value is None:
        return None
    try:
        return way * Decimal(str(value)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return None
