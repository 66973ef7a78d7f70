"""Explain why there is no app with a slug: its plugin cannot be used, or none claims it."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from hub.contract.registry import Plugins
from hub.errors import HubError, NotFound, PluginBroken, Refused

# The prefix of the names of distributions and packages of plugins.
DISTRIBUTION_PREFIX = re.compile(r"^(qbo-)?hub-")


def find_error(plugins: Plugins, slug: str) -> HubError:
    """Return the error of the plugin that should own an app, or that no plugin has such an app."""
    return find_error_of_broken(plugins, slug) or build_missing_error(plugins, slug)


def find_error_of_broken(plugins: Plugins, slug: str) -> HubError | None:
    """Return the error of the broken plugin that should own an app; None if no plugin is broken.

    If no broken plugin seems to own it, name all of them, because their apps are not known.
    """
    for error in plugins.broken:
        if _is_about(error, slug):
            return error
    if plugins.broken:
        reasons = " ".join(error.text for error in plugins.broken)
        return Refused(
            "There is no app “%(slug)s”. Perhaps it is of a plugin that was not loaded."
            " %(reasons)s",
            slug=slug,
            reasons=reasons,
        )
    return None


def build_missing_error(
    plugins: Plugins, slug: str, slugs: Iterable[str] | None = None, *, what: str = "app"
) -> NotFound:
    """Return the error that none of some apps has this slug, by default of those installed.

    It offers the nearest one. If none is near, it lists them as "CostTracker (costtracker)".
    """
    choices = list(plugins.apps if slugs is None else slugs)
    if not get_close_matches(slug, choices):
        choices = [_format_with_name(plugins, choice) for choice in choices]
    return NotFound(what, slug, choices)


def _format_with_name(plugins: Plugins, slug: str) -> str:
    """Return a slug behind the name of its app; alone if its plugin is not installed."""
    app = plugins.apps.get(slug)
    return f"{app.name} ({slug})" if app else slug


def _is_about(error: PluginBroken, slug: str) -> bool:
    """Return whether a plugin is named after an app, or its error names the app."""
    name = DISTRIBUTION_PREFIX.sub("", error.distribution.lower().replace("_", "-"))
    is_named_so = slug == name or slug.startswith(f"{name}-")
    return is_named_so or re.search(rf"\bapp {re.escape(slug)}\b(?!-)", error.reason) is not None
