"""Translate sentences that were stored in English, such as the log of a run.

What is stored is the English text without its template. A text of the catalog that it fits, with
values for the placeholders, says how to translate it; values may be such sentences, too.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from hub.translations import display_names, messages
from hub.translations.catalogs import ENGLISH
from hub.translations.messages import Reader

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
MIN_LETTERS = 6  # of a template outside its placeholders; a shorter one would fit too many texts
MAX_DEPTH = 3  # of sentences within sentences
COUNT = re.compile(r"(?P<number>\d[\d,]*) (?P<words>\D+)")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*|\d+")
SENTENCE_END = re.compile(r"(?<=[.!?]) ")


class _Pattern(NamedTuple):
    """A text of the catalog with placeholders, as what a stored sentence is compared with."""

    template: str
    longest_part: str
    expression: re.Pattern[str]


def translate(text: str) -> str:
    """Return a stored English sentence in the language of the person who reads the page.

    A text that fits nothing in the catalog stays as it is.
    """
    person = messages.reader()
    if person.language == ENGLISH or not text:
        return text
    return _translate(text, person, 0)


@lru_cache(maxsize=4096)
def _translate(text: str, person: Reader, depth: int) -> str:
    translated = person.catalog.gettext(text)
    if translated != text:
        return translated
    translated = display_names.translate(text, person.catalog)
    if translated != text:
        return translated
    if NUMBER.fullmatch(text):
        return person.numbers.localize(text)
    if depth > MAX_DEPTH:
        return text
    return _by_parts(text, person, depth)


def _by_parts(text: str, person: Reader, depth: int) -> str:
    """Translate a text as several sentences, or as one that has values or counts."""
    sentences = SENTENCE_END.split(text)
    parts = []
    if len(sentences) > 1:
        parts = [_translate(sentence, person, depth + 1) for sentence in sentences]
    if parts and all(part != one for part, one in zip(parts, sentences, strict=True)):
        return " ".join(parts)
    for translate_form in (_by_template, _by_count, _without_stop):
        translated = translate_form(text, person, depth)
        if translated != text:
            return translated
    return " ".join(parts) or text


def _by_template(text: str, person: Reader, depth: int) -> str:
    """Translate a sentence by the most specific template that it fits, with or without its stop."""
    endings = ("", ".") if text.endswith(".") else ("",)
    for pattern in _patterns(person):
        if pattern.longest_part not in text:
            continue
        for ending in endings:
            match = pattern.expression.fullmatch(text.removesuffix(ending))
            if match:
                values = {}
                for name, value in match.groupdict().items():
                    values[name] = _translate(value, person, depth + 1)
                return str(person.catalog.gettext(pattern.template)) % values + ending
    return text


def _without_stop(text: str, person: Reader, depth: int) -> str:
    """Translate a sentence whose full stop is not a part of its template."""
    if not text.endswith("."):
        return text
    return _translate(text[:-1], person, depth + 1) + "."


def _by_count(text: str, person: Reader, depth: int) -> str:
    """Translate counts such as "3 new, 1 held"."""
    counts = []
    for part in text.split(", "):
        match = COUNT.fullmatch(part)
        if not match:
            return text
        english = match["words"]
        words = person.catalog.gettext(english)
        counts.append(f"{person.numbers.localize(match['number'])} {words}")
    return ", ".join(counts)


@cache
def _patterns(person: Reader) -> list[_Pattern]:
    """Return the texts of a catalog that have placeholders, those with most letters first."""
    patterns = []
    for template in _templates(person):
        parts = PLACEHOLDER.split(template)
        literals = parts[::2]
        if len(parts) == 1 or count_letters(template) < MIN_LETTERS:
            continue
        patterns.append(_Pattern(template, max(literals, key=len), _expression(parts)))
    return sorted(patterns, key=lambda one: -count_letters(one.template))


def count_letters(template: str) -> int:
    """Return how many letters a template has outside its placeholders."""
    return sum(character.isalpha() for character in PLACEHOLDER.sub("", template))


def _templates(person: Reader) -> list[str]:
    """Return the English texts of a catalog without a context; of a plural, its singular."""
    templates: set[str] = set()
    for key in getattr(person.catalog, "_catalog", {}):
        templates.add(key if isinstance(key, str) else key[0])
    return sorted(text for text in templates if "\4" not in text)


def _expression(parts: list[str]) -> re.Pattern[str]:
    """Return the expression for a template: literals, and names of placeholders between them."""
    expression = ""
    names: set[str] = set()
    for place, part in enumerate(parts):
        if place % 2 == 0:
            expression += re.escape(part.replace("%%", "%"))
        elif part in names:
            expression += f"(?P={part})"
        else:
            names.add(part)
            expression += f"(?P<{part}>.*?)"
    return re.compile(expression, re.DOTALL)
