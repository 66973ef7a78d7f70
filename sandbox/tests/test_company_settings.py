"""Tests of company info and preferences: the fields a client may change, and their effects."""

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock

CUSTOMER = {"CustomerRef": {"value": "41"}}


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(1_800_000_000.0, frozen=True))


def prefer(quickbooks, section, **values):
    token = quickbooks.ask("GET", "preferences").json()["Preferences"]["SyncToken"]
    body = {"Id": "1", "SyncToken": token, "sparse": True, section: values}
    answer = quickbooks.ask("POST", "preferences", body)
    assert answer.status == 200, answer.text
    return answer.json()["Preferences"]


def post(quickbooks, path, body):
    return quickbooks.ask("POST", path, body)


def sale_line(**detail):
    detail = {"ItemRef": {"value": "1"}, **detail}
    return {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def test_changed_options_outlast_a_restart(tmp_path):
    """Some options are lists of values, which the journal keeps, too."""
    quickbooks = create(tmp_path, companies=[NORWAY])
    quickbooks.act("close_books", date="2026-12-31")
    restored = create(tmp_path, companies=[NORWAY])
    options = restored.companies[NORWAY.realm].options
    assert (options.closed, options.currencies) == ("2026-12-31", NORWAY.currencies)


def test_a_change_leaves_what_it_does_not_name(quickbooks):
    before = quickbooks.ask("GET", "preferences").json()["Preferences"]
    after = prefer(quickbooks, "AccountingInfoPrefs", CustomerTerminology="Clients")
    assert after["SyncToken"] == "1"
    assert after["AccountingInfoPrefs"] == before["AccountingInfoPrefs"] | {
        "CustomerTerminology": "Clients"
    }
    assert after["SalesFormsPrefs"] == before["SalesFormsPrefs"]


def test_preferences_that_only_a_person_can_set_stay(quickbooks):
    body = prefer(quickbooks, "AccountingInfoPrefs", BookCloseDate="2027-01-01")
    assert "BookCloseDate" not in body["AccountingInfoPrefs"]
    body = prefer(quickbooks, "CurrencyPrefs", MultiCurrencyEnabled=True)
    assert body["CurrencyPrefs"]["MultiCurrencyEnabled"] is False
    quickbooks.act("close_books", date="2026-12-31")
    body = prefer(quickbooks, "AccountingInfoPrefs", TaxForm="7")
    assert body["AccountingInfoPrefs"]["BookCloseDate"] == "2026-12-31"


def test_a_billable_line_is_refused_while_billable_expenses_are_switched_off(quickbooks):
    detail = {"AccountRef": {"value": "7"}, "CustomerRef": {"value": "41"}}
    line = {"Amount": 10, "DetailType": "AccountBasedExpenseLineDetail"}

    def send(status):
        line["AccountBasedExpenseLineDetail"] = detail | {"BillableStatus": status}
        return post(quickbooks, "bill", {"VendorRef": {"value": "1"}, "Line": [line]})

    assert send("Billable").status == 200
    prefer(quickbooks, "VendorAndPurchasesPrefs", BillableExpenseTracking=False)
    refused = send("Billable")
    assert (refused.status, refused.json()["Fault"]["Error"][0]["code"]) == (400, "6000")
    assert "doesn't have an income account" in refused.text
    assert send("NotBillable").status == 200


def test_classes_may_be_on_the_whole_transaction(quickbooks):
    klass = {"value": quickbooks.select("select * from Class")["Class"][0]["Id"]}
    body = {**CUSTOMER, "ClassRef": klass, "Line": [sale_line(ClassRef=klass)]}
    entity = post(quickbooks, "invoice", body).json()["Invoice"]
    assert ("ClassRef" in entity, "ClassRef" in entity["Line"][0]["SalesItemLineDetail"]) == (
        False,
        True,
    )
    prefer(
        quickbooks, "AccountingInfoPrefs", ClassTrackingPerTxn=True, ClassTrackingPerTxnLine=False
    )
    entity = post(quickbooks, "invoice", body).json()["Invoice"]
    assert ("ClassRef" in entity, "ClassRef" in entity["Line"][0]["SalesItemLineDetail"]) == (
        True,
        False,
    )
    purchase_line = {"AccountRef": {"value": "7"}, "ClassRef": klass}
    cost = {
        "DetailType": "AccountBasedExpenseLineDetail",
        "Amount": 5,
        "AccountBasedExpenseLineDetail": purchase_line,
    }
    entity = post(quickbooks, "bill", {"VendorRef": {"value": "1"}, "Line": [cost]}).json()["Bill"]
    assert entity["Line"][0]["AccountBasedExpenseLineDetail"]["ClassRef"]["value"] == klass["value"]
    by_class = quickbooks.ask("GET", "reports/ClassSales").json()["Rows"]["Row"]
    assert by_class[0]["ColData"][1]["value"] == "20.00"


def test_numbers_are_the_companys_or_the_clients(quickbooks):
    assert (
        "DocNumber"
        not in post(quickbooks, "invoice", {**CUSTOMER, "Line": [sale_line()]}).json()["Invoice"]
    )
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    assert (
        post(quickbooks, "invoice", {**CUSTOMER, "Line": [sale_line()]}).json()["Invoice"][
            "DocNumber"
        ]
        == "1001"
    )


def test_estimates_and_locations_can_be_switched_off(quickbooks):
    prefer(quickbooks, "SalesFormsPrefs", AllowEstimates=False)
    answer = post(quickbooks, "estimate", {**CUSTOMER, "Line": [sale_line()]})
    assert answer.json()["Fault"]["Error"][0]["code"] == "5020"
    prefer(quickbooks, "AccountingInfoPrefs", TrackDepartments=False)
    body = post(
        quickbooks, "invoice", {**CUSTOMER, "Line": [sale_line()], "DepartmentRef": {"value": "1"}}
    ).json()
    assert "DepartmentRef" not in body["Invoice"]


def test_the_usual_terms_say_when_an_invoice_is_due(quickbooks):
    prefer(quickbooks, "SalesFormsPrefs", DefaultTerms={"value": "2"})
    days = quickbooks.ask("GET", "term/2").json()["Term"]["DueDays"]
    body = post(
        quickbooks, "invoice", {**CUSTOMER, "Line": [sale_line()], "TxnDate": "2027-01-01"}
    ).json()["Invoice"]
    assert body["DueDate"] == f"2027-01-{1 + days:02}"


def test_the_basis_of_reports_is_a_preference(quickbooks):
    prefer(quickbooks, "ReportPrefs", ReportBasis="Cash")
    assert quickbooks.ask("GET", "reports/ProfitAndLoss").json()["Header"]["ReportBasis"] == "Cash"


def test_the_companys_name_and_address_can_be_changed(quickbooks):
    body = {
        "Id": "1",
        "SyncToken": "0",
        "sparse": True,
        "CompanyName": "Fjord & Daughters",
        "Country": "SE",
    }
    entity = post(quickbooks, "companyinfo", body).json()["CompanyInfo"]
    assert (entity["CompanyName"], entity["Country"], entity["SyncToken"]) == (
        "Fjord & Daughters",
        "US",
        "1",
    )
    assert entity["LegalAddr"]["City"]


@pytest.mark.parametrize("kind", ["CompanyInfo", "Preferences"])
def test_there_is_one_of_each(quickbooks, kind):
    answer = post(
        quickbooks, kind.lower(), {"CompanyName": "Another"} if kind == "CompanyInfo" else {}
    )
    assert answer.json()["Fault"]["Error"][0]["code"] == "500"


@pytest.mark.parametrize(("password", "code"), [(True, "6210"), (False, "6200")])
def test_closed_books_take_what_books_nothing(quickbooks, password, code):
    quickbooks.control.company(
        "POST", {"realm": US.realm, "closed": "2026-12-31", "closing_password": password}
    )
    line = {"Amount": 5, "DetailType": "AccountBasedExpenseLineDetail"}
    line |= {"AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}}}
    body = {"VendorRef": {"value": "1"}, "Line": [line], "TxnDate": "2026-12-01"}
    assert post(quickbooks, "bill", body).json()["Fault"]["Error"][0]["code"] == code
    assert post(quickbooks, "purchaseorder", body).status == 200
