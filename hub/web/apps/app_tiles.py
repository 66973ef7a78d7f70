"""The state of every app for the marketplace: not enabled, enabled, or needs attention."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub.cases import inbox
from hub.contract.types import App
from hub.models import Access, Case, ConnectedCompany, Installation
from hub.models.enums import ConnectionState, InstallationMode
from hub.security.rights import Rights, Subject
from hub.translations import reasons
from hub.translations.messages import gettext, gettext_noop
from hub.web.frame import viewer
from hub.web.frame.state_labels import MODE_LABELS

Row = TypeVar("Row", Installation, Access)
ACCESS_BADGES = {
    "needed": (gettext_noop("Access needed"), "look"),
    "asked": (gettext_noop("Access requested"), "look"),
}


@dataclass(frozen=True)
class AppAtCompany:
    """An app at one company: its installation if enabled, its open cases, and its access."""

    company: ConnectedCompany
    installation: Installation | None
    cases: int = 0
    access: str = "open"  # open, optional, needed, asked or granted
    is_gated: bool = True  # only granted access lets the app be configured
    newest_case: str = ""  # its title

    @property
    def reason(self) -> str:
        """Explain why the app needs attention here; "" if it does not."""
        if self.installation is None or not self.installation.enabled:
            return ""
        if self.company.is_disconnected:
            return gettext(
                "%(company)s is disconnected, so nothing is read or posted.",
                company=self.company.display_name,
            )
        if self.company.state != ConnectionState.CONNECTED:
            if self.company.state_reason:
                return reasons.translate_sentence(self.company.state_reason)
            name = self.company.display_name
            return gettext("%(name)s is not connected.", name=name)
        if self.installation.failure:
            return reasons.translate_sentence(self.installation.failure)
        return self.newest_case

    @property
    def state(self) -> tuple[str, str]:
        """Return the word on the badge and its tone."""
        if self.installation is None:
            return ACCESS_BADGES.get(self.access, (gettext_noop("Available"), "calm"))
        if not self.installation.enabled:
            return gettext("Disabled"), "calm"
        if self.company.is_disconnected:
            return gettext("Disconnected"), "calm"
        if self.cases or self.company.state != ConnectionState.CONNECTED:
            return gettext("Needs attention"), "bad"
        is_paused = self.installation.mode == InstallationMode.PAUSED
        mode = gettext(MODE_LABELS[self.installation.mode][0]).lower()
        return gettext("Enabled · %(mode)s", mode=mode), "calm" if is_paused else "good"

    @property
    def rank(self) -> int:
        """Return the place in a list: what needs attention, what is enabled, and the rest."""
        if self.installation is None:
            return 2
        return 0 if self.reason and not self.company.is_disconnected else 1

    @property
    def may_open(self) -> bool:
        """Return whether the app may be configured here."""
        if not self.is_gated:
            return True
        return self.access in ("open", "granted")


@dataclass(frozen=True)
class Tile:
    """An app and its state at each company."""

    app: App
    places: tuple[AppAtCompany, ...]


def build_tiles(
    session: Session, apps: Sequence[App], rights: Rights, companies: Sequence[ConnectedCompany]
) -> list[Tile]:
    """Return one tile for each app, in the order of the plugins.

    It has those of the companies for which the person may see the app.
    """
    company_ids = [company.id for company in companies]
    installations = _group_by_app_and_company(session, Installation, company_ids)
    requests = _group_by_app_and_company(session, Access, company_ids)
    installation_ids = [row.id for row in installations.values()]
    case_counts = _count_cases(session, installation_ids)
    newest_cases = _load_newest_cases(session, installation_ids)
    app_tiles = []
    for app in apps:
        places = []
        for company in companies:
            if not rights.role(Subject(company.id, app.slug)):
                continue
            installation = installations.get((app.slug, company.id))
            access = _get_access_state(app, requests.get((app.slug, company.id)))
            installation_id = installation.id if installation else 0
            places.append(
                AppAtCompany(
                    company=company,
                    installation=installation,
                    cases=case_counts[installation_id],
                    access=access,
                    is_gated=app.access_gate,
                    newest_case=newest_cases.get(installation_id, ""),
                )
            )
        app_tiles.append(Tile(app, tuple(places)))
    return app_tiles


def _group_by_app_and_company(
    session: Session, model: type[Row], company_ids: Collection[int]
) -> dict[tuple[str, int], Row]:
    """Return the rows of some companies by the slug of their app and the id of their company."""
    rows = session.scalars(select(model).where(model.company_id.in_(company_ids)))
    return {(row.slug, row.company_id): row for row in rows}


def _get_access_state(app: App, row: Access | None) -> str:
    """Return the state of the access to an app: not needed, requested or granted."""
    if not app.access:
        return "open"
    if row is None:
        return "needed" if app.access_gate else "optional"
    return "granted" if row.granted_at else "asked"


def _build_listed_conditions(installation_ids: Collection[int]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the open cases of some installations that the inbox lists."""
    is_of_apps = Case.installation_id.in_(installation_ids)
    return Case.closed_at.is_(None), inbox.is_awake(), is_of_apps


def _load_newest_cases(session: Session, installation_ids: Collection[int]) -> dict[int, str]:
    """Return the title of the newest open case of each of some installations."""
    newest = (
        select(func.max(Case.id))
        .where(*_build_listed_conditions(installation_ids))
        .group_by(Case.installation_id)
    )
    titles = {}
    with viewer.translate_reasons():
        for case in session.scalars(select(Case).where(Case.id.in_(newest))):
            titles[case.installation_id or 0] = case.title
    return titles


def _count_cases(session: Session, installation_ids: Collection[int]) -> Counter[int]:
    """Count the open cases of each of some installations."""
    query = (
        select(Case.installation_id, func.count())
        .where(*_build_listed_conditions(installation_ids))
        .group_by(Case.installation_id)
    )
    counts: Counter[int] = Counter()
    for installation_id, count in session.execute(query):
        if installation_id is not None:
            counts[installation_id] = count
    return counts
