"""What the page of settings says after an act."""

from hub.translations.messages import gettext


def describe_saving(app: str, was_enabled: bool, source: str) -> str:
    """Say that settings were saved and that the source answers."""
    state = gettext("saved") if was_enabled else gettext("enabled")
    return gettext(
        "%(name)s is %(state)s; %(source)s answers.",
        name=app,
        state=state,
        source=source or gettext("the source"),
    )


def confirm_connection(tenant: str) -> str:
    """Say that the connection was tested."""
    return gettext("The connection works: %(name)s. Nothing is saved yet.", name=tenant)


def explain_expired_form() -> str:
    """Say why a form is shown again."""
    return gettext(
        "The form was not saved, because the page had been open too long. Check it and save it"
        " again."
    )


def explain_access(app: str) -> str:
    """Say who opens an app for an account."""
    return gettext("%(name)s is opened for each account by its maker.", name=app)
