"""Tests of the tax service: codes and rates are created, used on transactions, and reported."""

import pytest

from qbo_sandbox import NORWAY, create
from qbo_sandbox.kit import Clock

RATE = {
    "TaxRateName": "Green levy",
    "RateValue": "8.5",
    "TaxAgencyId": "1",
    "TaxApplicableOn": "Sales",
}


@pytest.fixture
def quickbooks():
    return create(companies=[NORWAY], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, name="Green", *rates):
    return quickbooks.ask(
        "POST", "taxservice/taxcode", {"TaxCode": name, "TaxRateDetails": list(rates or [RATE])}
    )


def code_of(answer):
    return answer.json()["Fault"]["Error"][0]["code"]


def test_a_code_is_made_with_its_rates(quickbooks):
    response = post(quickbooks).json()
    [rate] = response["TaxRateDetails"]
    assert set(response) == {"TaxCode", "TaxCodeId", "TaxRateDetails"}
    code = quickbooks.ask("GET", f"taxcode/{response['TaxCodeId']}").json()["TaxCode"]
    listed = code["SalesTaxRateList"]["TaxRateDetail"][0]
    assert listed["TaxRateRef"] == {"value": rate["TaxRateId"], "name": "Green levy"}
    assert quickbooks.ask("GET", f"taxrate/{rate['TaxRateId']}").json()["TaxRate"]["AgencyRef"] == {
        "value": "1"
    }


def test_a_new_code_taxes_a_sale_and_shows_in_the_summary(quickbooks):
    code = post(quickbooks).json()["TaxCodeId"]
    detail = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": code}}
    line = {"Amount": 200, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {
        "CustomerRef": {"value": "41"},
        "CurrencyRef": {"value": "NOK"},
        "GlobalTaxCalculation": "TaxExcluded",
    }
    response = quickbooks.ask("POST", "invoice", {**body, "Line": [line]}).json()["Invoice"]
    assert (response["TxnTaxDetail"]["TotalTax"], response["TotalAmt"]) == (17, 217)
    row = quickbooks.ask("GET", "reports/TaxSummary").json()["Rows"]["Row"][0]
    assert [cell["value"] for cell in row["ColData"]] == ["Green levy", "200.00", "17.00"]


def test_a_code_may_be_created_from_existing_rates(quickbooks):
    response = post(quickbooks, "Reused", {"TaxRateId": "1", "TaxApplicableOn": "Purchase"}).json()
    code = quickbooks.ask("GET", f"taxcode/{response['TaxCodeId']}").json()["TaxCode"]
    assert code["PurchaseTaxRateList"]["TaxRateDetail"][0]["TaxRateRef"]["value"] == "1"
    assert response["TaxRateDetails"][0]["RateValue"] == 25


def test_a_request_repeated_makes_one_code(quickbooks):
    body = {"TaxCode": "Once", "TaxRateDetails": [RATE]}
    first, again = (
        quickbooks.ask("POST", "taxservice/taxcode?requestid=r1", body) for _ in range(2)
    )
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("name", "rate", "code"),
    [
        ("", RATE, "2020"),
        ("25 % MVA", RATE, "6240"),
        ("New", {**RATE, "TaxRateName": ""}, "2020"),
        ("New", {**RATE, "RateValue": None}, "2020"),
        ("New", {**RATE, "RateValue": 101}, "2100"),
        ("New", {**RATE, "TaxAgencyId": "99"}, "2500"),
        ("New", {**RATE, "TaxApplicableOn": "Sundays"}, "2170"),
        ("New", {"TaxRateId": "99"}, "2500"),
    ],
)
def test_a_bad_code_is_refused(quickbooks, name, rate, code):
    assert code_of(post(quickbooks, name, rate)) == code


def test_two_rates_cannot_share_a_name(quickbooks):
    post(quickbooks)
    assert code_of(post(quickbooks, "Other")) == "6240"
    assert (
        code_of(
            post(quickbooks, "Twice", {**RATE, "TaxRateName": "a"}, {**RATE, "TaxRateName": "A"})
        )
        == "6240"
    )


def test_codes_and_rates_are_made_no_other_way_and_agencies_never_change(quickbooks):
    for kind in ("taxcode", "taxrate"):
        assert code_of(quickbooks.ask("POST", kind, {"Name": "x"})) == "500"
    agency = quickbooks.ask("POST", "taxagency", {"DisplayName": "Customs"}).json()["TaxAgency"]
    assert (agency["TaxTrackedOnSales"], "Active" in agency) == (True, False)
    body = {"Id": agency["Id"], "SyncToken": "0", "DisplayName": "Other"}
    assert code_of(quickbooks.ask("POST", "taxagency", body)) == "6000"
