"""Read catalogs: gettext's .po files of the hub and of plugins, compiled in memory when needed."""

import io
from collections.abc import Iterator, Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ENGLISH = "en"
# The languages of the pages, each named in itself.
LANGUAGES = {ENGLISH: "English", "nb": "Norsk bokmål"}
OWN_FOLDER = Path(__file__).parent


# The comment in a .po file on the sentences of the parts below the pages, which may be stored.
SENTENCE = "sentence"


class SentenceTranslations(GNUTranslations):
    """Translations that know which of their texts are sentences, with or without placeholders.

    `plurals` has both forms of each English text with a plural, by either of them.
    """

    sentences: frozenset[str] = frozenset()
    plurals: Mapping[str, tuple[str, str]] = {}


def build_catalog_path(folder: Path, language: str, domain: str) -> Path:
    """Return where a catalog is, as gettext names its folders."""
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def read(path: Path, language: str) -> NullTranslations:
    """Return the translations of a catalog; none if the file does not exist.

    Babel is imported here, because commands and English pages do without it.
    """
    if not path.is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    mo_file = io.BytesIO()
    write_mo(mo_file, catalog)
    mo_file.seek(0)
    translations = SentenceTranslations(mo_file)
    translations.sentences = frozenset(_catalog_sentences(catalog))
    translations.plurals = dict(_catalog_plurals(catalog))
    return translations


def list_sentences(translations: NullTranslations) -> frozenset[str]:
    """Return the sentences of a catalog in English; of a plural, its singular."""
    return getattr(translations, "sentences", frozenset())


def _catalog_sentences(catalog: "Catalog") -> Iterator[str]:
    for message in catalog:
        if SENTENCE in message.auto_comments:
            yield message.id if isinstance(message.id, str) else message.id[0]


def find_plural(translations: NullTranslations, text: str) -> tuple[str, str] | None:
    """Return the singular and plural of an English text that is one of them, None without both."""
    plurals: Mapping[str, tuple[str, str]] = getattr(translations, "plurals", {})
    return plurals.get(text)


def _catalog_plurals(catalog: "Catalog") -> Iterator[tuple[str, tuple[str, str]]]:
    for message in catalog:
        if not isinstance(message.id, str):
            singular, plural = message.id
            yield singular, (singular, plural)
            yield plural, (singular, plural)


def load_plugin_catalog(
    language: str, package: str, fallback: NullTranslations
) -> NullTranslations:
    """Return the translations of a plugin; `fallback` has the texts that it does not translate."""
    if find_spec(package) is None:  # a plugin that is an object instead of a package
        return fallback
    folder = Path(str(files(package))) / "translations"
    translations = read(build_catalog_path(folder, language, package), language)
    translations.add_fallback(fallback)
    return translations


@cache
def hub_catalog(language: str) -> NullTranslations:
    """Return the translations of the hub's own texts; a process reads them once."""
    return read(build_catalog_path(OWN_FOLDER, language, "hub"), language)
