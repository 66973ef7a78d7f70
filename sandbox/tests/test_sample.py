"""Tests of the sample company with the checks of client libraries' live test suites."""

import datetime as dt
from decimal import Decimal

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.cdc import change_data_capture
from quickbooks.objects.account import Account
from quickbooks.objects.attachable import Attachable
from quickbooks.objects.companycurrency import CompanyCurrency
from quickbooks.objects.creditcardpayment_entity import CreditCardPayment
from quickbooks.objects.customer import Customer
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.invoice import Invoice
from quickbooks.objects.item import Item
from quickbooks.objects.payment import Payment
from quickbooks.objects.purchase import Purchase
from quickbooks.objects.recurringtransaction import RecurringTransaction
from quickbooks.objects.salesreceipt import SalesReceipt
from quickbooks.objects.taxcode import TaxCode
from quickbooks.objects.transfer import Transfer
from quickbooks.objects.vendor import Vendor

from qbo_sandbox import create
from qbo_sandbox.accounting.kinds import KINDS
from qbo_sandbox.kit import Clock
from qbo_sandbox.kit.server import Server
from qbo_sandbox.seeding.profiles import build_options

NOON = 1_800_000_000.0
TODAY = dt.date(2027, 1, 15)
# a rate is created when it is requested
EMPTY_AT_FIRST = {"Attachable", "TaxService", "ExchangeRate", "JournalCode", "InventoryAdjustment"}


def open_sample(folder=None):
    company = build_options("sample", {}, (), NOON)
    return create(folder, companies=[company], clock=Clock(NOON, frozen=True))


@pytest.fixture(scope="module")
def books():
    """Return the sample company for tests that only read."""
    return open_sample()


@pytest.fixture
def fresh_books():
    return open_sample()


@pytest.fixture(scope="module")
def client():
    """Return python-quickbooks connected over HTTP to a sample company shared by its tests."""
    books = open_sample()
    with Server(books.wsgi) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # plain HTTP on the loopback
        patch.setattr(QuickBooks, "api_url_v3", f"{server.url}/v3")
        discovery = f"{server.url}/.well-known/openid_configuration/"
        login = AuthClient(books.client_id, books.client_secret, "http://localhost/back", discovery)
        token = books.refresh_tokens[books.realm]
        yield QuickBooks(
            auth_client=login, refresh_token=token, company_id=books.realm, minorversion=75
        )


def count(books, kind, where=""):
    return books.select(f"select count(*) from {kind} {where}")["totalCount"]


# -- content ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - EMPTY_AT_FIRST))
def test_each_list_and_type_of_transaction_has_an_entry(books, kind):
    assert count(books, kind) >= 1


@pytest.mark.parametrize(
    ("kind", "id", "name"),
    [
        ("Customer", "1", "Amy's Bird Sanctuary"),
        ("Customer", "5", "Dukes Basketball Camp"),
        ("Vendor", "49", "Robertson & Associates"),
        ("Employee", "55", "Emily Platt"),
        ("Account", "35", "Checking"),
        ("Account", "42", "Visa"),
        ("Account", "86", "Discounts given"),
        ("Account", "87", "Unapplied Cash Payment Income"),
        ("Item", "4", "Design"),
        ("Item", "10", "Pest Control"),
        ("CompanyCurrency", "1", "Canadian Dollar"),
    ],
)
def test_entries_have_the_ids_that_suites_rely_on(books, kind, id, name):
    entry = books.ask("GET", f"{kind.lower()}/{id}").json()[kind]
    assert entry.get("DisplayName", entry.get("Name")) == name


def test_transactions_have_the_ids_that_suites_rely_on(books):
    receipts = books.select("select * from SalesReceipt")["SalesReceipt"]
    assert {receipt["Id"] for receipt in receipts} == {"11", "17", "38", "47"}
    assert books.ask("GET", "invoice/130/pdf").status == 200


def test_the_next_transaction_gets_the_id_that_follows(fresh_books):
    line = {
        "Amount": 100,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    body = {"CustomerRef": {"value": "1"}, "Line": [line]}
    invoice = fresh_books.ask("POST", "invoice", body).json()["Invoice"]
    assert (invoice["Id"], invoice["CurrencyRef"]["value"]) == ("145", "USD")
    assert invoice["DocNumber"] == "1038"  # the company numbers its documents itself


def test_its_transactions_lie_in_the_last_three_months(books):
    days = [
        dt.date.fromisoformat(row["TxnDate"])
        for kind in ("Bill", "Invoice", "Purchase", "Payment", "Deposit")
        for row in books.select(f"select * from {kind}")[kind]
    ]
    assert TODAY - dt.timedelta(days=90) <= min(days) <= max(days) <= TODAY


def test_its_books_balance_and_no_account_is_overdrawn(books):
    sums = books.books(realm=books.realm)[books.realm]["trial_balance"]
    assert sums["debit"] == sums["credit"]
    assert Decimal(sums["debit"]) > 0
    accounts = books.select("select * from Account where AccountType = 'Bank'")["Account"]
    assert all(account["CurrentBalance"] > 0 for account in accounts)


def test_payments_leave_open_what_they_do_not_cover(books):
    balances = {
        id: books.ask("GET", f"invoice/{id}").json()["Invoice"]["Balance"]
        for id in ("13", "49", "9")
    }
    assert balances == {"13": 0, "49": 170, "9": 450}


def test_the_sample_has_the_same_books_after_a_restart(tmp_path):
    first = open_sample(tmp_path)
    second = create(tmp_path, companies=(), clock=Clock(NOON, frozen=True))
    assert second.books() == first.books()


def test_the_first_foreign_customer_brings_the_receivables_account_of_its_currency(fresh_books):
    assert count(fresh_books, "Account", "where AccountType = 'Accounts Receivable'") == 1
    body = {"DisplayName": "Maple Gardens", "CurrencyRef": {"value": "CAD"}}
    customer = fresh_books.ask("POST", "customer", body).json()["Customer"]
    rows = fresh_books.select("select * from Account where AccountType = 'Accounts Receivable'")
    assert [account["CurrencyRef"]["value"] for account in rows["Account"]] == ["USD", "CAD"]
    detail = {"ItemRef": {"value": "1"}}
    line = {"Amount": 5, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": customer["Id"]}, "CurrencyRef": {"value": "CAD"}}
    assert fresh_books.ask("POST", "invoice", body | {"Line": [line]}).status == 200


# -- checks of python-quickbooks' live suite -------------------------------------------------------


def test_money_is_moved_between_assets_other_than_receivables(client):
    where = "Classification = 'Asset' AND FullyQualifiedName != 'Accounts Receivable (A/R)'"
    source, target = Account.where(where, max_results=2, qb=client)
    transfer = Transfer()
    transfer.Amount = 100
    transfer.FromAccountRef, transfer.ToAccountRef = source.to_ref(), target.to_ref()
    saved = transfer.save(qb=client)
    assert Transfer.get(saved.Id, qb=client).ToAccountRef.value == target.Id


def test_a_payment_of_a_card_is_changed_and_read_as_a_transfer(client):
    [payment] = CreditCardPayment.all(max_results=1, qb=client)
    payment.Amount += 1
    payment.save(qb=client)
    assert Transfer.get(payment.Id, qb=client).Amount == payment.Amount


def test_there_are_five_payments(client):
    assert len(Payment.all(max_results=5, qb=client)) == 5


def test_purchases_are_paid_in_each_way(client):
    kinds = {purchase.PaymentType for purchase in Purchase.all(qb=client)}
    assert kinds == {"Cash", "Check", "CreditCard"}


def test_an_inventory_item_is_bought_by_card_with_a_tax_code(client):
    [code], item = (
        TaxCode.all(max_results=1, qb=client)[:1],
        Item.filter(Type="Inventory", qb=client)[0],
    )
    detail = {"Qty": 1, "UnitPrice": 100, "ItemRef": {"value": item.Id}}
    line = {
        "Amount": 100,
        "DetailType": "ItemBasedExpenseLineDetail",
        "ItemBasedExpenseLineDetail": detail | {"TaxCodeRef": {"value": code.Id}},
    }
    body = {"PaymentType": "CreditCard", "AccountRef": {"value": "42"}, "Line": [line]}
    saved = Purchase.from_json(body | {"DocNumber": "Doc123"}).save(qb=client)
    purchase = Purchase.get(saved.Id, qb=client).Line[0].ItemBasedExpenseLineDetail
    assert purchase.TaxCodeRef.value == code.Name == "TAX"


def test_a_page_of_one_tax_code_holds_three_more(client):
    assert len(TaxCode.all(max_results=1, qb=client)) == 4


def test_the_sample_has_currencies_and_rates(client):
    assert CompanyCurrency.get(1, qb=client).Name == "Canadian Dollar"
    [rate] = ExchangeRate.where("SourceCurrencyCode = 'EUR'", qb=client)
    assert rate.TargetCurrencyCode == "USD"
    rate.Rate += 1
    rate.save(qb=client)
    [changed] = ExchangeRate.where("SourceCurrencyCode = 'EUR'", qb=client)
    assert changed.Rate == rate.Rate


def test_recurring_transactions_are_listed_and_filtered_by_type(client):
    every = RecurringTransaction.all(qb=client)
    bills = RecurringTransaction.where("Type = 'Bill'", qb=client)
    assert {kind for row in every for kind in ("Bill", "Invoice") if hasattr(row, kind)} == {
        "Bill",
        "Invoice",
    }
    assert [hasattr(row, "Bill") for row in bills] == [True]


def test_the_first_of_each_list_can_be_used_in_an_invoice(client):
    [customer], [item] = Customer.all(max_results=1, qb=client), Item.all(max_results=1, qb=client)
    detail = {"ItemRef": {"value": item.Id}}
    line = {"Amount": 100, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {"CustomerRef": {"value": customer.Id}, "Line": [line]}
    saved = Invoice.from_json(body).save(qb=client)
    assert Invoice.get(saved.Id, qb=client).CustomerRef.name == customer.DisplayName
    assert SalesReceipt.get(17, qb=client).TotalAmt == 337.5
    assert Vendor.all(max_results=1, qb=client)[0].DisplayName == "Bob's Burger Joint"


# -- checks of node-quickbooks' live suite ---------------------------------------------------------


def test_attachables_are_found_by_tag_and_in_change_data(client):
    """node-quickbooks' batch test deletes 25 attachables just before its change data test."""
    assert Attachable.all(qb=client) == []
    removed = Attachable.from_json({"Note": "old", "Tag": "Old"}).save(qb=client)
    removed.delete(qb=client)
    Attachable.from_json({"Note": "new", "Tag": "Testing"}).save(qb=client)
    assert len(Attachable.filter(Tag="Testing", qb=client)) == 1
    since = (dt.datetime.fromtimestamp(NOON, dt.UTC) - dt.timedelta(minutes=1)).isoformat()
    first, second = change_data_capture([Attachable], since, qb=client).Attachable
    assert (first.Tag, second.Id) == ("Testing", removed.Id)


def test_accounts_are_found_by_type_and_name(books):
    expenses = books.select("select * from Account where AccountType = 'Expense' maxresults 1000")
    assert 1 < len(expenses["Account"]) < 20
    assert count(books, "Account") > 20
    [travel] = books.select("select * from Account where Name = 'Travel'")["Account"]
    assert travel["AccountType"] == "Expense"
