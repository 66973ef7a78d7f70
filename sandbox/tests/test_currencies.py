"""Tests of multiple currencies: daily rates, gains and losses, accounts, and refusals."""

from decimal import Decimal

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock

DAY = "2027-01-15"
EUROS, HOME = {"CurrencyRef": {"value": "EUR"}}, {"CurrencyRef": {"value": "NOK"}}
SALE = {"ItemRef": {"value": "1"}, "TaxCodeRef": {"value": "8"}}


@pytest.fixture
def quickbooks():
    return create(companies=[NORWAY, US], clock=Clock(1_800_000_000.0, frozen=True))


def post(quickbooks, path, kind, query="", realm=None, **body):
    answer = quickbooks.ask("POST", f"{path}{query}", body, realm)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, path, realm=None, **body):
    answer = quickbooks.ask("POST", path, body, realm)
    assert answer.status == 400, answer.text
    return answer.json()["Fault"]["Error"][0]["code"]


def home(quickbooks, subtype):
    """Return the home balance of the first account of a subtype; debits are positive."""
    company = quickbooks.company
    id = next(
        id
        for id, row in company.table("Account").rows.items()
        if row.read()["AccountSubType"] == subtype
    )
    return company.ledger.accounts[id]


def party(quickbooks, kind, code="EUR"):
    rows = quickbooks.company.table(kind).rows
    return {
        "value": next(id for id, row in rows.items() if row.read()["CurrencyRef"]["value"] == code)
    }


@pytest.fixture
def customer(quickbooks):
    return {
        "CustomerRef": {
            "value": post(quickbooks, "customer", "Customer", DisplayName="Bern", **EUROS)["Id"]
        }
    }


def invoice(quickbooks, customer, rate, amount=100):
    line = {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": SALE}
    body = {
        **customer,
        **EUROS,
        "ExchangeRate": rate,
        "GlobalTaxCalculation": "TaxExcluded",
        "Line": [line],
    }
    return post(quickbooks, "invoice", "Invoice", **body)


def payment(quickbooks, customer, rate, owed, amount):
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Invoice"}]}
    return post(
        quickbooks,
        "payment",
        "Payment",
        **customer,
        **EUROS,
        ExchangeRate=rate,
        TotalAmt=amount,
        Line=[line],
    )


def receivable(quickbooks):
    company = quickbooks.company
    return company.ledger.accounts[company.control_account("Accounts Receivable", "EUR")]


def test_a_rate_that_rose_is_a_gain(quickbooks, customer):
    owed = invoice(quickbooks, customer, 10)
    assert (owed["HomeTotalAmt"], owed["HomeBalance"], receivable(quickbooks)) == (1000, 1000, 1000)
    payment(quickbooks, customer, 11, owed, 100)
    assert (home(quickbooks, "ExchangeGainOrLoss"), receivable(quickbooks)) == (-100, 0)
    assert home(quickbooks, "UndepositedFunds") == 1100


def test_a_rate_that_fell_is_a_loss_on_the_part_that_is_paid(quickbooks, customer):
    owed = invoice(quickbooks, customer, 10)
    settlement = payment(quickbooks, customer, 9, owed, 40)
    assert (home(quickbooks, "ExchangeGainOrLoss"), receivable(quickbooks)) == (40, 600)
    post(quickbooks, "payment", "Payment", "?operation=delete", Id=settlement["Id"], SyncToken="0")
    assert (home(quickbooks, "ExchangeGainOrLoss"), receivable(quickbooks)) == (0, 1000)


def test_a_gain_follows_the_rate_of_what_was_paid(quickbooks, customer):
    owed = invoice(quickbooks, customer, 10)
    payment(quickbooks, customer, 11, owed, 100)
    post(
        quickbooks,
        "invoice",
        "Invoice",
        Id=owed["Id"],
        SyncToken="1",
        sparse=True,
        ExchangeRate=8,
        **customer,
    )
    assert (home(quickbooks, "ExchangeGainOrLoss"), receivable(quickbooks)) == (-300, 0)


def test_a_bill_paid_at_another_rate_is_a_gain_or_loss_too(quickbooks):
    vendor = {"VendorRef": party(quickbooks, "Vendor")}
    detail = {"AccountRef": {"value": "30"}, "TaxCodeRef": {"value": "8"}}
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    body = {
        **vendor,
        **EUROS,
        "ExchangeRate": 10,
        "GlobalTaxCalculation": "TaxExcluded",
        "Line": [line],
    }
    owed = post(quickbooks, "bill", "Bill", **body)
    payment = {"Amount": 100, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Bill"}]}
    bank = {
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": quickbooks.company.bank("NOK")}},
    }
    post(
        quickbooks,
        "billpayment",
        "BillPayment",
        **vendor,
        **EUROS,
        **bank,
        ExchangeRate=12,
        TotalAmt=100,
        Line=[payment],
    )
    assert home(quickbooks, "ExchangeGainOrLoss") == 200
    assert sum(quickbooks.company.ledger.accounts.values()) == 0


def test_an_account_shows_its_balance_in_its_own_currency(quickbooks, customer):
    invoice(quickbooks, customer, 10)
    id = quickbooks.company.control_account("Accounts Receivable", "EUR")
    assert quickbooks.ask("GET", f"account/{id}").json()["Account"]["CurrentBalance"] == 100


def test_cents_lost_in_conversion_are_not_lost(quickbooks, customer):
    invoice(quickbooks, customer, "1.3333", "0.01")
    invoice(quickbooks, customer, "1.3333", "33.35")
    assert sum(quickbooks.company.ledger.accounts.values()) == 0


def test_a_journal_entry_may_have_one_foreign_currency(quickbooks, customer):
    def side(sort, account, amount, **more):
        detail = {"PostingType": sort, "AccountRef": {"value": account}, **more}
        return {
            "Amount": amount,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": detail,
        }

    company = quickbooks.company
    whom = {"Entity": {"Type": "Customer", "EntityRef": customer["CustomerRef"]}}
    euros, crowns = (
        company.control_account("Accounts Receivable", code) for code in ("EUR", "SEK")
    )
    bank = company.bank("NOK")
    lines = [
        side("Debit", euros, "3.33", **whom),
        side("Credit", bank, "1.11"),
        side("Credit", bank, "2.22"),
    ]
    entry = post(
        quickbooks, "journalentry", "JournalEntry", **EUROS, ExchangeRate="11.115", Line=lines
    )
    assert entry["Line"][0]["JournalEntryLineDetail"]["Entity"]["EntityRef"]["name"] == "Bern"
    assert quickbooks.ask("GET", f"customer/{whom['Entity']['EntityRef']['value']}").json()[
        "Customer"
    ]["Balance"] == Decimal("3.33")
    assert sum(company.ledger.accounts.values()) == 0
    assert expect_refusal(
        quickbooks,
        "journalentry",
        **HOME,
        Line=[side("Debit", crowns, 1, **whom), side("Credit", bank, 1)],
    )
    assert expect_refusal(
        quickbooks,
        "journalentry",
        **HOME,
        Line=[side("Debit", euros, 1, **whom), side("Credit", bank, 1)],
    )


def test_a_payment_cannot_go_to_a_bank_in_a_third_currency(quickbooks, customer):
    bank = post(
        quickbooks,
        "account",
        "Account",
        Name="Stockholm",
        AccountType="Bank",
        CurrencyRef={"value": "SEK"},
    )
    owed = invoice(quickbooks, customer, 10)
    line = {"Amount": 1, "LinkedTxn": [{"TxnId": owed["Id"], "TxnType": "Invoice"}]}
    body = {
        **customer,
        **EUROS,
        "TotalAmt": 1,
        "Line": [line],
        "DepositToAccountRef": {"value": bank["Id"]},
    }
    assert expect_refusal(quickbooks, "payment", **body) == "6000"


def test_an_expense_is_paid_in_its_own_or_the_home_currency(quickbooks):
    """A transaction has one foreign currency beside the home currency."""
    accounts = {}
    for code in ("SEK", "EUR", "NOK"):
        body = {"Name": f"Card {code}", "AccountType": "Credit Card"}
        account = post(quickbooks, "account", "Account", CurrencyRef={"value": code}, **body)
        accounts[code] = {"AccountRef": {"value": account["Id"]}}
    fuel = next(
        id
        for id, row in quickbooks.company.table("Account").rows.items()
        if row.read()["AccountType"] == "Expense"
    )
    detail = {"AccountRef": {"value": fuel}, "TaxCodeRef": {"value": "8"}}
    line = {
        "Amount": 10,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    tax = {"GlobalTaxCalculation": "TaxExcluded"}
    expense = {"PaymentType": "CreditCard", "Line": [line], **tax, **EUROS}
    for code in ("EUR", "NOK"):
        post(quickbooks, "purchase", "Purchase", **expense, **accounts[code])
    assert expect_refusal(quickbooks, "purchase", **expense, **accounts["SEK"]) == "6000"


def rate(quickbooks, query):
    return quickbooks.ask("GET", f"exchangerate?{query}").json()["ExchangeRate"]


def test_a_rate_can_be_set_for_a_day_and_is_then_used(quickbooks, customer):
    usual = rate(quickbooks, f"sourcecurrencycode=EUR&asofdate={DAY}")
    assert set(usual) == {
        "domain",
        "sparse",
        "MetaData",
        "SourceCurrencyCode",
        "TargetCurrencyCode",
        "Rate",
        "AsOfDate",
    }
    about = {"SourceCurrencyCode": "EUR", "TargetCurrencyCode": "NOK", "AsOfDate": DAY}
    entry = post(quickbooks, "exchangerate", "ExchangeRate", **about, Rate="10.5")
    assert {**about, "Rate": Decimal("10.5")}.items() <= entry.items()
    assert rate(quickbooks, f"sourcecurrencycode=eur&asofdate={DAY}")["Rate"] == Decimal("10.5")
    assert rate(quickbooks, "sourcecurrencycode=EUR&asofdate=2027-01-14")["Rate"] == usual["Rate"]
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": SALE}
    body = {**customer, **EUROS, "GlobalTaxCalculation": "TaxExcluded", "Line": [line]}
    assert post(quickbooks, "invoice", "Invoice", **body)["ExchangeRate"] == Decimal("10.5")


def test_every_currency_has_a_rate_on_a_day_that_is_asked_for(quickbooks):
    rates = quickbooks.select(f"select * from ExchangeRate where AsOfDate = '{DAY}'")[
        "ExchangeRate"
    ]
    assert {row["SourceCurrencyCode"] for row in rates} == {"NOK", "EUR", "SEK"}
    assert {row["AsOfDate"] for row in rates} == {DAY}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"SourceCurrencyCode": "EUR", "Rate": 1}, "2020"),
        ({"SourceCurrencyCode": "XXX", "Rate": 1, "AsOfDate": DAY}, "2500"),
        ({"SourceCurrencyCode": "EUR", "Rate": -1, "AsOfDate": DAY}, "2090"),
        (
            {"SourceCurrencyCode": "EUR", "Rate": 1, "AsOfDate": DAY, "TargetCurrencyCode": "USD"},
            "6000",
        ),
    ],
)
def test_a_bad_rate_is_refused(quickbooks, body, code):
    assert expect_refusal(quickbooks, "exchangerate", **body) == code


def test_a_company_with_one_currency_has_no_rates(quickbooks):
    body = {"SourceCurrencyCode": "EUR", "Rate": 1, "AsOfDate": DAY}
    assert expect_refusal(quickbooks, "exchangerate", realm=US.realm, **body) == "6000"
    assert expect_refusal(quickbooks, "companycurrency", realm=US.realm, Code="EUR") == "6000"


def test_a_new_currency_brings_its_accounts_and_one_put_away_is_used_no_more(quickbooks):
    entry = post(quickbooks, "companycurrency", "CompanyCurrency", Code="CAD")
    assert (entry["Name"], entry["Active"]) == ("Canadian Dollar", True)
    assert quickbooks.company.control_account("Accounts Payable", "CAD")
    post(quickbooks, "vendor", "Vendor", DisplayName="Toronto", CurrencyRef={"value": "CAD"})
    body = {"Id": entry["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    assert post(quickbooks, "companycurrency", "CompanyCurrency", **body)["Code"] == "CAD"
    assert (
        expect_refusal(quickbooks, "vendor", DisplayName="Ottawa", CurrencyRef={"value": "CAD"})
        == "2500"
    )
    assert expect_refusal(quickbooks, "companycurrency", Code="krone") == "2220"
