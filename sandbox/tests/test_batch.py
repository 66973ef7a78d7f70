"""Tests of batches: allowed items, their isolation from each other, and their bIds."""

import pytest

from qbo_sandbox import create
from qbo_sandbox.kit import Clock

NOON = 1_800_000_000.0
LINE = {
    "Amount": 5,
    "DetailType": "AccountBasedExpenseLineDetail",
    "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
}


@pytest.fixture
def quickbooks():
    return create(clock=Clock(NOON, frozen=True))


def batch(quickbooks, *items, key=""):
    answer = quickbooks.ask(
        "POST", f"batch?requestid={key}" if key else "batch", {"BatchItemRequest": list(items)}
    )
    return answer.json().get("BatchItemResponse", answer.json())


def bill(**more):
    return {"VendorRef": {"value": "1"}, "Line": [LINE], **more}


def invoice():
    detail = {"ItemRef": {"value": "2"}, "Qty": 1, "UnitPrice": 10}
    line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    return {"CustomerRef": {"value": "41"}, "Line": [line]}


def fault(item):
    error = item["Fault"]["Error"][0]
    return error["code"], error["element"]


def test_answers_come_in_the_order_of_the_items(quickbooks):
    numbers = [f"N{place}" for place in range(30)]
    items = []
    for number in numbers:
        items.append({"bId": f"i{number}", "operation": "create", "Bill": bill(DocNumber=number)})
    responses = batch(quickbooks, *items)
    assert [item["bId"] for item in responses] == [f"i{number}" for number in numbers]
    assert [item["Bill"]["DocNumber"] for item in responses] == numbers


def test_items_of_a_batch_do_not_see_each_others_changes(quickbooks):
    bill_item, result = batch(
        quickbooks,
        {"bId": "a", "operation": "create", "Bill": bill()},
        {"bId": "b", "Query": "select count(*) from Bill"},
    )
    assert bill_item["Bill"]["Id"] == "1"
    assert result["QueryResponse"] == {"totalCount": 0}


def test_change_data_can_be_asked_for_in_a_batch(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    request = {"Entities": "Bill,Class", "ChangedSince": "2027-01-01T00:00:00Z"}
    [responses] = batch(quickbooks, {"bId": "a", "CDCQuery": request})
    first, second = responses["CDCResponse"]["QueryResponse"]
    assert ([row["Id"] for row in first["Bill"]], second) == (["1"], {})


def test_a_report_can_be_asked_for_in_a_batch(quickbooks):
    quickbooks.ask("POST", "bill", bill())
    request = "ProfitAndLoss?start_date=2027-01-01&end_date=2027-01-31"
    responses, wrong = batch(
        quickbooks, {"bId": "a", "ReportQuery": request}, {"bId": "b", "ReportQuery": "Weather"}
    )
    header = responses["Report"]["Header"]
    assert (header["ReportName"], header["StartPeriod"], header["EndPeriod"]) == (
        "ProfitAndLoss",
        "2027-01-01",
        "2027-01-31",
    )
    assert "Fault" in wrong


@pytest.mark.parametrize(
    ("request_text", "start"),
    [
        ("select * from VendorExpenses", "2027-01-01"),
        ("SELECT * FROM VendorExpenses WHERE start_date = '2026-05-01'", "2026-05-01"),
    ],
)
def test_a_report_may_be_asked_for_as_a_query(quickbooks, request_text, start):
    """Intuit's example for Java: `addReportQuery("select * from VendorExpenses", …)`."""
    [response] = batch(quickbooks, {"bId": "a", "ReportQuery": request_text})
    header = response["Report"]["Header"]
    assert (header["ReportName"], header["StartPeriod"]) == ("VendorExpenses", start)


@pytest.mark.parametrize(
    "how", [{"operation": "update", "optionsData": "void"}, {"operation": "void"}]
)
def test_an_invoice_is_voided_in_a_batch(quickbooks, how):
    quickbooks.ask("POST", "invoice", invoice())
    [responses] = batch(quickbooks, {"bId": "a", **how, "Invoice": {"Id": "1", "SyncToken": "0"}})
    assert (responses["Invoice"]["TotalAmt"], responses["Invoice"]["PrivateNote"]) == (0, "Voided")


@pytest.mark.parametrize(
    ("item", "error"),
    [
        ({"operation": "update", "Bill": bill()}, ("2020", "Id")),
        ({"operation": "merge", "Bill": bill()}, ("500", "")),
        ({"operation": "create", "Bill": bill(), "Vendor": {}}, ("2000", "")),
        ({"operation": "create", "Bill": []}, ("2010", "")),
        ({"Query": "select * from Nothing"}, ("4001", "")),
        ({"operation": "delete", "Vendor": {"Id": "1", "SyncToken": "0"}}, ("500", "")),
        (
            {"operation": "update", "optionsData": "void", "Bill": {"Id": "1", "SyncToken": "0"}},
            ("500", ""),
        ),
    ],
)
def test_an_invalid_item_is_refused_alone(quickbooks, item, error):
    wrong, right = batch(
        quickbooks,
        {"bId": "a", **item},
        {"bId": "b", "operation": "create", "Bill": bill(DocNumber="B")},
    )
    assert (fault(wrong), wrong["bId"], right["Bill"]["DocNumber"]) == (error, "a", "B")


def test_a_batch_item_that_is_no_object_is_refused_alone(quickbooks):
    wrong, right = batch(quickbooks, "bill", {"bId": "b", "Query": "select count(*) from Vendor"})
    assert (fault(wrong), right["QueryResponse"]) == (("2010", ""), {"totalCount": 40})


@pytest.mark.parametrize("body", [{}, {"BatchItemRequest": []}, {"BatchItemRequest": {}}, []])
def test_a_batch_without_items_is_refused_whole(quickbooks, body):
    answer = quickbooks.ask("POST", "batch", body)
    [error] = answer.json()["Fault"]["Error"]
    assert (answer.status, error) == (
        400,
        {"Message": "MalformedRequest", "Detail": "Batch Request is Empty", "code": "400"},
    )


def test_a_bid_may_be_missing_or_there_twice(quickbooks):
    first = {"operation": "create", "Bill": bill(DocNumber="A")}
    two = {"bId": "x", "operation": "create", "Bill": bill(DocNumber="B")}
    responses = batch(quickbooks, first, two, {**two, "Bill": bill(DocNumber="C")})
    assert [(item.get("bId"), item["Bill"]["DocNumber"]) for item in responses] == [
        (None, "A"),
        ("x", "B"),
        ("x", "C"),
    ]


def test_with_a_request_id_the_second_of_two_equal_bids_gets_the_answer_to_the_first(quickbooks):
    items = [{"bId": "x", "operation": "create", "Bill": bill(DocNumber=number)} for number in "AB"]
    responses = batch(quickbooks, *items, key="k")
    assert responses[0] == responses[1]
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 1}


@pytest.mark.parametrize(("bids", "code"), [(("x", "x"), "2030"), (("x", None), "2020")])
def test_bids_may_have_to_be_there_once(quickbooks, bids, code):
    quickbooks.switch(batch_bids="unique")
    items = [
        {"operation": "create", "Bill": bill()} | ({"bId": bid} if bid else {}) for bid in bids
    ]
    assert batch(quickbooks, *items)["Fault"]["Error"][0]["code"] == code
    assert quickbooks.select("select count(*) from Bill") == {"totalCount": 0}


def test_request_id_and_bid_are_at_most_fifty_characters_together(quickbooks):
    good = {"bId": "b" * 18, "operation": "create", "Bill": bill()}
    responses, wrong = batch(quickbooks, good, {**good, "bId": "b" * 36}, key="k" * 32)
    assert responses["Bill"]["Id"] == "1"
    assert fault(wrong) == ("6000", "")
    assert "more than 50 characters in the request_id field" in wrong["Fault"]["Error"][0]["Detail"]
    assert "kkkkkkkkkk..., which is 68 characters" in wrong["Fault"]["Error"][0]["Detail"]
