"""Tests of name lists: defaults, unique names, nesting, inactive entries, versions."""

from decimal import Decimal

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.entities.list_defaults import DEFAULT_SUBTYPES
from qbo_sandbox.entities.subtypes import SUBTYPES_BY_TYPE, TYPE_BY_SUBTYPE
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True))


def post(quickbooks, kind, realm=None, **body):
    answer = quickbooks.ask("POST", kind.lower(), body, realm)
    assert answer.status == 200, answer.text
    return answer.json()[kind]


def expect_refusal(quickbooks, kind, realm=None, **body):
    answer = quickbooks.ask("POST", kind.lower(), body, realm)
    assert answer.status == 400, answer.text
    error = answer.json()["Fault"]["Error"][0]
    return error["code"], error.get("element"), error["Detail"]


def test_a_vendor_gets_what_quickbooks_fills_in(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Nordic Nails", TaxIdentifier="12-3459875")
    assert vendor["PrintOnCheckName"] == "Nordic Nails"
    assert vendor["TaxIdentifier"] == "XXXXXX9875"
    assert vendor["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert (vendor["Balance"], vendor["Vendor1099"], vendor["Active"], vendor["SyncToken"]) == (
        0,
        False,
        True,
        "0",
    )
    assert (vendor["domain"], vendor["sparse"]) == ("QBO", False)


def test_a_vendor_may_be_named_by_its_parts(quickbooks):
    assert (
        post(quickbooks, "Vendor", GivenName="Ada", FamilyName="Berg")["DisplayName"] == "Ada Berg"
    )


@pytest.mark.parametrize("kind", ["Vendor", "Customer", "Employee"])
@pytest.mark.parametrize("field", ["GivenName", "FamilyName", "Title", "PrintOnCheckName"])
@pytest.mark.parametrize("sign", [":", "\t", "\n"])
def test_a_part_of_a_name_has_no_colon_tab_or_new_line(quickbooks, kind, field, sign):
    body = {"DisplayName": "Shed", "GivenName": "Ada", field: f"Attn{sign} Ada"}
    detail = f"{field} cannot include tabs, new lines, or colons."
    assert detail in expect_refusal(quickbooks, kind, **body)[2]


def test_a_customer_gets_what_quickbooks_fills_in(quickbooks):
    customer = post(quickbooks, "Customer", DisplayName="Doe, Jane")
    recorded = {
        "Taxable",
        "Job",
        "BillWithParent",
        "Balance",
        "BalanceWithJobs",
        "CurrencyRef",
        "PreferredDeliveryMethod",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
        "FullyQualifiedName",
        "DisplayName",
        "PrintOnCheckName",
        "Active",
        "DefaultTaxCodeRef",
    }
    assert set(customer) == recorded


def test_a_job_lies_below_its_customer(quickbooks):
    parent = post(quickbooks, "Customer", DisplayName="Parent")
    job = post(
        quickbooks, "Customer", DisplayName="Roof", Job=True, ParentRef={"value": parent["Id"]}
    )
    assert (job["FullyQualifiedName"], job["Level"], job["Job"]) == ("Parent:Roof", 1, True)
    assert job["DisplayName"] == "Roof"


def test_no_client_makes_or_unmakes_a_project(quickbooks):
    parent = post(quickbooks, "Customer", DisplayName="Owner")
    job = {"DisplayName": "Roof", "Job": True, "ParentRef": {"value": parent["Id"]}}
    assert "IsProject" not in post(quickbooks, "Customer", **job, IsProject=True)
    project = next(
        row
        for row in quickbooks.select("select * from Customer")["Customer"]
        if row.get("IsProject")
    )
    body = {
        "Id": project["Id"],
        "SyncToken": project["SyncToken"],
        "sparse": True,
        "IsProject": False,
        "Notes": "x",
    }
    assert post(quickbooks, "Customer", **body)["IsProject"] is True


def test_a_renamed_parent_renames_what_lies_below(quickbooks):
    parent = post(quickbooks, "Class", Name="North")
    child = post(quickbooks, "Class", Name="East", ParentRef={"value": parent["Id"]})
    post(quickbooks, "Class", Id=parent["Id"], SyncToken="0", Name="South")
    assert (
        quickbooks.ask("GET", f"class/{child['Id']}").json()["Class"]["FullyQualifiedName"]
        == "South:East"
    )


def test_five_levels_are_enough(quickbooks):
    below = post(quickbooks, "Class", Name="L0")
    for level in range(1, 5):
        below = post(quickbooks, "Class", Name=f"L{level}", ParentRef={"value": below["Id"]})
    assert (
        expect_refusal(quickbooks, "Class", Name="L5", ParentRef={"value": below["Id"]})[0]
        == "6180"
    )


@pytest.mark.parametrize(
    "name", ["Alder Ridge Lumber", "ALDER RIDGE LUMBER", "Anderson, Mary", "Emily Carter"]
)
def test_a_name_is_unique_among_customers_vendors_and_employees(quickbooks, name):
    code, element, detail = expect_refusal(quickbooks, "Vendor", DisplayName=name)
    assert (code, element) == ("6240", None)
    assert detail.startswith("The name supplied already exists. :")


@pytest.mark.parametrize(
    ("kind", "body", "code", "element"),
    [
        ("Vendor", {}, "6080", ""),
        ("Vendor", {"DisplayName": "a:b"}, "6000", ""),
        ("Vendor", {"DisplayName": "x" * 501}, "2050", "DisplayName"),
        ("Vendor", {"DisplayName": "x", "Colour": "red"}, "2010", None),
        ("Vendor", {"DisplayName": "x", "VendorEx": {}}, "2010", None),
        ("Vendor", {"DisplayName": "x", "PrimaryEmailAddr": {"Address": "nobody"}}, "2210", ""),
        (
            "Customer",
            {"DisplayName": "x", "PrimaryEmailAddr": {"Address": f"{'x' * 90}@rhein.example"}},
            "2050",
            "PrimaryEmailAddr",
        ),
        ("Vendor", {"DisplayName": "x", "TaxIdentifier": "1" * 21}, "2050", "TaxIdentifier"),
        (
            "Vendor",
            {"DisplayName": "x", "PrimaryPhone": {"FreeFormNumber": "1" * 31}},
            "2050",
            "FreeFormNumber",
        ),
        (
            "Vendor",
            {"DisplayName": "x", "BillAddr": {"Line5": "1" * 501}},
            "2050",
            "Line5",
        ),
        ("Vendor", {"DisplayName": "x", "BillAddr": {"City": "1" * 256}}, "2050", "City"),
        ("Vendor", {"DisplayName": "x", "BillAddr": {"Country": "1" * 256}}, "2050", "Country"),
        ("Vendor", {"DisplayName": "x", "BillAddr": {"Street": "1"}}, "2010", None),
        ("Vendor", {"DisplayName": "x", "BillAddr": "1 Main St"}, "2010", None),
        ("Vendor", {"DisplayName": ["x"]}, "2010", None),
        ("Vendor", {"DisplayName": "x", "Vendor1099": "perhaps"}, "2010", None),
        ("Vendor", {"DisplayName": "x", "TermRef": {"value": "99"}}, "2500", ""),
        ("Vendor", {"DisplayName": "x", "CurrencyRef": {"value": "NOK"}}, "2500", ""),
        ("Account", {"Name": "x"}, "6010", ""),
        ("Account", {"AccountType": "Expense"}, "2020", "Name"),
        ("Account", {"Name": "x", "AccountType": "Wishes"}, "2170", "AccountType"),
        ("Account", {"Name": 'a "b"', "AccountType": "Expense"}, "6000", ""),
        ("Item", {"Name": "x", "Type": "Service"}, "2020", "IncomeAccountRef"),
        ("Item", {"Name": "x", "Type": "Inventory", "TrackQtyOnHand": True}, "2020", "QtyOnHand"),
        ("Term", {"Name": "x" * 32, "DueDays": 3}, "2050", "Name"),
        ("Term", {"Name": "x"}, "2020", "DueDays"),
        ("TaxCode", {"Name": "x"}, "500", None),
        ("Customer", {"DisplayName": "x", "Id": "1.5", "SyncToken": "0"}, "2030", "Id"),
    ],
)
def test_a_bad_entry_is_refused_with_code_and_field(quickbooks, kind, body, code, element):
    assert expect_refusal(quickbooks, kind, **body)[:2] == (code, element)


def test_the_recorded_texts_of_refusals(quickbooks):
    assert (
        expect_refusal(quickbooks, "Account")[2]
        == "Required parameter Name is missing in the request"
    )
    _, _, detail = expect_refusal(quickbooks, "Customer", DisplayName="x", Id="1.5", SyncToken="0")
    assert detail == "Id should be a valid number. Supplied value:1.5"
    answer = quickbooks.ask(
        "POST", "customer", {"DisplayName": "x", "Id": "1.5", "SyncToken": "0"}
    ).json()
    assert "time" not in answer


def test_an_inventory_item_needs_the_right_accounts(quickbooks):
    accounts = {
        row["Name"]: row["Id"]
        for row in quickbooks.select("select * from Account maxresults 200")["Account"]
    }
    body = {
        "Name": "Bolts",
        "Type": "Inventory",
        "TrackQtyOnHand": True,
        "QtyOnHand": 10,
        "InvStartDate": "2027-01-01",
        "IncomeAccountRef": {"value": accounts["Sales of Product Income"]},
        "ExpenseAccountRef": {"value": accounts["Cost of Goods Sold"]},
        "AssetAccountRef": {"value": accounts["Inventory Asset"]},
    }
    assert post(quickbooks, "Item", **body)["QtyOnHand"] == 10
    body |= {"Name": "Nuts", "AssetAccountRef": {"value": accounts["Advertising"]}}
    assert expect_refusal(quickbooks, "Item", **body)[0] == "6430"


def test_an_entry_made_inactive_is_renamed_and_comes_back(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Gone Ltd")
    inactive_entry = post(
        quickbooks, "Vendor", Id=vendor["Id"], SyncToken="0", sparse=True, Active=False
    )
    assert (inactive_entry["DisplayName"], inactive_entry["Active"]) == (
        "Gone Ltd (deleted)",
        False,
    )
    post(quickbooks, "Vendor", DisplayName="Gone Ltd")
    again = {"Id": vendor["Id"], "SyncToken": "1", "sparse": True, "Active": True}
    assert expect_refusal(quickbooks, "Vendor", **again)[0] == "6240"


def test_a_write_that_changes_nothing_keeps_the_version(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Same")
    body = {"Id": vendor["Id"], "SyncToken": "0", "sparse": True, "DisplayName": "Same"}
    assert post(quickbooks, "Vendor", **body)["SyncToken"] == "0"


def test_a_stale_version_is_refused(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Mine")
    code, element, detail = expect_refusal(
        quickbooks, "Vendor", Id=vendor["Id"], SyncToken="7", DisplayName="Mine"
    )
    assert (code, element) == ("5010", "")
    assert detail.startswith("Stale Object Error : You and ")


def test_a_full_update_takes_away_what_it_leaves_out(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Full", AcctNum="7", CompanyName="Full Ltd")
    full = post(quickbooks, "Vendor", Id=vendor["Id"], SyncToken="0", DisplayName="Full")
    assert "AcctNum" not in full
    assert full["CurrencyRef"] == vendor["CurrencyRef"]


def test_a_sparse_update_leaves_the_rest_and_blanks_what_is_empty(quickbooks):
    vendor = post(quickbooks, "Vendor", DisplayName="Sparse", AcctNum="7", CompanyName="Sparse Ltd")
    body = {"Id": vendor["Id"], "SyncToken": "0", "sparse": True, "CompanyName": ""}
    sparse = post(quickbooks, "Vendor", **body)
    assert (sparse["AcctNum"], "CompanyName" in sparse, sparse["SyncToken"]) == ("7", False, "1")


def test_no_list_entry_can_be_deleted(quickbooks):
    answer = quickbooks.ask("POST", "vendor?operation=delete", {"Id": "1", "SyncToken": "0"})
    assert answer.json()["Fault"]["Error"][0]["code"] == "500"


def test_an_unknown_entry_is_not_found(quickbooks):
    answer = quickbooks.ask("GET", "vendor/9999")
    assert (answer.status, answer.json()["Fault"]["Error"][0]["code"]) == (400, "610")


def test_ids_of_classes_are_long_and_those_of_names_shared(quickbooks):
    assert len(post(quickbooks, "Class", Name="Long")["Id"]) == 19
    vendor = int(post(quickbooks, "Vendor", DisplayName="One")["Id"])
    assert int(post(quickbooks, "Customer", DisplayName="Two")["Id"]) == vendor + 1


def test_the_seeded_companies_are_believable(quickbooks):
    for realm in (US.realm, NORWAY.realm):
        count = {
            kind: len(rows)
            for kind, rows in quickbooks.books()[realm].items()
            if isinstance(rows, list)
        }
        assert count["Account"] >= 60
        assert (count["Vendor"], count["Customer"] >= 30, count["Class"], count["Department"]) == (
            40,
            True,
            5,
            4,
        )
        projects = [row for row in quickbooks.books()[realm]["Customer"] if row.get("IsProject")]
        assert len(projects) >= 10


def test_a_company_with_many_currencies_has_payables_in_each(quickbooks):
    where = "select * from Account where AccountType = 'Accounts Payable'"
    payables = quickbooks.select(where, NORWAY.realm)["Account"]
    assert {account["CurrencyRef"]["value"] for account in payables} == {"NOK", "EUR", "SEK"}


def test_the_preferences_say_what_the_company_does(quickbooks):
    preferences = quickbooks.ask("GET", "preferences", realm=NORWAY.realm).json()["Preferences"]
    assert preferences["CurrencyPrefs"] == {
        "MultiCurrencyEnabled": True,
        "HomeCurrency": {"value": "NOK"},
    }
    assert "BookCloseDate" not in preferences["AccountingInfoPrefs"]
    quickbooks.act("close_books", realm=NORWAY.realm, date="2026-12-31")
    preferences = quickbooks.ask("GET", "preferences", realm=NORWAY.realm).json()["Preferences"]
    assert (preferences["AccountingInfoPrefs"]["BookCloseDate"], preferences["SyncToken"]) == (
        "2026-12-31",
        "1",
    )


@pytest.mark.parametrize(
    ("detail", "kind", "classification"),
    [
        ("CashOnHand", "Bank", "Asset"),
        ("PrepaidExpenses", "Other Current Asset", "Asset"),
        ("LoanPayable", "Other Current Liability", "Liability"),
        ("Utilities", "Expense", "Expense"),
    ],
)
def test_an_account_is_made_by_its_detail_type_alone(quickbooks, detail, kind, classification):
    account = post(quickbooks, "Account", Name=f"New {detail}", AccountSubType=detail)
    assert (account["AccountType"], account["Classification"]) == (kind, classification)


def test_the_usual_detail_type_of_each_account_type_belongs_to_it():
    assert {
        kind: TYPE_BY_SUBTYPE[detail]
        for kind, detail in DEFAULT_SUBTYPES.items()
        if kind != "Non-Posting"
    } == {kind: kind for kind in SUBTYPES_BY_TYPE}


def test_the_social_security_number_of_an_employee_is_never_shown(quickbooks):
    made_now = post(quickbooks, "Employee", GivenName="Eve", FamilyName="Hill", SSN="444-55-6666")
    assert made_now["SSN"] == "XXX-XX-XXXX"
    assert "444-55" not in str(quickbooks.books(kind="Employee"))


def test_an_account_shows_what_was_booked_on_it(quickbooks):
    line = {
        "Amount": "250",
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "20"}},
    }
    quickbooks.ask("POST", "bill", {"VendorRef": {"value": "1"}, "Line": [line]})
    for id in ("20", "33"):
        assert quickbooks.ask("GET", f"account/{id}").json()["Account"][
            "CurrentBalance"
        ] == Decimal("250.00")


def test_a_journal_code_has_a_name_of_its_own_and_a_type_that_stays(quickbooks):
    code = post(quickbooks, "JournalCode", Name="AC", Type="Expenses", Description="Purchases")
    assert (code["Type"], code["Active"], code["SyncToken"]) == ("Expenses", True, "0")
    assert expect_refusal(quickbooks, "JournalCode", Name="AC", Type="Sales")[0] == "6240"
    assert "Type" not in post(quickbooks, "JournalCode", Name="VE")
    assert expect_refusal(quickbooks, "JournalCode", Name="BQ", Type="Gifts")[:2] == (
        "2170",
        "Type",
    )
    assert expect_refusal(quickbooks, "JournalCode", Name="B" * 21)[:2] == ("2050", "Name")
    key = {"Id": code["Id"], "SyncToken": "0", "sparse": True}
    assert expect_refusal(quickbooks, "JournalCode", **key, Type="Sales")[0] == "6000"
    assert post(quickbooks, "JournalCode", **key, Description="Bills")["Description"] == "Bills"
    [listed] = quickbooks.select("select * from JournalCode where Name = 'AC'")["JournalCode"]
    assert (listed["Id"], listed["Description"]) == (code["Id"], "Bills")
