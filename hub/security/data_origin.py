"""Which command made a data folder and a database, and whether the hub works with them."""

from pathlib import Path

from sqlalchemy import create_engine, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.crypto.keys import ORIGIN_FILE
from hub.db.engine import address_without_password, read_only_session, transaction
from hub.errors import ConfigurationError, HubError
from hub.models import AuditEntry, DatabaseOrigin, User
from hub.models.origin import OLDEST_WORKING

INIT, DEMO = "hub init", "hub demo"
ONLY_ROW_ID = 1  # the id of the only row
DEMO_PERSON = "demo"


class DatabaseMoved(HubError):
    """The hub moved to another database; this one is sealed."""

    def __init__(self, database: str, address: str) -> None:
        super().__init__(
            "The hub has moved to %(address)s, and its old database %(database)s is sealed. Set"
            " HUB_DATABASE_URL to the new address. If the hub is to work here again, stop it there"
            " and run `hub unseal`.",
            address=address,
            database=database,
        )


class UnfinishedCopy(HubError):
    """The copying of rows into this database was interrupted."""

    def __init__(self, database: str, source: str) -> None:
        super().__init__(
            "The database %(database)s is an unfinished copy of %(source)s. Run the command that"
            " copies it, `hub move` or `hub restore`, again until it says that all rows are there.",
            database=database,
            source=source,
        )


def mark_folder(folder: Path, command: str) -> None:
    """Note in a data folder which command made it; an earlier note stays."""
    file = folder / ORIGIN_FILE
    if not file.exists():
        file.write_text(f"{command}\n", encoding="utf-8")


def mark_database(command: str) -> None:
    """Record which command made the database, and which versions of the hub work with its tables.

    Raise ConfigurationError if another command made it.
    """
    with transaction() as session:
        origin = session.get(DatabaseOrigin, ONLY_ROW_ID)
        if origin is None:
            now = current_hub().clock.now()
            origin = DatabaseOrigin(id=ONLY_ROW_ID, made_by=command, made_at=now)
            session.add(origin)
        elif origin.made_by != command:
            raise ConfigurationError(
                "HUB_DATA",
                f"leads to a database that `{origin.made_by}` made;"
                f" `{command}` needs one of its own",
            )
        origin.oldest_revision = OLDEST_WORKING


def require_current() -> None:
    """Raise DatabaseMoved if the hub moved away, UnfinishedCopy if rows are still missing."""
    with read_only_session() as session:
        origin = read(session)
        if origin is None:
            return
        database = address_without_password(session.get_bind().engine.url)
        if origin.moved_to:
            raise DatabaseMoved(database, origin.moved_to)
        if origin.copied_from:
            raise UnfinishedCopy(database, origin.copied_from)


def read(session: Session) -> DatabaseOrigin | None:
    """Return the record of a database; None if it has none, as before revision 0024."""
    inspector = inspect(session.connection())
    table = DatabaseOrigin.__tablename__
    if not inspector.has_table(table):
        return None
    names = {column["name"] for column in inspector.get_columns(table)}
    return session.get(DatabaseOrigin, ONLY_ROW_ID) if "moved_to" in names else None


def find_or_add_record(session: Session) -> DatabaseOrigin:
    """Return the record of a database of `hub init`; add it if it is missing."""
    origin = session.get(DatabaseOrigin, ONLY_ROW_ID)
    if origin is None:
        origin = DatabaseOrigin(id=ONLY_ROW_ID, made_by=INIT, made_at=current_hub().clock.now())
        session.add(origin)
    return origin


def require_no_demo() -> None:
    """Raise ConfigurationError if the data folder or the database belongs to a demo."""
    config = current_hub().config
    require_no_demo_folder(config.data)
    with read_only_session() as session:
        if is_demo(session):
            raise ConfigurationError(
                "HUB_DATABASE_URL",
                "names the database of a demo, which anybody who read its password may enter;"
                " choose another one, or another HUB_DATA, and run `hub init`",
            )


def require_no_demo_folder(folder: Path) -> None:
    """Raise ConfigurationError if `hub demo` made a data folder."""
    if _read_command(folder) == DEMO:
        raise ConfigurationError(
            "HUB_DATA",
            f"names {folder}, which `hub demo` or `hub dev` made. To run an app there, press Run"
            " now on its page; for a hub of your own, choose another folder and run `hub init`",
        )


def require_demo_folder(folder: Path) -> None:
    """Raise ConfigurationError unless a folder is empty or a demo's."""
    made_by = _read_command(folder)
    if made_by == DEMO:
        return
    if made_by is None and (_is_empty(folder) or _is_unmarked_demo(folder)):
        return
    origin = "`hub init` made" if made_by == INIT else "is neither empty nor a demo's"
    raise ConfigurationError(
        "HUB_DATA", f"names {folder}, which {origin}; unset it, or name a new folder for the demo"
    )


def is_demo(session: Session) -> bool:
    """Return whether `hub demo` made the database.

    A database without a record of it is a demo's if its first person is.
    """
    if inspect(session.connection()).has_table(DatabaseOrigin.__tablename__):
        query = select(DatabaseOrigin.made_by).where(DatabaseOrigin.id == ONLY_ROW_ID)
        made_by = session.scalar(query)
        if made_by is not None:
            return made_by == DEMO
    first_person = session.scalar(select(User.username).order_by(User.id).limit(1))
    if first_person != DEMO_PERSON:
        return False
    added_by_demo = select(AuditEntry.id).where(
        AuditEntry.who == DEMO_PERSON,
        AuditEntry.what == "person added",
        AuditEntry.subject == DEMO_PERSON,
    )
    return session.scalar(added_by_demo.limit(1)) is not None


def _read_command(folder: Path) -> str | None:
    """Return the command that made a folder; None if it has no note of it."""
    file = folder / ORIGIN_FILE
    if not file.exists():
        return None
    return file.read_text(encoding="utf-8").strip()


def _is_empty(folder: Path) -> bool:
    """Return whether a folder has no data; the demo's lock does not count."""
    if not folder.exists():
        return True
    return all(path.name == "demo.lock" for path in folder.iterdir())


def _is_unmarked_demo(folder: Path) -> bool:
    """Return whether a version without notes made the folder for a demo."""
    database = folder / "hub.db"
    if not database.exists():
        return False
    engine = create_engine(f"sqlite:///{database}")
    try:
        with Session(engine) as session:
            return is_demo(session)
    except DBAPIError:  # no database of a hub
        return False
    finally:
        engine.dispose()
