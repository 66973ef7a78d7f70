"""Reasons of cases and postings in the language of a person, with their labels and numbers."""

import re
from collections.abc import Callable

from hub.translations import dates, display_names, messages, stored
from hub.translations.catalogs import ENGLISH
from hub.translations.numbers import COMMA_AND_POINT

CONTEXT = "reason"  # context of the texts of `hub.reasons` in the catalog
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{2,3})"  # with a comma, or with decimals
SURPLUS = re.compile(r".+ and \d{1,3}(?:,\d{3})* more")  # the first of many names
# As `hub.payloads.comparison` compares dates; a number or a text that looks like one stays.
COMPARED_DATES = re.compile(r"QuickBooks has \S+ as the (?:due )?date instead of \S+")
# As `hub.money.format_amount` writes an amount.
AMOUNT = re.compile(rf"(?<![\w.,])(-?{NUMBER})\s([A-Z]{{3}})\b")
# As earlier versions wrote it in texts that are stored.
EARLIER_AMOUNT = re.compile(rf"(-?\b[A-Z]{{3}})\s({NUMBER})\b")


def translate(text: str, translate_label: Callable[[str], str]) -> str:
    """Translate a text of `hub.reasons`, or a value in it, for the person who reads it.

    `translate_label` translates the label of a code, whose texts are those of its plugin.
    """
    person = messages.reader()
    translation = person.catalog.pgettext(CONTEXT, text)
    if translation != text:
        return translation
    if person.language != ENGLISH:
        text = translate_label(text)
    is_sentence = text.endswith((".", ".)"))  # it may begin with a name
    name = display_names.translate(text, person.catalog)
    if name != text and not is_sentence:
        return name
    if dates.is_date(text):
        return dates.rewrite_date(text)
    half_sentence = messages.look_up(text, person) if messages.is_sentence(text, person) else text
    if half_sentence != text:
        return half_sentence
    if is_sentence or _is_amount_or_surplus(text):  # a name stays as it is
        return translate_sentence(text)
    return text


def _is_amount_or_surplus(text: str) -> bool:
    """Return whether a text is an amount with its currency, or names and how many others."""
    return any(form.fullmatch(text) for form in (AMOUNT, EARLIER_AMOUNT, SURPLUS))


def translate_sentence(text: str) -> str:
    """Translate a sentence that was stored in English, with its amounts and dates."""
    text = COMPARED_DATES.sub(_write_months, text)
    return dates.dates_within(amounts_within(stored.translate(text)))


def _write_months(match: re.Match[str]) -> str:
    """Return the sentence about two dates with the months as words."""
    return dates.ISO_DATE.sub(lambda date: dates.rewrite_iso(date[0]), match[0])


def amounts_within(text: str) -> str:
    """Return a text with its amounts as the person writes them."""
    numbers = messages.reader().numbers
    if numbers == COMMA_AND_POINT:
        return text
    text = AMOUNT.sub(lambda amount: f"{numbers.localize(amount[1])} {amount[2]}", text)
    return EARLIER_AMOUNT.sub(lambda amount: f"{amount[1]} {numbers.localize(amount[2])}", text)
