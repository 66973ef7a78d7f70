"""Changes that others make in QuickBooks: its webhooks, and polls of its change data."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub import exact_json
from hub.db import engine
from hub.errors import Refused
from hub.models import Company, ListState, TransactionHead
from hub.models.enums import TransactionState
from hub.qbo import (
    intuit_keys,
    record_download,
    records,
    search,
    transaction_download,
    transaction_index,
)
from hub.qbo.client import PAGE_SIZE, Client
from hub.qbo.entities import DOCUMENTS, ENTITY, KIND, LISTS
from hub.qbo.paging import read_all

OVERLAP = dt.timedelta(minutes=5)  # how far each poll looks back behind the checkpoint
# How old a checkpoint may be; QuickBooks remembers changes for thirty days.
MAX_CHECKPOINT_AGE = dt.timedelta(days=29)
DAILY_POLL_INTERVAL = dt.timedelta(days=1)
IDLE_POLL_INTERVAL = dt.timedelta(hours=2)
# How often it is noted that webhooks without news arrive.
RECEIPT_INTERVAL = dt.timedelta(hours=1)
# The lists of which QuickBooks reports no changes. Codes are stored with the sum of their rates, so
# the rates come first.
UNREPORTED_LISTS = ("tax_rate", "tax_code")
CLOUD_TYPE = "qbo."

# Changed objects, by kind.
Objects = dict[str, list[dict[str, Any]]]
# Returns the ids of those of some companies for which a poll is going to begin.
FindAwaiting = Callable[[Session, Collection[int]], Collection[int]]


@dataclass(frozen=True)
class Changes:
    """The changes that a poll found: transactions by kind and id, and lists."""

    heads: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    has_any: bool = False  # whether anything changed at all, the hub's own writes included


@dataclass(frozen=True)
class WebhookEvent:
    """A change that a webhook reports."""

    realm: str
    kind: str
    id: str
    operation: str
    at: dt.datetime | None


def poll(company_id: int, client: Client | None = None) -> Changes:
    """Store everything that changed since the last poll.

    Lists and kinds that were never read whole are left to that reading.
    """
    begun = hub_context.current().clock.now()
    changes = _poll(company_id, client or Client(company_id))
    _note([company_id], polled_at=begun)
    if changes.has_any:
        _note([company_id], changed_at=begun)
    return changes


def _poll(company_id: int, client: Client) -> Changes:
    """Read and store what changed since the oldest checkpoint; without one there is none to read.

    A checkpoint is the time up to which the changes of a kind are stored.
    """
    states = _reported_states(company_id)
    checkpoints = {}
    for kind, state in states.items():
        if state.changed_to:
            checkpoints[kind] = state.changed_to
    if not checkpoints:
        return Changes()

    oldest = min(checkpoints.values())
    if hub_context.current().clock.now() - oldest > MAX_CHECKPOINT_AGE:
        return _read_again(company_id, client, states)
    since = oldest - OVERLAP
    answer = client.cdc(checkpoints, since).check()
    objects = _objects(answer.body)
    count = sum(len(rows) for rows in objects.values())
    if count >= PAGE_SIZE:
        objects = _query_changes(company_id, client, checkpoints, since)
    return _store(company_id, objects, checkpoints, answer.date or oldest)


def _reported_states(company_id: int) -> dict[str, ListState]:
    """Return the states of the kinds and lists of which QuickBooks reports changes."""
    of_company = select(ListState).where(ListState.company_id == company_id)
    with engine.reading() as session:
        rows = session.scalars(of_company).all()
    states = {}
    for row in rows:
        kind = row.list.removeprefix(transaction_index.HEADS)
        if kind in ENTITY and kind not in UNREPORTED_LISTS:
            states[kind] = row
    return states


def is_due(company_id: int) -> bool:
    """Return whether to poll without news: daily where webhooks arrive, else every hour.

    A company without webhooks in which nothing changed for a day is polled every other hour.
    """
    now = hub_context.current().clock.now()
    day_ago = now - DAILY_POLL_INTERVAL
    with engine.reading() as session:
        company = session.get_one(Company, company_id)
    last_poll = company.polled_at
    if last_poll is None or last_poll < day_ago:
        return True
    if company.webhook_news_at and company.webhook_news_at >= last_poll:
        return True
    if company.webhook_received_at and company.webhook_received_at >= day_ago:
        return False
    changed_at = company.changed_at or company.connected_at
    return changed_at >= day_ago or last_poll <= now - IDLE_POLL_INTERVAL


def webhook(
    headers: Mapping[str, str], body: bytes, find_awaiting: FindAwaiting | None = None
) -> dict[int, list[WebhookEvent]]:
    """Return the events of a webhook that report something new, by company.

    `find_awaiting` finds the companies whose poll was requested and will begin later. Their news
    are left out and nothing is written for them, if the news before these are noted already.
    Raise Refused if the signature is wrong.
    """
    _check_signature(headers, body)
    events = _events(body)
    realms = {event.realm for event in events}
    with engine.reading() as session:
        rows = session.scalars(select(Company).where(Company.realm.in_(realms)))
        companies = {company.realm: company for company in rows}
        news = _select_news(session, events, companies)
        with_noted_news = []
        for company in companies.values():
            if company.id in news and _has_noted_news(company):
                with_noted_news.append(company.id)
        if with_noted_news and find_awaiting is not None:
            for company_id in find_awaiting(session, with_noted_news):
                del news[company_id]
    _note_receipt(companies.values(), news)
    return news


def _select_news(
    session: Session, events: Iterable[WebhookEvent], companies: Mapping[str, Company]
) -> dict[int, list[WebhookEvent]]:
    """Return the events of connected companies that the hub has not stored yet, by company."""
    news: dict[int, list[WebhookEvent]] = {}
    for event in events:
        company = companies.get(event.realm)
        if company is not None and not _is_stored(session, company.id, event):
            news.setdefault(company.id, []).append(event)
    return news


def _has_noted_news(company: Company) -> bool:
    """Tell whether news are noted since the last poll began, and that webhooks arrive."""
    if company.webhook_news_at is None:
        return False
    return company.polled_at is None or company.webhook_news_at >= company.polled_at


def _note_receipt(companies: Iterable[Company], news: Mapping[int, list[WebhookEvent]]) -> None:
    """Note when webhooks arrived; without news once an hour is enough."""
    now = hub_context.current().clock.now()
    without_news = []
    for company in companies:
        last_receipt = company.webhook_received_at
        is_outdated = last_receipt is None or now - last_receipt > RECEIPT_INTERVAL
        if is_outdated and company.id not in news:
            without_news.append(company.id)
    _note(without_news, webhook_received_at=now)
    _note(list(news), webhook_received_at=now, webhook_news_at=now)


# -- change data ----------------------------------------------------------------------------------


def _objects(body: dict[str, Any]) -> Objects:
    """Return the changed objects in an answer to a change data call."""
    objects: Objects = {}
    for response in search.change_responses(body):
        for entity, rows in response.items():
            if entity in KIND and isinstance(rows, list):
                kind = KIND[entity]
                objects.setdefault(kind, []).extend(rows)
    return objects


def _query_changes(
    company_id: int, client: Client, kinds: Iterable[str], since: dt.datetime
) -> Objects:
    """Read what changed by queries, because one change data answer does not hold all of it.

    Lists are read whole and stored at once; the transactions are returned.
    """
    lists = [kind for kind in kinds if kind in LISTS]
    record_download.refresh(company_id, lists, client)
    now = client.newest_date or hub_context.current().clock.now()
    where = f"MetaData.LastUpdatedTime >= '{since.isoformat()}'"
    objects = {}
    for kind in kinds:
        if kind in DOCUMENTS:
            changed, _ = read_all(client, kind, where)
            deleted = search.deleted_since(client, kind, since, now)
            objects[kind] = [*changed, *deleted]
    return objects


def _read_again(company_id: int, client: Client, states: Mapping[str, ListState]) -> Changes:
    """Read everything again: QuickBooks does not remember changes for so long."""
    lists = tuple(kind for kind in states if kind in LISTS)
    record_download.refresh(company_id, lists, client)
    for kind, state in states.items():
        if kind in DOCUMENTS and state.since:
            transaction_download.load(company_id, client, [kind], state.since)
    return Changes(lists=lists, has_any=True)


def _store(company_id: int, objects: Objects, kinds: Iterable[str], until: dt.datetime) -> Changes:
    """Store changed objects, and note for each kind up to when its changes are stored."""
    heads: list[tuple[str, str]] = []
    lists: list[str] = []
    with engine.transaction() as session:
        for kind, rows in objects.items():
            if kind in DOCUMENTS:
                heads += transaction_index.absorb_all(session, company_id, kind, rows)
            elif rows:
                records.absorb(session, company_id, kind, rows)
            if kind in LISTS and rows:
                lists.append(kind)
        _advance(session, company_id, kinds, until)
    return Changes(
        heads=tuple(heads),
        lists=tuple(lists),
        has_any=any(objects.values()),
    )


def _advance(session: Session, company_id: int, kinds: Iterable[str], until: dt.datetime) -> None:
    """Move the checkpoints of these kinds forward, never back."""
    names = {_list_name(kind) for kind in kinds}
    of_kinds = select(ListState).where(
        ListState.company_id == company_id,
        ListState.list.in_(names),
    )
    for state in session.scalars(of_kinds):
        checkpoint = state.changed_to
        if checkpoint is None or checkpoint < until:
            state.changed_to = until


def _list_name(kind: str) -> str:
    """Return the name under which the state of a kind or list is stored."""
    if kind in DOCUMENTS:
        return transaction_index.HEADS + kind
    return kind


# -- webhooks -------------------------------------------------------------------------------------


def _note(company_ids: list[int], **moments: dt.datetime) -> None:
    """Write moments, by the names of their columns, into the rows of companies."""
    if not company_ids:
        return
    companies = update(Company).where(Company.id.in_(company_ids))
    with engine.transaction() as session:
        session.execute(companies.values(moments))


def _check_signature(headers: Mapping[str, str], body: bytes) -> None:
    """Raise Refused unless the body was signed with the token that Intuit shares with the hub."""
    token = intuit_keys.webhook_token()
    if not token:
        raise Refused(
            "No webhook token is set (HUB_QBO_WEBHOOK_TOKEN, or Set up → Intuit keys), so no"
            " webhook of QuickBooks can be trusted."
        )
    lowered = {name.lower(): value for name, value in headers.items()}
    signature = lowered.get("intuit-signature", "")
    digest = hmac.new(token.encode(), body, hashlib.sha256).digest()
    expected = base64.b64encode(digest)
    if not hmac.compare_digest(expected, signature.encode()):
        raise Refused("The webhook's signature is not QuickBooks'.")


def _events(body: bytes) -> list[WebhookEvent]:
    """Return the events of a webhook in either format; raise Refused if it is not JSON."""
    try:
        content = exact_json.parse_call(body)
    except ValueError:
        raise Refused("The webhook's body is not JSON.") from None
    if isinstance(content, list):
        return list(_cloud_events(content))
    return list(_classic_events(content))


def _classic_events(content: Any) -> Iterator[WebhookEvent]:
    """Yield the events of a webhook in the older format."""
    for notification in _objects_in(content, "eventNotifications"):
        yield from _notified_events(notification)


def _objects_in(content: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in an object; none if the list is missing or no list."""
    items = content.get(name) if isinstance(content, dict) else None
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict)]


def _notified_events(notification: dict[str, Any]) -> Iterator[WebhookEvent]:
    """Yield the events of one company; a merge is an event of both objects."""
    realm = str(notification.get("realmId") or "")
    for entity in _objects_in(notification.get("dataChangeEvent"), "entities"):
        name = str(entity.get("name"))
        for id in (entity.get("id"), entity.get("deletedId")):
            if not id:
                continue
            yield WebhookEvent(
                realm=realm,
                kind=KIND.get(name, ""),
                id=str(id),
                operation=str(entity.get("operation")),
                at=_moment(entity.get("lastUpdated")),
            )


def _cloud_events(content: list[Any]) -> Iterator[WebhookEvent]:
    """Yield the events of a webhook as CloudEvents, with types like qbo.bill.created.v1."""
    kinds = {entity.lower(): kind for entity, kind in KIND.items()}
    for event in content:
        if not isinstance(event, dict):
            continue
        type = str(event.get("type") or "")
        parts = type.removeprefix(CLOUD_TYPE).split(".")
        if len(parts) < 2:
            continue
        entity, operation = parts[:2]
        yield WebhookEvent(
            realm=str(event.get("intuitaccountid") or ""),
            kind=kinds.get(entity.lower(), ""),
            id=str(event.get("intuitentityid") or ""),
            operation=operation,
            at=_moment(event.get("time")),
        )


def _is_stored(session: Session, company_id: int, event: WebhookEvent) -> bool:
    """Return whether the index already shows a change, as it does for the hub's own writes.

    An event of a kind that the hub does not know counts as stored: there is nothing to read.
    """
    if not event.kind:
        return True
    head = session.get(TransactionHead, (company_id, event.kind, event.id))
    if head is None:
        return False
    if event.operation.lower().startswith("delete"):
        return head.state == TransactionState.DELETED
    return bool(event.at and head.updated_at and head.updated_at >= event.at)


def _moment(text: Any) -> dt.datetime | None:
    """Return a time as a webhook writes it, by default in UTC; None if it cannot be read."""
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
