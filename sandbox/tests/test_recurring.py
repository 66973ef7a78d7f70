"""Tests of recurring transactions: templates are checked like transactions but never booked."""

import pytest

from qbo_sandbox import US, create
from qbo_sandbox.kit import Clock

INFO = {
    "Name": "Rent",
    "RecurType": "Automated",
    "ScheduleInfo": {"IntervalType": "Monthly", "DayOfMonth": 1},
}


@pytest.fixture
def quickbooks():
    return create(companies=[US], clock=Clock(1_800_000_000.0, frozen=True))


def rent(amount=900, account="17", **more):
    detail = {"AccountRef": {"value": account}}
    line = {
        "Amount": amount,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }
    return {"VendorRef": {"value": "1"}, "Line": [line], "RecurringInfo": INFO, **more}


def post(quickbooks, query="", **body):
    answer = quickbooks.ask("POST", f"recurringtransaction{query}", body)
    assert answer.status == 200, answer.text
    return answer.json()["RecurringTransaction"]


def expect_refusal(quickbooks, **body):
    answer = quickbooks.ask("POST", "recurringtransaction", body)
    assert answer.status == 400, answer.text
    return answer.json()["Fault"]["Error"][0]["code"]


def test_a_template_is_a_bill_that_is_not_booked(quickbooks):
    template = post(quickbooks, Bill=rent(DocNumber="7"))["Bill"]
    assert (
        template["RecurDataRef"],
        template["RecurringInfo"]["Active"],
        template["TotalAmt"],
    ) == (
        {"value": "1"},
        True,
        900,
    )
    assert not {"DocNumber", "TxnDate"} & set(template)
    assert quickbooks.company.ledger.accounts["17"] == 0
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


def test_a_template_is_read_found_and_changed(quickbooks):
    template = post(quickbooks, Bill=rent())
    assert (
        quickbooks.ask("GET", "recurringtransaction/1").json()["RecurringTransaction"] == template
    )
    assert quickbooks.select("select * from RecurringTransaction")["RecurringTransaction"] == [
        template
    ]
    changed = post(
        quickbooks,
        Bill={"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "up", **rent(950)},
    )
    assert (changed["Bill"]["TotalAmt"], changed["Bill"]["SyncToken"]) == (950, "1")
    assert changed["Bill"]["MetaData"]["CreateTime"] == template["Bill"]["MetaData"]["CreateTime"]
    assert expect_refusal(quickbooks, Bill={"Id": "1", "SyncToken": "0", **rent()}) == "5010"


def test_templates_are_found_by_their_type(quickbooks):
    def ids_found(where):
        rows = quickbooks.select(f"select * from RecurringTransaction where {where}")
        return [kind for row in rows.get("RecurringTransaction", []) for kind in row]

    sale = {
        "DetailType": "SalesItemLineDetail",
        "Amount": 10,
        "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
    }
    post(quickbooks, Bill=rent())
    post(
        quickbooks,
        Invoice={
            "CustomerRef": {"value": "41"},
            "Line": [sale],
            "RecurringInfo": {**INFO, "Name": "Care"},
        },
    )
    assert ids_found("Type = 'Bill'") == ["Bill"]
    assert ids_found("type = 'invoice'") == ["Invoice"]
    assert ids_found("Type in ('Bill', 'Invoice')") == ["Bill", "Invoice"]
    assert ids_found("Type != 'Bill'") == ["Invoice"]
    assert ids_found("Type = 'Purchase'") == []


def test_a_template_is_deleted(quickbooks):
    template = post(quickbooks, Bill=rent())
    assert post(quickbooks, "?operation=delete", **template)["status"] == "Deleted"
    assert quickbooks.select("select * from RecurringTransaction") == {}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Bill": rent(RecurringInfo={})}, "2020"),
        ({"Bill": rent(RecurringInfo={"Name": "x", "RecurType": "Never"})}, "2170"),
        ({"Bill": rent(account="999")}, "2500"),
        ({"Bill": rent(Colour="red")}, "2010"),
        ({"Bill": {"Id": "9", "SyncToken": "0", **rent()}}, "610"),
        ({"Vendor": {"DisplayName": "x"}}, "2020"),
    ],
)
def test_a_bad_template_is_refused(quickbooks, body, code):
    assert expect_refusal(quickbooks, **body) == code
