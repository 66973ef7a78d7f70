"""Whether QuickBooks lets the hub work in a company, and when it is tried again while it does not."""

import datetime as dt
from enum import StrEnum

from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.db import engine
from hub.errors import ConnectionTrouble, ReconnectNeeded
from hub.models import Company
from hub.qbo.faults import quoted
from hub.qbo.responses import Answer

FIRST_PAUSE = dt.timedelta(seconds=2)
LONGEST_PAUSE = dt.timedelta(hours=1)
CASE_AFTER = dt.timedelta(hours=1)
SHORT_PAUSE_SECONDS = 32.0  # a run waits for so long and goes on; a longer pause ends it
NO_ACCESS, NO_SUBSCRIPTION = {"3100", "120"}, {"6190"}


class ConnectionState(StrEnum):
    """What QuickBooks and Intuit make of a company's connection; all but the first and last recover by themselves."""

    CONNECTED = "connected"
    INTERRUPTED = "interrupted"  # QuickBooks refuses tokens that Intuit has just renewed
    RECONNECT = "reconnect"  # the consent has ended
    SUBSCRIPTION = "subscription"  # the company can only be read
    CONFIGURATION = "configuration"  # Intuit does not know the keys of the hub's app
    DISCONNECTED = "disconnected"  # a person took the connection back


SENTENCES = {
    ConnectionState.INTERRUPTED: (
        "QuickBooks does not accept the connection to {name} at the moment, although Intuit renews it."
        " It is tried again by itself."
    ),
    ConnectionState.SUBSCRIPTION: (
        "The QuickBooks subscription of {name} has ended, so nothing can be posted. Renew it at QuickBooks;"
        " the hub tries again with each scheduled run."
    ),
    ConnectionState.CONFIGURATION: (
        "Intuit does not accept the keys of the hub's app. Set HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET to"
        " those of your app on developer.intuit.com and restart the hub."
    ),
}
# What the case of each state says: its title, what solves it, and what to do.
CASES = {
    ConnectionState.INTERRUPTED: (
        "QuickBooks does not accept the connection to {name}",
        "connection",
        "Wait: this closes by itself with the first call that QuickBooks accepts. If it stays, press Reconnect.",
    ),
    ConnectionState.RECONNECT: (
        "Reconnect {name} to QuickBooks",
        "reconnect",
        "Press Reconnect and sign in to the same company.",
    ),
    ConnectionState.SUBSCRIPTION: (
        "The QuickBooks subscription of {name} has ended",
        "connection",
        "Renew the subscription at QuickBooks; this closes by itself with the next document that is accepted.",
    ),
    ConnectionState.CONFIGURATION: (
        "Intuit does not accept the keys of the hub's app",
        "connection",
        "Set HUB_QBO_CLIENT_ID and HUB_QBO_CLIENT_SECRET to the keys of your app on developer.intuit.com, and restart"
        " the hub.",
    ),
}


def state_of(answer: Answer) -> ConnectionState:
    """Return what an answer that refuses the connection means."""
    codes = {fault.code for fault in answer.faults}
    if codes & NO_ACCESS:
        return ConnectionState.RECONNECT
    if codes & NO_SUBSCRIPTION:
        return ConnectionState.SUBSCRIPTION
    return ConnectionState.INTERRUPTED


def trouble(company: Company, *, writes: bool) -> ConnectionTrouble | None:
    """Return why a call may not be made now, or None if it may."""
    if not is_refused(company) or not (writes or company.refuses_reads):
        return None
    now = hub_context.current().clock.now()
    if company.next_try_at is not None:
        left = company.next_try_at - now
        if left <= dt.timedelta(0) or left > LONGEST_PAUSE:  # the clock may have been set back
            return None
        return ConnectionTrouble(_sentence(company), left.total_seconds())
    if company.state == ConnectionState.RECONNECT:
        return ReconnectNeeded(company.name or company.realm, company.why)
    return ConnectionTrouble(_sentence(company))


def is_refused(company: Company) -> bool:
    """Tell whether QuickBooks or Intuit refuse the connection."""
    return company.state not in (ConnectionState.CONNECTED, ConnectionState.DISCONNECTED)


def is_company_refused(company_id: int) -> bool:
    """Tell whether QuickBooks or Intuit refuse the connection of a company."""
    return is_refused(_company(company_id))


def short_pause(company_id: int) -> float | None:
    """Return the seconds until the next try, if a run may wait for it."""
    company = _company(company_id)
    if company.state != ConnectionState.INTERRUPTED or company.next_try_at is None:
        return None
    left = (company.next_try_at - hub_context.current().clock.now()).total_seconds()
    return max(0.0, left) if left <= SHORT_PAUSE_SECONDS else None


def refuse_call(company_id: int, answer: Answer, *, writes: bool) -> ConnectionTrouble | None:
    """Note that QuickBooks refused a call; return the error that stops the next one until it is tried again."""
    state = state_of(answer)
    why = answer.text if state == ConnectionState.RECONNECT else quoted(answer.faults)
    return refuse(company_id, state, why, writes=writes)


def refuse(
    company_id: int, state: ConnectionState, why: str, *, writes: bool = False
) -> ConnectionTrouble | None:
    """Note that a connection was refused; return the error that stops the next call until it is tried again."""
    now = hub_context.current().clock.now()
    with engine.transaction() as session:
        company = session.get(Company, company_id, with_for_update=True)
        if company is None or company.state == ConnectionState.DISCONNECTED:
            return None
        since = company.refused_since if is_refused(company) else None
        company.refused_since = since or now
        if state == ConnectionState.INTERRUPTED:
            _pause(company, now)
        else:
            company.next_try_at = None
        company.state = state
        sentence = "" if state == ConnectionState.RECONNECT else _sentence(company)
        company.why = f"{sentence} {why}".strip()
        company.refuses_writes = company.refuses_writes or writes
        company.refuses_reads = company.refuses_reads or not (
            writes and state in (ConnectionState.INTERRUPTED, ConnectionState.SUBSCRIPTION)
        )
        _keep_case(session, company, now)
    return trouble(company, writes=True)


def accept(company_id: int, *, writes: bool) -> bool:
    """Note that a call was accepted; return whether others may still be refused.

    After a refused write only an accepted write shows that the connection works again.
    """
    with engine.transaction() as session:
        company = session.get(Company, company_id, with_for_update=True)
        if company is None or not is_refused(company):
            return False
        if company.refuses_writes and not writes:
            company.refuses_reads = False
            return True
        repair(session, company)
        return False


def repair(session: Session, company: Company, who: str = "hub") -> None:
    """Note that the connection works, and close its case."""
    company.state, company.why = ConnectionState.CONNECTED, ""
    clear(session, company, who)


def clear(session: Session, company: Company, who: str) -> None:
    """Forget what was refused, and close the case of it."""
    company.refused_since, company.next_try_at, company.refusals = None, None, 0
    company.refuses_reads = company.refuses_writes = False
    inbox.close(session, _cause(company.id), by=who)


def allow_try(company_id: int) -> Company:
    """Let the next call of a refused connection through; return the company as it is now."""
    company = _company(company_id)
    if not is_refused(company):
        return company
    with engine.transaction() as session:
        company = session.get_one(Company, company_id, with_for_update=True)
        if is_refused(company):
            company.next_try_at = hub_context.current().clock.now()
        return company


def end_try(company_id: int) -> None:
    """Stop further calls after a try that brought no answer."""
    now = hub_context.current().clock.now()
    with engine.transaction() as session:
        company = session.get_one(Company, company_id, with_for_update=True)
        if company.state == ConnectionState.INTERRUPTED:
            _pause(company, now)
        elif is_refused(company):
            company.next_try_at = None


def _pause(company: Company, now: dt.datetime) -> None:
    """Pause for twice as long as before; of calls that were under way together the first one counts."""
    if company.state == ConnectionState.INTERRUPTED and company.next_try_at is not None:
        is_over = company.next_try_at <= now or company.next_try_at > now + LONGEST_PAUSE
        if not is_over:
            return
    company.refusals += 1
    longest = LONGEST_PAUSE // FIRST_PAUSE
    company.next_try_at = now + FIRST_PAUSE * min(2 ** min(company.refusals - 1, 30), longest)


def _keep_case(session: Session, company: Company, now: dt.datetime) -> None:
    """Open the case of a refused connection, or change what it says; a short interruption needs none."""
    cause = _cause(company.id)
    waits = company.state == ConnectionState.INTERRUPTED
    is_new = company.refused_since is None or now - company.refused_since < CASE_AFTER
    if waits and is_new and cause not in inbox.open_causes(session, cause):
        return
    title, act, do = CASES[ConnectionState(company.state)]
    name = company.name or company.realm
    inbox.open(
        session,
        cause,
        title=title.format(name=name),
        reason=company.why,
        act=act,
        do=do,
        company_id=company.id,
    )


def _sentence(company: Company) -> str:
    name = company.name or company.realm
    return SENTENCES[ConnectionState(company.state)].format(name=name)


def _cause(company_id: int) -> str:
    return f"connection:{company_id}"


def _company(company_id: int) -> Company:
    with engine.reading() as session:
        return session.get_one(Company, company_id)
