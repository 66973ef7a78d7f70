"""When a person is mailed about an app: at once, once a day, or never."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.models import NotificationChoice

NOW, DAILY, OFF = "now", "daily", "off"
TIMINGS = (NOW, DAILY, OFF)


class Timings:
    """The choices of all people; without one a person is mailed at once."""

    def __init__(self, choices: Mapping[tuple[int, int | None], str]) -> None:
        """Take the timings by person and installation; None stands for everything else."""
        self._choices = choices

    def of(self, user_id: int, installation_id: int | None) -> str:
        """Return when a person is mailed about an app, or about everything else."""
        usual = self._choices.get((user_id, None), NOW)
        return self._choices.get((user_id, installation_id), usual)


def load(session: Session, user_id: int | None = None) -> Timings:
    """Return the choices of all people, or of one."""
    query = select(NotificationChoice)
    if user_id is not None:
        query = query.where(NotificationChoice.user_id == user_id)
    choices = {}
    for row in session.scalars(query):
        choices[row.user_id, row.installation_id] = row.timing
    return Timings(choices)


def store(session: Session, user_id: int, timings: Mapping[int | None, str]) -> None:
    """Store when a person is mailed about these apps; None stands for everything else."""
    for installation_id, timing in timings.items():
        is_same = NotificationChoice.installation_id.is_not_distinct_from(installation_id)
        session.execute(
            delete(NotificationChoice).where(NotificationChoice.user_id == user_id, is_same)
        )
        session.add(
            NotificationChoice(user_id=user_id, installation_id=installation_id, timing=timing)
        )
