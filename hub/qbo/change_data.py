"""The objects in responses to change data calls."""

from typing import Any

from hub.payloads.entities import KIND_BY_ENTITY
from hub.qbo.responses import require_no_objects


def group_changed_objects(body: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the objects in the response to a change data call, by kind.

    A response without objects shows that nothing changed, so raise Retry if there are some in
    another form.
    """
    objects: dict[str, list[dict[str, Any]]] = {}
    for response in _list_change_responses(body):
        for entity, rows in response.items():
            if entity in KIND_BY_ENTITY and isinstance(rows, list):
                kind = KIND_BY_ENTITY[entity]
                objects.setdefault(kind, []).extend(row for row in rows if isinstance(row, dict))
            else:
                require_no_objects(rows)
    return objects


def _list_change_responses(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the responses, of one kind each, in the response to a change data call."""
    responses: list[dict[str, Any]] = []
    for content in _list_objects(body, "CDCResponse"):
        responses += _list_objects(content, "QueryResponse")
    return responses


def _list_objects(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects in a list of an object; raise Retry if there are objects, but no list."""
    items = content.get(name)
    if not isinstance(items, list):
        require_no_objects(items)
        return []
    return [item for item in items if isinstance(item, dict)]
