"""The stand-in's entities agree field by field with those that Autotask publishes."""

from collections import defaultdict
from pathlib import Path

import pytest
from hub_autotask.sandbox.schema import ENTITIES

TYPES = {"long": "integer", "integer": "integer", "decimal": "number", "datetime": "date-time"}


def published():
    """Return (types by entity and field, the fields that may be written, the newer fields)."""
    types, writable, newer = defaultdict(dict), defaultdict(set), defaultdict(set)
    for line in (Path(__file__).parent / "published.txt").read_text().splitlines():
        if not line.startswith("#"):
            head, _, names = line.partition(":")
            entity, what = head.split()
            if what in ("writable", "newer"):
                {"writable": writable, "newer": newer}[what][entity] |= set(names.split())
            else:
                types[entity] |= dict.fromkeys(names.split(), what)
    return types, writable, newer


PUBLISHED, WRITABLE, NEWER = published()


@pytest.mark.parametrize("entity", PUBLISHED)
def test_names_and_types_are_those_that_are_published(entity):
    own_fields = {
        name: TYPES.get(field.type, field.type) for name, field in ENTITIES[entity].fields.items()
    }
    published_fields = {
        name: type_ for name, type_ in own_fields.items() if name not in NEWER[entity]
    }
    assert published_fields == PUBLISHED[entity]


@pytest.mark.parametrize("entity", WRITABLE)
def test_writable_fields_are_those_of_published_clients(entity):
    fields = ENTITIES[entity].fields.values()
    assert {field.name for field in fields if not field.read_only} == WRITABLE[entity]


def test_each_required_field_can_be_set_or_is_set_by_autotask():
    given_when_made = {"companyID", "vendorID", "orderID", "purchaseOrderItemID", "name"}
    for entity in ENTITIES.values():
        closed = {
            field.name for field in entity.fields.values() if field.required and field.read_only
        }
        assert closed <= given_when_made, entity.name
