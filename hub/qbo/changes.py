"""What others change in QuickBooks: its webhooks, and the change data that is asked for when none came."""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.errors import Refused
from hub.models import Company, ListState, TransactionHead
from hub.qbo import record_download, records, search, transaction_download, transaction_index
from hub.qbo.client import PAGE, Client
from hub.qbo.entities import DOCUMENTS, ENTITY, KIND, LISTS
from hub.qbo.paging import read_all

OVERLAP = dt.timedelta(minutes=5)
KEPT = dt.timedelta(days=29)
SILENCE, HEARING, IDLE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(hours=2)
WITHOUT_CHANGES = ("tax_code", "tax_rate")
CLOUD_TYPE = "qbo."


@dataclass(frozen=True)
class Changed:
    """What a look at the changes found: transactions by kind and id, and lists."""

    heads: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    stirs: bool = False  # whether anything changed at all, the hub's own writes among it


@dataclass(frozen=True)
class Event:
    """One thing that a webhook tells of."""

    realm: str
    kind: str
    id: str
    operation: str
    at: dt.datetime | None


def poll(company_id: int, client: Client | None = None) -> Changed:
    """Take in everything that changed since the last look; what was never read whole is left to that reading."""
    begun = hub_context.current().clock.now()
    found = _look(company_id, client or Client(company_id))
    _note([company_id], looked_at=begun)
    if found.stirs:
        _note([company_id], moved_at=begun)
    return found


def _look(company_id: int, client: Client) -> Changed:
    with engine.reading() as session:
        states = session.scalars(select(ListState).where(ListState.company_id == company_id)).all()
    known = {
        name: state
        for state in states
        if (name := _kind(state.list)) in ENTITY and name not in WITHOUT_CHANGES
    }
    dated = {kind: state.changed_to for kind, state in known.items() if state.changed_to}
    if not dated:
        return Changed()
    since = min(dated.values())
    if hub_context.current().clock.now() - since > KEPT:
        return _again(company_id, client, known)
    answer = client.cdc(dated, since - OVERLAP).check()
    found = _objects(answer.body)
    if sum(map(len, found.values())) >= PAGE:
        found = _singly(company_id, client, dated, since - OVERLAP)
    return _take_in(company_id, found, dated, answer.date or since)


def is_due(company_id: int) -> bool:
    """Return whether to poll without news: daily where webhooks arrive, else every hour.

    A company without webhooks in which nothing changed for a day is polled every other hour.
    """
    now = hub_context.current().clock.now()
    day_ago = now - SILENCE
    with engine.reading() as session:
        company = session.get_one(Company, company_id)
    last_poll = company.looked_at
    if last_poll is None or last_poll < day_ago:
        return True
    if company.told_at and company.told_at >= last_poll:
        return True
    if company.heard_at and company.heard_at >= day_ago:
        return False
    changed_at = company.moved_at or company.connected_at
    return changed_at >= day_ago or last_poll <= now - IDLE


def webhook(headers: Mapping[str, str], body: bytes) -> dict[int, list[Event]]:
    """The events of a genuine webhook that tell something new, by company; a wrong signature raises Refused."""
    _check_signature(headers, body)
    try:
        told = json.loads(body)
    except ValueError:
        raise Refused("The webhook's body is not JSON.") from None
    events = list(_cloud(told) if isinstance(told, list) else _classic(told))
    found: dict[int, list[Event]] = {}
    with engine.reading() as session:
        told_of = select(Company).where(Company.realm.in_({event.realm for event in events}))
        companies = {company.realm: company for company in session.scalars(told_of)}
        for event in events:
            if event.realm in companies and not _is_known(
                session, companies[event.realm].id, event
            ):
                found.setdefault(companies[event.realm].id, []).append(event)
    now = hub_context.current().clock.now()
    silent = (
        one.id for one in companies.values() if one.heard_at is None or now - one.heard_at > HEARING
    )
    _note([id for id in silent if id not in found], heard_at=now)
    _note(list(found), heard_at=now, told_at=now)
    return found


# -- change data ------------------------------------------------------------------------------------------------------


def _kind(name: str) -> str:
    return name.removeprefix(transaction_index.HEADS)


def _objects(body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the changed objects by kind."""
    objects: dict[str, list[dict[str, Any]]] = {}
    responses = [
        response
        for part in body.get("CDCResponse") or []
        for response in part.get("QueryResponse") or []
    ]
    for response in responses:
        for entity, rows in response.items():
            if entity in KIND and isinstance(rows, list):
                objects.setdefault(KIND[entity], []).extend(rows)
    return objects


def _singly(
    company_id: int, client: Client, kinds: Iterable[str], since: dt.datetime
) -> dict[str, list[dict[str, Any]]]:
    """The same by queries, where there is more than change data tells; lists are read whole."""
    lists = [kind for kind in kinds if kind in LISTS]
    record_download.refresh(company_id, lists, client)
    now = client.newest_date or hub_context.current().clock.now()
    found = {}
    for kind in kinds:
        if kind in DOCUMENTS:
            where = f"MetaData.LastUpdatedTime >= '{since.isoformat()}'"
            found[kind] = [
                *read_all(client, kind, where)[0],
                *search.deleted_since(client, kind, since, now),
            ]
    return found


def _again(company_id: int, client: Client, known: Mapping[str, ListState]) -> Changed:
    """Everything anew: change data does not reach back so far."""
    lists = tuple(kind for kind in known if kind in LISTS)
    record_download.refresh(company_id, lists, client)
    for kind, state in known.items():
        if kind in DOCUMENTS and state.since:
            transaction_download.load(company_id, client, [kind], state.since)
    return Changed(lists=lists, stirs=True)


def _take_in(
    company_id: int,
    found: dict[str, list[dict[str, Any]]],
    kinds: Iterable[str],
    until: dt.datetime,
) -> Changed:
    """Store changed objects, and note for each kind up to when its changes are stored."""
    heads: list[tuple[str, str]] = []
    with engine.transaction() as session:
        for kind, rows in found.items():
            if kind in DOCUMENTS:
                heads += transaction_index.absorb_all(session, company_id, kind, rows)
            elif rows:
                records.absorb(session, company_id, kind, rows)
        _advance(session, company_id, kinds, until)
    lists = tuple(kind for kind in found if kind in LISTS and found[kind])
    return Changed(tuple(heads), lists, any(found.values()))


def _advance(session: Session, company_id: int, kinds: Iterable[str], until: dt.datetime) -> None:
    """Move the checkpoints of these kinds forward, never back."""
    names = {transaction_index.HEADS + kind if kind in DOCUMENTS else kind for kind in kinds}
    states = session.scalars(select(ListState).where(ListState.company_id == company_id))
    for state in states:
        if state.list in names:
            state.changed_to = max(until, state.changed_to or until)


# -- webhooks ---------------------------------------------------------------------------------------------------------


def _note(company_ids: list[int], **moments: dt.datetime) -> None:
    if company_ids:
        with engine.transaction() as session:
            session.execute(update(Company).where(Company.id.in_(company_ids)).values(moments))


def _check_signature(headers: Mapping[str, str], body: bytes) -> None:
    token = hub_context.current().config.qbo_webhook_token
    if not token:
        raise Refused(
            "HUB_QBO_WEBHOOK_TOKEN is not set, so no webhook of QuickBooks can be trusted."
        )
    given = {name.lower(): value for name, value in headers.items()}.get("intuit-signature", "")
    right = base64.b64encode(hmac.new(token.encode(), body, hashlib.sha256).digest())
    if not hmac.compare_digest(right, given.encode()):
        raise Refused("The webhook's signature is not QuickBooks'.")


def _classic(payload: Any) -> Iterable[Event]:
    """Return the events of a webhook in the older format."""
    if not isinstance(payload, dict):
        return
    for notice in payload.get("eventNotifications") or []:
        realm = str(notice.get("realmId") or "")
        for entity in (notice.get("dataChangeEvent") or {}).get("entities") or []:
            kind = KIND.get(str(entity.get("name")), "")
            operation = str(entity.get("operation"))
            at = _moment(entity.get("lastUpdated"))
            for id in (entity.get("id"), entity.get("deletedId")):
                if id:
                    yield Event(realm, kind, str(id), operation, at)


def _cloud(events: list[Any]) -> Iterable[Event]:
    """Return the events of a webhook in the CloudEvents format, with types like qbo.bill.created.v1."""
    by_lower = {entity.lower(): kind for entity, kind in KIND.items()}
    for event in events:
        if not isinstance(event, dict):
            continue
        type = str(event.get("type") or "").removeprefix(CLOUD_TYPE).split(".")
        if len(type) >= 2:
            realm = str(event.get("intuitaccountid") or "")
            id = str(event.get("intuitentityid") or "")
            kind = by_lower.get(type[0].lower(), "")
            yield Event(realm, kind, id, type[1], _moment(event.get("time")))


def _is_known(session: Session, company_id: int, event: Event) -> bool:
    """Return whether the mirror shows it already, as it does for what the hub wrote itself."""
    if not event.kind:
        return True
    head = session.get(TransactionHead, (company_id, event.kind, event.id))
    if head is None:
        return False
    if event.operation.lower().startswith("delete"):
        return head.state == transaction_index.DELETED
    return bool(event.at and head.updated_at and head.updated_at >= event.at)


def _moment(text: Any) -> dt.datetime | None:
    try:
        read = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
