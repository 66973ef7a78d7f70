"""Purchase orders in the responses of a source: a bill uses up the order that it names."""

import re
from collections.abc import Iterator, Mapping

from hub.contract.documents import Document
from hub.testing.exchanges.response_values import Path, ResponseValue
from hub.testing.outcomes.items import id_at_the_source
from hub.testing.values.changed_responses import ChangedResponses

_ORDER = "(?:purchase)?(?:order|po)s?"
_REFERENCE = "(?:id|no|nr|num|number|ref|reference)"
# What names an order, alone or within an object; `order` alone may be a place among others.
_NAMES_ORDER = re.compile(f"{_ORDER}{_REFERENCE}|purchaseorder|po")
_NAMES_ORDER_LINE = re.compile(f"{_ORDER}(?:line|item|row){_REFERENCE}?")


def find_order_defect(
    responses: ChangedResponses, document: Document, orders: Mapping[str, Document]
) -> str:
    """Return which order a response names that no line of a bill is applied to; "" if none.

    `orders` are those that the app posts, by their source ids.
    """
    applied_ids = {line.applied.document for line in document.lines if line.applied}
    names = dict(_iter_names(orders))
    for value in responses.values:
        id = names.get(str(value.value))
        if id and id not in applied_ids and _is_called(value, _NAMES_ORDER):
            return f"the source answers {value.value} as {value.name}, and no line bills {id}."
    for id in sorted(applied_ids & orders.keys()):
        defect = _find_order_line_defect(responses, document, orders[id])
        if defect:
            return defect
    return ""


def _find_order_line_defect(
    responses: ChangedResponses, document: Document, order: Document
) -> str:
    """Return which line of its order a response names that decides nothing; "" if none."""
    ids = [line.id for line in order.lines]
    for value in responses.values:
        others = [id for id in ids if id != str(value.value)]
        is_line = len(others) == len(ids) - 1 and _is_called(value, _NAMES_ORDER_LINE)
        if not is_line or not others:
            continue
        if responses.read(value, _copy_id_type(value.value, others[0])) == document:
            return (
                f"it stays as it is if {value.name} is {others[0]}, another line of"
                f" {order.source_id}."
            )
    return ""


def _copy_id_type(value: object, id: str) -> str | int:
    """Return an id as a number if the other one is a number."""
    return int(id) if isinstance(value, int) and id.isdigit() else id


def _iter_names(orders: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    """Yield what a response may call each order, by its number or its id, with its source id."""
    numbers = {str(order.number): id for id, order in orders.items() if order.number}
    if len(numbers) == len(orders):
        yield from numbers.items()
    for id, order in orders.items():
        yield id_at_the_source(order), id


def _is_called(value: ResponseValue, names: re.Pattern[str]) -> bool:
    """Return whether a value has one of some names, alone or with that of the object it is in."""
    *parents, name = _list_words(value.path) or [""]
    return bool(names.fullmatch(name) or (parents and names.fullmatch(parents[-1] + name)))


def _list_words(path: Path) -> list[str]:
    """Return the names in a path in small letters, without places in lists."""
    return [re.sub(r"[\W_]", "", part.lower()) for part in path if isinstance(part, str)]
