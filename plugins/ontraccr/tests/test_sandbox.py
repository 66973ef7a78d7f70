"""The stand-in validates requests, limits rates and keeps its state after a stop."""

import pytest
import requests
from hub_ontraccr import hub_sandbox

from qbo_sandbox.kit import Server

STATUS = {
    "state": "posted",
    "system": "quickbooks_online",
    "external_id": "9",
    "version": 1,
    "at": "2026-03-20T09:00:00Z",
}
ITEM = {"external_id": "1", "external_name": "A", "name": "A"}
LINK = {"external_id": "7", "external_name": "Seven", "external_type": "Project"}
HERE = "?division=div-1"
PERIOD_SECONDS = 30


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/v1/payables/2001/accounting-status", STATUS | {"state": "done"}, "state"),
        ("PUT", "/v1/payables/2001/accounting-status", STATUS | {"at": "2026-03-20 09:00"}, "at"),
        ("PUT", "/v1/payables/2001/accounting-status", STATUS | {"version": True}, "version"),
        ("PUT", "/v1/payables/2001/accounting-status", STATUS | {"paid": 1}, "paid"),
        (
            "PUT",
            "/v1/payables/2001/accounting-status",
            {**STATUS, "external_id": ""},
            "external_id",
        ),
        (
            "POST",
            f"/v1/profiles/projects/import{HERE}",
            {"items": [ITEM | {"colour": "red"}]},
            "items.0.colour",
        ),
        ("POST", f"/v1/profiles/projects/import{HERE}", {"items": [ITEM, ITEM]}, "items"),
        ("POST", f"/v1/profiles/projects/import{HERE}", {}, "items"),
        ("POST", f"/v1/profiles/projects/import{HERE}", [], ""),
        ("POST", "/v1/profiles/projects/import", {"items": []}, "division"),
        ("PUT", "/v1/profiles/projects/p8/link", LINK | {"external_type": "Boat"}, "external_type"),
        ("PUT", "/v1/profiles/projects/p8/link", {"external_id": "7"}, "external_name"),
        ("PUT", f"/v1/integration/webhook{HERE}", {"url": "ftp://x"}, "url"),
        (
            "PUT",
            f"/v1/integration/classes{HERE}",
            {"items": [{"external_id": "1"}]},
            "items.0.name",
        ),
    ],
)
def test_a_body_that_is_not_as_agreed_is_refused_with_the_name_of_the_field(
    api, method, path, body, field
):
    answer = api(method, path, json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.row("ON-S8")
def test_only_banks_and_cards_are_taken_as_purchase_accounts_and_the_default_is_one(api):
    def put(sort, default):
        items = [{"external_id": "1", "name": "A", "type": sort}]
        body = {"items": items, "default_external_id": default, "currency": "USD"}
        return (
            api("PUT", f"/v1/integration/purchase-accounts{HERE}", json=body)
            .json()
            .get("field", "taken")
        )

    assert [put("Expense", "1"), put("Bank", "2"), put("Bank", "1")] == [
        "items.0.type",
        "default_external_id",
        "taken",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=many",
        "limit=101",
        "cursor=%21%21",
        "page=2",
        "division=div-1",
        "include_deleted=2",
        "cursor=Z3Vlc3M",
    ],
)
def test_a_list_is_asked_for_as_agreed(api, query):
    assert api("GET", f"/v1/payables{HERE}&{query}").status_code == 422


@pytest.mark.parametrize("query", ["", "?division=x"])
def test_a_list_is_that_of_a_division_there_is(api, query):
    assert api("GET", f"/v1/payables{query}").json()["field"] == "division"


@pytest.mark.parametrize(
    "path", ["divisions?limit=1", f"payables{HERE}&limit=10", f"profiles/vendors{HERE}&limit=4"]
)
def test_every_list_has_more_than_one_page(api, path):
    first = api("GET", f"/v1/{path}").json()
    second = api("GET", f"/v1/{path}&cursor={first['next_cursor']}").json()
    ids = [row["id"] for page in (first, second) for row in page["items"]]
    assert (first["has_more"], len(ids), len(set(ids))) == (True, 2 * len(first["items"]), len(ids))


def test_deleted_payables_come_only_where_they_are_wanted(api):
    def count(query):
        rows, cursor, more = [], "", True
        while more:
            page = api("GET", f"/v1/payables{HERE}&limit=100{query}{cursor}").json()
            rows, more, cursor = (
                rows + page["items"],
                page["has_more"],
                f"&cursor={page['next_cursor']}",
            )
        return len([row for row in rows if row["deleted_at"]])

    assert (count(""), count("&include_deleted=1")) == (0, 1)


def test_the_same_status_twice_is_fine_and_an_older_one_is_not(api):
    path = "/v1/payables/2002/accounting-status"
    assert [api("PUT", path, json=STATUS).status_code for _ in range(2)] == [200, 200]
    assert api("PUT", path, json=STATUS | {"at": "2026-03-20T08:00:00Z"}).status_code == 409


def test_a_link_is_made_and_taken_away(api):
    api("PUT", "/v1/profiles/projects/p8/link", json=LINK)
    assert api("GET", "/v1/profiles/projects/p8").json()["linked_by"] == "the hub"
    assert api("DELETE", "/v1/profiles/projects/p8/link").json()["external_id"] is None


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/payables/7", 404),
        ("GET", "/v1/bills", 404),
        ("GET", "/v1/profiles/projects/x", 404),
        ("GET", "/v1/payables/2001/attachments/9", 404),
    ],
)
def test_calls_for_missing_rows_are_not_found(api, method, path, code):
    assert api(method, path).status_code == code


@pytest.mark.parametrize(
    "path", ["payables/2001?division=div-1", "integration?limit=5", f"profiles/vendors/v1{HERE}"]
)
def test_calls_without_parameters_refuse_any(api, path):
    assert api("GET", f"/v1/{path}").status_code == 422


@pytest.mark.parametrize("header", ["", "Basic b24=", "Bearer"])
def test_a_token_is_needed_and_is_asked_for_with_a_form(api, header):
    assert api("GET", "/v1/divisions", headers={"Authorization": header}).status_code == 401
    assert api("POST", "/oauth/token", json={"grant_type": "client_credentials"}).status_code == 415


def test_calls_without_a_token_or_with_a_body_that_is_no_json_are_refused(api):
    assert api("GET", "/v1/divisions", headers={"Authorization": "Bearer guess"}).status_code == 401
    assert (
        api("POST", "/oauth/token", data={"grant_type": "password"}).json()["field"] == "grant_type"
    )
    path = "/v1/profiles/projects/p8/link"
    assert api("PUT", path, data="items").status_code == 415
    broken = api("PUT", path, data="{", headers={"Content-Type": "application/json"})
    assert broken.json()["message"] == "The body is not JSON."


def test_too_many_requests_wait_for_the_next_half_minute(bench):
    bench.ask("GET", "/v1/divisions")
    allowed = bench.drive("limit", method="GET")["requests"]
    bench.drive("limit", {"requests": 1})
    refused = bench.ask("GET", "/v1/divisions")
    assert (allowed, refused.status_code, refused.headers["Retry-After"]) == (
        1000,
        429,
        str(PERIOD_SECONDS),
    )
    bench.stand_in.clock.advance(PERIOD_SECONDS)
    assert bench.ask("GET", "/v1/divisions").ok


def test_a_reopened_stand_in_has_its_earlier_state(open_bench, tmp_path):
    first = open_bench(folder=tmp_path)
    first.push_lists()
    first.books.do("edit", payable="2003", fields={"number": "kept"})
    first.books.do("status", payable="2003", status=STATUS)
    reopened = open_bench(documents=7, folder=tmp_path)
    assert reopened.books.payables == first.books.payables
    assert reopened.books.profiles.rows == first.books.profiles.rows
    assert (reopened.books.lists, reopened.books.statuses) == (
        first.books.lists,
        first.books.statuses,
    )


def test_the_stand_in_serves_over_http():
    stand_in = hub_sandbox(app="ontraccr", folder=None, documents=8, seed=3, demo=False)
    with Server(stand_in.wsgi) as server:
        assert (
            requests.get(f"{server.url}/_sandbox/books", timeout=9).json()["payables"][0]["id"]
            == "2001"
        )
        assert "Maple &amp; Granite Builders Ltd." in requests.get(f"{server.url}/", timeout=9).text
    assert stand_in.country == "US"
