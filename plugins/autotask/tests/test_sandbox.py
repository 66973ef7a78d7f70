"""The stand-in answers as Autotask does, and refuses the same requests."""

import json
import urllib.request
from urllib.parse import quote

import pytest
from hub_autotask import hub_sandbox

from qbo_sandbox.kit import ConnectionFault, Server, send_request

ALL = {"filter": [{"op": "gte", "field": "id", "value": 0}]}


def ids(answer):
    return [row["id"] for row in answer.json()["items"]]


def error_of(answer):
    assert answer.status == 500
    return answer.json()["errors"][0]


def test_zones_need_no_credentials_and_unknown_users_are_an_error(invoices):
    user = invoices.site.settings["username"]
    zone = send_request(
        invoices.stand_in.wsgi, "GET", f"/atservicesrest/v1.0/zoneInformation?user={quote(user)}"
    ).json()
    assert zone["url"].endswith("/ATServicesRest/")
    answer = send_request(
        invoices.stand_in.wsgi, "GET", "/atservicesrest/v1.0/ZoneInformation?user=nobody"
    )
    assert error_of(answer) == "Zone information could not be determined"


@pytest.mark.parametrize("header", ["secret", "username", "apiintegrationcode"])
@pytest.mark.parametrize("value", ["guess", ""])
def test_wrong_credentials_are_an_empty_401(invoices, header, value, call_api):
    answer = call_api(invoices, "GET", "Companies/0", **{header: value})
    assert (answer.status, answer.body, "Basic" in answer.headers["www-authenticate"]) == (
        401,
        b"",
        True,
    )


def following(answer):
    """Return a call to the API for the next page."""
    return "Invoices/query/next?" + answer.json()["pageDetails"]["nextPageUrl"].partition("?")[2]


def test_pages_go_by_ids_and_the_next_one_is_asked_for_with_the_same_verb_and_body(
    open_bench, call_api
):
    bench, body = open_bench("invoices", documents=120), ALL | {"MaxRecords": 50}
    first = call_api(bench, "POST", "Invoices/query", body)
    assert ids(call_api(bench, "POST", following(first), body)) == [id + 50 for id in ids(first)]
    assert call_api(bench, "GET", following(first)).status == 405
    assert error_of(call_api(bench, "POST", following(first), {})).startswith(
        "A filter is required"
    )
    assert call_api(bench, "POST", "Invoices/query/count", ALL).json() == {"queryCount": 120}


def test_a_reading_that_began_with_get_is_followed_with_get_to_its_end(open_bench, call_api):
    bench, search = (
        open_bench("invoices", documents=120),
        quote(json.dumps(ALL | {"MaxRecords": 50})),
    )
    page = call_api(bench, "GET", f"Invoices/query?search={search}")
    assert call_api(bench, "POST", following(page), ALL).status == 405
    row_ids = ids(page)
    while page.json()["pageDetails"]["nextPageUrl"]:
        page = call_api(bench, "GET", following(page))
        row_ids += ids(page)
    assert row_ids == list(range(4001, 4121))


@pytest.mark.parametrize("paging", ["", "here", "NQ=="])
def test_a_place_that_autotask_never_gave_is_refused(invoices, paging, call_api):
    assert "paging token" in error_of(
        call_api(invoices, "POST", f"Invoices/query/next?paging={paging}", ALL)
    )


def test_columns_of_a_list_longer_than_a_page_need_the_id(open_bench, call_api):
    bench = open_bench("invoices", documents=501)
    assert "must name id" in error_of(
        call_api(bench, "POST", "Invoices/query", ALL | {"IncludeFields": ["invoiceTotal"]})
    )
    few = ALL | {"IncludeFields": ["InvoiceTotal", "ID"]}
    assert call_api(bench, "POST", "Invoices/query", few).json()["items"][0].keys() == {
        "invoiceTotal",
        "id",
    }


def test_rows_that_move_while_a_list_is_read_are_not_lost(open_bench, call_api):
    bench, body = open_bench("invoices", documents=120), ALL | {"MaxRecords": 50}
    first = call_api(bench, "POST", "Invoices/query", body)
    bench.books.do("put", entity="Invoices", id=4001, fields={"invoiceNumber": "1"})
    assert ids(call_api(bench, "POST", following(first), body))[0] == ids(first)[-1] + 1


@pytest.mark.parametrize(
    ("conditions", "count"),
    [
        ([{"op": "eq", "field": "INVOICENUMBER", "value": "1041"}], 1),
        (
            [
                {"op": "notExist", "field": "invoiceNumber"},
                {"op": "eq", "field": "isVoided", "value": True},
            ],
            1,
        ),
        ([{"op": "in", "field": "id", "value": [4001, 4002, 99]}], 2),
        (
            [
                {
                    "op": "or",
                    "items": [
                        {"op": "eq", "field": "invoiceNumber", "value": ""},
                        {"op": "beginsWith", "field": "invoiceNumber", "value": "err"},
                    ],
                }
            ],
            2,
        ),
        ([{"op": "gt", "field": "invoiceTotal", "value": 900}], 1),
        ([{"op": "contains", "field": "comments", "value": "HALF"}], 1),
    ],
)
def test_conditions_mean_what_autotask_means(invoices, conditions, count, call_api):
    assert (
        call_api(invoices, "POST", "Invoices/query/count", {"Filter": conditions}).json()[
            "queryCount"
        ]
        == count
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "filter is required"),
        (ALL | {"MaxRecords": 501}, "between 1 and 500"),
        (ALL | {"MaxRecords": 0}, "between 1 and 500"),
        (ALL | {"MaxRecords": True}, "between 1 and 500"),
        (ALL | {"IncludeFields": ["colour"]}, "Unable to find colour"),
        ("{", "not JSON"),
        (ALL | {"sort": "id"}, "unknown parts: sort"),
        ({"filter": [{"op": "ne", "field": "id", "value": 1}]}, "operator 'ne' is not known"),
        ({"filter": [{"op": "eq", "field": "number", "value": 1}]}, "Unable to find number"),
        (
            {"filter": [{"op": "eq", "field": "dueDate", "value": "2026-01-01"}]},
            "cannot be filtered on",
        ),
        ({"filter": [{"op": "eq", "field": "isVoided", "value": None}]}, "is not valid"),
        (
            {"filter": [{"op": "in", "field": "id", "value": list(range(501))}]},
            "more than 500 OR conditions",
        ),
    ],
)
def test_a_query_that_autotask_would_refuse_is_refused(invoices, body, words, call_api):
    assert words in error_of(call_api(invoices, "POST", "Invoices/query", body))


@pytest.mark.parametrize(
    ("entity", "body", "words"),
    [
        ("Invoices", {"id": 4001, "number": "1"}, "Could not find member number"),
        ("Invoices", {"id": 4001, "invoiceTotal": 5}, "read-only"),
        ("Invoices", {"id": 4001, "invoiceNumber": 5}, "not of its type"),
        ("Invoices", {"id": 4001, "paidDate": "soon"}, "not of its type"),
        ("Invoices", {"id": 1, "invoiceNumber": "5"}, "No matching records"),
        ("Invoices", {"id": [4001]}, "No matching records"),
        ("Invoices", {"invoiceNumber": "5"}, "No matching records"),
        ("Invoices", "{", "not JSON"),
        ("ExpenseReports", {"id": 7001, "status": 17}, "read-only"),
        ("PurchaseOrders", {"id": 8001, "externalPONumber": "x" * 51}, "longer than 50"),
    ],
)
def test_a_change_that_autotask_would_refuse_is_refused(invoices, entity, body, words, call_api):
    assert words in error_of(call_api(invoices, "PATCH", entity, body))


def test_a_patch_changes_what_it_names_and_a_put_empties_the_rest(invoices, call_api):
    assert call_api(
        invoices, "PATCH", "Invoices", {"id": 4006, "paidDate": "2026-03-01"}
    ).json() == {"itemId": 4006}
    assert invoices.books.rows("Invoices")[4006]["invoiceNumber"] == "1041"
    call_api(invoices, "PUT", "Invoices", {"id": 4006, "paidDate": "2026-03-02"})
    assert invoices.books.rows("Invoices")[4006]["invoiceNumber"] is None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PATCH", "Invoices/4001", 405),
        ("POST", "Invoices", 405),
        ("GET", "Tickets/query", 404),
        ("GET", "x/y/z", 405),
    ],
)
def test_calls_for_missing_rows_and_entities_are_refused(invoices, method, path, status, call_api):
    assert call_api(invoices, method, path, {"id": 4001}).status == status


def test_a_missing_row_is_null_and_no_error(invoices, call_api):
    assert call_api(invoices, "GET", "Companies/99999").json() == {"item": None}


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_refused(invoices, kind):
    headers = dict(
        zip(("apiintegrationcode", "username", "secret"), invoices.books.credentials, strict=True)
    )
    for method, path in (("POST", "Invoices/query"), ("PATCH", "Invoices")):
        target = f"/ATServicesRest/V1.0/{path}"
        assert (
            send_request(
                invoices.stand_in.wsgi, method, target, ALL, content_type=kind, **headers
            ).status
            == 415
        )


def test_only_version_one_is_there_and_what_is_outside_it_is_zones_and_versions(invoices):
    def status(path):
        headers = dict(
            zip(
                ("apiintegrationcode", "username", "secret"),
                invoices.books.credentials,
                strict=True,
            )
        )
        return send_request(
            invoices.stand_in.wsgi, "GET", f"/ATServicesRest/{path}", **headers
        ).status

    assert [status(path) for path in ("V1.0/Companies/0", "v2.0/Companies/0", "Companies/0")] == [
        200,
        404,
        404,
    ]
    assert status("versioninformation") == 200


def test_calls_take_half_a_second_longer_once_half_of_the_allowance_is_used(invoices, call_api):
    limits = invoices.stand_in._api.limits
    limits._allowance = 2
    assert call_api(invoices, "GET", "Companies/0").status == 200
    with pytest.raises(ConnectionFault) as late:
        call_api(invoices, "GET", "Companies/0")
    assert (late.value.pause, late.value.status, json.loads(late.value.body)["item"]["id"]) == (
        0.5,
        200,
        0,
    )
    invoices.stand_in.clock.advance(3600)
    assert call_api(invoices, "GET", "Companies/0").status == 200


def test_four_calls_at_once_and_calls_past_the_allowance_are_refused(invoices, call_api):
    limits = invoices.stand_in._api.limits
    limits._concurrent_calls["Companies"] = 3
    assert call_api(invoices, "GET", "Companies/0").status == 429
    limits._concurrent_calls["Companies"], limits._allowance = 0, 1
    invoices.stand_in.clock.advance(600)
    refused = call_api(invoices, "GET", "Companies/0")
    assert "suspended" in refused.json()["errors"][0]
    assert refused.headers["retry-after"] == "3000"
    invoices.stand_in.clock.advance(3000)
    with pytest.raises(ConnectionFault) as slow:
        call_api(invoices, "GET", "Companies/0")
    assert slow.value.status == 200


def test_the_apps_share_one_rate_below_which_autotask_is_not_slowed(invoices, expenses, orders):
    assert {bench.app.rate for bench in (invoices, expenses, orders)} == {"5000/h"}
    assert invoices.drive("limit", method="GET") == {"requests": 2 * 5000, "seconds": 3600}


@pytest.fixture
def describe(invoices, call_api):
    """Return what answers a call for the description of something."""
    return lambda path: call_api(invoices, "GET", path).json()


def test_fields_have_picklists(describe):
    answer = describe("ExpenseReports/entityInformation/fields")
    fields = {field["name"]: field for field in answer["fields"]}
    status = fields["status"]
    assert (status["isReadOnly"], status["isPickList"]) == (True, True)
    labels = {choice["value"]: choice["label"] for choice in status["picklistValues"]}
    assert labels["14"] == "Approved for Payment"


def test_entities_have_rights_and_callouts(describe):
    info = describe("Invoices/entityInformation")["info"]
    assert (info["canCreate"], info["userAccessForUpdate"]) == (False, 1)
    assert info["supportsWebhookCallouts"] is False
    company = describe("Companies/entityInformation")["info"]
    assert company["supportsWebhookCallouts"] is True
    assert describe("Invoices/entityInformation/userDefinedFields") == {"fields": []}


def test_the_database_has_a_threshold_and_a_version(describe):
    assert describe("ThresholdInformation")["externalRequestThreshold"] == 10_000
    assert describe("Version")["majorVersion"] == 2026


def test_a_reopened_stand_in_has_its_earlier_state(open_bench, tmp_path, change_row):
    first = open_bench("invoices", folder=tmp_path)
    change_row(first, "labour and a licence", invoiceNumber="5")
    reopened = open_bench("invoices", documents=3, folder=tmp_path)
    assert reopened.books.rows("Invoices") == first.books.rows("Invoices")


def test_the_stand_in_serves_over_http():
    stand_in = hub_sandbox(app="autotask-invoices", folder=None, documents=8, seed=3, demo=False)
    path = "/atservicesrest/versioninformation"
    with Server(stand_in.wsgi) as server, urllib.request.urlopen(server.url + path) as answer:
        assert json.loads(answer.read()) == {"apiVersions": ["1.0"]}
