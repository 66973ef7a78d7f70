"""Connect a company by consent or by a refresh token, check a connection, and disconnect it."""

import datetime as dt
import hashlib
import hmac
import secrets as random
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.cases import failing_runs, source_cases
from hub.context import current_hub
from hub.db import database_identity, engine
from hub.errors import ConnectionTrouble, HubError, NotNow, OtherCompany, Refused, Retry, Sentence
from hub.models import ConnectedCompany, OAuthState
from hub.models.enums import ConnectionState
from hub.qbo import company as facts
from hub.qbo import connection, usage
from hub.qbo.client import Client
from hub.qbo.oauth import token_endpoint, token_expiry, tokens, verification
from hub.qbo.oauth.token_endpoint import TokenGrant
from hub.security import audit

SIGN_IN_LIMIT_MINUTES = 10
STATE_RETENTION = dt.timedelta(days=1)
# The texts of the errors with which a consent returns.
CONSENT_ERRORS = {
    "access_denied": Sentence(
        "You did not allow the hub to work in QuickBooks, so nothing was connected. Start again"
        " under Companies and choose Connect at Intuit; it takes an administrator of the company."
    ),
    "invalid_scope": Sentence(
        "Intuit does not let this app ask for accounting data. Check the app's scopes at Intuit."
    ),
}


def start(session_id: str, realm: str | None = None) -> tuple[str, str]:
    """Return the address to which to send the browser, and the state that it carries.

    A reconnect must return the company `realm`.
    """
    state = random.token_urlsafe(32)
    now = current_hub().clock.now()
    row = OAuthState(
        state=_hash(state),
        session=_hash(session_id),
        realm=realm,
        created_at=now,
    )
    statement = delete(OAuthState).where(OAuthState.created_at < now - STATE_RETENTION)
    with engine.transaction() as session:
        session.execute(statement)
        session.add(row)
    return token_endpoint.build_consent_url(state), state


def find_expected_realm(session: Session, state: str) -> str | None:
    """Return the realm that a consent under way must return; None if it may be any."""
    query = select(OAuthState.realm).where(OAuthState.state == _hash(state))
    return session.scalar(query)


def finish(args: Mapping[str, str], session_id: str, who: str = "hub") -> ConnectedCompany:
    """Connect the company that the consent returned; raise Refused if a person refused it."""
    expected_realm = _use_state(args.get("state", ""), session_id)
    if args.get("error"):
        error = args["error"]
        if error in CONSENT_ERRORS:
            raise Refused(CONSENT_ERRORS[error])
        raise Refused("Intuit answered “%(text)s”; nothing was connected.", text=error[:60])
    realm = args.get("realmId", "")
    code = args.get("code", "")
    if not realm.isdigit() or not code:
        raise Refused(
            "Intuit's answer names no company, so nothing was connected. Start again under"
            " Companies."
        )
    if expected_realm and expected_realm != realm:
        raise OtherCompany(_format_company_title(expected_realm), _format_company_title(realm))
    try:
        grant = token_endpoint.exchange(code, args["state"])
    except token_endpoint.Rejected:
        raise Refused(
            "Intuit did not accept the sign-in, perhaps because it took too long. Start again"
            " under Companies."
        ) from None
    return _connect(realm, grant, who)


def connect_with_refresh_token(
    realm: str, token: str, *, keep: Callable[[str], None] | None = None, who: str = "hub"
) -> ConnectedCompany:
    """Connect a company without a browser.

    Intuit may answer with another refresh token and end the first one. `keep` is called with the
    new token before anything else, so that it is not lost if the company cannot be connected.
    """
    if not realm.isdigit():
        raise Refused("“%(realm)s” is not the number of a QuickBooks company.", realm=realm)
    token = token.strip()
    try:
        grant = token_endpoint.renew(token)
    except token_endpoint.Rejected as error:
        raise Refused(
            "Intuit does not accept this refresh token (%(error)s). Get a new one and try again.",
            error=error,
        ) from None
    if keep and grant.refresh != token:
        keep(grant.refresh)
    return _connect(realm, grant, who)


class Revocation(Enum):
    """The result at Intuit of disconnecting a company."""

    ENDED = auto()
    NOT_REQUESTED = auto()
    REFUSED = auto()  # Intuit does not accept the client id and secret


def disconnect(company_id: int, who: str = "hub") -> Revocation:
    """Disconnect a company and keep its settings and matches; return how Intuit answered.

    Intuit ends all connections of one consent together. A token that another company uses, or that
    never worked for this one, is therefore deleted here and not revoked.
    """
    with engine.read_only_session() as session:
        token = tokens.get_refresh_token(session, company_id)
        is_verified = session.get_one(ConnectedCompany, company_id).verified_at is not None
        is_revocable = is_verified and not tokens.is_shared(session, company_id)
    revocation = Revocation.NOT_REQUESTED
    if token and is_revocable:
        revocation = Revocation.ENDED if token_endpoint.revoke(token) else Revocation.REFUSED
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id)
        company.state = ConnectionState.DISCONNECTED
        company.state_reason = ""
        tokens.forget(session, company_id)
        connection.forget_refusals(session, company, who)
        token_expiry.withdraw_notice(session, company_id)
        failing_runs.forget(session, company_id)
        source_cases.close_of_company(session, company_id)
        audit.record(session, who, "company disconnected", company.realm)
    return revocation


def check(company_id: int, who: str = "hub") -> ConnectedCompany:
    """Read the company to check its connection; raise ConnectionTrouble if writes are refused."""
    _record_test(company_id, who)
    connection.allow_try(company_id)
    tokens.retry_refused_renewal(company_id)
    facts.read(company_id, Client(company_id))
    connection.accept(company_id, writes=False)
    with engine.read_only_session() as session:
        company = session.get_one(ConnectedCompany, company_id)
    if connection.is_refused(company):
        raise ConnectionTrouble(
            "The company can be read, but it refused the last document. %(state_reason)s",
            state_reason=company.state_reason,
        )
    return company


def try_once(company_id: int, *, has_writes: bool) -> None:
    """Try a connection that is refused once, and record whether QuickBooks accepts it.

    If only writes are refused, the next document is the trial. If the company has no document to
    send, an accepted read ends an interruption, because nothing else would.
    """
    company = connection.allow_try(company_id)
    is_only_chance = company.state == ConnectionState.INTERRUPTED and not has_writes
    may_wait = not company.refuses_reads and not is_only_chance
    if not connection.is_refused(company) or may_wait:
        return
    is_accepted = False
    try:
        tokens.retry_refused_renewal(company_id)
        is_accepted = Client(company_id).company_info().landed
        if is_accepted and is_only_chance:
            connection.accept(company_id, writes=True)
    except HubError:
        pass  # the error is stored with the company and ends the run when it needs the connection
    finally:
        if not is_accepted:
            connection.end_try(company_id)


def _record_test(company_id: int, who: str) -> None:
    """Record who tests a connection and which address gets its token, before it is sent."""
    address = urlsplit(current_hub().config.qbo_api_url).netloc
    with engine.read_only_session() as session:
        realm = session.get_one(ConnectedCompany, company_id).realm
    audit.record_alone(who, "connection tested", realm, addresses=[address])


def _connect(realm: str, grant: TokenGrant, who: str) -> ConnectedCompany:
    """Store a connection after QuickBooks has answered a call with its token."""
    info = verification.read_company_info(realm, grant.access)
    company_id = _store_connection(realm, grant, info, who)
    usage.count_read(company_id)
    try:
        preferences = Client(company_id).preferences().check().entity or {}
    except (Retry, ConnectionTrouble):
        pass  # it is connected; the first download of lists reads the preferences
    else:
        facts.store_facts(company_id, info, preferences)
    with engine.read_only_session() as session:
        return session.get_one(ConnectedCompany, company_id)


def _store_connection(realm: str, grant: TokenGrant, info: dict[str, Any], who: str) -> int:
    """Store a connection that works, with its tokens; return the id of the company."""
    now = current_hub().clock.now()
    identity = _find_identity_to_store()
    of_realm = select(ConnectedCompany).where(ConnectedCompany.realm == realm)
    with engine.transaction() as session:
        # A refusal of the former tokens may be recorded at this moment.
        company = session.scalars(of_realm.with_for_update()).one_or_none()
        if company is None:
            company = ConnectedCompany(realm=realm, name=realm, connected_at=now)
            company.database_identity = identity
            session.add(company)
            session.flush()
        company.connected_at = now
        company.verified_at = company.verified_at or now
        facts.set_name_and_country(company, info)
        tokens.store(session, company.id, grant)
        connection.repair(session, company)
        token_expiry.give_notice(session, company.id)
        audit.record(session, who, "company connected", realm, name=company.name)
        return company.id


def _find_identity_to_store() -> dict[str, Any] | None:
    """Return the identity of the database for a new company; None if it is not needed or complete.

    A failover may lose everything since a company was connected. If the identity were stored with
    the first run only, no machine could recognize the other database by it.
    """
    if not current_hub().config.is_distributed:
        return None
    identity = database_identity.read()
    return None if None in identity.values() else identity


def _use_state(state: str, session_id: str) -> str | None:
    """Mark a state as used; return the realm with which it must come back.

    Raise Refused if it belongs to another browser, and NotNow if it was used or is too old.
    """
    now = current_hub().clock.now()
    with_state = select(OAuthState).where(OAuthState.state == _hash(state))
    with engine.transaction() as session:
        row = session.scalars(with_state.with_for_update()).one_or_none()
        if row is None or not hmac.compare_digest(row.session, _hash(session_id)):
            raise Refused(
                "This sign-in was not started from this browser at %(address)s. Open the hub there"
                " and start again under Companies.",
                address=current_hub().config.public_url,
            )
        if row.used_at is not None:
            raise NotNow("This sign-in was used already. Start again under Companies.")
        row.used_at = now
    if now - row.created_at > dt.timedelta(minutes=SIGN_IN_LIMIT_MINUTES):
        raise NotNow(
            "This sign-in took longer than %(sign_in_limit_minutes)s minutes. Start again under"
            " Companies.",
            sign_in_limit_minutes=SIGN_IN_LIMIT_MINUTES,
        )
    return row.realm


def _format_company_title(realm: str) -> str:
    """Return the name and number of a company for a message."""
    with_realm = select(ConnectedCompany).where(ConnectedCompany.realm == realm)
    with engine.read_only_session() as session:
        company = session.scalars(with_realm).one_or_none()
    if company is None or company.name in ("", realm):
        return realm
    return f"{company.name} ({realm})"


def _hash(text: str) -> str:
    """Return the digest of a secret, which is stored in its place."""
    digest = hashlib.sha256(text.encode())
    return digest.hexdigest()
