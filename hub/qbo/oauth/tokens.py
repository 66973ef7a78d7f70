"""The tokens of a company: used while they are valid, renewed early by one process at a time."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.db.database_errors import repeat_during_outage
from hub.errors import (
    ConfigurationError,
    ConnectionTrouble,
    HubError,
    NotFound,
    ReconnectNeeded,
    Retry,
    Sentence,
    VaultError,
)
from hub.models import ConnectedCompany, Token
from hub.models.enums import ConnectionState
from hub.qbo import connection
from hub.qbo.oauth import token_endpoint
from hub.qbo.oauth.token_endpoint import TokenGrant
from hub.security import secrets

RENEWAL_MARGIN = dt.timedelta(minutes=5)  # how long before its end a token is renewed
# For a call to Intuit's sign-in, and as long again to store the result during an outage.
RENEWAL_LEASE = dt.timedelta(seconds=60)
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Expiry:
    """The end of the tokens; `ends_at` is the day after which only a person can reconnect."""

    access: dt.datetime
    refresh: dt.datetime | None
    ends_at: dt.datetime | None
    refreshed_at: dt.datetime


@dataclass(frozen=True, repr=False)
class _TokenState:
    """The stored state of a company's tokens.

    `rejected` is the error of all calls if Intuit accepts none of the tokens.
    """

    company: ConnectedCompany
    access: str
    expires_at: dt.datetime
    fence: str  # the fence of a renewal that has not finished; its process may have died
    busy: bool  # whether that renewal may still be running
    rejected: ReconnectNeeded | None = None


def get_access_token(company_id: int, *, writes: bool = False) -> str:
    """Return a token that is valid for some minutes, for a read or a write.

    Raise ConnectionTrouble while QuickBooks refuses such calls, and Retry while Intuit cannot renew
    the token.
    """
    state = _load_token_state(company_id)
    trouble = connection.find_trouble(state.company, writes=writes)
    if trouble:
        raise trouble
    time_left = state.expires_at - current_hub().clock.now()
    is_renewed_elsewhere = state.busy and time_left > dt.timedelta(0)
    if time_left > RENEWAL_MARGIN or is_renewed_elsewhere:
        return state.access
    return refresh(company_id, state.access)


def refresh(company_id: int, stale_token: str, *, revive: bool = False) -> str:
    """Return a token other than the stale one, renewed here or by another thread or process.

    Threads and processes that wait for one renewal share its result. A refused refresh token is
    only used again with `revive`.
    """
    clock = current_hub().clock
    give_up_at = clock.monotonic() + 2 * RENEWAL_LEASE.total_seconds()
    has_waited = False
    while clock.monotonic() < give_up_at:
        state = _load_token_state(company_id)
        if state.rejected and not revive:
            raise state.rejected
        if state.access != stale_token and state.expires_at > clock.now():
            return state.access
        if has_waited and not state.fence:
            raise Retry(
                "Intuit's sign-in has just not answered another part of the hub; it is retried"
                " automatically."
            )
        fence = None if state.busy else _claim(company_id)
        if fence:
            return _renew(company_id, stale_token, fence)
        has_waited = True
        clock.sleep(POLL_SECONDS)
    raise Retry(
        "Another process is renewing the connection to QuickBooks and has not finished. The hub"
        " tries again."
    )


def retry_refused_renewal(company_id: int) -> None:
    """Ask Intuit again for a token that it refused to renew."""
    state = _load_token_state(company_id)
    keys_refused = state.company.state == ConnectionState.CONFIGURATION
    if state.rejected or keys_refused:
        refresh(company_id, state.access, revive=True)


def store(session: Session, company_id: int, grant: TokenGrant) -> None:
    """Store a new pair of tokens, and keep the previous refresh token beside it.

    Nobody uses the pair before this is committed.
    """
    try:
        previous = get_refresh_token(session, company_id)
    except VaultError:  # other processes have a newer key; without the pair all would lack a token
        previous = None
    if previous and previous != grant.refresh:
        secrets.put(session, _build_secret_name(company_id, "refresh_previous"), previous)
    secrets.put(session, _build_secret_name(company_id, "refresh"), grant.refresh)
    secrets.put(session, _build_secret_name(company_id, "access"), grant.access)

    now = current_hub().clock.now()
    token = session.get(Token, company_id) or Token(company_id=company_id)
    token.access_expires_at = now + dt.timedelta(seconds=grant.access_seconds)
    token.refreshed_at = now
    token.refresh_expires_at = _add_seconds(now, grant.refresh_seconds)
    token.ends_at = _add_seconds(now, grant.ends_in) or token.ends_at
    token.refreshing_since = None
    token.fence = ""
    session.add(token)


def forget(session: Session, company_id: int) -> None:
    """Remove every token of a company; a renewal that is under way stores no others."""
    for name in ("access", "refresh", "refresh_previous"):
        secrets.forget(session, _build_secret_name(company_id, name))
    of_company = update(Token).where(Token.company_id == company_id)
    session.execute(of_company.values(refreshing_since=None, fence=""))


def get_refresh_token(session: Session, company_id: int) -> str | None:
    """Return the current refresh token; None if the company has none."""
    place = _build_secret_name(company_id, "refresh")
    return secrets.get(session, place)


def require_reconnect_without_tokens(session: Session) -> None:
    """Record that the companies whose tokens were lost have to be connected again."""
    reason = Sentence("The key of its tokens was lost")
    connected_companies = (
        select(ConnectedCompany)
        .where(ConnectedCompany.state != ConnectionState.DISCONNECTED)
        .order_by(ConnectedCompany.id)
        .with_for_update()
    )
    for company in session.scalars(connected_companies).all():
        if get_refresh_token(session, company.id) is None:
            connection.record_refusal(session, company, ConnectionState.RECONNECT, reason)


def is_shared(session: Session, company_id: int) -> bool:
    """Return whether another company has one of this company's refresh tokens."""
    own_tokens = _get_refresh_tokens(session, company_id)
    other_ids = select(Token.company_id).where(Token.company_id != company_id)
    other_tokens: set[str] = set()
    for other_id in session.scalars(other_ids):
        other_tokens |= _get_refresh_tokens(session, other_id)
    return not own_tokens.isdisjoint(other_tokens)


def _get_refresh_tokens(session: Session, company_id: int) -> set[str]:
    """Return the current and the previous refresh token."""
    tokens = set()
    for name in ("refresh", "refresh_previous"):
        token = secrets.get(session, _build_secret_name(company_id, name))
        if token:
            tokens.add(token)
    return tokens


def load_expiry(company_id: int) -> Expiry | None:
    """Return when the tokens of a company end; None if it has none."""
    with engine.read_only_session() as session:
        token = session.get(Token, company_id)
    if token is None:
        return None
    return Expiry(
        access=token.access_expires_at,
        refresh=token.refresh_expires_at,
        ends_at=token.ends_at,
        refreshed_at=token.refreshed_at,
    )


def _load_token_state(company_id: int) -> _TokenState:
    """Return the stored state; raise NotFound or, without tokens, ReconnectNeeded."""
    with engine.read_only_session() as session:
        company = session.get(ConnectedCompany, company_id)
        token = session.get(Token, company_id)
        access = secrets.get(session, _build_secret_name(company_id, "access"))
    if company is None:
        raise NotFound("company", str(company_id))
    name = company.display_name
    if company.is_disconnected:
        raise connection.build_disconnection(company)
    if token is None or access is None:
        raise ReconnectNeeded(name, company.state_reason or "it is disconnected")

    now = current_hub().clock.now()
    error = None
    if company.state == ConnectionState.RECONNECT and token.access_expires_at <= now:
        error = ReconnectNeeded(name, company.state_reason)
    return _TokenState(
        company=company,
        access=access,
        expires_at=token.access_expires_at,
        fence=token.fence,
        busy=_is_leased(token, now),
        rejected=error,
    )


def _is_leased(token: Token, now: dt.datetime) -> bool:
    """Return whether a renewal may be running; one from the future means a clock was set back."""
    since = token.refreshing_since
    if since is None:
        return False
    return abs(now - since) < RENEWAL_LEASE


def _claim(company_id: int) -> str | None:
    """Claim the renewal and return its fence; None if another process was faster.

    A claim in the future does not count: it was made before a clock was set back.
    """
    now = current_hub().clock.now()
    fence = uuid.uuid4().hex
    since = Token.refreshing_since
    is_free = or_(since.is_(None), since <= now - RENEWAL_LEASE, since >= now + RENEWAL_LEASE)
    of_company = update(Token).where(Token.company_id == company_id, is_free)
    claim = of_company.values(refreshing_since=now, fence=fence)
    with engine.transaction() as session:
        result = session.execute(claim)
        has_claimed = result.rowcount > 0  # type: ignore[attr-defined]
    return fence if has_claimed else None


def _renew(company_id: int, stale_token: str, fence: str) -> str:
    """Renew under a fence, unless another process has just done so; return the access token.

    The fence is released whatever happens, and the connection is stored as refused if Intuit
    rejects the refresh tokens or the keys of the hub.
    """
    try:
        with engine.read_only_session() as session:
            current = secrets.get(session, _build_secret_name(company_id, "access"))
            latest = get_refresh_token(session, company_id)
            previous = secrets.get(session, _build_secret_name(company_id, "refresh_previous"))
        if current and current != stale_token:
            _release(company_id, fence)
            return current
        grant = _request_grant([token for token in (latest, previous) if token])
        return _store_renewed(company_id, fence, latest, grant)
    except token_endpoint.Rejected as error:
        newer = _store_rejection(company_id, latest, str(error))
        _release(company_id, fence)
        if newer:
            return newer
        raise _build_rejection_trouble(company_id, str(error)) from None
    except ConfigurationError as error:
        _release(company_id, fence)
        refusal = connection.refuse(company_id, ConnectionState.CONFIGURATION, "")
        raise (refusal or error) from None
    except HubError:
        _release(company_id, fence)
        raise


def _request_grant(refresh_tokens: list[str]) -> TokenGrant:
    """Return a new pair of tokens for the first refresh token that Intuit takes.

    The previous one is still valid if its replacement never took effect at Intuit.
    """
    rejection = token_endpoint.Rejected(Sentence("there is no refresh token"))
    for token in refresh_tokens:
        try:
            return token_endpoint.renew(token)
        except token_endpoint.Rejected as error:
            rejection = error
    raise rejection


@repeat_during_outage
def _store_renewed(company_id: int, fence: str, used_token: str | None, grant: TokenGrant) -> str:
    """Store a new pair unless another process has stored one since; return the access token.

    If Intuit has replaced the refresh token, the company would have to be connected again without
    the new one.
    """
    of_company = select(Token).where(Token.company_id == company_id)
    with engine.transaction() as session:
        token = session.scalars(of_company.with_for_update()).one()
        if token.fence == fence or get_refresh_token(session, company_id) == used_token:
            store(session, company_id, grant)
            return grant.access
        newer = secrets.get(session, _build_secret_name(company_id, "access"))
        return newer or grant.access


def _release(company_id: int, fence: str) -> None:
    """End the renewal with this fence."""
    renewal = update(Token).where(Token.company_id == company_id, Token.fence == fence)
    without_lease = renewal.values(refreshing_since=None, fence="")
    with engine.transaction() as session:
        session.execute(without_lease)


def _store_rejection(company_id: int, used_token: str | None, rejection: str) -> str | None:
    """Store that Intuit rejects the refresh token, unless another pair was stored since.

    Return the access token of that pair, if there is one: a person may reconnect the company while
    Intuit rejects the refresh token that it had before.
    """
    reason = Sentence(
        "Intuit no longer accepts the refresh token: %(rejection)s", rejection=rejection
    )
    now = current_hub().clock.now()
    of_company = update(Token).where(Token.company_id == company_id)
    with engine.transaction() as session:
        # A reconnect locks the company, too, before it stores its tokens.
        company = session.get(ConnectedCompany, company_id, with_for_update=True)
        if get_refresh_token(session, company_id) != used_token:
            newer = secrets.get(session, _build_secret_name(company_id, "access"))
            if newer:
                return newer
        if company is not None and company.state != ConnectionState.DISCONNECTED:
            connection.record_refusal(session, company, ConnectionState.RECONNECT, reason)
        session.execute(of_company.values(access_expires_at=now))
    return None


def _build_rejection_trouble(company_id: int, rejection: str) -> ConnectionTrouble:
    """Return the error that stops the next calls after Intuit has rejected the refresh token."""
    with engine.read_only_session() as session:
        company = session.get(ConnectedCompany, company_id)
    if company is None:
        raise NotFound("company", str(company_id))
    if company.is_disconnected:  # meanwhile
        return connection.build_disconnection(company)
    trouble = connection.find_trouble(company, writes=True)
    return trouble or ReconnectNeeded(company.display_name, rejection)


def _build_secret_name(company_id: int, name: str) -> str:
    """Return the name under which a token is stored among the secrets."""
    return f"company:{company_id}:{name}"


def _add_seconds(now: dt.datetime, seconds: int | None) -> dt.datetime | None:
    """Return the moment so many seconds from now; None if they are not known."""
    if seconds is None:
        return None
    return now + dt.timedelta(seconds=seconds)
