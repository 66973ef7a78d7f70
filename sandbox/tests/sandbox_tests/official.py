"""The official schema, and the validation of response bodies against it."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

CHECKOUT = Path(__file__).parents[3]
EVIDENCE = Path(os.environ.get("HUB_EVIDENCE", CHECKOUT / "../shared/evidence"))
SCHEMA = EVIDENCE / "intuit-xsd"
FILES = (
    "IntuitBaseTypes",
    "IntuitNamesTypes",
    "Finance",
    "Report",
    "SalesTax",
    "IntuitRestServiceDef",
)
XS = "{http://www.w3.org/2001/XMLSchema}"
SPACE = "{http://schema.intuit.com/finance/v3}"
OBJECT = "<IntuitObject>"
DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
PATTERNS = {"date": DATE, "dateTime": MOMENT}


class Field(NamedTuple):
    """A field of a complex type: its type, whether it repeats, and whether it is an attribute."""

    type: str
    is_list: bool = False
    attribute: bool = False


class Official:
    """The parsed schema: complex types and their fields, simple types, enumerations, objects."""

    def __init__(self, folder: Path) -> None:
        self.base: dict[str, str] = {}
        self.own: dict[str, dict[str, Field]] = {}
        self.plain: dict[str, str] = {}
        self.values: dict[str, frozenset[str]] = {}
        self.objects: dict[str, str] = {}
        roots = [ElementTree.parse(folder / f"{name}.xsd").getroot() for name in FILES]
        self.groups = {
            group.get("name", ""): group for root in roots for group in root.findall(f"{XS}group")
        }
        for root in roots:
            self._read(root)
        self.types = {name: self._whole(name) for name in self.own}

    def _read(self, root: ElementTree.Element) -> None:
        self.objects |= {
            each.get("name", ""): _local(each.get("type", ""))
            for each in root.findall(f"{XS}element")
        }
        for simple in root.findall(f"{XS}simpleType"):
            for restriction in simple.findall(f"{XS}restriction"):
                name = simple.get("name", "")
                self.plain[name] = _local(restriction.get("base", ""))
                values = {each.get("value", "") for each in restriction.findall(f"{XS}enumeration")}
                self.values |= {name: frozenset(values)} if values else {}
        for kind in root.findall(f"{XS}complexType"):
            name = kind.get("name", "")
            self.base |= [
                (name, _local(each.get("base", ""))) for each in kind.iter(f"{XS}extension")
            ]
            self.own[name] = dict(self._fields(kind))

    def _fields(self, node: ElementTree.Element, many: bool = False) -> Iterator[tuple[str, Field]]:
        for child in node:
            again = many or child.get("maxOccurs", "1") != "1"
            if child.tag == f"{XS}element":
                yield child.get("name", OBJECT), Field(_local(child.get("type", "string")), again)
            elif child.tag == f"{XS}attribute":
                yield (
                    child.get("name", ""),
                    Field(_local(child.get("type", "string")), attribute=True),
                )
            elif child.tag == f"{XS}group":
                yield from self._fields(self.groups[_local(child.get("ref", ""))], again)
            elif child.tag != f"{XS}annotation":
                yield from self._fields(child, again)

    def _whole(self, name: str) -> dict[str, Field]:
        base = self.base.get(name, "")
        if base in self.own:
            return self._whole(base) | self.own[name]
        return self.own[name] | ({"value": Field(base)} if base else {})

    def field(self, kind: str, name: str) -> Field | None:
        """Return a type's field by name; if the type allows any object, objects count as fields."""
        fields = self.types[kind]
        field = fields.get(name)
        if field is None and OBJECT in fields and name in self.objects:
            return Field(self.objects[name], fields[OBJECT].is_list)
        return field


def _local(name: str) -> str:
    return name.rpartition(":")[2]


@cache
def official() -> Official:
    return Official(SCHEMA)


def walk(kind: str, value: Any) -> list[str]:
    """Return the violations in a JSON value, each with its path."""
    schema = official()
    if kind not in schema.types:
        return [] if _fits(kind, value) else [f" is no {kind}: {value!r:.60}"]
    if kind == "IntuitAnyType":
        return []
    if not isinstance(value, dict):
        return [f" is no {kind}: {value!r:.60}"]
    return [
        f".{name}{bad}"
        for name, inner in value.items()
        for bad in _walk_field(schema, kind, name, inner)
    ]


def _walk_field(schema: Official, kind: str, name: str, value: Any) -> list[str]:
    field = schema.field(kind, name)
    if field is None:
        return [f" is unknown to {kind}"]
    if not field.is_list:
        return walk(field.type, value)
    if not isinstance(value, list):
        return [f" is no list of {field.type}"]
    return [bad for each in value for bad in walk(field.type, each)]


def _fits(kind: str, value: Any) -> bool:
    schema = official()
    if kind in schema.values:
        return value in schema.values[kind]
    base = schema.plain.get(kind, kind)
    if base == "boolean" or isinstance(value, bool):
        return base == "boolean" and isinstance(value, bool)
    if base == "decimal":
        return isinstance(value, int | float)
    if base in ("int", "long", "positiveInteger"):
        return isinstance(value, int)
    if not isinstance(value, str):
        return False
    if base in PATTERNS:
        return PATTERNS[base].fullmatch(value) is not None
    return True


def walk_json(body: bytes) -> list[str]:
    """Return the violations in the JSON body of a response.

    JSON of the real service differs from the XML schema in these ways, all of them seen in its
    recorded responses: attributes (domain, sparse, status, time, bId, code …) are fields; a
    reference is {value, name, type}; a repeated element is a list; a report and a response of the
    tax service have no envelope; and the gateway, a separate server, writes the names in its fault
    in lower case and includes the empty ones.
    """
    answer = json.loads(body)
    if "Columns" in answer:
        return [f"Report{bad}" for bad in walk("Report", answer)]
    if "fault" in answer:
        return [f"Fault{bad}" for bad in walk("Fault", _capitals(answer["fault"]))]
    if "TaxRateDetails" in answer:
        return [f"TaxService{bad}" for bad in walk("TaxService", answer)]
    return [bad.removeprefix(".") for bad in walk("IntuitResponse", answer)]


def _capitals(fault: dict[str, Any]) -> dict[str, Any]:
    big = {"message": "Message", "detail": "Detail"}
    errors = [
        {big.get(key, key): value for key, value in each.items() if value is not None}
        for each in fault["error"]
    ]
    return {"Error": errors, "type": fault["type"]}


def walk_xml(body: bytes) -> list[str]:
    """Return the violations in an XML response, wrong order included, each with its path."""
    root = ElementTree.fromstring(body)
    name = root.tag.removeprefix(SPACE)
    bad = walk_element(official().objects[name], root)
    return [each.removeprefix(".") if name == "IntuitResponse" else f"{name}{each}" for each in bad]


def walk_element(kind: str, element: ElementTree.Element) -> list[str]:
    schema = official()
    if kind == "IntuitAnyType":
        return []
    if kind not in schema.types:
        return [] if _reads(kind, element.text or "") else [f" is no {kind}: {element.text!r:.60}"]
    bad = [
        f"@{name}{each}"
        for name, text in element.attrib.items()
        for each in _walk_attribute(kind, name, text)
    ]
    places = list(schema.types[kind])
    before, last = "", -1
    for child in element:
        name = child.tag.removeprefix(SPACE)
        bad += [f".{name}{each}" for each in _walk_child(kind, name, child, name == before)]
        place = places.index(name) if name in places else last
        bad += [f".{name} stands too late"] if place < last else []
        before, last = name, place
    return bad


def _walk_attribute(kind: str, name: str, text: str) -> list[str]:
    field = official().field(kind, name)
    if field is None or not field.attribute:
        return [f" is no attribute of {kind}"]
    return [] if _reads(field.type, text) else [f" is no {field.type}: {text!r:.60}"]


def _walk_child(kind: str, name: str, child: ElementTree.Element, again: bool) -> list[str]:
    field = official().field(kind, name)
    if field is None or field.attribute:
        return [f" is unknown to {kind}"]
    if again and not field.is_list:
        return [" stands twice"]
    return walk_element(field.type, child)


def _reads(kind: str, text: str) -> bool:
    """Return whether an XML text is a valid value of a simple type."""
    base = official().plain.get(kind, kind)
    if base in ("boolean", "decimal", "int", "long", "positiveInteger"):
        try:
            return _fits(kind, json.loads(text))
        except ValueError:
            return False
    return _fits(kind, text)
