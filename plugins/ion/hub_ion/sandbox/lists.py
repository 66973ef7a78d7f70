"""Lists as the API gives them: filtered, sorted by id, cut into pages by cursor."""

import base64
import binascii

from graphql import GraphQLError

from hub_ion.sandbox.rules import get_order_status

CURSOR_PREFIX = "arrayconnection:"
OPERATORS = {
    "eq": lambda value, operand: value == operand,
    "neq": lambda value, operand: value != operand,
    "in": lambda value, operand: value in operand,
    "notIn": lambda value, operand: value not in operand,
    "gt": lambda value, operand: value is not None and value > operand,
    "gte": lambda value, operand: value is not None and value >= operand,
    "lt": lambda value, operand: value is not None and value < operand,
    "lte": lambda value, operand: value is not None and value <= operand,
    "like": lambda value, operand: _is_like(str(value), operand),
}


def read_connection(
    books, table, filters=None, sort=None, first=None, after=None, last=None, before=None
):
    """Return one page of a table."""
    _check_size(first)
    _check_size(last)
    rows = [row for row in books.rows(table) if _is_included(books, row, filters or {})]
    is_descending = bool(sort) and sort[0] == "ID_DESC"
    rows.sort(key=lambda row: row["id"], reverse=is_descending)
    start = _decode_cursor(after, -1) + 1
    end = min(_decode_cursor(before, len(rows)), len(rows))
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    return _take_page(rows, start, end)


def _check_size(size):
    """Refuse a negative page size."""
    if size is not None and size < 0:
        raise GraphQLError("A page cannot have fewer than no rows.")


def _take_page(rows, start, end):
    """Return the rows between two positions, with the information about their page."""
    edges = []
    for position, row in enumerate(rows[start:end], start):
        edges.append({"node": row, "cursor": encode_cursor(position)})
    info = {
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
        "hasNextPage": end < len(rows),
        "hasPreviousPage": start > 0,
        "totalCount": len(rows),
        "count": len(edges),
    }
    return {"edges": edges, "pageInfo": info}


def encode_cursor(position):
    """Return the cursor of a position in a list."""
    text = f"{CURSOR_PREFIX}{position}"
    return base64.b64encode(text.encode()).decode()


def _decode_cursor(cursor, default):
    """Return the position of a cursor, or the default without a cursor."""
    if cursor is None:
        return default
    try:
        text = base64.b64decode(cursor, validate=True).decode()
        return int(text.removeprefix(CURSOR_PREFIX))
    except (binascii.Error, ValueError):
        raise GraphQLError("The cursor is not one of this list.") from None


def _is_included(books, row, filters):
    """Return whether a row passes all filters."""
    for name, operand in filters.items():
        value = row.get(name)
        if name == "status":
            value = get_order_status(row, books.of_order("lines", row))
        for operator, argument in operand.items():
            if name.endswith(("id", "Id")):
                argument = _parse_ids(argument)
            if not OPERATORS[operator](value, argument):
                return False
    return True


def _parse_ids(argument):
    """Return one id or several as numbers; the API accepts them as texts, too."""
    try:
        if isinstance(argument, list):
            return list(map(int, argument))
        return int(argument)
    except ValueError:
        raise GraphQLError(f"{argument!r} is no id.") from None


def _is_like(value, pattern):
    """Return whether a text contains a pattern between percent signs, in any case."""
    return pattern.strip("%").casefold() in value.casefold()
