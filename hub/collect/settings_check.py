"""Stop a collect if what it reads by changed: settings, matches, columns of files, cursors."""

from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from hub.contract.types import App
from hub.db import engine
from hub.errors import Retry
from hub.models import Installation, Match, StoredFile
from hub.outbox.setting_locks import lock_to_plan
from hub.sources.match_scope import build_shared_columns

# The columns by which documents are read and planned.
SETTINGS_COLUMNS = ("settings", "start_date", "zone", "mode", "enabled", "tenant")


class SettingsChanged(Retry):
    """The settings of an app were changed while its documents were read."""

    def __init__(self, app: str) -> None:
        super().__init__(
            "The settings of %(app)s were changed while its documents were read. A sync with the"
            " new ones follows.",
            after=0,
            app=app,
        )


class MatchRemoved(Retry):
    """A match of a code of an app was removed while its documents were read."""

    def __init__(self, app: str) -> None:
        super().__init__(
            "A match of %(app)s was removed while its documents were read. A sync without it"
            " follows.",
            after=0,
            app=app,
        )


class ColumnsChanged(Retry):
    """The columns of a file of an app were chosen otherwise while its documents were read."""

    def __init__(self, app: str) -> None:
        super().__init__(
            "The columns of a file of %(app)s were changed while its documents were read. A sync"
            " with the new ones follows.",
            after=0,
            app=app,
        )


class ReadingStartedOver(Retry):
    """A person let everything be read again while documents were read."""

    def __init__(self, app: str) -> None:
        super().__init__(
            "%(app)s is to be read from the beginning, as a person asked while its documents were"
            " read. A sync that does so follows.",
            after=0,
            app=app,
        )


def wait_for_changes(installation_id: int) -> None:
    """Wait until the changes of settings and matches that people have begun are stored.

    A match has the time of its decision, which is a little earlier than it can be seen. Take the
    time of a plan before waiting: every match that the plan lacks is then later.
    """
    with engine.transaction() as session:
        lock_to_plan(session, installation_id)


def lock_installation(
    session: Session, app: str, before: Installation, match_count: int
) -> Installation:
    """Return the installation of a collect; its settings stay until the transaction ends.

    Raise SettingsChanged if its settings are not those of the collect, and MatchRemoved if it has
    fewer matches. Otherwise documents would be planned by the old ones after the change, and the
    cursors that a new start date removed would be stored again. Matches that were changed or added
    need no error: their times show which plans are outdated.
    """
    installation = lock_to_plan(session, before.id)
    for name in SETTINGS_COLUMNS:
        if getattr(before, name) != getattr(installation, name):
            raise SettingsChanged(app)
    if count_matches(session, installation) < match_count:
        raise MatchRemoved(app)
    return installation


def count_matches(session: Session, installation: Installation) -> int:
    """Return how many codes of an app, and of those that share its matches, are matched."""
    conditions = build_match_conditions(installation)
    return session.scalar(select(func.count()).select_from(Match).where(*conditions)) or 0


class AcceptedFiles(NamedTuple):
    """The number of accepted files of an app, and the position of the newest one.

    A file whose columns are chosen otherwise gets a new position.
    """

    total: int = 0
    newest_position: int = 0


def load_accepted_files(
    session: Session, app: App, installation: Installation, before: AcceptedFiles
) -> AcceptedFiles:
    """Return the accepted files of an app; none if it receives no files.

    Raise ColumnsChanged if one that it had `before` has another position now. It may have other
    documents, and those of its former columns, which are being read, would be posted beside them.
    """
    if app.files is None:
        return before
    position = StoredFile.position
    query = select(
        func.count(position),
        func.max(position),
        func.count(case((position <= before.newest_position, position))),
    )
    of_app = query.where(StoredFile.installation_id == installation.id)
    total, newest_position, remaining_total = session.execute(of_app).one()
    if remaining_total < before.total:
        raise ColumnsChanged(app.name)
    return AcceptedFiles(total, newest_position or 0)


def build_match_conditions(installation: Installation) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the matches of an app; the apps of a plugin share theirs."""
    columns = build_shared_columns(installation)
    return tuple(getattr(Match, name) == value for name, value in columns.items())
