"""Tests with objects recorded in XML: created again, they have the recorded fields."""

import json
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from sandbox_tests.official import EVIDENCE
from sandbox_tests.reasons import Reasons
from sandbox_tests.recorded import differences
from sandbox_tests.recorded_xml import RECORDED, Shop, entities

pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recordings at {EVIDENCE}")
REASONS = Reasons(Path(__file__).parent / "recorded_xml.txt", separator=":")
FIELDS_OF_REFERENCES = {"Id", "MetaData", "domain", "status"}
READ_ONLY_KINDS = ("CompanyInfo", "Preferences", "TaxCode", "TaxRate", "CustomerType")


@cache
def shop(currency, coded, rated):
    return Shop(currency, coded, rated)


def shop_for(kind, row):
    rated = (
        "SEK"
        if kind == "CompanyCurrency"
        else "EUR"
        if "ExchangeRate" in row or kind == "ExchangeRate"
        else ""
    )
    key = (row.get("CurrencyRef") or {}).get("value", "USD"), "GlobalTaxCalculation" in row, rated
    alone = row.get("Active") is False or kind in ("CompanyCurrency", "Deposit")
    return Shop(*key) if alone else shop(*key)


def counterpart(kind, row):
    """Return the stand-in's counterpart of a recorded object."""
    if set(row) <= FIELDS_OF_REFERENCES:
        return {key: row[key] for key in row}
    stage = shop_for(kind, row)
    if kind not in READ_ONLY_KINDS:
        return stage.make(kind, row)
    stage.refer({"CustomerTypeRef": {"value": row["Id"]}} if kind == "CustomerType" else {})
    id = "2" if "SalesTaxRateList" in row else next(iter(stage.company.table(kind).rows))
    return json.loads(stage.company.body(kind, id))


@cache
def differences_found():
    """Return the differences by object; for a file without objects, a note that it holds none."""
    differences_by_name = {}
    for path in sorted(RECORDED.glob("*.xml")):
        try:
            rows = list(entities(path))
        except ElementTree.ParseError:
            rows = []
        if not rows:
            differences_by_name[path.name] = ["holds no object"]
        for number, (kind, row) in enumerate(rows):
            differences_by_name[f"{path.name}#{number}"] = differing(kind, row)
    return differences_by_name


def differing(kind, row):
    try:
        entity = counterpart(kind, row)
    except (AssertionError, ValueError) as refusal:
        return [f"refused {kind}: {refusal.args[0]!s:.400}"]
    all_of_them = set(differences(f"{kind}.", entity, row))
    return sorted(each for each in all_of_them if each.startswith(("lacks", "adds")))


def test_every_recorded_object_comes_back_with_its_fields_or_the_difference_has_its_reason(figure):
    assert REASONS.unexplained(differences_found()) == []
    assert REASONS.unused(differences_found()) == set(), "reasons that no difference needs"
    figure(
        "objects recorded in XML that were created again",
        sum("#" in name for name in differences_found()),
        189,
    )
    figure(
        "objects created again with exactly the recorded fields",
        sum(not changes for changes in differences_found().values()),
        100,
    )
