"""Enable an app for a company, change its settings and disable it: what pages and API share."""

from collections.abc import Mapping
from typing import Any

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.contract.types import App
from hub.db.engine import read_only_session
from hub.installations import (
    act_log,
    approval_changes,
    enable,
    installation_rows,
    source_access,
)
from hub.models import ConnectedCompany, Installation, User
from hub.models.enums import RunKind
from hub.scheduling import run_log
from hub.security.rights import Subject, get_rights
from hub.web.authentication import refused_rights
from hub.web.authentication.access import may_here, person_name
from hub.web.frame.app_rights import is_personal, may_configure
from hub.web.frame.lookup import get_row_or_404


def find_or_prepare(app: App, company_id: int, zone: str) -> Installation:
    """Return the installation, or a new one that is not stored; raise if access is missing."""
    with read_only_session() as session:
        get_row_or_404(session, ConnectedCompany, company_id)
    row = installation_rows.find_installation(company_id, app.slug)
    if row is not None:
        return row
    source_access.check(app, company_id)
    return installation_rows.build_installation(app, company_id, owner="", zone=zone)


def check_right(row: Installation) -> None:
    """Abort with 403 if the person may not configure the app."""
    if may_configure(row):
        return
    editors = row.owner if is_personal(row) else f"{row.owner} or an owner of the hub"
    refused_rights.note(lambda: f"The app belongs to {row.owner}: only {editors} may change it.")
    abort(403)


def check_limit(app: App, row: Installation, values: Mapping[str, Any]) -> None:
    """Raise SettingsInvalid if the limit of one approval is raised and that takes an owner."""
    if not may_here("owner") and not is_personal(row):
        approval_changes.refuse_higher_limit(app, row, values)


def list_possible_owners(session: Session, row: Installation) -> list[str]:
    """Return the names of the people who may see the app, to whom it can be given."""
    subject = Subject(row.company_id, row.slug)
    users = session.scalars(select(User).where(User.active).order_by(User.username))
    return [str(user.username) for user in users if get_rights(user).role(subject)]


def hand_over(session: Session, row: Installation, name: str) -> None:
    """Give an app to the person of this name."""
    row.owner = name
    act_log.record_act(session, row, person_name(), "app handed over", to=name)


def save(
    row: Installation,
    values: Mapping[str, Any],
    mode: str | None,
    *,
    new_account: str | None = None,
) -> Installation:
    """Store the settings of an enabled app, or enable the app with them.

    The person becomes the owner of a new installation. Raise SettingsInvalid for values that do not
    fit, OtherTenant for those of another account than `new_account`, and whatever error the source
    returns.
    """
    options: dict[str, Any] = {"who": person_name(), "mode": mode, "new_account": new_account}
    if row.id and row.enabled:
        return enable.change(row.company_id, row.slug, values, **options)
    owner = None if row.id else person_name()
    return enable.enable(row.company_id, row.slug, values, owner=owner, **options)


def request_runs(before: Installation, after: Installation) -> None:
    """Request the runs that changed settings need; an app that cannot post needs none."""
    if not after.can_run:
        return
    has_lists = current_hub().plugins.has(after.slug, "hub_records")
    if has_lists and after.settings != before.settings:
        run_log.request(RunKind.LISTS, after.company_id, person_name())
    run_log.request(RunKind.SYNC, after.id, person_name())


def disable(row: Installation) -> Installation:
    """Disable an app; its settings and matches stay. One that is disabled already is left alone."""
    check_right(row)
    if not row.enabled:
        return row
    return enable.disable(row.company_id, row.slug, who=person_name())
