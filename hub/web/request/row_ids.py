"""The ids of rows in addresses and forms: whole numbers that a column of a database can hold."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter

MAX_ROW_ID = 2**63 - 1
MAX_DIGITS = len(str(MAX_ROW_ID))


class RowIdConverter(IntegerConverter):
    """The part `<int:…>` of a route; an address with a larger number leads to no page."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": MAX_ROW_ID} | options)


def init_app(app: Flask) -> None:
    """Limit the numbers of all routes that are added from now on."""
    app.url_map.converters["int"] = RowIdConverter


def parse(text: str) -> int | None:
    """Return the id that a text is, None if it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    if not is_number:
        return None
    number = int(text)
    return number if number <= MAX_ROW_ID else None
