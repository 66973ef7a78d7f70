"""The messages of the page of settings."""

from sqlalchemy.orm import Session

from hub.contract.types import App
from hub.models import Installation
from hub.security import people
from hub.security.rights import Subject
from hub.translations.messages import gettext
from hub.web.frame.app_rights import is_personal


def describe_saving(app: App, source: str, *, was_enabled: bool) -> str:
    """Report that settings were saved and that the source answers, if the app calls one."""
    state = gettext("saved") if was_enabled else gettext("enabled")
    if _only_receives(app):
        return gettext("%(name)s is %(state)s.", name=app.name, state=state)
    return gettext(
        "%(name)s is %(state)s; %(source)s answers.",
        name=app.name,
        state=state,
        source=source or gettext("the source"),
    )


def confirm_connection(app: App, tenant: str) -> str:
    """Report that the connection was tested, or the settings of an app without one."""
    if _only_receives(app):
        return gettext("The settings are complete. Nothing is saved yet.")
    return gettext("The connection works: %(name)s. Nothing is saved yet.", name=tenant)


def explain_right(session: Session, row: Installation) -> str:
    """State who may change settings that the person may only look at."""
    if not row.owner:
        return gettext("You may look at these settings; an app owner may change them.")
    subject = Subject(row.company_id, row.slug)
    if not people.may_configure_own(session, row.owner, subject):
        return gettext("You may look at these settings; an owner of the hub may change them.")
    if is_personal(row):
        return gettext(
            "You may look at these settings; only %(owner)s may change them.", owner=row.owner
        )
    return gettext(
        "You may look at these settings; %(owner)s or an owner of the hub may change them.",
        owner=row.owner,
    )


def _only_receives(app: App) -> bool:
    """Return whether an app only receives files, and calls no source that could answer."""
    return bool(app.files) and not app.hosts
