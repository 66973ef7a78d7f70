"""Tests of time activities: their employee, vendor or customer, and whether they are billed."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock

CUSTOMER = {"CustomerRef": {"value": "41"}}


@pytest.fixture
def quickbooks():
    return create(companies=[US], clock=Clock(1_800_000_000.0, frozen=True))


@pytest.fixture
def worker(quickbooks):
    return {
        "NameOf": "Employee",
        "EmployeeRef": {"value": next(iter(quickbooks.company.table("Employee").rows))},
    }


def post(quickbooks, **body):
    return quickbooks.ask("POST", "timeactivity", body)


def test_hours_get_what_quickbooks_fills_in(quickbooks, worker):
    entity = post(quickbooks, **worker, Hours=3, HourlyRate="75.00").json()["TimeActivity"]
    assert (entity["TxnDate"], entity["BillableStatus"], entity["Taxable"]) == (
        "2027-01-15",
        "NotBillable",
        False,
    )
    assert (entity["Hours"], entity["Minutes"], entity["HourlyRate"]) == (3, 0, 75)
    assert entity["EmployeeRef"]["name"] == "Emily Carter"
    assert "CurrencyRef" not in entity


@pytest.mark.parametrize(
    ("start", "end", "stored"),
    [
        ("08:00:00-08:00", "17:00:00-08:00", ("08:00:00-08:00", "17:00:00-08:00")),
        ("08:00", "17:30", ("08:00:00-08:00", "17:30:00-08:00")),
        ("2021-02-02T18:00:00Z", "2021-02-02T11:00:00", ("10:00:00-08:00", "11:00:00-08:00")),
    ],
    ids=["Intuit's example", "without a zone", "moments"],
)
def test_hours_may_be_a_beginning_and_an_end(quickbooks, worker, start, end, stored):
    """Intuit's page of the time activity sends times of the day, and shows moments."""
    times = {"TxnDate": "2021-02-02", "StartTime": start, "EndTime": end}
    entity = post(quickbooks, **worker, **times).json()["TimeActivity"]
    moments = tuple(f"2021-02-02T{time}" for time in stored)
    assert (entity["StartTime"], entity["EndTime"]) == moments
    assert not entity.keys() & {"Hours", "Minutes"}


def test_a_vendor_works_too_and_hours_can_be_changed_and_deleted(quickbooks):
    entity = post(quickbooks, NameOf="Vendor", VendorRef={"value": "1"}, Minutes=30).json()[
        "TimeActivity"
    ]
    key = {"Id": entity["Id"], "SyncToken": "0"}
    changed = post(quickbooks, **key, sparse=True, Minutes=45).json()["TimeActivity"]
    assert (changed["Minutes"], changed["SyncToken"]) == (45, "1")
    deletion = quickbooks.ask(
        "POST", "timeactivity?operation=delete", key | {"SyncToken": "1"}
    ).json()
    assert deletion["TimeActivity"]["status"] == "Deleted"


def test_hours_on_an_invoice_have_been_billed_until_it_is_deleted(quickbooks, worker):
    entity = post(quickbooks, **worker, **CUSTOMER, Hours=2, BillableStatus="Billable").json()[
        "TimeActivity"
    ]
    link = [{"TxnId": entity["Id"], "TxnType": "TimeActivity"}]
    line = {
        "Amount": 50,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {},
        "LinkedTxn": link,
    }
    invoice = quickbooks.ask("POST", "invoice", {**CUSTOMER, "Line": [line]}).json()["Invoice"]

    def state():
        return quickbooks.ask("GET", f"timeactivity/{entity['Id']}").json()["TimeActivity"][
            "BillableStatus"
        ]

    assert state() == "HasBeenBilled"
    quickbooks.act("delete", kind="Invoice", id=invoice["Id"])
    assert state() == "Billable"


def test_hours_are_found_by_whether_they_were_billed(quickbooks, worker):
    """Intuit's page of the time activity: `BillableStatus` is filterable."""
    post(quickbooks, **worker, **CUSTOMER, Hours=2, BillableStatus="Billable")
    post(quickbooks, **worker, Hours=3)
    query = "select * from TimeActivity where BillableStatus = "
    found = quickbooks.select(f"{query}'Billable'")["TimeActivity"]
    assert [entity["Hours"] for entity in found] == [2]
    assert quickbooks.select(f"{query}'HasBeenBilled'") == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Hours": 1}, "2020"),
        ({"NameOf": "Employee", "Hours": 1}, "2020"),
        ({"NameOf": "Robot", "Hours": 1}, "2170"),
        ({"NameOf": "Vendor", "VendorRef": {"value": "1"}, "StartTime": "25:00"}, "2060"),
        ({"NameOf": "Vendor", "VendorRef": {"value": "1"}, "StartTime": "soon"}, "2060"),
        ({"NameOf": "Vendor", "VendorRef": {"value": "1"}}, "2020"),
        ({"NameOf": "Vendor", "VendorRef": {"value": "999"}, "Hours": 1}, "2500"),
        (
            {
                "NameOf": "Vendor",
                "VendorRef": {"value": "1"},
                "Hours": 1,
                "BillableStatus": "Billable",
            },
            "6000",
        ),
    ],
)
def test_bad_hours_are_refused(quickbooks, body, code):
    assert post(quickbooks, **body).json()["Fault"]["Error"][0]["code"] == code
