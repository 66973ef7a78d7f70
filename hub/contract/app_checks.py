"""Checks of the apps and fields that a plugin declares, made once when the plugin is loaded."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args

from hub.contract.interval import Interval
from hub.contract.settings_schema import conditions, schema_of
from hub.contract.types import (
    SETTING_REFERENCE,
    App,
    DifferencePolicy,
    Field,
    GonePolicy,
    MissingPolicy,
)
from hub.errors import Refused

SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Policy(NamedTuple):
    """A policy of an app: a text that is one of `choices`, or that refers to settings.

    Without `choices` any text is valid.
    """

    name: str
    text: str
    choices: tuple[str, ...] = ()


def app_problems(apps: Sequence[Any]) -> Iterator[str]:
    """Yield what is wrong with the apps of a plugin, each a sentence that names the app."""
    if not apps:
        yield "its hub_apps brought no app."
    slugs = [app.slug for app in apps if isinstance(app, App)]
    for app in apps:
        if not isinstance(app, App):
            yield f"its hub_apps brought {type(app).__name__}, not an App."
            continue
        if not SLUG.fullmatch(app.slug):
            yield f"{app.slug!r} is no slug: small letters, digits and hyphens only."
        if slugs.count(app.slug) > 1:
            yield f"it brings the app {app.slug} twice."
        if not _is_schedule(app.every):
            yield f'{app.every!r} of app {app.slug} is neither minutes ("15m") nor cron.'


def policy_problems(app: App, fields: Sequence[Field]) -> Iterator[str]:
    """Yield each policy of an app and its fields that is unknown or names no setting of the app.

    Nothing else notices such a mistake: the policy would be empty when it is used.
    """
    yield from _unknown_fields(app, fields)
    settings = schema_of(app).fields
    for setting_name, setting in settings.items():
        for name in conditions(setting):
            if name not in settings:
                yield (
                    f"only_if of the setting {setting_name} of app {app.slug} names the setting"
                    f" {name!r}, which the app does not have.{_suggestion(name, settings)}"
                )
    for policy in (*_policies_of_app(app), *_policies_of_fields(fields)):
        names = SETTING_REFERENCE.findall(policy.text)
        for name in names:
            if name not in settings:
                yield (
                    f"{policy.name} of app {app.slug} is the setting {name!r}, which the app does"
                    f" not have.{_suggestion(name, settings)}"
                )
        if not policy.choices or names or policy.text in (*policy.choices, *settings):
            continue
        choices = ", ".join(policy.choices)
        yield f"{policy.name} of app {app.slug} is {policy.text!r}; there is {choices}."


def _unknown_fields(app: App, fields: Iterable[Field]) -> Iterator[str]:
    """Yield the fields of `match_first` that the app does not have."""
    names = [field.name for field in fields]
    for name in app.match_first:
        if name not in names:
            yield (
                f"match_first of app {app.slug} names the field {name!r}, which the app does not"
                f" have.{_suggestion(name, names)}"
            )


def _policies_of_app(app: App) -> Iterator[Policy]:
    """Yield what an app declares as a policy, or as the name of a setting."""
    yield Policy("gone", app.gone, get_args(GonePolicy))
    for name in ("automatic", "mailbox"):
        setting = getattr(app, name)
        if setting:
            yield Policy(name, f"{{{setting}}}")
    for host in app.hosts:
        yield Policy("hosts", host)


def _policies_of_fields(fields: Iterable[Field]) -> Iterator[Policy]:
    """Yield the policies of fields; of those that are no text, only references to settings."""
    for field in fields:
        label = f"of field {field.name}"
        yield Policy(f"missing {label}", field.missing, get_args(MissingPolicy))
        yield Policy(f"differ {label}", field.differ, get_args(DifferencePolicy))
        for name in ("default", "pushed", "fill"):
            text = getattr(field, name)
            if isinstance(text, str):
                yield Policy(f"{name} {label}", text)


def _suggestion(name: str, names: Iterable[str]) -> str:
    """Return a question with the name that is most similar, or an empty text."""
    for similar in get_close_matches(name, list(names), n=1):
        return f" Did it mean {similar!r}?"
    return ""


def _is_schedule(text: str) -> bool:
    """Return whether a text is an interval or a cron expression."""
    try:
        Interval.parse(text)
    except Refused:
        return False
    return True
