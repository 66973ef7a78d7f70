"""Translate sentences that were stored in English, such as the log of a run.

Only the English text is stored, without its template. A sentence is translated by the template of a
catalog that fits it as a whole, with values for the placeholders. Values may be such sentences.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from hub.translations import display_names, messages
from hub.translations.catalogs import ENGLISH, find_plural, list_sentences
from hub.translations.messages import Reader

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
# Letters that a template has outside its placeholders; a shorter one would fit too many texts. One
# that begins with a word, such as "line %(id)s: %(name)s", needs fewer.
MIN_LETTERS = 6
MIN_LETTERS_AFTER_WORD = 4
MAX_DEPTH = 3  # levels of sentences within sentences
# A longer text is not the hub's, such as a reference on an e-invoice. The time to compare it with
# the catalog grows with the third power of its length.
MAX_LENGTH = 3000  # characters
MAX_SENTENCES = 40
COUNT = re.compile(r"(?P<number>\d[\d,]*) (?P<words>\D+)")
SEPARATORS = ("; ", " and ", messages.gettext_noop(" or "), ", ")
NUMBER = re.compile(r"\d{1,3}(?:,\d{3})*|\d+")
SENTENCE_END = re.compile(r"(?<=[.!?)]) ")
NEXT_SENTENCE = re.compile(r" [A-ZÆØÅ]|\)|; ")
# What a placeholder stands for.
COUNT_VALUE = r"\d[\d,]*"
TEXT_VALUE = ".*?"
# Where a sentence ends, but no abbreviation, such as in Dr. Ing. Hara or Hara Co. AS.
BOUNDARY = re.compile(r"(?:\b[a-zæøå\d]\w*|\w{4}|[”»])[.!?] [A-ZÆØÅ]|(?:[a-zæøå]{4}|[”»])[.!?] \d")


class _Pattern(NamedTuple):
    """A text of the catalog with placeholders, as what a stored sentence is compared with."""

    template: str
    longest_part: str
    expression: re.Pattern[str]
    parts: frozenset[str]  # the placeholders that stand for a part of a sentence
    next_item: str  # how a list goes on whose items are all of this template; "" for no list


def translate(text: str) -> str:
    """Return a stored English sentence in the language of the person who reads the page.

    A text that fits nothing in the catalog stays as it is, and a very long one.
    """
    person = messages.reader()
    if person.language == ENGLISH or not text or _is_long(text):
        return text
    return _translate(text, person, 0)


def _is_long(text: str) -> bool:
    """Return whether a text is longer than those that the hub writes."""
    return len(text) > MAX_LENGTH or len(SENTENCE_END.findall(text)) >= MAX_SENTENCES


@lru_cache(maxsize=4096)
def _translate(text: str, person: Reader, depth: int) -> str:
    translation = _translate_whole(text, person, depth)
    if translation != text:
        return translation
    if NUMBER.fullmatch(text):
        return person.numbers.localize(text)
    sentences = SENTENCE_END.split(text)
    if len(sentences) == 1:
        return _translate_list(text, person, depth)
    return " ".join(_translate_each(sentences, person, depth))


def _translate_each(sentences: list[str], person: Reader, depth: int) -> Iterator[str]:
    """Translate as many sentences at a time as one text has; those that fit none stay."""
    start = 0
    while start < len(sentences):
        start, translation = _translate_longest(sentences, start, person, depth)
        yield translation


def _translate_longest(
    sentences: list[str], start: int, person: Reader, depth: int
) -> tuple[int, str]:
    """Translate the most sentences from a place that are one text, or else the first alone.

    Return the place behind them, and the translation.
    """
    for end in range(len(sentences), start + 1, -1):
        text = " ".join(sentences[start:end])
        translation = _translate_whole(text, person, depth)
        if translation != text:
            return end, translation
    return start + 1, _translate_whole(sentences[start], person, depth)


def _translate_whole(text: str, person: Reader, depth: int) -> str:
    """Translate a text that is in a catalog, fits a template there, or is the name of a document.

    A text in parentheses, or with a full stop that the catalog leaves out, is translated, too.
    """
    translation = _translate_count(text, person) or messages.look_up(text, person)
    if translation == text and depth <= MAX_DEPTH:
        translation = _translate_by_template(text, person, depth)
    if translation == text:  # a sentence may begin with a name, so names come after the templates
        translation = display_names.translate(text, person.catalog)
    if translation != text:
        return translation
    if text.startswith("(") and text.endswith(")"):
        return f"({_translate(text[1:-1], person, depth + 1)})"
    if text.endswith("."):
        return messages.look_up(text[:-1], person) + "."
    return text


def _translate_by_template(text: str, person: Reader, depth: int) -> str:
    """Translate a sentence by the most specific template that it fits as a whole.

    Its stop may be missing in a template that begins with a word or a count.
    """
    endings = ("", ".") if text.endswith(".") else ("",)
    for pattern in _list_sentence_patterns(person):
        if pattern.longest_part not in text:
            continue
        for ending in endings:
            match = pattern.expression.fullmatch(text.removesuffix(ending))
            if match is None or not _is_whole(match, pattern):
                continue
            if ending and _begins_with_name(match):
                continue
            return _fill_template(pattern, match, person, depth) + ending
    return text


def _fill_template(pattern: _Pattern, match: re.Match[str], person: Reader, depth: int) -> str:
    """Return a template in the person's language, with the translated values of a match."""
    values = {}
    for name, value in match.groupdict().items():
        values[name] = _translate(value, person, depth + 1)
    return messages.look_up(pattern.template, person) % values


def _is_whole(match: re.Match[str], pattern: _Pattern) -> bool:
    """Return whether no value reaches beyond its sentence, unless it stands for whole sentences.

    Nor may it reach into the next item of a list.
    """
    if pattern.next_item and pattern.next_item in match.string:
        return False
    return not any(BOUNDARY.search(match[name]) for name in pattern.parts)


def _begins_with_name(match: re.Match[str]) -> bool:
    """Return whether a template begins with a placeholder whose value is no count."""
    return match.start(1) == 0 and not NUMBER.fullmatch(match[1])


def _translate_list(text: str, person: Reader, depth: int) -> str:
    """Translate a list, such as "3 new, 1 held", if each of its parts can be translated."""
    for separator in SEPARATORS:
        if separator in text or separator == SEPARATORS[-1]:
            parts = text.split(separator)
            translations = [_translate_part(part, person, depth) for part in parts]
            if all(new != old for new, old in zip(translations, parts, strict=True)):
                return person.catalog.gettext(separator).join(translations)
    return text


def _translate_part(text: str, person: Reader, depth: int) -> str:
    """Translate a part of a list, or a count such as "3 changed" or "2 files attached"."""
    match = COUNT.fullmatch(text)
    translation = _translate_count(text, person)
    if translation or match is None:
        return translation or _translate_whole(text, person, depth)
    words = messages.look_up(match["words"], person)
    if words == match["words"]:
        return _translate_whole(text, person, depth)
    return f"{person.numbers.localize(match['number'])} {words}"


def _translate_count(text: str, person: Reader) -> str:
    """Translate a count whose words have a form for one and for several; "" for another text."""
    match = COUNT.fullmatch(text)
    forms = find_plural(person.catalog, f"%(count)s {match['words']}") if match else None
    if match is None or forms is None:
        return ""
    count = int(match["number"].replace(",", ""))
    number = person.numbers.localize(match["number"])
    return person.catalog.ngettext(*forms, count) % {"count": number}


@cache
def _list_sentence_patterns(person: Reader) -> list[_Pattern]:
    """Return the sentences of the catalogs with placeholders, those with most letters first."""
    patterns = []
    for template in _list_templates(person):
        parts = PLACEHOLDER.split(template)
        literals = parts[::2]
        if len(parts) == 1 or not is_recognized(template):
            continue
        longest_part = max(literals, key=len).replace("%%", "%")
        names = frozenset(_iter_sentence_parts(parts))
        next_item = f"{SEPARATORS[0]}{parts[0]}" if parts[0] else ""
        expression = _compile_template(parts)
        patterns.append(_Pattern(template, longest_part, expression, names, next_item))
    return sorted(patterns, key=lambda pattern: -count_letters(pattern.template))


def is_recognized(template: str) -> bool:
    """Return whether a template has enough letters to be found in stored text."""
    begins_with_word = PLACEHOLDER.match(template) is None
    least = MIN_LETTERS_AFTER_WORD if begins_with_word else MIN_LETTERS
    return count_letters(template) >= least


def count_letters(template: str) -> int:
    """Return how many letters a template has outside its placeholders."""
    return sum(character.isalpha() for character in PLACEHOLDER.sub("", template))


def _list_templates(person: Reader) -> list[str]:
    """Return the English sentences of the catalogs; a text of a page alone is never stored."""
    templates: set[str] = set()
    for catalog in messages.load_catalogs(person):
        templates |= list_sentences(catalog)
    return sorted(templates)


def _compile_template(parts: list[str]) -> re.Pattern[str]:
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
            is_count = part == "count" or part.endswith("_count")
            expression += f"(?P<{part}>{COUNT_VALUE if is_count else TEXT_VALUE})"
    return re.compile(expression, re.DOTALL)


def _iter_sentence_parts(parts: list[str]) -> Iterator[str]:
    """Yield the placeholders where no sentence can begin and end."""
    for before, name, after in zip(parts[::2], parts[1::2], parts[2::2], strict=False):
        begins = before in ("", " ") or before.endswith((". ", ": ", "("))
        ends = not after or after == " " or bool(NEXT_SENTENCE.match(after))
        if not begins or not ends:
            yield name
