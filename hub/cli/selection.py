"""The companies and enabled apps that a command works on, among those that its person may see."""

from typing import TYPE_CHECKING

from hub.cli import person

if TYPE_CHECKING:
    from hub.errors import HubError, Refused
    from hub.models import ConnectedCompany, Installation

MAX_ROW_ID = 2**31 - 1  # in either database


def find_company(realm: str | None) -> "ConnectedCompany":
    """Return the company of this realm; without a realm, the only company."""
    from hub.errors import Refused

    matching = find_companies(realm)
    if len(matching) > 1:
        realms = ", ".join(row.realm for row in matching)
        raise Refused(f"There are several companies; say which by --realm: {realms}.")
    return matching[0]


def find_companies(realm: str | None) -> "list[ConnectedCompany]":
    """Return the company of this realm as a list; without a realm, all that the person sees."""
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.errors import NotFound, Refused
    from hub.models import ConnectedCompany

    with read_only_session() as session:
        visible = select(ConnectedCompany).where(*person.visible_rows("viewer").companies())
        companies = list(session.scalars(visible.order_by(ConnectedCompany.id)))
    if not companies:
        raise Refused(
            "No QuickBooks company is connected yet; connect one on the page or with"
            " `hub companies add`."
        )
    matching = [row for row in companies if realm in (None, row.realm)]
    if not matching:
        raise NotFound("company", str(realm), [row.realm for row in companies])
    return matching


def find_stored_app(realm: str | None, slug: str) -> "Installation":
    """Return an app that is, or was, enabled for the company of this realm, or the only one."""
    from hub.installations import installation_rows

    company = find_company(realm)
    row = installation_rows.find_installation(company.id, slug)
    if row is None:
        raise _build_not_enabled_error(slug, "viewer", company)
    return row


def get_app_name(slug: str) -> str:
    """Return the name of an app, or its slug if its plugin is not installed."""
    from hub.context import current_hub

    app = current_hub().plugins.apps.get(slug)
    return app.name if app else slug


def find_installations(slug: str | None, realm: str | None, role: str) -> "list[Installation]":
    """Return the enabled apps to run, for which the person has a role.

    Raise an error with the reason if there are none, or all are paused.
    """
    from sqlalchemy import select

    from hub.db.engine import read_only_session
    from hub.errors import NotNow
    from hub.models import Installation

    query = select(Installation).where(
        Installation.enabled, *person.visible_rows(role).installations()
    )
    company = None if realm is None else find_company(realm)
    if company is not None:
        query = query.where(Installation.company_id == company.id)
    with read_only_session() as session:
        installations = list(session.scalars(query.order_by(Installation.id)))
    if slug is not None:
        of_app = [row for row in installations if row.slug == slug]
        if not of_app:
            raise _build_not_enabled_error(slug, role, company)
        return of_app
    if not installations:
        raise _build_nothing_enabled_error(role)
    running = [row for row in installations if row.is_active]
    if not running:
        raise NotNow(
            "Every enabled app is paused; `hub apps set SLUG --mode auto` lets one run again."
        )
    return running


def _build_not_enabled_error(
    slug: str, role: str, company: "ConnectedCompany | None"
) -> "HubError":
    """Return the error that an app is not enabled for a company, or for any, with the next step.

    A person without the role for the app does not learn whether it is enabled.
    """
    from hub.context import current_hub
    from hub.contract.app_lookup import find_error
    from hub.errors import Refused
    from hub.security.rights import Subject

    plugins = current_hub().plugins
    if slug not in plugins.apps:
        return find_error(plugins, slug)
    subject = Subject(company.id if company else None, slug)
    place = company.display_name if company else "any company"
    if person.name() and not person.load_rights().may(role, subject):
        return person.refusal(role, f"{slug} in {place}")
    option = f" --realm {company.realm}" if company else ""
    return Refused(
        f"{get_app_name(slug)} is not enabled for {place};"
        f" `hub apps enable {slug}{option}` enables it."
    )


def _build_nothing_enabled_error(role: str) -> "Refused":
    """Return the error about no enabled app, or none for which the person has a role."""
    from hub.errors import Refused

    if person.name():
        return person.refusal(role, "an enabled app")
    return Refused(
        "No app is enabled yet; `hub apps list` shows them, `hub apps enable SLUG` sets one up."
    )
