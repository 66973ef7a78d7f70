"""The state of a company's connection, and the time of the next try while QuickBooks refuses it."""

import datetime as dt

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.context import current_hub
from hub.db import engine
from hub.errors import ConnectionTrouble, ReconnectNeeded, Sentence
from hub.models import ConnectedCompany
from hub.models.enums import ConnectionState
from hub.qbo.faults import RECONNECT_CODES, SUBSCRIPTION_CODES, quote_reasons
from hub.qbo.responses import QuickBooksResponse
from hub.reasons.texts import CaseText

FIRST_PAUSE = dt.timedelta(seconds=2)
MAX_PAUSE = dt.timedelta(hours=1)
CASE_DELAY = dt.timedelta(hours=1)
SHORT_PAUSE_SECONDS = 32.0  # a run waits this long and continues; a longer pause ends it

STATE_SENTENCES = {
    ConnectionState.INTERRUPTED: Sentence(
        "QuickBooks does not accept the connection to %(name)s at the moment, although Intuit"
        " renews it. It is retried automatically."
    ),
    ConnectionState.SUBSCRIPTION: Sentence(
        "The QuickBooks subscription of %(name)s has ended, so nothing can be posted. Renew it at"
        " QuickBooks; the hub tries again with each scheduled run."
    ),
    ConnectionState.CONFIGURATION: Sentence(
        "Intuit does not accept the keys of the hub's app. Enter those of your app on"
        " developer.intuit.com under Set up → Intuit keys, or correct HUB_QBO_CLIENT_ID and"
        " HUB_QBO_CLIENT_SECRET and restart the hub."
    ),
    ConnectionState.DISCONNECTED: Sentence(
        "%(name)s is disconnected, so nothing is read from its QuickBooks or sent to it. An owner"
        " of the hub connects it again under Companies."
    ),
}


def classify_refusal(response: QuickBooksResponse) -> ConnectionState:
    """Return the state of a connection that this response refuses."""
    codes = {fault.code for fault in response.faults}
    if codes & RECONNECT_CODES:
        return ConnectionState.RECONNECT
    if codes & SUBSCRIPTION_CODES:
        return ConnectionState.SUBSCRIPTION
    return ConnectionState.INTERRUPTED


def find_trouble(company: ConnectedCompany, *, writes: bool) -> ConnectionTrouble | None:
    """Return the error of a call that must not be made now; None if it may be made."""
    if not is_refused(company):
        return None
    if not writes and not company.refuses_reads:
        return None
    if company.next_try_at is not None:
        time_left = company.next_try_at - current_hub().clock.now()
        if not _is_pausing(time_left):
            return None
        return ConnectionTrouble(_describe_trouble(company), time_left.total_seconds())
    if company.state == ConnectionState.RECONNECT:
        name = company.display_name
        return ReconnectNeeded(name, company.state_reason)
    return ConnectionTrouble(_describe_trouble(company))


def build_disconnection(company: ConnectedCompany) -> ConnectionTrouble:
    """Return the error of a call for a company that a person has disconnected."""
    return ConnectionTrouble(_describe_trouble(company))


def _is_pausing(time_left: dt.timedelta) -> bool:
    """Return whether a pause is still running.

    A pause that is too long was stored before the clock was set back, and has ended.
    """
    return dt.timedelta(0) < time_left <= MAX_PAUSE


def may_be_called(now: dt.datetime) -> ColumnElement[bool]:
    """Return the condition that a company is connected, or that its connection may be tried now.

    A pause that is too long means that the clock was set back.
    """
    next_try_at = ConnectedCompany.next_try_at
    is_connected = ConnectedCompany.state == ConnectionState.CONNECTED
    return or_(is_connected, next_try_at <= now, next_try_at > now + MAX_PAUSE)


def is_refused(company: ConnectedCompany) -> bool:
    """Return whether QuickBooks or Intuit refuses the connection."""
    return company.state not in (ConnectionState.CONNECTED, ConnectionState.DISCONNECTED)


def is_company_refused(company_id: int) -> bool:
    """Return whether QuickBooks or Intuit refuses the connection of a company."""
    return is_refused(_load_company(company_id))


def get_short_pause(company_id: int) -> float | None:
    """Return the seconds until the next try; None if a run must not wait for it."""
    company = _load_company(company_id)
    if company.state != ConnectionState.INTERRUPTED or company.next_try_at is None:
        return None
    time_left = company.next_try_at - current_hub().clock.now()
    seconds = time_left.total_seconds()
    if seconds > SHORT_PAUSE_SECONDS:
        return None
    return max(0.0, seconds)


def refuse_call(
    company_id: int, response: QuickBooksResponse, *, writes: bool
) -> ConnectionTrouble | None:
    """Store that QuickBooks refused a call; return the error that stops the next calls."""
    state = classify_refusal(response)
    # What a person has to do is in the text; the other states have sentences of their own.
    is_final = state == ConnectionState.RECONNECT
    reason = response.text if is_final else quote_reasons(response.faults)
    return refuse(company_id, state, reason, writes=writes)


def refuse(
    company_id: int, state: ConnectionState, reason: str, *, writes: bool = False
) -> ConnectionTrouble | None:
    """Store that a connection was refused; return the error that stops the next calls."""
    with engine.transaction() as session:
        company = session.get(ConnectedCompany, company_id, with_for_update=True)
        if company is None or company.state == ConnectionState.DISCONNECTED:
            return None
        record_refusal(session, company, state, reason, writes=writes)
    return find_trouble(company, writes=True)


def record_refusal(
    session: Session,
    company: ConnectedCompany,
    state: ConnectionState,
    reason: str,
    *,
    writes: bool = False,
) -> None:
    """Record that the connection of a company, which is locked, was refused.

    A first refusal in the future was recorded before the clock was set back.
    """
    now = current_hub().clock.now()
    since = company.refused_since
    if not is_refused(company) or since is None or since > now:
        company.refused_since = now
    if state == ConnectionState.INTERRUPTED:
        _pause(company, now)
    else:
        company.next_try_at = None
    company.state = state
    sentence = "" if state == ConnectionState.RECONNECT else _describe_trouble(company)
    company.state_reason = f"{sentence} {reason}".strip()
    # After a refused write, reads may still be accepted.
    may_accept_reads = writes and state in (
        ConnectionState.INTERRUPTED,
        ConnectionState.SUBSCRIPTION,
    )
    company.refuses_writes = company.refuses_writes or writes
    company.refuses_reads = company.refuses_reads or not may_accept_reads
    if company.has_ended:
        inbox.close(session, build_end_cause(company.id))
    _update_case(session, company, now)


def accept(company_id: int, *, writes: bool) -> bool:
    """Store that a call was accepted; return whether other calls may still be refused.

    If writes are refused, only an accepted write shows that the connection works again.
    """
    with engine.transaction() as session:
        company = session.get(ConnectedCompany, company_id, with_for_update=True)
        if company is None or not is_refused(company):
            return False
        if company.refuses_writes and not writes:
            company.refuses_reads = False
            return True
        repair(session, company)
        return False


def repair(session: Session, company: ConnectedCompany) -> None:
    """Store that the connection works, and close its case."""
    company.state = ConnectionState.CONNECTED
    company.state_reason = ""
    forget_refusals(session, company, who="hub")


def forget_refusals(session: Session, company: ConnectedCompany, who: str) -> None:
    """Forget all refusals of a connection, and close its case."""
    company.refused_since = None
    company.next_try_at = None
    company.refusals = 0
    company.refuses_reads = False
    company.refuses_writes = False
    inbox.close(session, _build_case_cause(company.id), by=who)


def allow_try(company_id: int) -> ConnectedCompany:
    """Let the next call of a refused connection through; return the company as it is now."""
    company = _load_company(company_id)
    if not is_refused(company):
        return company
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id, with_for_update=True)
        if is_refused(company):
            company.next_try_at = current_hub().clock.now()
        return company


def end_try(company_id: int) -> None:
    """Stop further calls after a try without a response."""
    now = current_hub().clock.now()
    with engine.transaction() as session:
        company = session.get_one(ConnectedCompany, company_id, with_for_update=True)
        if company.state == ConnectionState.INTERRUPTED:
            _pause(company, now)
        elif is_refused(company):
            company.next_try_at = None


def _pause(company: ConnectedCompany, now: dt.datetime) -> None:
    """Pause for twice as long as before; of simultaneous refusals only the first one counts."""
    next_try_at = company.next_try_at
    is_interrupted = company.state == ConnectionState.INTERRUPTED
    if is_interrupted and next_try_at is not None and _is_pausing(next_try_at - now):
        return
    company.refusals += 1
    doublings = min(company.refusals - 1, 30)
    pause = min(FIRST_PAUSE * 2**doublings, MAX_PAUSE)
    company.next_try_at = now + pause


def _update_case(session: Session, company: ConnectedCompany, now: dt.datetime) -> None:
    """Open the case of a refused connection or update it; a short interruption needs none."""
    cause = _build_case_cause(company.id)
    if company.state == ConnectionState.INTERRUPTED:
        since = company.refused_since
        is_short = since is None or now - since < CASE_DELAY
        if is_short and not inbox.is_open(session, cause):
            return
    # The configuration is the hub's, not one company's.
    names = {"company": company.display_name}
    if company.state == ConnectionState.CONFIGURATION:
        names = {}
    text = CaseText(f"connection.{company.state}", **names, problem=company.state_reason)
    inbox.open(session, cause, text, company_id=company.id)


def _describe_trouble(company: ConnectedCompany) -> str:
    """Return a sentence about the problem of a connection and what happens next."""
    name = company.display_name
    return Sentence(STATE_SENTENCES[ConnectionState(company.state)], name=name)


def _build_case_cause(company_id: int) -> str:
    """Return the cause by which the case of a connection is stored."""
    return f"connection:{company_id}"


def build_end_cause(company_id: int) -> str:
    """Return the cause by which the case about the coming end of a connection is stored."""
    return f"connection:{company_id}:end"


def _load_company(company_id: int) -> ConnectedCompany:
    """Return a company as it is stored now."""
    with engine.read_only_session() as session:
        return session.get_one(ConnectedCompany, company_id)
