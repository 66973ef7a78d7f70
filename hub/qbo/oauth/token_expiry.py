"""Keep idle connections alive, and warn before Intuit ends one."""

import datetime as dt

from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.context import current_hub
from hub.db import engine
from hub.models import ConnectedCompany, Token
from hub.qbo import connection
from hub.qbo.oauth import tokens
from hub.reasons.texts import CaseText

NOTICE_PERIOD = dt.timedelta(days=30)


def keep_alive(company_id: int) -> None:
    """Renew the tokens of a company if they are about to expire; warn of the connection's end."""
    tokens.get_access_token(company_id)
    with engine.transaction() as session:
        give_notice(session, company_id)


def give_notice(session: Session, company_id: int) -> None:
    """Open a case 30 days before the connection ends; close it once the end has moved."""
    company = session.get_one(ConnectedCompany, company_id)
    token = session.get_one(Token, company_id)
    cause = connection.build_end_cause(company_id)
    now = current_hub().clock.now()
    end = get_connection_end(company, token)
    if end is None or end - now > NOTICE_PERIOD:
        inbox.close(session, cause)
        return

    name = company.display_name
    text = CaseText("connection.ends", company=name, date=f"{end:%Y-%m-%d}")
    if not inbox.is_dismissed(session, cause, text):
        inbox.open(session, cause, text, company_id=company_id)


def withdraw_notice(session: Session, company_id: int) -> None:
    """Close the case about the end of a connection that has ended already."""
    inbox.close(session, connection.build_end_cause(company_id))


def get_connection_end(company: ConnectedCompany, token: Token) -> dt.datetime | None:
    """Return when the connection ends unless a person reconnects.

    None if Intuit has not said, or if the connection has ended before.
    """
    if company.has_ended:
        return None
    stated_ends = (token.refresh_expires_at, token.ends_at)
    moments = [moment for moment in stated_ends if moment]
    return min(moments, default=None)


def count_days_left(company: ConnectedCompany, token: Token | None) -> int | None:
    """Return the days until a person must reconnect; None if the end is not known or past."""
    end = get_connection_end(company, token) if token else None
    if end is None:
        return None
    time_left = end - current_hub().clock.now()
    return time_left.days
