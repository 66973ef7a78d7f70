"""Let a hub that has moved work with its old database again.

The new database is sealed first, so that at most one of the two lets the hub work.
"""

from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.db.engine import address_without_password
from hub.models import DatabaseOrigin
from hub.security import audit, data_origin
from hub.security.data_origin import DatabaseMoved
from hub.transfer import restore_rule
from hub.transfer.exclusive import open_exclusively


def find_new_address() -> str | None:
    """Return the address that the hub has moved to; None if its database is not sealed."""
    with engine.read_only_session() as session:
        origin = data_origin.read(session)
        return origin.moved_to if origin else None


def seal_new_database(address: str) -> None:
    """Seal the database to which the hub has moved; it names the old one as the current one.

    Raise HubAtWork if a process of the hub uses it, DatabaseMoved if the hub has moved on from
    there, and another HubError if it cannot be opened.
    """
    old = address_without_password(engine.db.engine.url)
    with open_exclusively(address) as connection:
        with Session(connection) as session:
            record = data_origin.find_or_add_record(session)
            if record.moved_to not in (None, old):
                raise DatabaseMoved(address, record.moved_to)
            if record.copied_from is None:  # an unfinished copy lets no hub work in any case
                record.moved_to = old
                record.moved_at = record.moved_at or current_hub().clock.now()
            session.flush()
        connection.commit()


def unseal(who: str, moved_to: str) -> None:
    """Let the hub work with its old database again, after it had moved to an address.

    Documents that were posted from there are searched in QuickBooks before anything is sent.
    """
    restore_rule.apply(who)
    with engine.transaction() as session:
        record = session.get_one(DatabaseOrigin, data_origin.ONLY_ROW_ID)
        record.moved_to = record.moved_at = None
        audit.record(session, who, "database unsealed", moved_to)
