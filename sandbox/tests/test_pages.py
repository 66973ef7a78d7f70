"""Tests of the stand-in's pages: lists, single entries, and the actions on them."""

import re
from decimal import Decimal

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import send_request

BILL = {
    "VendorRef": {"value": "1"},
    "DocNumber": "<b>1</b>",
    "Line": [
        {
            "Amount": 100,
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "60"}},
        }
    ],
}


@pytest.fixture
def quickbooks():
    return create(companies=(US, NORWAY))


def page(quickbooks, query="", form=None):
    method, kind = ("POST", "application/x-www-form-urlencoded") if form else ("GET", "text/html")
    answer = send_request(quickbooks.wsgi, method, f"/{query}", form, **{"content-type": kind})
    assert answer.status == 200
    return answer.body.decode()


def created(quickbooks):
    expense = quickbooks.select("select * from Account where AccountType = 'Expense'")["Account"][
        0
    ]["Id"]
    detail = {"AccountRef": {"value": expense}}
    line = {**BILL["Line"][0], "AccountBasedExpenseLineDetail": detail}
    return quickbooks.ask("POST", "bill", {**BILL, "Line": [line]}).json()["Bill"]["Id"]


def test_the_page_of_an_empty_company_says_that_it_is_empty(quickbooks):
    assert "There is none yet." in page(quickbooks)


def test_a_bill_is_listed_and_its_values_are_escaped(quickbooks):
    created(quickbooks)
    text = page(quickbooks)
    assert "&lt;b&gt;1&lt;/b&gt;" in text
    assert "<b>1</b>" not in text


def test_a_bill_paid_on_its_page_is_paid(quickbooks):
    id = created(quickbooks)
    query = f"?kind=Bill&id={id}"
    assert "Done." in page(quickbooks, query, f"do=pay&kind=Bill&id={id}")
    assert quickbooks.ask("GET", f"bill/{id}").json()["Bill"]["Balance"] == 0


def test_an_entry_shows_what_it_says_and_its_lines(quickbooks):
    text = page(quickbooks, f"?kind=Bill&id={created(quickbooks)}")
    assert "<th scope=row>Total</th><td>100.00</td>" in text
    assert re.search(r"<caption>Lines</caption>.*<td class=amount>100\.?0*</td>", text)
    assert "All fields" in text


@pytest.mark.parametrize("company", [US, NORWAY])
def test_a_person_changes_a_bill_and_its_sum_follows(quickbooks, company):
    realm = company.realm
    id = _taxed(quickbooks, realm)
    query = f"?company={realm}&kind=Bill&id={id}"
    changed = f"do=edit&kind=Bill&id={id}&number=N-2&memo=seen&amount=150.50"
    assert "Done." in page(quickbooks, query, changed)
    bill = quickbooks.ask("GET", f"bill/{id}", None, realm).json()["Bill"]
    assert (bill["DocNumber"], bill["PrivateNote"], bill["Line"][0]["Amount"]) == (
        "N-2",
        "seen",
        150.5,
    )
    assert bill["TotalAmt"] == (150.5 if company is US else Decimal("188.13"))
    assert "is no amount" in page(quickbooks, query, changed.replace("150.50", "much"))


def _taxed(quickbooks, realm):
    """Create a bill of 100, in Norway with 25 % tax."""
    vendor = quickbooks.select("select * from Vendor", realm)["Vendor"][0]["Id"]
    expense = quickbooks.select("select * from Account where AccountType = 'Expense'", realm)[
        "Account"
    ][0]["Id"]
    rates = (
        [] if realm == US.realm else quickbooks.select("select * from TaxCode", realm)["TaxCode"]
    )
    detail = {"AccountRef": {"value": expense}}
    quarter = [code["Id"] for code in rates if code["Name"].startswith("25")]
    detail |= {"TaxCodeRef": {"value": quarter[0]}} if quarter else {}
    line = {**BILL["Line"][0], "AccountBasedExpenseLineDetail": detail}
    how = {"GlobalTaxCalculation": "TaxExcluded", "CurrencyRef": {"value": "NOK"}} if rates else {}
    body = {**BILL, **how, "VendorRef": {"value": vendor}, "Line": [line]}
    return quickbooks.ask("POST", "bill", body, realm).json()["Bill"]["Id"]


def test_refusals_of_the_books_are_shown_on_the_page(quickbooks):
    id = created(quickbooks)
    page(quickbooks, "", "do=close_books&date=2099-12-31")
    assert "closed" in page(quickbooks, f"?kind=Bill&id={id}", f"do=delete&kind=Bill&id={id}")
    assert "Open all periods" in page(quickbooks)
    page(quickbooks, "", "do=close_books")
    assert "Done." in page(quickbooks, f"?kind=Bill&id={id}", f"do=delete&kind=Bill&id={id}")


def test_a_person_makes_it_misbehave_and_ends_it(quickbooks):
    assert "Nothing goes wrong." in page(quickbooks)
    faults = page(
        quickbooks, "", "do=misbehave&kind=bad_gateway&call=query.*&count=2&seconds=0&commit=true"
    )
    assert "bad_gateway on query.*, 2 of 2 times to come, commit True" in faults
    assert quickbooks.ask("GET", "query?query=select%20*%20from%20Term").status == 502
    assert "1 of 2 times to come" in page(quickbooks)
    assert "Nothing goes wrong any more." in page(quickbooks, "", "do=behave")
    assert "there are" in page(quickbooks, "", "do=misbehave&kind=earthquake")


def test_the_start_page_links_to_the_addresses_for_programs(quickbooks):
    text = page(quickbooks)
    for name in re.findall(r'href="(/_sandbox/[a-z]+)"', text):
        assert send_request(quickbooks.wsgi, "GET", name).status == 200
    assert text.count("/_sandbox/") == 7


def test_each_company_has_its_own_books(quickbooks):
    created(quickbooks)
    assert "There is none yet." in page(quickbooks, f"?company={NORWAY.realm}")
    assert "Sønner Bygg AS" in page(quickbooks)
