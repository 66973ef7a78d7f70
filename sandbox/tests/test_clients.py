"""Tests with python-quickbooks and Intuit's own OAuth client, unmodified, over real HTTP."""

import datetime as dt
import importlib

import pytest
from intuitlib.client import AuthClient
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import ObjectNotFoundException, QuickbooksException, ValidationException

from qbo_sandbox import US, create
from qbo_sandbox.kit.server import Server

ABROAD = US.changed({"realm": "9341453172096419", "multicurrency": True, "currencies": ("EUR",)})
VENDOR, CUSTOMER, BANK, CARD = {"value": "1"}, {"value": "41"}, {"value": "35"}, {"value": "42"}
BOUGHT = {"DetailType": "AccountBasedExpenseLineDetail", "Amount": 120.5, "Description": "Nails"}
BOUGHT |= {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}}}
ORDERED = {"DetailType": "ItemBasedExpenseLineDetail", "Amount": 20}
ORDERED |= {"ItemBasedExpenseLineDetail": {"ItemRef": {"value": "2"}, "Qty": 2, "UnitPrice": 10}}
SOLD = {"DetailType": "SalesItemLineDetail", "Amount": 50}
SOLD |= {"SalesItemLineDetail": {"ItemRef": {"value": "2"}, "Qty": 5, "UnitPrice": 10}}
ENTRIES = [
    {
        "DetailType": "JournalEntryLineDetail",
        "Amount": 10,
        "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
    }
    for side, account in (("Debit", "7"), ("Credit", "35"))
]
INVENTORY = {
    "Type": "Inventory",
    "TrackQtyOnHand": True,
    "QtyOnHand": 3,
    "InvStartDate": "2026-01-01",
}
INVENTORY |= {
    "IncomeAccountRef": {"value": "79"},
    "ExpenseAccountRef": {"value": "80"},
    "AssetAccountRef": {"value": "81"},
}
NOTE = {"PrivateNote": "Seen"}
DEPOSITED = {
    "DetailType": "DepositLineDetail",
    "Amount": 20,
    "DepositLineDetail": {"AccountRef": {"value": "7"}},
}
TOOLS = {"Name": "Tools", "AccountType": "Expense", "AccountSubType": "SuppliesMaterials"}
# For each entity, the fields to create it with and the fields to change later.
ENTITIES = {
    "Account": (TOOLS, {"Name": "Hand tools"}),
    "Customer": (
        {"DisplayName": "Ada", "PrimaryEmailAddr": {"Address": "ada@example.com"}},
        {"Notes": "Calls back"},
    ),
    "Vendor": (
        {"DisplayName": "Ben's Bolts", "PrimaryPhone": {"FreeFormNumber": "1"}},
        {"AcctNum": "77"},
    ),
    "Employee": ({"GivenName": "Eve", "FamilyName": "Hill"}, {"MiddleName": "M"}),
    "Item": ({"Name": "Pump", **INVENTORY}, {"Description": "A pump"}),
    "Class": ({"Name": "North"}, {"Name": "North-east"}),
    "Department": ({"Name": "Yard"}, {"Name": "Back yard"}),
    "Term": ({"Name": "Net 45", "DueDays": 45}, {"DueDays": 46}),
    "PaymentMethod": ({"Name": "Barter", "Type": "NON_CREDIT_CARD"}, {"Name": "Swap"}),
    "TaxAgency": ({"DisplayName": "City of Riverton"}, {}),
    "Bill": ({"VendorRef": VENDOR, "Line": [BOUGHT, ORDERED]}, NOTE),
    "VendorCredit": ({"VendorRef": VENDOR, "Line": [BOUGHT]}, NOTE),
    "Purchase": ({"PaymentType": "Cash", "AccountRef": BANK, "Line": [BOUGHT]}, NOTE),
    "PurchaseOrder": (
        {"VendorRef": VENDOR, "Line": [ORDERED], "APAccountRef": {"value": "33"}},
        {"Memo": "Soon"},
    ),
    "Invoice": (
        {"CustomerRef": CUSTOMER, "Line": [SOLD], "CustomerMemo": {"value": "Thanks"}},
        NOTE,
    ),
    "Estimate": ({"CustomerRef": CUSTOMER, "Line": [SOLD]}, NOTE),
    "SalesReceipt": ({"CustomerRef": CUSTOMER, "Line": [SOLD]}, NOTE),
    "CreditMemo": ({"CustomerRef": CUSTOMER, "Line": [SOLD]}, NOTE),
    "RefundReceipt": ({"CustomerRef": CUSTOMER, "DepositToAccountRef": BANK, "Line": [SOLD]}, NOTE),
    "Payment": ({"CustomerRef": CUSTOMER, "TotalAmt": 12.5}, NOTE),
    "Deposit": ({"DepositToAccountRef": BANK, "Line": [DEPOSITED]}, NOTE),
    "Transfer": ({"FromAccountRef": BANK, "ToAccountRef": {"value": "36"}, "Amount": 5}, NOTE),
    "JournalEntry": ({"Line": ENTRIES}, NOTE),
    "TimeActivity": (
        {"NameOf": "Vendor", "VendorRef": VENDOR, "Hours": 2, "Minutes": 30},
        {"Description": "Dug"},
    ),
    "CreditCardPayment": (
        {"BankAccountRef": BANK, "CreditCardAccountRef": CARD, "Amount": 9},
        NOTE,
    ),
}
MODULES = {
    "Class": "trackingclass",
    "CompanyInfo": "company_info",
    "CreditCardPayment": "creditcardpayment_entity",
    "PaymentLine": "payment",
}


def of(name):
    return getattr(
        importlib.import_module(f"quickbooks.objects.{MODULES.get(name, name.lower())}"), name
    )


@pytest.fixture(scope="module")
def quickbooks():
    return create(companies=[US.changed({"warn_duplicate_bills": False}), ABROAD])


@pytest.fixture(scope="module")
def client(quickbooks):
    with Server(quickbooks.wsgi) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "OAUTHLIB_INSECURE_TRANSPORT", "1"
        )  # oauthlib's setting that allows plain HTTP on the loopback
        patch.setattr(QuickBooks, "api_url_v3", f"{server.url}/v3")
        yield connected(quickbooks, server.url, quickbooks.realm)


def connected(quickbooks, url, realm):
    """Return a client connected to one company, signed in with Intuit's own OAuth client."""
    discovery = f"{url}/.well-known/openid_configuration/"
    auth_client = AuthClient(
        quickbooks.client_id, quickbooks.client_secret, "http://localhost/back", discovery
    )
    tokens = quickbooks.refresh_tokens[realm]
    return QuickBooks(
        auth_client=auth_client, refresh_token=tokens, company_id=realm, minorversion=75
    )


def save(client, name, body=None):
    return of(name).from_json(body or ENTITIES[name][0]).save(qb=client)


@pytest.mark.parametrize("name", ENTITIES)
def test_every_entity_is_created_read_changed_listed_and_removed(client, name):
    (body, change), kind = ENTITIES[name], of(name)
    count, saved = kind.count(qb=client), save(client, name)
    read = kind.get(saved.Id, qb=client)
    assert {
        key: getattr(read, key) for key in body if isinstance(body[key], str | int | float)
    }.items() <= body.items()
    for field, value in (change | {"PurchaseEx": None}).items():  # extensions must not be sent back
        setattr(read, field, value)
    changed = read.save(qb=client) if change else read
    assert {key: getattr(changed, key) for key in change} == change
    assert kind.get(saved.Id, qb=client).SyncToken == changed.SyncToken == str(int(bool(change)))
    assert saved.Id in [each.Id for each in kind.all(qb=client, max_results=1000)]
    assert [each.Id for each in kind.where(f"Id = '{saved.Id}'", qb=client)] == [saved.Id]
    assert kind.count(qb=client) == count + 1
    removed(client, kind, changed)
    assert kind.count(qb=client) == count or name == "TaxAgency"


def removed(client, kind, entity):
    """Delete an entity and check that it is gone, or make it inactive if it cannot be deleted."""
    if hasattr(entity, "delete"):
        key = kind.qbo_json_object_name or kind.qbo_object_name
        assert entity.delete(qb=client)[key]["status"] == "Deleted"
        with pytest.raises(ObjectNotFoundException):
            kind.get(entity.Id, qb=client)
    elif kind.qbo_object_name != "TaxAgency":
        entity.Active = False
        assert entity.save(qb=client).Active is False


@pytest.mark.parametrize("name", ["Invoice", "Estimate", "SalesReceipt"])
def test_forms_are_mailed_and_come_as_paper(client, name):
    saved = save(client, name)
    if name != "SalesReceipt":  # the client cannot mail sales receipts
        mailed_body = saved.send(qb=client, send_to="ada+books@example.com")[name]
        assert (mailed_body["EmailStatus"], mailed_body["BillEmail"]["Address"]) == (
            "EmailSent",
            "ada+books@example.com",
        )
    assert saved.download_pdf(qb=client).startswith(b"%PDF")


def test_an_order_is_mailed(client):
    saved = save(client, "PurchaseOrder")
    assert (
        saved.send(qb=client, send_to="ben@example.com")["PurchaseOrder"]["EmailStatus"]
        == "EmailSent"
    )


def test_invoices_and_payments_are_voided(client):
    invoice = save(client, "Invoice")
    bill = save(client, "Bill")
    link = {"Amount": bill.TotalAmt, "LinkedTxn": [{"TxnId": bill.Id, "TxnType": "Bill"}]}
    payment = {
        "VendorRef": VENDOR,
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": BANK},
        "TotalAmt": bill.TotalAmt,
        "Line": [link],
    }
    entities = [
        invoice,
        save(client, "SalesReceipt"),
        save(client, "Payment"),
        save(client, "BillPayment", payment),
    ]
    for entity in entities:
        voided = entity.void(qb=client)[entity.qbo_object_name]
        assert (voided["TotalAmt"], voided["PrivateNote"], voided["SyncToken"]) == (
            0,
            "Voided",
            "1",
        )


def test_a_payment_pays_an_invoice_and_its_deletion_opens_it_again(client):
    invoice = save(client, "Invoice")
    payment = of("Payment").from_json({"CustomerRef": CUSTOMER, "TotalAmt": 50})
    line = of("PaymentLine")()
    line.Amount, line.LinkedTxn = 50, [invoice.to_linked_txn()]
    payment.Line.append(line)
    payment.save(qb=client)
    assert of("Invoice").get(invoice.Id, qb=client).Balance == 0
    payment.delete(qb=client)
    assert of("Invoice").get(invoice.Id, qb=client).Balance == invoice.TotalAmt


@pytest.mark.parametrize("way", ["path", "bytes", "note"])
def test_files_and_notes_hang_on_a_bill(client, way, tmp_path):
    bill, content = save(client, "Bill"), bytes(range(256)) * 3
    file = of("Attachable").from_json(
        {"Note": "see", "AttachableRef": [{"EntityRef": {"type": "Bill", "value": bill.Id}}]}
    )
    if way != "note":
        (tmp_path / "scan.pdf").write_bytes(content)
        file.FileName, file.ContentType = "scan.pdf", "application/pdf"
        file._FilePath, file._FileBytes = (
            (tmp_path / "scan.pdf", None) if way == "path" else ("", content)
        )
    saved = file.save(qb=client)
    assert (saved.Note, saved.Size) == ("see", None if way == "note" else len(content))
    if way != "note":
        assert client.session.get(saved.TempDownloadUri).content == content
    where = f"AttachableRef.EntityRef.Type = 'Bill' and AttachableRef.EntityRef.value = '{bill.Id}'"
    assert [each.Id for each in of("Attachable").where(where, qb=client)] == [saved.Id]
    saved.Note = "seen"
    changed = saved.save(qb=client)
    assert (changed.Note, changed.SyncToken) == ("seen", "1")
    assert changed.delete(qb=client)["Attachable"]["status"] == "Deleted"


def test_batches_create_change_and_delete_each_for_itself(client):
    bill = of("Bill")
    good = [bill.from_json(ENTITIES["Bill"][0]) for _ in range(32)]
    bad = bill.from_json({"VendorRef": {"value": "999"}, "Line": [BOUGHT]})
    responses = batch_create([*good, bad], qb=client)
    assert (len(responses.successes), [fault.Error[0].code for fault in responses.faults]) == (
        32,
        ["2500"],
    )
    for each in responses.successes:
        each.PrivateNote = "in a batch"
    changed = batch_update(responses.successes, qb=client)
    assert {each.PrivateNote for each in changed.successes} == {"in a batch"}
    assert len(batch_delete(changed.successes, qb=client).successes) == 32


def test_changes_since_a_moment_come_by_kind(client, quickbooks):
    since = dt.datetime.fromtimestamp(quickbooks.clock.now() - 1, dt.UTC).isoformat(
        timespec="seconds"
    )
    save(client, "Vendor", {"DisplayName": "Cy"})
    responses = change_data_capture([of("Vendor"), of("Term"), of("Bill")], since, qb=client)
    assert "Cy" in [each.DisplayName for each in responses.Vendor]


def test_pages_orders_and_words_of_queries(client):
    vendor = of("Vendor")
    for name in ("Zed's", "Zoe & Co", "Zak 100%"):
        save(client, "Vendor", {"DisplayName": name})
    names = [
        each.DisplayName
        for each in vendor.where("DisplayName LIKE 'Z%'", order_by="DisplayName DESC", qb=client)
    ]
    assert names == ["Zoe & Co", "Zed's", "Zak 100%"]
    paged = [
        each.DisplayName
        for start in (1, 2, 3)
        for each in vendor.all("DisplayName", start, 1, qb=client)
    ]
    assert len(paged) == 3
    assert paged == sorted(paged)
    assert [each.DisplayName for each in vendor.filter(DisplayName="Zed's", qb=client)] == ["Zed's"]
    assert len(vendor.choose(["Zed's", "Zoe & Co"], field="DisplayName", qb=client)) == 2
    assert len(vendor.filter(Active=True, qb=client)) == min(
        vendor.count("Active = True", qb=client), 100
    )


@pytest.mark.parametrize("name", ["TaxCode", "TaxRate", "CustomerType", "Budget"])
def test_objects_that_only_the_books_make_can_be_read(client, name):
    rows = of(name).all(qb=client)
    assert [of(name).get(row.Id, qb=client).Name for row in rows[:3]] == [
        row.Name for row in rows[:3]
    ]


def test_company_and_preferences_are_read_and_changed(client):
    company = of("CompanyInfo").get(client.company_id, qb=client)
    company.LegalName = "Fjord & Sons Ltd"
    assert company.save(qb=client).LegalName == "Fjord & Sons Ltd"
    preferences = of("Preferences").get(qb=client)
    preferences.SalesFormsPrefs.AllowDeposit = True
    assert preferences.save(qb=client).SalesFormsPrefs.AllowDeposit is True


def test_a_tax_code_is_made_with_its_rate(client):
    details = {
        "TaxRateName": "Harbour",
        "RateValue": "7.5",
        "TaxAgencyId": "1",
        "TaxApplicableOn": "Sales",
    }
    code = of("TaxService").from_json({"TaxCode": "Harbour tax", "TaxRateDetails": [details]})
    responses = code.save(qb=client)
    assert of("TaxCode").get(responses.TaxCodeId, qb=client).Name == "Harbour tax"


def test_a_template_is_kept_for_bills_to_come(client):
    schedule = {
        "StartDate": "2027-01-01",
        "IntervalType": "Monthly",
        "NumInterval": 1,
        "DayOfMonth": 1,
    }
    info = {"Name": "Rent", "RecurType": "Automated", "Active": True, "ScheduleInfo": schedule}
    template = of("RecurringTransaction").from_json(
        {"Bill": ENTITIES["Bill"][0] | {"RecurringInfo": info}}
    )
    stored = template.save(qb=client)
    assert stored.Bill.RecurringInfo.Name == "Rent"
    listed = of("RecurringTransaction").all(qb=client)
    assert [each.Bill.Id for each in listed] == [stored.Bill.Id]
    assert stored.delete(qb=client)["RecurringTransaction"]["status"] == "Deleted"


REPORTS = [
    "AccountListDetail",
    "AgedPayableDetail",
    "AgedPayables",
    "AgedReceivableDetail",
    "AgedReceivables",
    "BalanceSheet",
    "CashFlow",
    "ClassSales",
    "CustomerBalance",
    "CustomerBalanceDetail",
    "CustomerIncome",
    "CustomerSales",
    "DepartmentSales",
    "GeneralLedger",
    "InventoryValuationSummary",
    "ItemSales",
    "JournalReport",
    "ProfitAndLoss",
    "ProfitAndLossDetail",
    "TaxSummary",
    "TransactionList",
    "TrialBalance",
    "VendorBalance",
    "VendorBalanceDetail",
    "VendorExpenses",
]


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_answers(client, name):
    report = client.get_report(name, {"start_date": "2020-01-01", "end_date": "2027-12-31"})
    assert set(report) == {"Header", "Columns", "Rows"}
    assert report["Header"]["ReportName"]


def test_faults_have_their_codes(client):
    with pytest.raises(ValidationException) as responses:
        save(client, "Bill", {"VendorRef": {"value": "999"}, "Line": [BOUGHT]})
    assert (responses.value.error_code, "element id 999 not found" in responses.value.detail) == (
        2500,
        True,
    )
    with pytest.raises(QuickbooksException) as stale:
        of("Vendor").from_json({"Id": "1", "SyncToken": "99", "DisplayName": "x"}).save(qb=client)
    assert stale.value.error_code == 5010
    with pytest.raises(ValidationException, match="4000"):
        client.query("select from")


def test_currencies_and_rates_of_a_company_that_has_several(client, quickbooks):
    abroad = connected(quickbooks, QuickBooks.api_url_v3.removesuffix("/v3"), ABROAD.realm)
    assert save(abroad, "CompanyCurrency", {"Code": "SEK", "Name": "Swedish Krona"}).Code == "SEK"
    rate = {
        "SourceCurrencyCode": "EUR",
        "TargetCurrencyCode": "USD",
        "Rate": 1.25,
        "AsOfDate": "2026-11-02",
    }
    assert save(abroad, "ExchangeRate", rate).Rate == 1.25
    listed = of("ExchangeRate").where("AsOfDate = '2026-11-02'", qb=abroad)
    assert 1.25 in [each.Rate for each in listed if each.SourceCurrencyCode == "EUR"]
    vendor = save(abroad, "Vendor", {"DisplayName": "Jacques", "CurrencyRef": {"value": "EUR"}})
    bill = {
        "VendorRef": {"value": vendor.Id},
        "CurrencyRef": {"value": "EUR"},
        "ExchangeRate": 1.25,
        "Line": [BOUGHT],
    }
    assert save(abroad, "Bill", bill).HomeBalance == 150.63


def test_user_info_names_the_owner_of_a_token_and_the_token_can_be_revoked(client):
    info = create()
    with Server(info.wsgi) as server:
        leaving = connected(info, server.url, info.realm)
        assert "@" in leaving.auth_client.get_user_info().json()["email"]
        assert leaving.auth_client.revoke() is True
    leaving.auth_client.close()


def test_no_entity_that_the_client_knows_is_left_out(figure):
    others = {
        "Attachable",
        "BillPayment",
        "CompanyCurrency",
        "CustomerType",
        "ExchangeRate",
        "Preferences",
    }
    others |= {"RecurringTransaction", "TaxCode", "TaxRate", "TaxService/Taxcode"}
    assert set(QuickBooks._BUSINESS_OBJECTS) - others == set(ENTITIES)
    figure(
        "entities that python-quickbooks works with unmodified",
        len(ENTITIES | dict.fromkeys(others)),
        35,
    )
