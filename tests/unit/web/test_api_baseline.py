"""Nothing that a program sends to the JSON API, or reads from it, is removed or retyped."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.pages import api_description
from tests.support.pages.api_client import ApiClient
from tests.support.pages.page_visitor import Visitor

STORED = sorted((Path(__file__).parents[2] / "baseline" / "public" / "api").glob("*.json"))
Document = dict[str, Any]


def read_stored() -> Document:
    stored: Document = json.loads(STORED[0].read_text())
    return stored


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_nothing_of_an_earlier_version_is_lost(path: Path, visitor: Visitor) -> None:
    served = ApiClient.of(visitor.app, "olga").read(api_description.ADDRESS)
    assert list(api_description.list_losses(json.loads(path.read_text()), served)) == []


def test_the_stored_document_has_the_addresses_and_members() -> None:
    stored = read_stored()
    assert STORED[0].stem == "0.1"
    assert len(stored["paths"]) > 20
    assert "/api/v1/documents" in {path.rstrip("/") for path in stored["paths"]}
    assert len(stored["components"]["schemas"]) > 20


def lose_address(now: Document) -> None:
    now["paths"].popitem()


def lose_method(now: Document) -> None:
    now["paths"]["/api/v1/documents/"].pop("get")


def lose_member(now: Document) -> None:
    _schema(now)["properties"].popitem()


def retype_member(now: Document) -> None:
    properties = _schema(now)["properties"]
    properties[next(iter(properties))] = {"type": "boolean", "format": "another"}


def require_member(now: Document) -> None:
    schema = _schema(now)
    schema["properties"]["new"] = {"type": "string"}
    schema["required"] = [*schema.get("required", []), "new"]


def require_parameter(now: Document) -> None:
    operation = now["paths"]["/api/v1/documents/"]["get"]
    new = {"in": "query", "name": "new", "required": True, "schema": {"type": "string"}}
    operation["parameters"] = [*operation.get("parameters", []), new]


def lose_parameter(now: Document) -> None:
    now["paths"]["/api/v1/documents/"]["get"]["parameters"].pop()


def _schema(now: Document) -> Document:
    schema: Document = next(
        schema for schema in now["components"]["schemas"].values() if schema.get("properties")
    )
    return schema


@pytest.mark.parametrize(
    "change",
    [
        lose_address,
        lose_method,
        lose_member,
        retype_member,
        require_member,
        require_parameter,
        lose_parameter,
    ],
)
def test_each_loss_is_named(change: Callable[[Document], None]) -> None:
    stored = read_stored()
    now = copy.deepcopy(stored)
    change(now)
    assert list(api_description.list_losses(stored, now)) != []


def test_additions_and_other_descriptions_are_no_loss() -> None:
    stored = read_stored()
    now = copy.deepcopy(stored)
    now["paths"]["/api/v1/new"] = {"get": {"responses": {}}}
    now["info"]["version"] = "9.9"
    _schema(now)["properties"]["new"] = {"type": "string"}
    operation = now["paths"]["/api/v1/documents/"]["get"]
    operation["description"] = "Other words."
    new = {"in": "query", "name": "new", "required": False, "schema": {"type": "string"}}
    operation["parameters"] = [*operation.get("parameters", []), new]
    assert list(api_description.list_losses(stored, now)) == []
