"""The stand-in speaks as Autotask does, and refuses what Autotask would refuse."""

import json
import urllib.request
from urllib.parse import quote

import pytest
from hub_autotask import hub_sandbox

from hub.sandboxing import Server, ask

ALL = {"filter": [{"op": "gte", "field": "id", "value": 0}]}


def ids(answer):
    return [row["id"] for row in answer.json()["items"]]


def said(answer):
    assert answer.status == 500
    return answer.json()["errors"][0]


def test_zones_are_told_without_credentials_and_unknown_users_are_an_error(invoices):
    user = invoices.site.settings["username"]
    zone = ask(invoices.stand_in.wsgi, "GET", f"/atservicesrest/v1.0/zoneInformation?user={quote(user)}").json()
    assert zone["url"].endswith("/ATServicesRest/")
    lost = ask(invoices.stand_in.wsgi, "GET", "/atservicesrest/v1.0/ZoneInformation?user=nobody")
    assert said(lost) == "Zone information could not be determined"


def test_wrong_credentials_are_an_empty_401(invoices):
    answer = invoices.call("GET", "Companies/0", secret="guess")
    assert (answer.status, answer.body, "Basic" in answer.headers["www-authenticate"]) == (401, b"", True)


def test_pages_go_by_ids_and_the_next_one_is_asked_for_with_the_same_verb_and_body(open_bench):
    bench, body = open_bench("invoices", documents=120), ALL | {"MaxRecords": 50}
    first = bench.call("POST", "Invoices/query", body)
    path = "Invoices/query/next?" + first.json()["pageDetails"]["nextPageUrl"].partition("?")[2]
    assert ids(bench.call("POST", path, body)) == [id + 50 for id in ids(first)]
    assert bench.call("GET", path).status == 405
    assert ids(bench.call("GET", f"Invoices/query?search={quote(json.dumps(body))}")) == ids(first)
    assert bench.call("POST", "Invoices/query/count", ALL).json() == {"queryCount": 120}


def test_rows_that_move_while_a_list_is_read_are_not_lost(open_bench):
    bench, body = open_bench("invoices", documents=120), ALL | {"MaxRecords": 50}
    first = bench.call("POST", "Invoices/query", body)
    bench.books.do("put", entity="Invoices", id=4001, fields={"invoiceNumber": "1"})
    path = "Invoices/query/next?" + first.json()["pageDetails"]["nextPageUrl"].partition("?")[2]
    assert ids(bench.call("POST", path, body))[0] == ids(first)[-1] + 1


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ([{"op": "eq", "field": "INVOICENUMBER", "value": "1041"}], 1),
        ([{"op": "notExist", "field": "invoiceNumber"}, {"op": "eq", "field": "isVoided", "value": True}], 1),
        ([{"op": "in", "field": "id", "value": [4001, 4002, 99]}], 2),
        ([{"op": "or", "items": [{"op": "eq", "field": "invoiceNumber", "value": ""},
                                 {"op": "beginsWith", "field": "invoiceNumber", "value": "err"}]}], 2),
        ([{"op": "gt", "field": "invoiceTotal", "value": 900}], 1),
        ([{"op": "contains", "field": "comments", "value": "HALF"}], 1),
    ],
)  # fmt: skip
def test_conditions_mean_what_autotask_means(invoices, conditions, count):
    assert invoices.call("POST", "Invoices/query/count", {"Filter": conditions}).json()["queryCount"] == count


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "filter is required"),
        (ALL | {"MaxRecords": 501}, "between 1 and 500"),
        (ALL | {"sort": "id"}, "unknown parts: sort"),
        ({"filter": [{"op": "ne", "field": "id", "value": 1}]}, "operator 'ne' is not known"),
        ({"filter": [{"op": "eq", "field": "number", "value": 1}]}, "Unable to find number"),
        ({"filter": [{"op": "eq", "field": "dueDate", "value": "2026-01-01"}]}, "cannot be filtered on"),
        ({"filter": [{"op": "eq", "field": "isVoided", "value": None}]}, "is not valid"),
        ({"filter": [{"op": "in", "field": "id", "value": list(range(501))}]}, "more than 500 OR conditions"),
    ],
)
def test_a_query_that_autotask_would_refuse_is_refused(invoices, body, words):
    assert words in said(invoices.call("POST", "Invoices/query", body))


@pytest.mark.parametrize(
    ("entity", "body", "words"),
    [
        ("Invoices", {"id": 4001, "number": "1"}, "Could not find member number"),
        ("Invoices", {"id": 4001, "invoiceTotal": 5}, "read-only"),
        ("Invoices", {"id": 4001, "invoiceNumber": 5}, "not of its type"),
        ("Invoices", {"id": 4001, "paidDate": "soon"}, "not of its type"),
        ("Invoices", {"id": 1, "invoiceNumber": "5"}, "No matching records"),
        ("ExpenseReports", {"id": 7001, "status": 17}, "read-only"),
        ("PurchaseOrders", {"id": 8001, "externalPONumber": "x" * 51}, "longer than 50"),
    ],
)
def test_a_change_that_autotask_would_refuse_is_refused(invoices, entity, body, words):
    assert words in said(invoices.call("PATCH", entity, body))


def test_a_patch_changes_what_it_names_and_a_put_empties_the_rest(invoices):
    assert invoices.call("PATCH", "Invoices", {"id": 4006, "paidDate": "2026-03-01"}).json() == {"itemId": 4006}
    assert invoices.books.rows("Invoices")[4006]["invoiceNumber"] == "1041"
    invoices.call("PUT", "Invoices", {"id": 4006, "paidDate": "2026-03-02"})
    assert invoices.books.rows("Invoices")[4006]["invoiceNumber"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PATCH", "Invoices/4001", 405), ("POST", "Invoices", 405), ("GET", "Tickets/query", 404), ("GET", "x/y/z", 405)],
)
def test_what_is_not_there_is_refused(invoices, method, path, status):
    assert invoices.call(method, path, {"id": 4001}).status == status


def test_a_row_that_is_not_there_is_nothing_and_no_error(invoices):
    assert invoices.call("GET", "Companies/99999").json() == {"item": None}


def test_four_calls_at_once_and_calls_past_the_allowance_are_refused(invoices):
    limits = invoices.stand_in._api._limits
    limits._now["Companies"] = 3
    assert invoices.call("GET", "Companies/0").status == 429
    limits._now["Companies"], limits._allowance = 0, 1
    assert "suspended" in invoices.call("GET", "Companies/0").json()["errors"][0]


def test_metadata_tell_fields_picklists_and_rights(invoices):
    fields = invoices.call("GET", "ExpenseReports/entityInformation/fields").json()["fields"]
    status = next(field for field in fields if field["name"] == "status")
    assert (status["isReadOnly"], status["isPickList"]) == (True, True)
    assert {one["value"]: one["label"] for one in status["picklistValues"]}["14"] == "Approved for Payment"
    info = invoices.call("GET", "Invoices/entityInformation").json()["info"]
    assert (info["canCreate"], info["userAccessForUpdate"]) == (False, 1)
    assert invoices.call("GET", "ThresholdInformation").json()["externalRequestThreshold"] == 10_000
    assert invoices.call("GET", "Version").json()["majorVersion"] == 2026


def test_its_state_outlives_it(open_bench, tmp_path):
    first = open_bench("invoices", folder=tmp_path)
    first.put("labour and a licence", invoiceNumber="5")
    again = open_bench("invoices", documents=3, folder=tmp_path)
    assert again.books.rows("Invoices") == first.books.rows("Invoices")


def test_it_is_a_real_server_too():
    stand_in = hub_sandbox(app="autotask-invoices", folder=None, documents=8, seed=3)
    path = "/atservicesrest/versioninformation"
    with Server(stand_in.wsgi) as server, urllib.request.urlopen(server.url + path) as answer:
        assert json.loads(answer.read()) == {"apiVersions": ["1.0"]}
