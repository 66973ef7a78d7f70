"""The names that pages show: of apps, of documents, and of who asked for a run."""

from hub.context import current_hub
from hub.models.display_names import DisplayName, NamedDocument
from hub.scheduling import run_log
from hub.translations.messages import gettext, gettext_noop

REQUESTER_LABELS = {
    run_log.SCHEDULE: gettext_noop("the schedule"),
    run_log.ENGINE: gettext_noop("the hub"),
    run_log.WEBHOOK: gettext_noop("a webhook"),
}


def app_name(slug: str) -> str:
    """Return the name of an app, or its slug if its plugin is not installed."""
    app = current_hub().plugins.apps.get(slug)
    return app.name if app else slug


def has_plugin(slug: str) -> bool:
    """Return whether the plugin of an app is installed and works."""
    return slug in current_hub().plugins.apps


def app_drawing(slug: str) -> str:
    """Return the name of an app's drawing, "" if it has none or its plugin is not installed."""
    app = current_hub().plugins.apps.get(slug)
    return app.icon if app else ""


def get_initials(name: str) -> str:
    """Return two letters for an app: the initials of its words, or its capitals.

    A name with one word and fewer than two capitals is shortened.
    """
    words = name.split()
    letters = [letter for letter in name if letter.isupper()]
    if len(words) > 1:
        letters = [word[0] for word in words]
    if len(letters) < 2:
        return name[:2]
    return "".join(letters[:2]).upper()


def document_title(document: NamedDocument) -> str:
    """Return the name of a document beside its kind: its number, or the name of a record."""
    return DisplayName.of_document(document).label


def format_requester(name: str) -> str:
    """Return who asked for a run: a person's name, or what the hub itself is called there."""
    return gettext(REQUESTER_LABELS[name]) if name in REQUESTER_LABELS else name
