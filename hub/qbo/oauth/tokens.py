"""The tokens of a company: used while they hold, renewed ahead of time by one process at a time."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.errors import (
    ConfigurationError,
    ConnectionTrouble,
    HubError,
    NotFound,
    ReconnectNeeded,
    Retry,
)
from hub.models import Company, Token
from hub.qbo import connection
from hub.qbo.connection import ConnectionState
from hub.qbo.oauth import token_endpoint
from hub.qbo.oauth.token_endpoint import Grant
from hub.security import secrets

AHEAD = dt.timedelta(minutes=5)
LEASE = dt.timedelta(seconds=60)  # longer than a whole call to Intuit's sign-in may take
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Expiry:
    """When the tokens end; `ends_at` is the day after which only a person can reconnect."""

    access: dt.datetime
    refresh: dt.datetime | None
    ends_at: dt.datetime | None
    refreshed_at: dt.datetime


@dataclass(frozen=True, repr=False)
class _TokenState:
    company: Company
    access: str
    expires_at: dt.datetime
    fence: str  # of one that is at it, or died over it
    busy: bool
    rejected: ReconnectNeeded | None = None


def access_token(company_id: int, *, writes: bool = False) -> str:
    """A token that holds for some minutes, for a read or a write.

    Raises ConnectionTrouble while QuickBooks refuses such calls, or Retry while Intuit is down.
    """
    state, now = _token_state(company_id), hub_context.current().clock.now()
    if trouble := connection.trouble(state.company, writes=writes):
        raise trouble
    if state.expires_at - now > AHEAD or (state.busy and state.expires_at > now):
        return state.access
    return refresh(company_id, state.access)


def refresh(company_id: int, stale_token: str, *, revive: bool = False) -> str:
    """A token other than the stale one: renewed here, or by another thread or process that is at it.

    All who wait for one call share what comes of it. What Intuit has refused is not offered again but to `revive`.
    """
    clock, waited = hub_context.current().clock, False
    give_up = clock.monotonic() + 2 * LEASE.total_seconds()
    while clock.monotonic() < give_up:
        state = _token_state(company_id)
        if state.rejected and not revive:
            raise state.rejected
        if state.access != stale_token and state.expires_at > clock.now():
            return state.access
        if waited and not state.fence:
            raise Retry(
                "Intuit's sign-in has just not answered another part of the hub; it is tried again by itself."
            )
        fence = None if state.busy else _claim(company_id)
        if fence:
            return _renew(company_id, stale_token, fence)
        waited = True
        clock.sleep(POLL_SECONDS)
    raise Retry(
        "Another process is renewing the connection to QuickBooks and has not finished; it is tried again."
    )


def revive(company_id: int) -> None:
    """Ask Intuit once more for a token that it refused to renew."""
    state = _token_state(company_id)
    keys_refused = state.company.state == ConnectionState.CONFIGURATION
    if state.rejected or keys_refused:
        refresh(company_id, state.access, revive=True)


def keep(session: Session, company_id: int, grant: Grant) -> None:
    """Stores a new pair, the previous refresh token beside it; nobody uses the pair before this is committed."""
    now = hub_context.current().clock.now()
    place = f"company:{company_id}:"
    old = secrets.get(session, place + "refresh")
    if old and old != grant.refresh:
        secrets.put(session, place + "refresh_previous", old)
    secrets.put(session, place + "refresh", grant.refresh)
    secrets.put(session, place + "access", grant.access)
    token = session.get(Token, company_id) or Token(company_id=company_id)
    token.access_expires_at, token.refreshed_at = (
        now + dt.timedelta(seconds=grant.access_seconds),
        now,
    )
    token.refresh_expires_at = _later(now, grant.refresh_seconds)
    token.ends_at = _later(now, grant.ends_in) or token.ends_at
    token.refreshing_since, token.fence = None, ""
    session.add(token)


def forget(session: Session, company_id: int) -> None:
    """Removes every token of a company."""
    for name in ("access", "refresh", "refresh_previous"):
        secrets.forget(session, f"company:{company_id}:{name}")


def refresh_token(session: Session, company_id: int) -> str | None:
    """The refresh token that holds now."""
    return secrets.get(session, f"company:{company_id}:refresh")


def is_shared(session: Session, company_id: int) -> bool:
    """Tell whether another company holds one of this company's refresh tokens."""
    mine = _refresh_tokens(session, company_id)
    others = session.scalars(select(Token.company_id).where(Token.company_id != company_id))
    return any(mine & _refresh_tokens(session, other) for other in others)


def _refresh_tokens(session: Session, company_id: int) -> set[str]:
    places = (f"company:{company_id}:{name}" for name in ("refresh", "refresh_previous"))
    return {token for token in (secrets.get(session, place) for place in places) if token}


def expiry(company_id: int) -> Expiry | None:
    """When the tokens of a company end; None for one that has none."""
    with engine.reading() as session:
        token = session.get(Token, company_id)
        if token is None:
            return None
        return Expiry(
            token.access_expires_at, token.refresh_expires_at, token.ends_at, token.refreshed_at
        )


def _token_state(company_id: int) -> _TokenState:
    with engine.reading() as session:
        company, token = session.get(Company, company_id), session.get(Token, company_id)
        if company is None:
            raise NotFound("company", str(company_id))
        access = secrets.get(session, f"company:{company_id}:access")
        if token is None or access is None or company.state == "disconnected":
            raise ReconnectNeeded(
                company.name or company.realm, company.why or "it is disconnected"
            )
        since, now = token.refreshing_since, hub_context.current().clock.now()
        ended = company.state == "reconnect" and token.access_expires_at <= now
        rejected = ReconnectNeeded(company.name or company.realm, company.why) if ended else None
        busy = (
            since is not None and abs(now - since) < LEASE
        )  # the clock may have been set back since
        return _TokenState(company, access, token.access_expires_at, token.fence, busy, rejected)


def _claim(company_id: int) -> str | None:
    """Write the intent to renew; None where another was faster."""
    now, fence = hub_context.current().clock.now(), uuid.uuid4().hex
    since = Token.refreshing_since
    free = or_(since.is_(None), since <= now - LEASE, since >= now + LEASE)
    with engine.transaction() as session:
        mine = (
            update(Token)
            .where(Token.company_id == company_id, free)
            .values(refreshing_since=now, fence=fence)
        )
        return fence if session.execute(mine).rowcount else None  # type: ignore[attr-defined]


def _renew(company_id: int, stale_token: str, fence: str) -> str:
    try:
        with engine.reading() as session:
            current = secrets.get(session, f"company:{company_id}:access")
            used = secrets.get(session, f"company:{company_id}:refresh")
            previous = secrets.get(session, f"company:{company_id}:refresh_previous")
        if current and current != stale_token:
            _release(company_id, fence)
            return current
        grant = _asked([token for token in (used, previous) if token])
        return _stored(company_id, fence, used, grant)
    except token_endpoint.Rejected as error:
        useless = _given_up(company_id, str(error))
        _release(company_id, fence)
        raise useless from None
    except ConfigurationError as error:
        _release(company_id, fence)
        refused = connection.refuse(company_id, ConnectionState.CONFIGURATION, "")
        raise (refused or error) from None
    except HubError:
        _release(company_id, fence)
        raise


def _asked(candidates: list[str]) -> Grant:
    """A new pair for the refresh token, or for the one before it where that was never replaced at Intuit."""
    for number, token in enumerate(candidates, start=1):
        try:
            return token_endpoint.renew(token)
        except token_endpoint.Rejected:
            if number == len(candidates):
                raise
    raise token_endpoint.Rejected("there is no refresh token")


def _stored(company_id: int, fence: str, used: str | None, grant: Grant) -> str:
    with engine.transaction() as session:
        token = session.scalars(
            select(Token).where(Token.company_id == company_id).with_for_update()
        ).one()
        if token.fence == fence or refresh_token(session, company_id) == used:
            keep(session, company_id, grant)
            return grant.access
        return secrets.get(session, f"company:{company_id}:access") or grant.access


def _release(company_id: int, fence: str) -> None:
    with engine.transaction() as session:
        mine = update(Token).where(Token.company_id == company_id, Token.fence == fence)
        session.execute(mine.values(refreshing_since=None, fence=""))


def _given_up(company_id: int, why: str) -> ConnectionTrouble:
    """Note that the refresh token is of no use, so that it is not offered again with every call."""
    reason = f"Intuit does not take the refresh token any more: {why}"
    trouble = connection.refuse(company_id, ConnectionState.RECONNECT, reason)
    with engine.transaction() as session:
        ended = update(Token).where(Token.company_id == company_id)
        session.execute(ended.values(access_expires_at=hub_context.current().clock.now()))
    return trouble or ReconnectNeeded(str(company_id), why)


def _later(now: dt.datetime, seconds: int | None) -> dt.datetime | None:
    return None if seconds is None else now + dt.timedelta(seconds=seconds)
