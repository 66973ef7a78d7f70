"""The times at which a person is mailed about an app or a company: at once, daily, or never."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.models import CompanyNotification, NotificationChoice

NOW, DAILY, OFF = "now", "daily", "off"
TIMINGS = (NOW, DAILY, OFF)
INHERITED = ""  # no own choice: an app follows its company, a company follows everything


class Timings:
    """The choices of all people; without one a person is mailed at once."""

    def __init__(
        self,
        choices: Mapping[tuple[int, int | None], str],
        company_choices: Mapping[tuple[int, int], str],
    ) -> None:
        """Take the timings by person and installation, and by person and company.

        The timing of no installation is that of everything.
        """
        self._choices = choices
        self._company_choices = company_choices

    def of(self, user_id: int, installation_id: int | None, company_id: int | None = None) -> str:
        """Return when a person is mailed about an app of a company, a company, or the hub."""
        return (
            self.chosen_for_app(user_id, installation_id)
            or self.chosen_for_company(user_id, company_id)
            or self._choices.get((user_id, None), NOW)
        )

    def chosen_for_app(self, user_id: int, installation_id: int | None) -> str:
        """Return the person's own choice for an app, or INHERITED."""
        if installation_id is None:
            return INHERITED
        return self._choices.get((user_id, installation_id), INHERITED)

    def chosen_for_company(self, user_id: int, company_id: int | None) -> str:
        """Return the person's own choice for a company, or INHERITED."""
        if company_id is None:
            return INHERITED
        return self._company_choices.get((user_id, company_id), INHERITED)


def load(session: Session, user_id: int | None = None) -> Timings:
    """Return the choices of all people, or of one."""
    query = select(NotificationChoice)
    company_query = select(CompanyNotification)
    if user_id is not None:
        query = query.where(NotificationChoice.user_id == user_id)
        company_query = company_query.where(CompanyNotification.user_id == user_id)
    choices, company_choices = {}, {}
    for row in session.scalars(query):
        choices[row.user_id, row.installation_id] = row.timing
    for choice in session.scalars(company_query):
        company_choices[choice.user_id, choice.company_id] = choice.timing
    return Timings(choices, company_choices)


def store(session: Session, user_id: int, timings: Mapping[int | None, str]) -> None:
    """Store when a person is mailed about these apps; None stands for everything."""
    for installation_id, timing in timings.items():
        is_same = NotificationChoice.installation_id.is_not_distinct_from(installation_id)
        session.execute(
            delete(NotificationChoice).where(NotificationChoice.user_id == user_id, is_same)
        )
        if timing != INHERITED:
            session.add(
                NotificationChoice(user_id=user_id, installation_id=installation_id, timing=timing)
            )


def store_for_companies(session: Session, user_id: int, timings: Mapping[int, str]) -> None:
    """Store when a person is mailed about these companies and the apps that follow them."""
    for company_id, timing in timings.items():
        is_same = CompanyNotification.company_id == company_id
        session.execute(
            delete(CompanyNotification).where(CompanyNotification.user_id == user_id, is_same)
        )
        if timing != INHERITED:
            session.add(CompanyNotification(user_id=user_id, company_id=company_id, timing=timing))
