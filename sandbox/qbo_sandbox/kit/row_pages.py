"""Pages of a list of rows, as the APIs of many sources have them."""

import math
from collections.abc import Sequence
from urllib.parse import urlencode
from wsgiref.types import WSGIEnvironment

from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.kit.messages import query_of

Row = JsonObject


def numbered_page(rows: Sequence[Row], number: str, size: int) -> tuple[list[Row], int]:
    """Return the rows of a page and the number of pages; the first page is 1."""
    end = int(number) * size
    start = end - size
    pages = math.ceil(len(rows) / size)
    return list(rows[start:end]), max(1, pages)


def linked_page(
    environ: WSGIEnvironment, rows: Sequence[Row], size: int, *, parameter: str = "page"
) -> tuple[list[Row], str | None]:
    """Return the rows of the page that a call asks for, and the link to the next page.

    The link is the address of the call with the number of the next page as `parameter`.
    """
    query = query_of(environ)
    number = query.get(parameter, "1")
    items, pages = numbered_page(rows, number, size)
    next_number = int(number) + 1
    if next_number > pages:
        return items, None
    query[parameter] = str(next_number)
    site = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
    path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    return items, f"{site}{path}?{urlencode(query)}"
