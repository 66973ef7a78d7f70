"""Currencies in the responses of a source: a document must follow its own."""

import re
from collections.abc import Sequence

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import ResponseValue
from hub.testing.values.changed_responses import ChangedResponses

CURRENCY = re.compile("[A-Z]{3}")


def find_currency_defect(responses: ChangedResponses, document: Document) -> str:
    """Change the currency wherever the source names it; a source may name none."""
    currencies = _list_currency_values(responses)
    if not currencies:
        return ""
    values = [value for value in currencies if value.value == document.currency]
    if not values:
        return f"no answer of the source has its currency, {document.currency}."
    return _find_equal_currency_defect(responses, document, values)


def _find_equal_currency_defect(
    responses: ChangedResponses, document: Document, values: Sequence[ResponseValue]
) -> str:
    """Change the values that are the currency of a document; one of them must decide it."""
    deciding_values = [value for value in values if _follows_currency(responses, document, value)]
    if not deciding_values:
        return f"its currency stays {document.currency} if {_join(values)} is another."
    return _find_part_currency_defect(document, values, deciding_values)


def _find_part_currency_defect(
    document: Document, values: Sequence[ResponseValue], deciding_values: Sequence[ResponseValue]
) -> str:
    """Return which currency a document does not follow, although it follows that of a part."""
    for value in values:
        if value in deciding_values:
            continue
        parts = [other for other in deciding_values if _is_of_part(other, value)]
        if parts:
            return (
                f"its currency is that of {_join(parts)}, and stays {document.currency} if"
                f" {value.name} is another."
            )
    return ""


def _list_currency_values(responses: ChangedResponses) -> list[ResponseValue]:
    """Return the values that look like a currency."""
    return [value for value in responses.values if CURRENCY.fullmatch(str(value.value))]


def _follows_currency(
    responses: ChangedResponses, document: Document, value: ResponseValue
) -> bool:
    """Return whether a document has another currency, or is not posted, if a value is another."""
    new = "SEK" if document.currency != "SEK" else "CHF"
    reading = responses.read(value, new)
    if reading is None:
        return True
    before = (document.currency, document.stage, document.hold)
    return (reading.currency, reading.stage, reading.hold) != before


def _is_of_part(value: ResponseValue, other: ResponseValue) -> bool:
    """Return whether a value is called as another one, and is in a part of what has the other.

    The currency of a customer is in a part of an invoice, which has a currency of its own.
    """
    *parents, name = other.path
    is_deeper = len(value.path) > len(other.path) and value.path[: len(parents)] == tuple(parents)
    return value.call == other.call and value.path[-1] == name and is_deeper


def _join(values: Sequence[ResponseValue]) -> str:
    """Return the names of values, each once."""
    return ", ".join(dict.fromkeys(value.name for value in values))
