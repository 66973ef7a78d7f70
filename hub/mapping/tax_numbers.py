"""Compare organisation numbers of a source with those of QuickBooks."""

import re
from enum import IntEnum

# The digits of a number with the prefix of its country and the Norwegian word for registered for
# VAT: NO 987 654 321 MVA is 987654321.
_DIGITS = re.compile(r"(?:[A-Z]{2})?(\d{6,})(?:MVA)?")
_PUNCTUATION = re.compile(r"[^A-Z0-9]")
# QuickBooks shows the last characters of some numbers: XXXXXX9875.
_MASKED_NUMBER = re.compile(r"X{3,}([A-Z0-9]{3,})")
MIN_COMPARED_LENGTH = 5


class NumberMatch(IntEnum):
    """The quality of a match between a number and those of a record; a better one is greater."""

    NONE = 0
    END = 1  # as far as QuickBooks shows it
    WHOLE = 2


def normalize_number(number: str) -> str:
    """Return an organisation number in the form for comparisons; "" if it is too short."""
    plain = _PUNCTUATION.sub("", number.upper())
    digits = _DIGITS.fullmatch(plain)
    if digits:
        plain = digits[1]
    return plain if len(plain) >= MIN_COMPARED_LENGTH else ""


def get_shown_end(record_number: str) -> str:
    """Return the end of a number of which QuickBooks shows only that; "" if it shows all of it."""
    match = _MASKED_NUMBER.fullmatch(_PUNCTUATION.sub("", record_number.upper()))
    return match[1] if match else ""


def compare_numbers(number: str, record_number: str) -> NumberMatch:
    """Return how well a number of a record in QuickBooks fits an organisation number."""
    key = normalize_number(number)
    if not key:
        return NumberMatch.NONE
    end = get_shown_end(record_number)
    if end:
        return NumberMatch.END if key.endswith(end) else NumberMatch.NONE
    return NumberMatch.WHOLE if key == normalize_number(record_number) else NumberMatch.NONE
