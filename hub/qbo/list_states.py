"""The states of the lists of a company, each a row that one transaction at a time changes."""

import datetime as dt

from sqlalchemy.orm import Session

from hub.db.engine import insert
from hub.models import ListState

NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def lock_state(session: Session, company_id: int, name: str) -> ListState:
    """Return the state of a list, locked until this transaction ends.

    Without the lock, two transactions could store the same record, or count two changes as one. A
    list that was never read gets a state, too.
    """
    key = company_id, name
    values = {"company_id": company_id, "list": name, "read_at": NEVER, "version": 0}
    statement = insert(session, ListState).values(values).on_conflict_do_nothing()
    session.execute(statement)
    return session.get_one(ListState, key, with_for_update=True)
