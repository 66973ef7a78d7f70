"""Find the installation of an app for a company, or build one that is not stored yet."""

from sqlalchemy import select

from hub.context import current_hub
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.errors import NotFound
from hub.models import ConnectedCompany, Installation
from hub.models.enums import InstallationMode


def find_installation(company_id: int, slug: str) -> Installation | None:
    """Return the installation of an app for a company, disabled or not; None if there is none."""
    query = select(Installation).where(
        Installation.company_id == company_id,
        Installation.slug == slug,
    )
    with read_only_session() as session:
        return session.scalars(query).one_or_none()


def require_installation(company_id: int, slug: str) -> Installation:
    """Return an app that is, or was, enabled for a company; raise NotFound if it never was."""
    row = find_installation(company_id, slug)
    if row:
        return row
    # The others of the company are not named: the person may have a role for this app alone.
    raise NotFound("enabled app", slug)


def build_installation(app: App, company_id: int, owner: str, zone: str = "UTC") -> Installation:
    """Return an installation that is not stored yet."""
    with read_only_session() as session:
        company = session.get_one(ConnectedCompany, company_id)
    return Installation(
        company_id=company_id,
        company=company,
        slug=app.slug,
        schedule=app.every,
        owner=owner,
        mode=InstallationMode.REVIEW,
        settings={},
        enabled=True,
        zone=zone,
        created_at=current_hub().clock.now(),
    )
