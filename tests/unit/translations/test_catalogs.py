"""The catalogs: every text of the pages is translated, with the same placeholders and tags."""

import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message

from hub.contract.registry import Plugins
from hub.translations.catalogs import ENGLISH, LANGUAGES
from tools import translations

OTHERS = sorted(LANGUAGES.keys() - {ENGLISH})
PLACEHOLDER = re.compile(r"%\((\w+)\)s|\{(\w*)(?::\w+)?\}")
TAG = re.compile(r"<[^>]*>")


@pytest.fixture(scope="module")
def own_texts() -> Catalog:
    """Return the texts that the code of the hub marks."""
    return translations.extract_own()


def messages(catalog: Catalog) -> Iterator[Message]:
    """Yield the messages of a catalog without its head."""
    return (message for message in catalog if message.id)


def keys(catalog: Catalog) -> set[tuple[str | None, object]]:
    """Return context and text of each message."""
    return {(message.context, message.id) for message in messages(catalog)}


def forms(message: Message) -> list[tuple[str, str]]:
    """Return each form of a message with its translation; a plural is compared with the plural."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(str(message.id), str(message.string))]


def assert_complete(stored: Catalog, extracted: Catalog) -> None:
    """Compare a catalog with the texts; `make translations` brings it up to date."""
    assert keys(extracted) - keys(stored) == set(), "run `make translations` and translate these"
    assert keys(stored) - keys(extracted) == set(), "run `make translations`: these are not used"
    untranslated = [
        message.id
        for message in messages(stored)
        if message.fuzzy or not all(text for _, text in forms(message))
    ]
    assert untranslated == []


def assert_fitting(stored: Catalog) -> None:
    """Compare placeholders, tags and the spaces at the ends of each text and its translation."""
    for message in messages(stored):
        for text, translation in forms(message):
            assert parts(PLACEHOLDER, text) == parts(PLACEHOLDER, translation), text
            assert sorted(TAG.findall(text)) == sorted(TAG.findall(translation)), text
            assert '"' not in TAG.sub("", translation), f"{text}: attributes end there"
            assert text[:1].isspace() == translation[:1].isspace(), text
            assert text[-1:].isspace() == translation[-1:].isspace(), text


def parts(pattern: re.Pattern[str], text: str) -> set[str]:
    """Return the placeholders of a text; a translation may word or repeat them differently."""
    return {"".join(name for name in match.groups() if name) for match in pattern.finditer(text)}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_pages_is_translated(own_texts: Catalog, language: str) -> None:
    stored = translations.read_catalog(translations.own_path(language), language)
    assert_complete(stored, own_texts)
    assert_fitting(stored)
    assert len(keys(own_texts)) > 1000


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("package", translations.plugin_packages())
def test_every_text_of_a_plugin_is_translated(
    plugins: Plugins, package: str, language: str
) -> None:
    extracted = translations.extract_plugin(plugins, package)
    stored = translations.read_catalog(translations.plugin_path(package, language), language)
    assert_complete(stored, extracted)
    assert_fitting(stored)


def test_a_catalog_keeps_its_translations_when_it_is_updated() -> None:
    language = OTHERS[0]
    path = translations.own_path(language)
    stored = translations.read_catalog(path, language)
    updated = translations.update(path, stored, language)
    assert {message.id: message.string for message in messages(updated)} == {
        message.id: message.string for message in messages(stored)
    }


def test_missing_and_unfitting_translations_are_noticed() -> None:
    extracted, stored = Catalog(), Catalog()
    extracted.add("%(count)s of <b>%(total)s</b>")
    with pytest.raises(AssertionError, match="translate these"):
        assert_complete(stored, extracted)
    stored.add("%(count)s of <b>%(total)s</b>", "%(count)s av <b>%(sum)s</b>")
    assert_complete(stored, extracted)
    with pytest.raises(AssertionError):
        assert_fitting(stored)
