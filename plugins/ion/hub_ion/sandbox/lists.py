"""Lists as the API gives them: filtered, sorted by id, cut into pages by cursor."""

import base64
import binascii

from graphql import GraphQLError

from hub_ion.sandbox.rules import order_status

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


def connection(
    books, table, filters=None, sort=None, first=None, after=None, last=None, before=None
):
    """Return one page of a table."""
    if min(first or 0, last or 0) < 0:
        raise GraphQLError("A page cannot have fewer than no rows.")
    rows = [row for row in books.rows(table) if _fits(books, row, filters or {})]
    rows.sort(key=lambda row: row["id"], reverse=bool(sort) and sort[0] == "ID_DESC")
    start = _place(after, -1) + 1
    end = min(_place(before, len(rows)), len(rows))
    if first is not None:
        end = min(end, start + first)
    if last is not None:
        start = max(start, end - last)
    edges = [
        {"node": row, "cursor": cursor(place)} for place, row in enumerate(rows[start:end], start)
    ]
    info = {
        "startCursor": edges[0]["cursor"] if edges else None,
        "endCursor": edges[-1]["cursor"] if edges else None,
        "hasNextPage": end < len(rows),
        "hasPreviousPage": start > 0,
        "totalCount": len(rows),
        "count": len(edges),
    }
    return {"edges": edges, "pageInfo": info}


def cursor(place):
    """Return a place in a list as the API writes it."""
    return base64.b64encode(f"arrayconnection:{place}".encode()).decode()


def _place(text, default):
    if text is None:
        return default
    try:
        return int(base64.b64decode(text, validate=True).decode().removeprefix("arrayconnection:"))
    except (binascii.Error, ValueError):
        raise GraphQLError("The cursor is not one of this list.") from None


def _fits(books, row, filters):
    for name, operand in filters.items():
        value = (
            order_status(row, books.of_order("lines", row)) if name == "status" else row.get(name)
        )
        for operator, argument in operand.items():
            if not OPERATORS[operator](
                value, _ids(argument) if name.endswith(("id", "Id")) else argument
            ):
                return False
    return True


def _ids(argument):
    try:
        return [int(id) for id in argument] if isinstance(argument, list) else int(argument)
    except ValueError:
        raise GraphQLError(f"{argument!r} is no id.") from None


def _is_like(value, pattern):
    return pattern.strip("%").casefold() in value.casefold()
