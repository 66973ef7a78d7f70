"""The messages of the page of settings."""

from hub.contract.types import App
from hub.translations.messages import gettext


def describe_saving(app: App, was_enabled: bool, source: str) -> str:
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


def _only_receives(app: App) -> bool:
    """Return whether an app only receives files, and calls no source that could answer."""
    return bool(app.files) and not app.hosts


def explain_access(app: str) -> str:
    """State who opens an app for an account."""
    return gettext("%(name)s is opened for each account by its maker.", name=app)
