"""The XML dialect: answers in it for callers that do not ask for JSON, and request bodies written in it."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape, quoteattr

from qbo_sandbox.accounting.values import dump, envelope_time
from qbo_sandbox.entities.schema import Field, types

SPACE = "http://schema.intuit.com/finance/v3"
ENTITY_MARKS = ("domain", "status", "sparse")
MARKS = {
    "QueryResponse": ("startPosition", "maxResults", "totalCount"),
    "BatchItemResponse": ("bId",),
    "Fault": ("type",),
    "Error": ("code", "element"),
    "Row": ("type", "group"),
    "ColData": ("value", "id", "href"),
}
ITEM_MARKS = ("bId", "operation", "optionsData")
REPORT = {"Header", "Columns", "Rows"}
UNKNOWN = Field("", False)


def from_json(body: bytes) -> bytes:
    """The same answer in XML, elements in the order of the schema."""
    answer: dict[str, Any] = json.loads(body, parse_float=Decimal)
    if answer.keys() >= REPORT:
        return _document("Report", _inner(answer), "").encode()
    time = str(answer.pop("time", ""))
    if "fault" in answer:
        answer, time = {"Fault": _gateway(answer["fault"])}, envelope_time(int(time) / 1000, "UTC")
    return _document("IntuitResponse", _inner(answer), time).encode()


def _inner(answer: dict[str, Any]) -> str:
    return "".join(_element(name, value, name) for name, value in answer.items())


def _document(root: str, content: str, time: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    stamp = f" time={quoteattr(time)}" if time else ""
    return f'{head}<{root} xmlns="{SPACE}"{stamp}>{content}</{root}>'


def _gateway(fault: dict[str, Any]) -> dict[str, Any]:
    """The gateway's fault with the names that it has in XML."""
    named = {"code": "code", "message": "Message", "detail": "Detail"}
    errors = [
        {new: error[old] for old, new in named.items() if error[old]} for error in fault["error"]
    ]
    return {"type": fault["type"], "Error": errors}


def _element(name: str, value: Any, kind: str) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item, kind) for item in value)
    if value is None:
        return ""
    if not isinstance(value, dict):
        return f"<{name}>{escape(_plain(value))}</{name}>"
    if kind == "any":
        return f"<{name}>{''.join(_extension(each) for each in value.get('any', ()))}</{name}>"
    if kind == "ref" or (
        "value" in value and set(value) <= {"value", "name", "type"} and name not in MARKS
    ):
        return f"<{name}{_marks(value, ('name', 'type'))}>{escape(str(value.get('value', '')))}</{name}>"
    marks = MARKS.get(name) or (ENTITY_MARKS if "domain" in value else ())
    inner = "".join(
        _element(key, value[key], _kind(kind, key))
        for key in _ordered(kind, value)
        if key not in marks
    )
    return (
        f"<{name}{_marks(value, marks)}>{inner}</{name}>"
        if inner
        else f"<{name}{_marks(value, marks)}/>"
    )


def _kind(above: str, name: str) -> str:
    """The schema's type of a field, or of the object that an envelope holds."""
    return types()[above].get(name, UNKNOWN).type if above in types() else name


def _ordered(kind: str, value: dict[str, Any]) -> list[str]:
    places = {name: place for place, name in enumerate(types().get(kind, ()))}
    return sorted(value, key=lambda name: places.get(name, len(places)))


def _marks(value: dict[str, Any], names: tuple[str, ...]) -> str:
    return "".join(
        f" {name}={quoteattr(_plain(value[name]))}" for name in names if value.get(name) is not None
    )


def _extension(each: dict[str, Any]) -> str:
    """One entry of an extension block: its JSON name carries the namespace."""
    return _element(str(each.get("name", "")).rpartition("}")[2], each.get("value", {}), "")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else dump(value)


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """The name of the object in a request's body, and the object as its JSON would be; ValueError when it is no XML."""
    root = _parsed(body)
    name = _local(root)
    if name == "IntuitBatchRequest":
        return name, {
            "BatchItemRequest": [
                _item(child) for child in root if _local(child) == "BatchItemRequest"
            ]
        }
    return name, _object(root, name)


def _parsed(body: bytes) -> Element:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a document type is not allowed")
    parser = XMLParser()  # noqa: S314  (without a document type there is nothing to expand)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as wrong:
        raise ValueError(str(wrong)) from None
    return root


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _item(element: Element) -> dict[str, Any]:
    """One item of a batch."""
    marks: dict[str, Any] = {
        name: element.attrib[name] for name in ITEM_MARKS if name in element.attrib
    }
    held = {
        _local(child): _object(child, _local(child)) if len(child) else (child.text or "")
        for child in element
    }
    return marks | held


def _object(element: Element, kind: str) -> dict[str, Any]:
    marks = {name: element.attrib[name] for name in ENTITY_MARKS if name in element.attrib}
    found: dict[str, Any] = {
        name: text == "true" if name == "sparse" else text for name, text in marks.items()
    }
    for name, field, child in _children(element, kind):
        value = _value(child, field)
        if field.many:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _children(element: Element, kind: str) -> Iterator[tuple[str, Field, Element]]:
    fields = types().get(kind, {})
    for child in element:
        name = _local(child)
        yield name, fields.get(name, UNKNOWN), child


def _value(element: Element, field: Field) -> Any:
    text = (element.text or "").strip() if len(element) else element.text or ""
    if field.type == "ref":
        return {
            "value": text,
            **{name: element.attrib[name] for name in ("name", "type") if name in element.attrib},
        }
    if field.type == "any":
        return {
            "any": [
                {"name": f"{{{SPACE}}}{_local(child)}", "value": _object(child, "")}
                for child in element
            ]
        }
    if field.type in types() or len(element):
        return _object(element, field.type)
    if field.type == "b":
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    return _number(text) if field.type in ("d", "i") else text


def _number(text: str) -> Any:
    try:
        return Decimal(text.strip())
    except ArithmeticError:
        return text
