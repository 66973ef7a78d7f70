"""Write a message in the language of the person who receives it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from gettext import NullTranslations

from hub.context import current
from hub.models import User
from hub.reasons import texts
from hub.translations import catalogs, messages, reasons
from hub.translations.catalogs import ENGLISH, LANGUAGES
from hub.translations.messages import Reader
from hub.translations.numbers import FORMATS, USUAL_FORMATS


@contextmanager
def language_of(person: User | None) -> Iterator[None]:
    """Write texts and reasons for a person, in English for anyone who chose no language.

    A mailbox of an app is nobody, so its messages are English.
    """
    reader = _reader(person)
    labels = _labels(reader.language)
    reader_token = messages.find_reader.set(lambda: reader)
    reasons_token = texts.translate.set(
        lambda text: reasons.translate(text, lambda label: labels.get(label, label))
    )
    try:
        yield
    finally:
        texts.translate.reset(reasons_token)
        messages.find_reader.reset(reader_token)


def _reader(person: User | None) -> Reader:
    """Return a person as a reader, with the number format that they chose or that is usual."""
    language = person.language if person else None
    if language not in LANGUAGES:
        language = ENGLISH
    chosen_format = person.number_format if person else None
    numbers = FORMATS.get(chosen_format or "", USUAL_FORMATS[language])
    return Reader(language, _catalog(language), numbers)


@cache
def _catalog(language: str) -> NullTranslations:
    return catalogs.own(language)


@cache
def _catalog_of_plugin(language: str, package: str) -> NullTranslations:
    return catalogs.of_plugin(language, package, _catalog(language))


def _labels(language: str) -> dict[str, str]:
    """Return the translated labels of the codes of all apps."""
    labels: dict[str, str] = {}
    if language == ENGLISH:
        return labels
    plugins = current().plugins
    for slug in plugins.apps:
        catalog = _catalog_of_plugin(language, plugins.package(slug))
        for field in plugins.call(slug, "hub_fields") or ():
            labels[field.label] = catalog.gettext(field.label)
    return labels
