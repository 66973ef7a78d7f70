"""Rows of the record cache from bodies as QuickBooks sends them."""

import datetime as dt

import pytest

from hub.models import StoredRecord
from hub.qbo.record_rows import build_row

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


def row(name: str, **entity) -> dict:
    return build_row(1, name, {"Id": "7", **entity}, NOW)


def test_a_vendor_keeps_what_a_source_may_want():
    address = {
        "Line1": "Gata 1",
        "Line2": "Loft",
        "City": "Oslo",
        "PostalCode": "0155",
        "Country": "NO",
        "Lat": "59",
    }
    stored_row = row(
        "vendor",
        DisplayName="Hansen",
        PrimaryEmailAddr={"Address": "a@b.no"},
        PrimaryPhone={"FreeFormNumber": "22"},
        GivenName="Kari",
        FamilyName="Hansen",
        BillAddr=address,
        CurrencyRef={"value": "NOK"},
        TermRef={"value": "3"},
    )
    assert (
        stored_row["name"],
        stored_row["full_name"],
        stored_row["email"],
        stored_row["currency"],
    ) == (
        "Hansen",
        "Hansen",
        "a@b.no",
        "NOK",
    )
    assert stored_row["body"] == {
        "contact": "Kari Hansen",
        "phone": "22",
        "term": "3",
        "address": {
            "lines": ["Gata 1", "Loft"],
            "city": "Oslo",
            "postal_code": "0155",
            "country": "NO",
        },
    }


@pytest.mark.parametrize(
    ("fields", "numbers"),
    [
        ({}, ""),
        ({"TaxIdentifier": "XXXXX1111"}, "XXXXX1111"),
        ({"PrimaryTaxIdentifier": "910111111"}, "910111111"),
        ({"BusinessNumber": "1", "GSTIN": "22AAAAA0000A1Z5"}, "1\n22AAAAA0000A1Z5"),
    ],
)
def test_the_numbers_of_a_party_are_stored(fields, numbers):
    assert row("vendor", DisplayName="Hansen", **fields)["tax_numbers"] == numbers


@pytest.mark.parametrize("suffix", [" (deleted)", " (Deleted)"])
def test_the_suffix_of_an_inactive_name_is_removed(suffix):
    stored_row = row(
        "account", Name=f"Old{suffix}", FullyQualifiedName=f"A:Old{suffix}", Active=False
    )
    assert (stored_row["name"], stored_row["full_name"], stored_row["active"]) == (
        "Old",
        "A:Old",
        False,
    )


def test_an_active_record_may_be_named_like_a_deleted_one():
    assert row("vendor", DisplayName="Old (deleted)")["name"] == "Old (deleted)"


def test_an_account_has_its_number_and_types():
    stored_row = row(
        "account",
        Name="Leie",
        AcctNum="6300",
        AccountType="Expense",
        AccountSubType="RentOrLeaseOfBuildings",
    )
    assert (stored_row["number"], stored_row["type"], stored_row["sub_type"]) == (
        "6300",
        "Expense",
        "RentOrLeaseOfBuildings",
    )


def test_an_item_is_found_by_its_sku_and_has_its_accounts():
    stored_row = row(
        "item", Name="Stud", Sku="S-1", Type="NonInventory", ExpenseAccountRef={"value": "80"}
    )
    assert (stored_row["number"], stored_row["type"], stored_row["body"]["expense_account"]) == (
        "S-1",
        "NonInventory",
        "80",
    )


def test_a_tax_code_says_where_it_may_be_used():
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": "1"}}]}
    assert row("tax_code", Name="in", PurchaseTaxRateList=rates)["body"]["use"] == "purchase"
    assert row("tax_code", Name="out", SalesTaxRateList=rates)["body"]["use"] == "sales"
    assert (
        row("tax_code", Name="both", SalesTaxRateList=rates, PurchaseTaxRateList=rates)["body"][
            "use"
        ]
        == "both"
    )
    assert row("tax_code", Name="NON")["body"]["use"] == "both"


def test_a_tax_code_names_its_rates_that_are_computed_on_another_tax():
    def details(*types):
        rows = [
            {"TaxRateRef": {"value": str(number)}, "TaxTypeApplicable": type}
            for number, type in enumerate(types, 1)
        ]
        return {"TaxRateDetail": [*rows, {"TaxRateRef": {"value": "9"}}]}

    plain = row("tax_code", Name="S", PurchaseTaxRateList=details("TaxOnAmount"))
    assert "compound_rates" not in plain["body"]
    compound = row(
        "tax_code",
        Name="S",
        SalesTaxRateList=details("TaxOnAmount"),
        PurchaseTaxRateList=details("TaxOnAmount", "TaxOnTax", "TaxOnAmountPlusTax"),
    )
    assert compound["body"]["compound_rates"] == {"purchase": ["2", "3"]}


def test_a_project_is_distinguished_from_a_customer():
    stored_row = row(
        "customer",
        DisplayName="Roof",
        FullyQualifiedName="Ås:Roof",
        IsProject=True,
        ParentRef={"value": "3"},
    )
    assert (stored_row["full_name"], stored_row["parent"], stored_row["body"]["project"]) == (
        "Ås:Roof",
        "3",
        True,
    )


def test_texts_that_are_longer_than_their_columns_are_cut():
    texts = dict.fromkeys(("DisplayName", "FullyQualifiedName", "AccountType"), "x" * 2000)
    stored_row = row("customer", **texts, AccountSubType="y" * 70)
    for name in ("name", "full_name", "type", "sub_type"):
        assert len(stored_row[name]) == StoredRecord.__table__.c[name].type.length
