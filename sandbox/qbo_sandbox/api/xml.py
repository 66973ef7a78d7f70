"""The XML dialect: responses for callers that do not ask for JSON, and request bodies in XML."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.sax.saxutils import escape, quoteattr

from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.accounting.values import dump, format_envelope_time
from qbo_sandbox.entities.schema import Field, load_type_fields
from qbo_sandbox.kit.json_object import JsonObject

NAMESPACE = "http://schema.intuit.com/finance/v3"
ENTITY_ATTRIBUTES = ("domain", "status", "sparse")
# What is an attribute of an element in XML and a field of an object in JSON.
ATTRIBUTES = {
    "QueryResponse": ("startPosition", "maxResults", "totalCount"),
    "BatchItemResponse": ("bId",),
    "Fault": ("type",),
    "Error": ("code", "element"),
    "Row": ("type", "group"),
    "ColData": ("value", "id", "href"),
}
BATCH_ITEM_ATTRIBUTES = ("bId", "operation", "optionsData")
REFERENCE_ATTRIBUTES = ("name", "type")
GATEWAY_ELEMENTS = {"code": "code", "message": "Message", "detail": "Detail"}
REPORT_PARTS = {"Header", "Columns", "Rows"}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
UNKNOWN_FIELD = Field("", False)


# -- writing -------------------------------------------------------------------------------------


def from_json(body: bytes) -> bytes:
    """Return a JSON response in XML, with the elements in the order of the schema."""
    response: JsonObject = json.loads(body, parse_float=Decimal)
    if response.keys() >= REPORT_PARTS:
        report = _render_document("Report", _to_elements(response), "")
        return report.encode()
    time = str(response.pop("time", ""))
    if "fault" in response:
        response = {"Fault": _rename_gateway_fault(response["fault"])}
        time = format_envelope_time(int(time) / 1000, "UTC")
    document = _render_document("IntuitResponse", _to_elements(response), time)
    return document.encode()


def _to_elements(response: JsonObject) -> str:
    """Return the fields of a response as elements."""
    elements = [_to_element(name, value, name) for name, value in response.items()]
    return "".join(elements)


def _render_document(root: str, content: str, time: str) -> str:
    """Return a whole document."""
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    attributes = f'xmlns="{NAMESPACE}"'
    if time:
        attributes += f" time={quoteattr(time)}"
    return f"{declaration}<{root} {attributes}>{content}</{root}>"


def _rename_gateway_fault(fault: JsonObject) -> JsonObject:
    """Return a fault of the gateway with the names that it has in XML."""
    errors = []
    for error in fault["error"]:
        xml_error = {}
        for json_name, xml_name in GATEWAY_ELEMENTS.items():
            if error[json_name]:
                xml_error[xml_name] = error[json_name]
        errors.append(xml_error)
    return {"type": fault["type"], "Error": errors}


def _to_element(name: str, value: Any, kind: str) -> str:
    """Return a JSON value as an element, a list as one element for each member."""
    if isinstance(value, list):
        return "".join([_to_element(name, item, kind) for item in value])
    if value is None:
        return ""
    if not isinstance(value, dict):
        text = escape(_format_value(value))
        return f"<{name}>{text}</{name}>"
    if kind == "any":
        entries = value.get("any", ())
        extensions = "".join(map(_render_extension, entries))
        return f"<{name}>{extensions}</{name}>"
    if kind == "ref" or _looks_like_reference(name, value):
        id = escape(str(value.get("value", "")))
        attributes = _render_attributes(value, REFERENCE_ATTRIBUTES)
        return f"<{name}{attributes}>{id}</{name}>"
    return _render_object(name, value, kind)


def _looks_like_reference(name: str, value: JsonObject) -> bool:
    """Return whether an object has nothing but the parts of a reference."""
    if name in ATTRIBUTES:
        return False
    return "value" in value and set(value) <= {"value", *REFERENCE_ATTRIBUTES}


def _render_object(name: str, value: JsonObject, kind: str) -> str:
    """Return an object as an element with its attributes and children."""
    attribute_names = ATTRIBUTES.get(name, ())
    if not attribute_names and "domain" in value:
        attribute_names = ENTITY_ATTRIBUTES
    children = ""
    for key in _sort_by_schema(kind, value):
        if key not in attribute_names:
            children += _to_element(key, value[key], _get_type(kind, key))
    attributes = _render_attributes(value, attribute_names)
    if not children:
        return f"<{name}{attributes}/>"
    return f"<{name}{attributes}>{children}</{name}>"


def _get_type(parent: str, name: str) -> str:
    """Return the schema's type of a field, or of the object that an envelope contains."""
    if parent in load_type_fields():
        return _find_field(parent, name).type
    return name


def _find_field(kind: str, name: str) -> Field:
    """Return a field of a kind; a recurring transaction has an object under its own name."""
    if kind == "RecurringTransaction" and name in KINDS:
        return Field(name, False)
    return load_type_fields().get(kind, {}).get(name, UNKNOWN_FIELD)


def _sort_by_schema(kind: str, value: JsonObject) -> list[str]:
    """Return the names of an object's fields in the order of the schema, unknown ones last."""
    fields = load_type_fields().get(kind, {})
    schema_names = [name for name in fields if name in value]
    other_names = [name for name in value if name not in fields]
    return schema_names + other_names


def _render_attributes(value: JsonObject, names: tuple[str, ...]) -> str:
    """Return the attributes of an element, those without a value left out."""
    attributes = ""
    for name in names:
        if value.get(name) is not None:
            attributes += f" {name}={quoteattr(_format_value(value[name]))}"
    return attributes


def _render_extension(entry: JsonObject) -> str:
    """Return one entry of an extension block, whose JSON name contains the namespace."""
    name = str(entry.get("name", ""))
    _, _, local_name = name.rpartition("}")
    value = entry.get("value", {})
    return _to_element(local_name, value, "")


def _format_value(value: Any) -> str:
    """Return a value as text, numbers and booleans as in JSON."""
    if isinstance(value, str):
        return value
    return dump(value)


# -- reading -------------------------------------------------------------------------------------


def read(body: bytes) -> tuple[str, JsonObject]:
    """Return the name of the object in a request and the object as in JSON.

    Raise ValueError if the body is not XML, or is nested too deeply.
    """
    root = _parse(body)
    try:
        return _parse_request(root)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _parse_request(root: Element) -> tuple[str, JsonObject]:
    """Return the name and the content of an object, or the items of a batch."""
    name = _get_local_name(root)
    if name != "IntuitBatchRequest":
        return name, _parse_object(root, name)
    items = []
    for child in root:
        if _get_local_name(child) == "BatchItemRequest":
            items.append(_parse_batch_item(child))
    return name, {"BatchItemRequest": items}


def _parse(body: bytes) -> Element:
    """Parse XML; refuse a document type, which could make it expand without limit."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a document type is not allowed")
    parser = XMLParser()  # noqa: S314  (without a document type there is nothing to expand)
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as error:
        raise ValueError(str(error)) from None
    return root


def _get_local_name(element: Element) -> str:
    """Return the name of an element without its namespace."""
    _, _, name = element.tag.rpartition("}")
    return name


def _get_attribute_values(element: Element, names: tuple[str, ...]) -> JsonObject:
    """Return the attributes of an element with these names."""
    attributes = element.attrib
    return {name: attributes[name] for name in names if name in attributes}


def _parse_batch_item(element: Element) -> JsonObject:
    """Return an item of a batch: an object to write, or the text of a query."""
    item = _get_attribute_values(element, BATCH_ITEM_ATTRIBUTES)
    for child in element:
        name = _get_local_name(child)
        if len(child):
            item[name] = _parse_object(child, name)
        else:
            item[name] = child.text or ""
    return item


def _parse_object(element: Element, kind: str) -> JsonObject:
    """Return an element as an object, with types and lists as the schema says."""
    content = _get_attribute_values(element, ENTITY_ATTRIBUTES)
    if "sparse" in content:
        content["sparse"] = BOOLEANS.get(content["sparse"], False)
    for name, field, child in _iter_child_elements(element, kind):
        value = _parse_value(child, field)
        if field.is_list:
            content.setdefault(name, []).append(value)
        else:
            content[name] = value
    return content


def _iter_child_elements(element: Element, kind: str) -> Iterator[tuple[str, Field, Element]]:
    """Yield (name, field of the schema, element) of the children of an element."""
    for child in element:
        name = _get_local_name(child)
        yield name, _find_field(kind, name), child


def _parse_value(element: Element, field: Field) -> Any:
    """Return the content of an element by the type of its field."""
    text = element.text or ""
    if len(element):
        text = text.strip()  # white space between the children
    if field.type == "ref":
        return {"value": text} | _get_attribute_values(element, REFERENCE_ATTRIBUTES)
    if field.type == "any":
        entries = list(map(_parse_extension, element))
        return {"any": entries}
    if field.type == "MemoRef" and text:
        return {"value": text}
    if field.type in load_type_fields() or len(element):
        return _parse_object(element, field.type)
    return _parse_plain_value(text, field)


def _parse_plain_value(text: str, field: Field) -> Any:
    """Return a text as the simple value that the schema expects of the field."""
    if field.type == "b":
        return BOOLEANS.get(text.strip().lower(), text)
    if field.type in ("d", "i"):
        return _parse_number(text)
    return text


def _parse_extension(element: Element) -> JsonObject:
    """Return an extension as an entry whose name contains the namespace."""
    name = f"{{{NAMESPACE}}}{_get_local_name(element)}"
    value = _parse_object(element, "")
    return {"name": name, "value": value}


def _parse_number(text: str) -> Any:
    """Return a number, or the text if it is none, so that the schema refuses it."""
    try:
        return Decimal(text.strip())
    except ArithmeticError:
        return text
