"""Write a message in the language of the person who receives it."""

from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from typing import Any, cast

from flask import current_app

from hub.context import current_hub
from hub.contract.registry import Plugins
from hub.models import User
from hub.reasons import texts
from hub.translations import catalogs, messages, reasons
from hub.translations.catalogs import ENGLISH, LANGUAGES
from hub.translations.messages import Reader
from hub.translations.numbers import FORMATS, USUAL_FORMATS

CATALOGS_KEY = "hub_catalogs"  # extension of the application: (package, language) -> catalog
HUB_PACKAGE = "hub"


@contextmanager
def use_language_of(person: User | None, *, otherwise: str | None = None) -> Iterator[None]:
    """Write texts and reasons for a person.

    For anyone who chose no language they are in `otherwise`, and in English without it. A mailbox
    of an app has no language, so its messages are English.
    """
    reader = _build_reader(person, otherwise)
    labels: dict[str, str] = {}
    if reader.language != ENGLISH:
        labels = load_field_labels(reader.language)
    reader_token = messages.find_reader.set(lambda: reader)
    reasons_token = texts.translate.set(
        lambda text: reasons.translate(text, lambda label: labels.get(label, label))
    )
    try:
        yield
    finally:
        texts.translate.reset(reasons_token)
        messages.find_reader.reset(reader_token)


def _build_reader(person: User | None, otherwise: str | None) -> Reader:
    """Return a person as a reader, with the number format that they chose or that is usual."""
    own_language = person.language if person else None
    language = (
        next((name for name in (own_language, otherwise) if name in LANGUAGES), None) or ENGLISH
    )
    chosen_format = person.number_format if person else None
    numbers = FORMATS.get(chosen_format or "", USUAL_FORMATS[language])
    return Reader(language, load_catalog(language), numbers, load_plugin_catalogs)


def load_catalog(language: str, package: str = HUB_PACKAGE) -> NullTranslations:
    """Return the translations of the hub or of the package of a plugin; each is read once.

    Texts that a plugin does not translate are looked up in the hub's.
    """
    read = _get_catalogs()
    key = (package, language)
    if key not in read:
        if package == HUB_PACKAGE:
            read[key] = catalogs.hub_catalog(language)
        else:
            read[key] = catalogs.load_plugin_catalog(language, package, load_catalog(language))
    return cast(NullTranslations, read[key])


def load_plugin_catalogs(language: str) -> list[NullTranslations]:
    """Return the translations of all plugins, in the order of their packages."""
    catalogs = _get_catalogs()
    key = ("of plugins", language)
    if key not in catalogs:
        plugins = current_hub().plugins
        packages = {plugins.package(slug) for slug in plugins.apps}
        catalogs[key] = [load_catalog(language, package) for package in sorted(packages)]
    return cast(list[NullTranslations], catalogs[key])


def load_field_labels(language: str) -> dict[str, str]:
    """Return the translated labels of the fields of all apps; they are collected once."""
    catalogs = _get_catalogs()
    key = ("labels of fields", language)
    if key not in catalogs:
        plugins = current_hub().plugins
        labels = {}
        for slug in plugins.apps:
            translations = load_catalog(language, plugins.package(slug))
            for label in list_field_labels(plugins, slug):
                labels[label] = translations.gettext(label)
        catalogs[key] = labels
    return cast(dict[str, str], catalogs[key])


def list_field_labels(plugins: Plugins, slug: str) -> list[str]:
    """Return the labels that an app gives to the fields of codes of its documents."""
    return [field.label for field in plugins.call(slug, "hub_fields") or ()]


def _get_catalogs() -> dict[tuple[str, str], Any]:
    """Return the catalogs that this process has read, by package and language."""
    catalogs: dict[tuple[str, str], Any] = current_app.extensions.setdefault(CATALOGS_KEY, {})
    return catalogs
