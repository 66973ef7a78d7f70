"""Tests of company profiles, including a company created while the stand-in runs."""

from decimal import Decimal

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock, send_request
from qbo_sandbox.seeding.profiles import PROFILES, build_options, find_profile_of_country, parse

NOON = 1_800_000_000.0  # 15 January 2027


@pytest.fixture(scope="module")
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def line(**detail):
    line_detail = {"AccountRef": {"value": "7"}, **detail}
    return {
        "Amount": 9,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": line_detail,
    }


def bill(books, realm, *more, number="", **fields):
    body = {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line()], **fields}
    return code(books.ask("POST", "bill", body, realm))


def code(answer):
    return answer.json().get("Fault", {"Error": [{"code": "good"}]})["Error"][0]["code"]


def preferences(books, realm):
    return books.ask("GET", "preferences", None, realm).json()["Preferences"]


def tracking(books, realm):
    details = preferences(books, realm)["AccountingInfoPrefs"]
    return (
        details["ClassTrackingPerTxn"],
        details["ClassTrackingPerTxnLine"],
        details["TrackDepartments"],
    )


def number_twice(books, realm):
    return [bill(books, realm, number="7") for _ in range(2)]


def ordered(books, realm):
    body = {"VendorRef": {"value": "1"}, "APAccountRef": {"value": "33"}, "Line": [line()]}
    return code(books.ask("POST", "purchaseorder", body, realm))


def payables(books, realm):
    accounts = books.select("select * from Account where AccountType = 'Accounts Payable'", realm)[
        "Account"
    ]
    return sorted(account["CurrencyRef"]["value"] for account in accounts)


def untaxed(books, realm):
    return bill(books, realm, CurrencyRef={"value": "NOK"}, GlobalTaxCalculation="TaxExcluded")


def tax_codes(books, realm):
    return sorted(
        tax_code["Name"] for tax_code in books.select("select * from TaxCode", realm)["TaxCode"]
    )


SETS_APART = {
    "us": (tracking, (False, True, True)),
    "norway": (untaxed, "6000"),
    "canada": (tax_codes, ["Exempt", "GST", "HST ON"]),
    "united-kingdom": (tax_codes, ["20.0% S", "5.0% R", "No VAT"]),
    "australia": (tax_codes, ["GST", "GST free"]),
    "multicurrency": (payables, ["CAD", "EUR", "GBP", "USD"]),
    "no-sales-tax": (
        lambda books, realm: preferences(books, realm)["TaxPrefs"]["UsingSalesTax"],
        False,
    ),
    "closed-books": (lambda books, realm: bill(books, realm, TxnDate="2026-12-31"), "6210"),
    "closed-for-good": (lambda books, realm: bill(books, realm, TxnDate="2026-12-31"), "6200"),
    "class-per-transaction": (tracking, (True, False, True)),
    "no-tracking": (tracking, (False, False, False)),
    "simple-start": (ordered, "5020"),
    "no-warnings": (number_twice, ["good", "good"]),
    "empty": (
        lambda books, realm: books.select("select count(*) from Vendor", realm)["totalCount"],
        0,
    ),
    "sample": (
        lambda books, realm: books.select("select count(*) from Payment", realm)["totalCount"],
        6,
    ),
    "lapsed": (bill, "6190"),
}


@pytest.mark.parametrize("name", PROFILES)
def test_each_named_company_has_its_profile(quickbooks, name):
    realm = quickbooks.open(name)
    if name == "counted-numbers":
        assert preferences(quickbooks, realm)["SalesFormsPrefs"]["CustomTxnNumbers"] is False
        return
    probe, choices = SETS_APART[name]
    assert probe(quickbooks, realm) == choices
    usual = "us" if name != "us" else "no-tracking"
    assert probe(quickbooks, quickbooks.open(usual)) != choices


@pytest.mark.parametrize(
    ("name", "country", "currency", "rate"),
    [
        ("canada", "CAN", "CAD", "13"),
        ("united-kingdom", "GBR", "GBP", "5"),
        ("australia", "AUS", "AUD", "0"),
    ],
)
def test_a_company_of_another_country_taxes_lines_in_its_currency(
    quickbooks, name, country, currency, rate
):
    realm = quickbooks.open(name)
    info = quickbooks.ask("GET", f"companyinfo/{realm}", None, realm).json()["CompanyInfo"]
    assert (info["Country"], info["CompanyAddr"]["Country"]) == (country[:2], country)
    taxed = line(TaxCodeRef={"value": "6"}) | {"Amount": 100}
    body = {"VendorRef": {"value": "1"}, "Line": [taxed], "GlobalTaxCalculation": "TaxExcluded"}
    body["CurrencyRef"] = {"value": currency}
    posted = quickbooks.ask("POST", "bill", body, realm).json()["Bill"]
    assert Decimal(str(posted["TotalAmt"])) == 100 + Decimal(rate)
    assert code(quickbooks.ask("POST", "bill", {**body, "Line": [line()]}, realm)) == "6000"


@pytest.mark.parametrize("name", ["norway", "united-kingdom", "canada", "australia"])
def test_a_company_of_another_country_may_have_only_one_currency(quickbooks, name):
    realm = quickbooks.open(name, multicurrency=False)
    assert preferences(quickbooks, realm)["CurrencyPrefs"]["MultiCurrencyEnabled"] is False
    assert len(quickbooks.select("select * from CompanyCurrency", realm)["CompanyCurrency"]) == 1


def test_profiles_are_found_by_their_country():
    countries = ("US", "NO", "CA", "GB", "AU", "XX")
    names = [find_profile_of_country(country) for country in countries]
    assert names == ["us", "norway", "canada", "united-kingdom", "australia", None]


def test_a_company_is_founded_while_the_stand_in_runs_and_stays(tmp_path):
    clock = Clock(NOON, frozen=True)
    first = create(tmp_path, clock=clock)
    response = send_request(
        first.wsgi, "POST", "/_sandbox/profiles", {"profile": "simple-start", "name": "Two Hands"}
    ).json()
    token = {"authorization": f"Bearer {response['access_token']}"}
    assert first.ask("GET", "preferences", realm=response["realm"], **token).status == 200
    again = create(tmp_path)
    assert again.companies[response["realm"]].options.name == "Two Hands"
    assert again.refresh_tokens[response["realm"]] == response["refresh_token"]
    assert again.ask("GET", "preferences", realm=response["realm"], **token).status == 200


def test_the_control_door_lists_the_companies_to_choose_from(quickbooks):
    assert set(send_request(quickbooks.wsgi, "GET", "/_sandbox/profiles").json()) == set(PROFILES)


def test_a_profile_is_changed_in_single_options():
    chosen = parse("norway,custom_numbers=false,name=Bygg,currencies=DKK+EUR", (), NOON)
    assert (chosen.country, chosen.custom_numbers, chosen.currencies) == (
        "NO",
        False,
        ("DKK", "EUR"),
    )
    assert build_options("closed-books", {}, (), NOON).closed == "2026-12-31"
    assert build_options("us", {}, [US.realm], NOON).realm != US.realm


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mars", "simple-start"),
        ("us,colour=red", "custom_numbers"),
        ("us,projects=7", "true or false"),
    ],
)
def test_an_unknown_profile_is_refused_with_the_known_ones(text, words):
    with pytest.raises(ValueError, match=words):
        parse(text, (), NOON)
