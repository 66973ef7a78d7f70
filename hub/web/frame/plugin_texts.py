"""The texts that plugins declare for pages: of their apps, their fields and their settings.

A plugin translates them in catalogs of its own package; nothing marks them.
"""

from collections.abc import Iterator
from typing import Any

from marshmallow import fields

from hub.contract.files import FileKinds
from hub.contract.registry import Plugins
from hub.contract.settings_schema import get_schema
from hub.contract.types import App
from hub.notifications.languages import list_field_labels
from hub.web.frame.forms import list_schema_choices

TEXTS_OF_SETTING = ("label", "help", "section")


def list_texts_of_plugin(plugins: Plugins, package: str) -> list[str]:
    """Return all texts that the plugin of a package declares, each once."""
    texts: dict[str, None] = {}
    for app in plugins.apps.values():
        if plugins.package(app.slug) == package:
            texts.update(dict.fromkeys(_iter_texts_of_app(plugins, app)))
    return [text for text in texts if text]


def _iter_texts_of_app(plugins: Plugins, app: App) -> Iterator[str]:
    """Yield the texts of an app, of its fields, of its files and of its settings."""
    yield app.summary
    yield app.help
    yield app.access or ""
    yield from list_field_labels(plugins, app.slug)
    if app.files:
        yield from _iter_texts_of_files(app.files)
    for setting in get_schema(app).fields.values():
        yield from _iter_texts_of_setting(setting)


def _iter_texts_of_files(kinds: FileKinds) -> Iterator[str]:
    """Yield what the form about the columns of a table shows."""
    for field in kinds.fields:
        yield field.label
        yield field.help
        for _, label in field.choices:
            yield label


def _iter_texts_of_setting(setting: fields.Field[Any]) -> Iterator[str]:
    """Yield what the form of the settings shows of a setting."""
    for name in TEXTS_OF_SETTING:
        yield str(setting.metadata.get(name, ""))
    for _, label in list_schema_choices(setting):
        if any(character.isalpha() for character in label):
            yield label
