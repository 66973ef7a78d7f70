"""The webhooks with which QuickBooks reports that something changed."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from hub import exact_json
from hub.context import current_hub
from hub.db import engine
from hub.errors import Refused
from hub.models import ConnectedCompany, TransactionHead
from hub.models.enums import TransactionState
from hub.payloads.entities import KIND_BY_ENTITY
from hub.qbo import intuit_keys

# How often it is noted that webhooks without news arrive.
RECEIPT_INTERVAL = dt.timedelta(hours=1)
CLOUD_TYPE = "qbo."
# Returns the ids of those of some companies for which a poll is going to begin.
FindAwaiting = Callable[[Session, Collection[int]], Collection[int]]
# Requests the poll of a company in the transaction that notes the news.
RequestPoll = Callable[[Session, int], object]


class _Company(NamedTuple):
    """The columns of a company that a webhook needs."""

    id: int
    realm: str
    webhook_received_at: dt.datetime | None
    webhook_news_at: dt.datetime | None
    polled_at: dt.datetime | None


_companies = cast(Table, ConnectedCompany.__table__)
_heads = cast(Table, TransactionHead.__table__)
# Statements that are made once, and without the ORM: QuickBooks may call hundreds of times a
# second, and they take half of the time of a call.
_FIND_COMPANIES = select(*(_companies.c[name] for name in _Company._fields)).where(
    _companies.c.realm.in_(bindparam("realms", expanding=True))
)
_FIND_HEAD = select(_heads.c.state, _heads.c.updated_at).where(
    _heads.c.company_id == bindparam("company"),
    _heads.c.kind == bindparam("kind"),
    _heads.c.quickbooks_id == bindparam("id"),
)
_of_ids = _companies.c.id.in_(bindparam("ids", expanding=True))
_NOTE_RECEIPT = update(_companies).where(_of_ids).values(webhook_received_at=bindparam("now"))
_NOTE_NEWS = _NOTE_RECEIPT.values(webhook_news_at=bindparam("now"))


@dataclass(frozen=True)
class WebhookEvent:
    """A change that a webhook reports."""

    realm: str
    kind: str
    id: str
    operation: str
    at: dt.datetime | None


def receive(
    headers: Mapping[str, str],
    body: bytes,
    find_awaiting: FindAwaiting | None = None,
    request_poll: RequestPoll | None = None,
) -> dict[int, list[WebhookEvent]]:
    """Note the events of a webhook that report something new, and return them by company.

    - `find_awaiting`: returns the companies for which a poll is requested and has not begun. That
      poll will read the new events as well, so no other is requested for them.
    - `request_poll`: called for the other companies.

    Raise Refused if the signature is wrong.
    """
    _check_signature(headers, body)
    events = _parse_events(body)
    realms = {event.realm for event in events}
    with engine.read_only_session() as session:
        rows = session.execute(_FIND_COMPANIES, {"realms": list(realms)})
        companies = {row.realm: _Company(*row) for row in rows}
        news = _select_news(session, events, companies)
        with_noted_news = []
        for company in companies.values():
            if company.id in news and _has_noted_news(company):
                with_noted_news.append(company.id)
        if with_noted_news and find_awaiting is not None:
            for company_id in find_awaiting(session, with_noted_news):
                del news[company_id]
    _note_receipt(companies.values(), news, request_poll)
    return news


def _select_news(
    session: Session, events: Iterable[WebhookEvent], companies: Mapping[str, _Company]
) -> dict[int, list[WebhookEvent]]:
    """Return the events of connected companies that the hub has not stored yet, by company."""
    news: dict[int, list[WebhookEvent]] = {}
    for event in events:
        company = companies.get(event.realm)
        if company is not None and not _is_stored(session, company.id, event):
            news.setdefault(company.id, []).append(event)
    return news


def _has_noted_news(company: _Company) -> bool:
    """Return whether a webhook since the beginning of the last poll is noted already."""
    if company.webhook_news_at is None:
        return False
    return company.polled_at is None or company.webhook_news_at >= company.polled_at


def _note_receipt(
    companies: Iterable[_Company],
    news: Mapping[int, list[WebhookEvent]],
    request_poll: RequestPoll | None,
) -> None:
    """Store when webhooks arrived, at most hourly for those without news, and request polls."""
    now = current_hub().clock.now()
    without_news = [
        company.id
        for company in companies
        if company.id not in news and _is_outdated(company.webhook_received_at, now)
    ]
    if not news and not without_news:
        return
    # One transaction: its commit waits for the disk, and other writers wait for it.
    with engine.transaction() as session:
        if without_news:
            session.execute(_NOTE_RECEIPT, {"ids": without_news, "now": now})
        if news:
            session.execute(_NOTE_NEWS, {"ids": list(news), "now": now})
        if request_poll is not None:
            for company_id in news:
                request_poll(session, company_id)


def _is_outdated(last_receipt: dt.datetime | None, now: dt.datetime) -> bool:
    """Return whether the stored time of the last webhook is old enough to be replaced.

    One in the future was stored before the clock was set back.
    """
    return last_receipt is None or not now - RECEIPT_INTERVAL <= last_receipt <= now


def _check_signature(headers: Mapping[str, str], body: bytes) -> None:
    """Raise Refused unless the body was signed with the token that Intuit shares with the hub."""
    token = intuit_keys.load_webhook_token()
    if not token:
        raise Refused(
            "No webhook token is set (HUB_QBO_WEBHOOK_TOKEN, or Set up → Intuit keys), so no"
            " webhook of QuickBooks can be trusted."
        )
    headers_by_name = {name.lower(): value for name, value in headers.items()}
    signature = headers_by_name.get("intuit-signature", "")
    digest = hmac.new(token.encode(), body, hashlib.sha256).digest()
    expected_signature = base64.b64encode(digest)
    if not hmac.compare_digest(expected_signature, signature.encode()):
        raise Refused("The webhook's signature is not QuickBooks'.")


def _parse_events(body: bytes) -> list[WebhookEvent]:
    """Return the events of a webhook in either format; raise Refused if it is not JSON."""
    try:
        content = exact_json.parse_call(body)
    except ValueError:
        raise Refused("The webhook's body is not JSON.") from None
    if isinstance(content, list):
        return list(_iter_cloud_events(content))
    return list(_iter_classic_events(content))


def _iter_classic_events(content: Any) -> Iterator[WebhookEvent]:
    """Yield the events of a webhook in the older format."""
    for notification in _list_objects(content, "eventNotifications"):
        yield from _iter_notified_events(notification)


def _list_objects(content: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in an object; none if the list is missing or no list."""
    items = content.get(name) if isinstance(content, dict) else None
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, dict)]


def _iter_notified_events(notification: dict[str, Any]) -> Iterator[WebhookEvent]:
    """Yield the events of one company; a merge is an event of both objects."""
    realm = str(notification.get("realmId") or "")
    for entity in _list_objects(notification.get("dataChangeEvent"), "entities"):
        name = str(entity.get("name"))
        for id in (entity.get("id"), entity.get("deletedId")):
            if not id:
                continue
            yield WebhookEvent(
                realm=realm,
                kind=KIND_BY_ENTITY.get(name, ""),
                id=str(id),
                operation=str(entity.get("operation")),
                at=_parse_moment(entity.get("lastUpdated")),
            )


def _iter_cloud_events(content: list[Any]) -> Iterator[WebhookEvent]:
    """Yield the events of a webhook as CloudEvents, with types like qbo.bill.created.v1."""
    kinds = {entity.lower(): kind for entity, kind in KIND_BY_ENTITY.items()}
    for event in content:
        if not isinstance(event, dict):
            continue
        type = str(event.get("type") or "")
        parts = type.removeprefix(CLOUD_TYPE).split(".")
        if len(parts) < 2:
            continue
        entity, operation = parts[:2]
        for id in _list_cloud_ids(event):
            yield WebhookEvent(
                realm=str(event.get("intuitaccountid") or ""),
                kind=kinds.get(entity.lower(), ""),
                id=id,
                operation=operation,
                at=_parse_moment(event.get("time")),
            )


def _list_cloud_ids(event: dict[str, Any]) -> list[str]:
    """Return the ids of the objects of an event; a merge also has the one that is gone."""
    ids = [str(event.get("intuitentityid") or "")]
    data = event.get("data")
    deleted_id = data.get("deletedid") if isinstance(data, dict) else None
    if deleted_id:
        ids.append(str(deleted_id))
    return ids


def _is_stored(session: Session, company_id: int, event: WebhookEvent) -> bool:
    """Return whether the index already shows a change, as it does for the hub's own writes.

    An event of a kind that the hub does not know counts as stored: there is nothing to read.
    """
    if not event.kind:
        return True
    key = {"company": company_id, "kind": event.kind, "id": event.id}
    head = session.execute(_FIND_HEAD, key).one_or_none()
    if head is None:
        return False
    if event.operation.lower().startswith("delete"):
        return bool(head.state == TransactionState.DELETED)
    if not event.at or not head.updated_at:
        return False
    # Objects state whole seconds of their changes, events fractions of them.
    changed_at = event.at.replace(microsecond=0)
    return bool(head.updated_at >= changed_at)


def _parse_moment(text: Any) -> dt.datetime | None:
    """Return a time as a webhook writes it, by default in UTC; None if it cannot be read."""
    try:
        moment = dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
