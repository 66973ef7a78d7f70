"""The stand-in validates requests, keeps its state after a kill, and works at any address."""

import json

import pytest
import requests
from hub_costtracker import hub_sandbox
from hub_costtracker.sandbox.cases import CASES

from qbo_sandbox.kit import Server

UNCLEAN = {
    "not sent for approval yet",
    "locations that differ",
    "a supplier that QuickBooks does not know",
    "rejected",
    "sum off by one øre",
    "dated in a closed period",
    "the same supplier and number twice",
    "draft",
    "an account that was never pushed",
    "waits for its approvers",
    "deleted after approval",
    "tax off by one øre",
    "a date that is none",
    "draft without lines",
}


class Session(requests.Session):
    """A client with a token of its own."""

    def __init__(self, url):
        super().__init__()
        self.url = url
        settings = hub_sandbox(
            app="costtracker", folder=None, documents=1, seed=0, demo=False
        ).settings(url)
        client = (settings["client_id"], settings["client_secret"])
        token = self.post(
            f"{url}/oauth/token", data={"grant_type": "client_credentials"}, auth=client
        ).json()
        self.headers["Authorization"] = f"Bearer {token['access_token']}"

    def call(self, method, path, **what):
        return self.request(method, self.url + path, **what)


@pytest.fixture
def api(bench):
    """Return a function that calls the API as a client does."""
    bench.read()
    client = bench.browser
    client.headers["Authorization"] = f"Bearer {bench.secrets['access_token'].split()[1]}"
    base = bench.site.settings["base_url"]
    return lambda method, path, **what: client.request(method, base + path, **what)


def status(**changes):
    return {
        "state": "held",
        "system": "quickbooks_online",
        "at": "2026-03-20T09:00:00Z",
        "version": 1,
        **changes,
    }


def test_the_story_has_every_case_and_more_than_130_plain_invoices(bench):
    cases = [raw["case"] for raw in bench.books.invoices.values()]
    assert {name for name, _ in CASES} <= set(cases)
    assert set(cases) >= UNCLEAN
    assert sum(case not in UNCLEAN for case in cases) > 130


def test_the_same_seed_tells_the_same_story(open_bench):
    assert open_bench().books.invoices == open_bench().books.invoices


def test_no_two_invoices_of_a_supplier_share_a_number_but_the_twins(bench):
    numbered = [(raw["supplier"], raw["invoice_number"]) for raw in bench.books.invoices.values()]
    twice = {pair for pair in numbered if pair[1] and numbered.count(pair) > 1}
    assert len(twice) == 1


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/master-data/classes", {"items": [{"external_id": "1"}]}, "items.0.name"),
        (
            "/v1/master-data/classes",
            {"items": [{"external_id": "1", "name": "A", "colour": "red"}]},
            "items.0.colour",
        ),
        (
            "/v1/master-data/classes",
            {"items": [{"external_id": "1", "name": "A", "number": None}]},
            "items.0.number",
        ),
        (
            "/v1/master-data/tax-codes",
            {"items": [{"external_id": "1", "name": "A", "rate": "x"}]},
            "items.0.rate",
        ),
        ("/v1/master-data/classes", {"items": [{"external_id": "1", "name": "A"}] * 2}, "items"),
        (
            "/v1/master-data/classes",
            {"items": [{"external_id": str(n), "name": "A"} for n in range(1001)]},
            "items",
        ),
        ("/v1/master-data/classes", [], ""),
        ("/v1/invoices/1001/accounting-status", status(state="done"), "state"),
        ("/v1/invoices/1001/accounting-status", status(at="2026-03-20 09:00"), "at"),
        ("/v1/invoices/1001/accounting-status", status(version=True), "version"),
        ("/v1/invoices/1001/accounting-status", status(state="posted"), "external_id"),
        ("/v1/invoices/1001/accounting-status", status(paid=1), "paid"),
    ],
)
def test_a_body_that_is_not_as_agreed_is_refused_with_the_name_of_the_field(api, path, body, field):
    answer = api("PUT", path, json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    "path",
    [
        "invoices?limit=0",
        "invoices?limit=201",
        "invoices?limit=many",
        "invoices?cursor=%21%21",
        "invoices?page=2",
        "invoices?status=open",
        "invoices?limit=5&limit=6",
        "suppliers?status=draft",
        "account?limit=5",
        "invoices/1001?fields=id",
    ],
)
def test_a_list_is_asked_for_as_agreed_and_what_takes_no_parameter_is_given_none(api, path):
    assert api("GET", f"/v1/{path}").status_code == 422


@pytest.mark.parametrize(("path", "size"), [("invoices", 40), ("suppliers", 1)])
def test_every_list_has_more_than_one_page(api, path, size):
    first = api("GET", f"/v1/{path}?limit={size}").json()
    second = api("GET", f"/v1/{path}?limit={size}&cursor={first['next_cursor']}").json()
    rows = first["items"] + second["items"]
    assert (first["has_more"], len({row["id"] for row in rows})) == (True, 2 * size)
    assert [row["updated_at"] for row in rows] == sorted(row["updated_at"] for row in rows)


def test_too_many_requests_wait_as_long_as_it_says(api, bench):
    assert bench.stand_in.limits.page("GET", None) == {"requests": 1000, "seconds": 30}
    bench.stand_in.limits.page("POST", {"requests": 1})
    refused = api("GET", "/v1/account")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    bench.stand_in.clock.advance(int(refused.headers["Retry-After"]))
    assert api("GET", "/v1/account").ok


def test_a_list_can_be_asked_for_by_status(api):
    rejected = api("GET", "/v1/invoices?status=rejected").json()
    assert {row["status"] for row in rejected["items"]} == {"rejected"}


def test_the_same_status_twice_is_fine_and_an_older_one_is_not(api):
    path = "/v1/invoices/1001/accounting-status"
    assert [api("PUT", path, json=status()).status_code for _ in range(2)] == [200, 200]
    assert api("PUT", path, json=status(at="2026-03-20T08:00:00Z")).status_code == 409


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/invoices/7", 404),
        ("GET", "/v1/bills", 404),
        ("PUT", "/v1/master-data/colours", 404),
    ],
)
def test_calls_for_missing_rows_are_not_found(api, method, path, code):
    assert api(method, path, json={"items": []}).status_code == code


@pytest.mark.parametrize("header", ["Bearer guess", "", "Basic {}", "{}"])
def test_calls_without_a_token_are_refused(api, bench, header):
    token = bench.secrets["access_token"].split()[1]
    assert (
        api("GET", "/v1/account", headers={"Authorization": header.format(token)}).status_code
        == 401
    )


def test_a_token_counts_for_a_day(api, bench):
    bench.stand_in.clock.advance(86_400)
    assert api("GET", "/v1/account").status_code == 401


def test_only_client_credentials_in_a_form_open_it(api):
    good = {"grant_type": "client_credentials"}
    assert (
        api("POST", "/oauth/token", data={"grant_type": "password"}).json()["field"] == "grant_type"
    )
    assert api("POST", "/oauth/token", data={**good, "scope": "all"}).status_code == 400
    assert api("POST", "/oauth/token", json=good).status_code == 415
    assert (
        api("POST", "/oauth/token", data=good, auth=("who", "what")).json()["code"]
        == "invalid_client"
    )


def test_a_body_that_is_no_json_is_refused(api):
    assert api("PUT", "/v1/master-data/classes", data="items").status_code == 415
    broken = api(
        "PUT", "/v1/master-data/classes", data="{", headers={"Content-Type": "application/json"}
    )
    assert broken.json()["message"] == "The body is not JSON."


def test_a_reopened_stand_in_has_its_earlier_state(open_bench, tmp_path):
    first = open_bench(folder=tmp_path)
    first.push_lists()
    first.books.do("edit", invoice="1003", header={"reference": "kept"}, line={"net": "12.00"})
    first.books.do("status", invoice="1003", status=status())
    reopened = open_bench(documents=7, folder=tmp_path)
    assert reopened.books.invoice("1003") == first.books.invoice("1003")
    assert (len(reopened.books.invoices), reopened.books.statuses) == (150, first.books.statuses)


def test_each_change_is_later_than_the_one_before_though_the_clock_is_stopped(bench):
    for _ in range(2):
        bench.books.do("delete", invoice="1001")
    assert bench.books.invoices["1001"]["updated_at"] == "2026-03-20T08:00:00.002Z"


def test_the_stand_in_serves_over_http():
    stand_in = hub_sandbox(app="costtracker", folder=None, documents=8, seed=3, demo=False)
    with Server(stand_in.wsgi) as server, Session(server.url) as client:
        assert len(client.call("GET", "/v1/invoices").json()["items"]) == 8
        assert json.loads(client.call("GET", "/_sandbox/books").text)["invoices"][0]["id"] == "1001"
        assert "Aas Trelast AS" in client.call("GET", "/").text
