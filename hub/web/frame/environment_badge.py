"""The badges that say that QuickBooks or a source is a sandbox or a stand-in, not the real one."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, g

from hub.config import API_URLS
from hub.context import current_hub
from hub.contract.types import App
from hub.contract.web_addresses import LOOPBACK_HOSTS
from hub.db.engine import joined_session
from hub.errors import HubError
from hub.http import allowlist
from hub.models import Installation
from hub.qbo import intuit_keys
from hub.translations.messages import gettext


@dataclass(frozen=True)
class Badge:
    """A word, and the sentence that explains it."""

    word: str
    sentence: str


def init_app(app: Flask) -> None:
    """Let the frame of every page show the badge of QuickBooks."""
    app.context_processor(_build_page_values)


def quickbooks_badge() -> Badge | None:
    """Return the badge of what the hub calls in place of QuickBooks; None if it is QuickBooks."""
    if "quickbooks_badge" not in g:
        try:
            with joined_session() as session:
                g.quickbooks_badge = _build_badge(intuit_keys.load(session))
        except HubError:  # keys that cannot be read are a matter of their own page
            g.quickbooks_badge = None
    badge: Badge | None = g.quickbooks_badge
    return badge


def build_source_badge(app: App | None, installation: Installation) -> Badge | None:
    """Return the badge of an app whose source is on this machine, as stand-ins are."""
    if app is None:
        return None
    addresses = allowlist.list_addresses(app.hosts, installation.settings)
    local = [address for address in addresses if urlsplit(address).hostname in LOOPBACK_HOSTS]
    if not local:
        return None
    host = urlsplit(sorted(local)[0]).netloc
    sentence = gettext(
        "%(app)s is read from %(host)s on this machine, as a stand-in is.", app=app.name, host=host
    )
    return Badge(gettext("Stand-in"), sentence)


def _build_badge(keys: intuit_keys.IntuitKeys) -> Badge | None:
    """Return the badge of the addresses in use."""
    if current_hub().is_demo:
        sentence = gettext("This is a demo: QuickBooks and the sources are stand-ins.")
        return Badge(gettext("Demo"), sentence)
    if not keys.are_complete or keys.api_url == API_URLS["production"]:
        return None
    if keys.api_url == API_URLS["sandbox"]:
        sentence = gettext("This hub posts to Intuit's sandbox, not to real books.")
        return Badge(gettext("Sandbox"), sentence)
    host = urlsplit(keys.api_url).netloc
    sentence = gettext("This hub posts to a stand-in at %(host)s, not to QuickBooks.", host=host)
    return Badge(gettext("Stand-in"), sentence)


def _build_page_values() -> dict[str, Any]:
    """Return the function that the frame of a page calls."""
    return {"quickbooks_badge": quickbooks_badge}
