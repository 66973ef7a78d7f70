"""Facts about a company from its info and preferences."""

import datetime as dt

import pytest

from hub.db import engine
from hub.models import ConnectedCompany
from hub.payloads.company_facts import CompanyFacts
from hub.qbo import company
from hub.qbo.client import Client
from hub.qbo.oauth import connect as oauth_connect


def facts_of(**preferences) -> CompanyFacts:
    now = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    return company.build_facts(
        ConnectedCompany(
            realm="1", country="NO", currency="NOK", preferences=preferences, connected_at=now
        )
    )


@pytest.mark.parametrize(
    ("section", "name", "fact"),
    [
        ("AccountingInfoPrefs", "ClassTrackingPerTxnLine", "class_per_line"),
        ("AccountingInfoPrefs", "ClassTrackingPerTxn", "class_per_document"),
        ("AccountingInfoPrefs", "TrackDepartments", "locations"),
        ("VendorAndPurchasesPrefs", "BillableExpenseTracking", "billable"),
        ("SalesFormsPrefs", "CustomTxnNumbers", "custom_numbers"),
        ("CurrencyPrefs", "MultiCurrencyEnabled", "multicurrency"),
        ("TaxPrefs", "UsingSalesTax", "sales_tax"),
    ],
)
def test_a_switch_in_the_preferences_is_a_fact(section, name, fact):
    assert getattr(facts_of(**{section: {name: True}}), fact)
    assert getattr(facts_of(**{section: {name: "true"}}), fact)
    assert not getattr(facts_of(**{section: {name: False}}), fact)
    # Lines are billable unless QuickBooks says that they cannot be.
    assert getattr(facts_of(), fact) == (fact == "billable")


def test_a_closed_period_is_a_date():
    assert facts_of(AccountingInfoPrefs={"BookCloseDate": "2025-12-31"}).closed_to == dt.date(
        2025, 12, 31
    )
    assert facts_of().closed_to is None


def test_projects_are_a_named_value():
    assert facts_of(
        OtherPrefs={"NameValue": [{"Name": "ProjectsEnabled", "Value": "true"}]}
    ).projects


def test_tax_codes_are_needed_everywhere_but_in_the_united_states():
    assert facts_of().tax_codes
    assert not CompanyFacts(country="US").tax_codes


def test_a_norwegian_company_is_read(intuit):
    realm = list(intuit.companies)[1]
    connection = oauth_connect.connect_with_refresh_token(realm, intuit.refresh_tokens[realm])
    with engine.read_only_session() as session:
        facts = company.load_facts(session, connection.id)
    assert (facts.country, facts.currency, facts.multicurrency, facts.tax_codes) == (
        "NO",
        "NOK",
        True,
        True,
    )


def test_a_newly_closed_period_is_noticed(quickbooks):
    quickbooks.act("close_books", date="2026-01-31")
    company.read(1, Client(1))
    with engine.read_only_session() as session:
        assert company.load_facts(session, 1).closed_to == dt.date(2026, 1, 31)


def test_an_answer_without_name_and_country_leaves_both_as_they_were(quickbooks):
    company.store_facts(1, {"CompanyName": "Thames Ltd", "Country": "GBR"}, {})
    company.store_facts(1, {}, {})
    with engine.read_only_session() as session:
        row = session.get_one(ConnectedCompany, 1)
    assert (row.name, row.country) == ("Thames Ltd", "GB")


def test_a_name_that_is_longer_than_its_column_is_cut(quickbooks):
    company.store_facts(1, {"CompanyName": "x" * 1024}, {})
    with engine.read_only_session() as session:
        assert session.get_one(ConnectedCompany, 1).name == "x" * 500
