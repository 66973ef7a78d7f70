"""Connections that are used too seldom to stay alive, and those whose end no use can put off."""

import datetime as dt

from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.cases import inbox
from hub.db import engine
from hub.models import Company, Token
from hub.qbo.oauth import tokens

NOTICE = dt.timedelta(days=30)


def look_after(company_id: int) -> None:
    """Renews the tokens where it is time, so that an idle company stays connected, and gives notice of the end."""
    tokens.access_token(company_id)
    with engine.transaction() as session:
        give_notice(session, company_id)


def give_notice(session: Session, company_id: int) -> None:
    """A case from thirty days before the end on, which closes when the end has moved."""
    company, token = session.get_one(Company, company_id), session.get_one(Token, company_id)
    cause, name = f"connection:{company_id}:end", company.name or company.realm
    end = min(filter(None, (token.refresh_expires_at, token.ends_at)), default=None)
    if end is None or end - hub_context.current().clock.now() > NOTICE:
        inbox.close(session, cause)
        return
    reason = f"Intuit ends the connection to {name} on {end:%Y-%m-%d}, however much it is used until then."
    if not inbox.dismissed(session, cause, reason):
        inbox.open(
            session, cause, title=f"The connection to {name} ends soon", reason=reason, act="reconnect",
            do="Press Reconnect before that day and sign in to the same company; nothing is lost.",
            company_id=company_id,
        )  # fmt: skip
