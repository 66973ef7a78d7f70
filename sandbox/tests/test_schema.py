"""Tests of the schema validation: it accepts the real service's bodies and reports mistakes."""

import json

import pytest
import yaml

from qbo_sandbox import create
from qbo_sandbox.entities import operations
from sandbox_tests import schema_validation
from sandbox_tests.official import EVIDENCE, SCHEMA, walk_json, walk_xml
from sandbox_tests.recorded import LOADER

pytestmark = pytest.mark.skipif(not SCHEMA.is_dir(), reason=f"no schema at {SCHEMA}")
VENDOR = {
    "Id": "1",
    "SyncToken": "0",
    "DisplayName": "Ada",
    "Active": True,
    "Balance": 0,
    "CurrencyRef": {"value": "USD"},
}


def recorded_bodies():
    for path in sorted((EVIDENCE / "recorded-json").glob("*/*.yml")):
        for pair in yaml.load(path.read_text(), LOADER)["http_interactions"]:
            yield pair["response"]["body"]["string"].encode()
    for path in sorted((EVIDENCE / "recorded-json/elixir-client").glob("*/*.json")):
        yield path.read_bytes()


def test_the_walk_finds_nothing_wrong_with_what_the_real_service_sent(figure):
    bodies = list(recorded_bodies())
    assert [bad for body in bodies for bad in walk_json(body)] == []
    figure("recorded bodies that the schema check accepts", len(bodies), 49)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("Colour", "red", "Vendor.Colour is unknown to Vendor"),
        ("Active", "true", "Vendor.Active is no boolean: 'true'"),
        ("Balance", "0", "Vendor.Balance is no decimal: '0'"),
        ("CurrencyRef", {"value": 1}, "Vendor.CurrencyRef.value is no id: 1"),
        ("CurrencyRef", {"id": "1"}, "Vendor.CurrencyRef.id is unknown to ReferenceType"),
        ("CustomField", {}, "Vendor.CustomField is no list of CustomField"),
        ("status", "Gone", "Vendor.status is no EntityStatusEnum: 'Gone'"),
        ("MetaData", {"CreateTime": "today"}, "Vendor.MetaData.CreateTime is no dateTime: 'today'"),
    ],
)
def test_an_unknown_field_type_or_value_is_reported_with_its_path(field, value, problem):
    assert walk_json(json.dumps({"Vendor": VENDOR}).encode()) == []
    assert walk_json(json.dumps({"Vendor": VENDOR | {field: value}}).encode()) == [problem]


@pytest.mark.parametrize(
    ("inner", "problem"),
    [
        ("<Colour>red</Colour>", "Vendor.Colour is unknown to Vendor"),
        ("<Active>1</Active>", "Vendor.Active is no boolean: '1'"),
        ("<DisplayName>A</DisplayName><Title>Dr</Title>", "Vendor.Title stands too late"),
        ("<Title>Dr</Title><Title>Dr</Title>", "Vendor.Title stands twice"),
    ],
)
def test_an_unknown_or_misplaced_element_is_reported_with_its_path(inner, problem):
    space = 'xmlns="http://schema.intuit.com/finance/v3"'
    body = f'<IntuitResponse {space}><Vendor domain="QBO">{inner}</Vendor></IntuitResponse>'
    assert walk_xml(body.encode()) == [problem]


def test_a_mistake_of_the_stand_in_is_laid_to_the_test_that_saw_it(monkeypatch):
    planted = operations._identify
    monkeypatch.setattr(
        operations, "_identify", lambda data, *rest: planted(data | {"Colour": "red"}, *rest)
    )
    quickbooks = create()
    quickbooks.ask("POST", "vendor", {"DisplayName": "Ada"})
    assert schema_validation.violations() == ["vendor.create: Vendor.Colour is unknown to Vendor"]
    quickbooks.ask("POST", "vendor", {"DisplayName": "Eve"}, accept="application/xml")
    assert schema_validation.violations() == ["vendor.create: Vendor.Colour is unknown to Vendor"]
