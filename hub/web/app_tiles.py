"""The state of every app for the marketplace: not enabled, enabled, or needs attention."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.contract.types import App
from hub.models import Access, Case, Company, Installation
from hub.models.enums import InstallationMode


@dataclass(frozen=True)
class Place:
    """An app at one company: its installation if enabled, its open cases, and its access."""

    company: Company
    installation: Installation | None
    cases: int = 0
    access: str = "open"  # open, optional, needed, asked or granted
    gated: bool = True

    @property
    def state(self) -> tuple[str, str]:
        """Return the word on the badge and its tone."""
        if self.installation is None or not self.installation.enabled:
            word = {"needed": "Access needed", "asked": "Access asked for"}.get(
                self.access, "Available"
            )
            return (
                ("Disabled", "calm")
                if self.installation
                else (word, "look" if word != "Available" else "calm")
            )
        if self.cases or self.company.state != "connected":
            return "Needs attention", "bad"
        return (
            f"Enabled · {self.installation.mode}",
            "calm" if self.installation.mode == InstallationMode.PAUSED else "good",
        )

    @property
    def may_open(self) -> bool:
        """Tell whether the app may be configured here."""
        return not self.gated or self.access in ("open", "granted")


@dataclass(frozen=True)
class Tile:
    """An app and where it stands at each company."""

    app: App
    places: tuple[Place, ...]


def tiles(session: Session, apps: Sequence[App]) -> list[Tile]:
    """Return one tile for each app, in the order of the plugins."""
    companies = list(session.scalars(select(Company).order_by(Company.name, Company.id)))
    installed = {(one.slug, one.company_id): one for one in session.scalars(select(Installation))}
    granted = {(one.slug, one.company_id): one for one in session.scalars(select(Access))}
    troubles = _troubles(session)
    return [
        Tile(
            app, tuple(_place(app, company, installed, granted, troubles) for company in companies)
        )
        for app in apps
    ]


def _place(
    app: App,
    company: Company,
    installed: dict[tuple[str, int], Installation],
    granted: dict[tuple[str, int], Access],
    troubles: dict[int, int],
) -> Place:
    """Return the state of an app in one company."""
    installation = installed.get((app.slug, company.id))
    row = granted.get((app.slug, company.id))
    cases = troubles.get(installation.id, 0) if installation else 0
    return Place(company, installation, cases, _access(app, row), app.access_gate)


def _access(app: App, row: Access | None) -> str:
    """Return the state of the access to an app: not needed, requested or granted."""
    if not app.access:
        return "open"
    if row is None:
        return "needed" if app.access_gate else "optional"
    return "granted" if row.granted_at else "asked"


def _troubles(session: Session) -> dict[int, int]:
    """Count the open cases of each installation."""
    counted = (
        select(Case.installation_id, func.count())
        .where(Case.closed_at.is_(None))
        .group_by(Case.installation_id)
    )
    counts: dict[int, int] = defaultdict(int)
    for installation_id, count in session.execute(counted):
        if installation_id is not None:
            counts[installation_id] = count
    return counts
