"""Ask whether the access of an app leads to another account of its source than its own."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from hub.models import Case

# The code of the case about a source whose access leads to another account. It stays the code until
# a check finds the account of the app.
OTHER_ACCOUNT = "source.other_account"
_case = aliased(Case)  # built once: building an alias takes longer than most statements


def has_other_account(installation_id: Any) -> ColumnElement[bool]:
    """Return the condition that the last check of an app that was answered found another account.

    Until a check finds the account of the app, nothing but checks may call its source: nothing is
    read from the other account, and nothing is written into it.
    """
    return exists().where(
        _case.installation_id == installation_id,
        _case.closed_at.is_(None),
        _case.code == OTHER_ACCOUNT,
    )


def leads_to_other_account(session: Session, installation_id: int) -> bool:
    """Return whether the last check of an app that was answered found another account."""
    return session.scalar(select(has_other_account(installation_id))) or False
