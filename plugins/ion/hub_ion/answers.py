"""Read the answers of ION's API: errors, pages and rows, whatever their values are."""

import datetime as dt
import re
from typing import Any

from hub import Refused, Reply, Retry, Row, Sentence, is_transient
from hub_ion import schema
from hub_ion.queries import Listing

FIELD_BEHIND_ALIAS = re.compile(r":\s*\w+(\s*{ id })?")
# How servers of GraphQL say that a query does not fit their schema.
SCHEMA_MESSAGE = re.compile(
    r"cannot query|unknown|syntax error|variable|argument|selection|not defined by"
    r"|required type|does not exist in|expected value",
    re.IGNORECASE,
)


def get_errors(answer: Any) -> list[Row]:
    """Return the errors in the answer to a query; raise Retry if the body is something else."""
    if isinstance(answer, dict) and answer.keys() & {"data", "errors"}:
        errors = answer.get("errors") or []
        data = answer.get("data")
        if isinstance(errors, list) and (data is None or isinstance(data, dict)):
            return [
                error if isinstance(error, dict) else {"message": str(error)} for error in errors
            ]
    raise Retry("ION's answer is not an answer to a query; it is asked again later.")


def get_message(reply: Reply) -> str:
    """Return the message of an answer that refuses something; its status if it has none."""
    try:
        errors = get_errors(reply.json())
    except Retry:
        errors = []
    return str(errors[0].get("message")) if errors else f"HTTP {reply.status}"


def is_about_schema(error: Row) -> bool:
    """Return whether an error says that a query does not fit the schema."""
    message = str(error.get("message"))
    return bool(SCHEMA_MESSAGE.search(message)) and not is_transient(message)


def is_page(reply: Reply) -> bool:
    """Return whether an answer is a page of another server, such as a firewall, and not JSON."""
    try:
        reply.json()
    except Retry:
        return bool(reply.body.strip())
    return False


def has_changed_rows(data: Any) -> bool:
    """Return whether each mutation of an answer returned the row that it changed."""
    if not isinstance(data, dict):
        return False
    results = data.values()
    return bool(data) and all(
        isinstance(result, dict) and any(result.values()) for result in results
    )


def get_attribute_etag(row: Row, key: str) -> str:
    """Return the etag with which an attribute is written: its own, or its row's if it is new."""
    etags = {attribute["key"]: attribute["etag"] for attribute in row["attributes"] or ()}
    etag: str = etags.get(key) or row["etag"]
    return etag


def read_secret(receiver: Row) -> str:
    """Return the secret with which ION signs its calls to a receiver.

    Raise Refused if there is none, because the calls could not be verified.
    """
    secret = receiver.get("secret")
    if not secret:
        raise Refused(
            "ION sent no secret with which it signs its calls. To ask for them again, disable the"
            " app and enable it."
        )
    return str(secret)


def read_types(data: Any) -> list[Row]:
    """Return the types of ION's schema; raise Retry if the answer is no schema."""
    schema_content = data.get("__schema") if isinstance(data, dict) else None
    types = schema_content.get("types") if isinstance(schema_content, dict) else None
    if isinstance(types, list) and all(isinstance(type, dict) for type in types):
        return types
    raise Retry("ION sent an answer that is no schema; it is asked again later.")


def read_page(page: Any) -> tuple[list[Row | None], Row]:
    """Return (rows, page info) of a page; None in place of a row that ION could not return.

    Raise Retry if it is no page.
    """
    if isinstance(page, dict):
        edges, info = page.get("edges") or [], page.get("pageInfo")
        if isinstance(edges, list) and isinstance(info, dict) and _is_page_info(info):
            return [_get_node(edge) for edge in edges], info
    raise Retry("ION sent an answer that is no page of its list; it is asked again later.")


def get_next_cursor(info: Row, after: str | None) -> str:
    """Return the cursor of the page that follows the one read from the cursor `after`.

    Raise Retry if it leads to the same page again.
    """
    cursor: str | None = info["endCursor"]
    if cursor is None or cursor == after:
        raise Retry("ION sent the same page of its list twice; it is asked again later.")
    return cursor


def _is_page_info(info: Row) -> bool:
    """Return whether the page info says whether more rows follow, and after which cursor."""
    if not isinstance(info.get("hasNextPage"), bool):
        return False
    end = info.setdefault("endCursor", None)
    return end is None or isinstance(end, str)


def _get_node(edge: Any) -> Row | None:
    """Return the row of an edge; None if it has none."""
    node = edge.get("node") if isinstance(edge, dict) else None
    return node if isinstance(node, dict) else None


def complete_row(query: Listing, row: Row, absent_fields: frozenset[str]) -> Row:
    """Return a row with all fields that were requested, those that ION lacks as None.

    Of a row with a field of another kind only the id is left, and what is `broken`. A row without
    an id gets None as its id, so that it does not stop the others. So does a time of change in
    another form: the row is then read each time.
    """
    id = row.get("id")
    if query.node:
        return _clean_fields(query, row)
    whole_row = query.complete({"id": None, **row}, absent_fields)
    problem = schema.find_problem(query.type, whole_row)
    if problem is None:
        return _drop_unknown_times(whole_row)
    empty = schema.build_empty_row(query.type)
    broken = row.get("broken") or problem
    return {**empty, "id": id if schema.is_id(id) else None, "broken": broken}


def _clean_fields(query: Listing, row: Row) -> Row:
    """Return the few fields of a list that requests no others; None for one of another kind.

    Of a row inside the row, its id.
    """
    clean_row: Row = {}
    for name in FIELD_BEHIND_ALIAS.sub("", query.node).split():
        value = row.get(name)
        if isinstance(value, dict):
            value = value.get("id")
        is_text = (query.type, name) in schema.TEXT_FIELDS
        is_usable = isinstance(value, str) if is_text else schema.is_id(value)
        clean_row[name] = value if is_usable else None
    return _drop_unknown_times(clean_row)


def _drop_unknown_times(row: Row) -> Row:
    """Return a row whose times of change, and those of its lines, are moments or None."""
    for part in (row, *(row.get("lines") or ())):
        if part and not _is_moment(part.get("updated")):
            part["updated"] = None
    return row


def _is_moment(text: str | None) -> bool:
    """Return whether a text is a moment in ISO 8601, with or without its offset."""
    try:
        dt.datetime.fromisoformat(text or "")
    except ValueError:
        return False
    return True


def find_broken_row(rows: list[Row | None], error: Row) -> Row | None:
    """Return the row that an error of ION is about, or None."""
    path = error.get("path")
    if not isinstance(path, list) or len(path) < 3 or path[:2] != ["rows", "edges"]:
        return None
    position = path[2]
    is_position = isinstance(position, int) and 0 <= position < len(rows)
    return rows[position] if is_position else None


def explain_broken_row(broken: object) -> str:
    """Return why a row cannot be posted of which ION could not return everything."""
    return Sentence("ION could not return all of it (%(broken)s).", broken=broken)
