"""Translate a text for the person who reads the page; English where no particular person reads.

Only texts for pages are translated: what is stored, exported, logged, mailed or printed by commands
stays English.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Any

from hub.errors import Sentence
from hub.translations import display_names
from hub.translations.catalogs import list_sentences
from hub.translations.numbers import COMMA_AND_POINT, NumberFormat


def _load_no_catalogs(language: str) -> Sequence[NullTranslations]:
    return ()


@dataclass(frozen=True)
class Reader:
    """The language of a person, its catalog, and how they write numbers."""

    language: str = "en"
    catalog: NullTranslations = field(default_factory=NullTranslations)
    numbers: NumberFormat = COMMA_AND_POINT
    # Returns the catalogs of all plugins in a language, for the sentences that plugins wrote.
    find_plugin_catalogs: Callable[[str], Sequence[NullTranslations]] = _load_no_catalogs


ENGLISH = Reader()


def _in_english() -> Reader:
    return ENGLISH


# Returns the reader when the first text is translated; a request sets it.
find_reader: ContextVar[Callable[[], Reader]] = ContextVar("find_reader", default=_in_english)


def reader() -> Reader:
    """Return the person who reads what is written now."""
    return find_reader.get()()


def use_english() -> None:
    """Write English in the rest of this request, which answers with a file."""
    find_reader.set(_in_english)


def gettext(text: str, /, **values: Any) -> str:
    """Translate a text and fill in its placeholders, such as %(name)s.

    Whole numbers are formatted as counts, so an id is passed as text.
    """
    person = reader()
    return fill(person.catalog.gettext(text) if text else "", values, person)


def ngettext(singular: str, plural: str, /, count: int, **values: Any) -> str:
    """Translate a text with its placeholder %(count)s, in the form that fits the number."""
    person = reader()
    text = person.catalog.ngettext(singular, plural, count)
    return fill(text, {"count": count, **values}, person)


def pgettext(context: str, text: str, /, **values: Any) -> str:
    """Translate a text that means different things in English, distinguished by `context`."""
    person = reader()
    return fill(person.catalog.pgettext(context, text), values, person)


def translate(text: str) -> str:
    """Translate a sentence of a part below the pages, with the sentences among its values.

    A plain text is translated if the catalog has it as it is.
    """
    if not isinstance(text, Sentence):
        return look_up(text, reader())
    person = reader()
    values = {name: _translate_value(value) for name, value in text.values.items()}
    return fill(look_up(text.template, person), values, person)


def look_up(text: str, person: Reader) -> str:
    """Return a text by the catalog of the hub, else by that of a plugin which has it."""
    if not text:  # a catalog has its head there
        return text
    for catalog in load_catalogs(person):
        translation = catalog.gettext(text)
        if translation == text:
            # gettext() of Python 3.11.2, which Debian 12 has, finds no text that also has a plural.
            translation = catalog.ngettext(text, text, 1)
        if translation != text:
            return translation
    return text


def is_sentence(text: str, person: Reader) -> bool:
    """Return whether a text is a sentence, or a part of one, that the hub or a plugin wrote."""
    return any(text in list_sentences(catalog) for catalog in load_catalogs(person))


def load_catalogs(person: Reader) -> list[NullTranslations]:
    """Return the catalogs of the hub and of its plugins, which raise and store sentences, too."""
    return [person.catalog, *person.find_plugin_catalogs(person.language)]


def _translate_value(value: Any) -> Any:
    if isinstance(value, Sentence):
        return translate(value)
    return translate_name(value) if isinstance(value, str) else value


def translate_name(name: str) -> str:
    """Translate the display name of a document, such as Bill 12 of Hara; other texts stay."""
    return display_names.translate(name, reader().catalog)


def format_name(kind: str, label: str, party: str = "") -> str:
    """Return the display name of a document with these parts in the language of the person."""
    return display_names.format_name(kind, label, party, reader().catalog)


def gettext_noop(text: str) -> str:
    """Mark a text of a constant; it is translated where it is shown."""
    return text


def fill(text: str, values: dict[str, Any], person: Reader) -> str:
    """Fill in the placeholders of a text; without values it may contain any percent sign."""
    if not values:
        return text
    return text % {name: format_value(value, person) for name, value in values.items()}


def format_value(value: Any, person: Reader) -> Any:
    """Return a value as a sentence has it: a whole number with its thousands separated."""
    if type(value) is int:
        return person.numbers.count(value)
    return value
