"""The stand-in validates requests, pages lists, limits rates and keeps its state."""

import pytest
from hub_costcertified import APP, hub_codes, hub_webhook
from hub_costcertified.client import CostCertified
from hub_costcertified.sandbox.cases import CASES
from hub_costcertified.sandbox.company import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN

from hub import Signal
from hub.testing.bench import URL
from hub.testing.openapi import describe
from qbo_sandbox.kit import Fault, Server, text_answer
from qbo_sandbox.kit.messages import body_of

REPORT = {
    "state": "posted",
    "system": "quickbooks_online",
    "external_id": "7",
    "at": "2026-03-20T09:00:00Z",
    "version": 1,
}


def ask(bench, path, method="GET", **what):
    bench.read()
    token = bench.secrets["access_token"].split()[1]
    return bench.browser.request(
        method, URL + path, headers={"Authorization": f"Bearer {token}"}, **what
    )


def test_every_case_is_reported_once(shared_bench):
    cases = [row["case"] for row in shared_bench.books.rows["invoices"].values()]
    assert len(set(cases)) == len(CASES) + 5
    assert {row["state"] for row in shared_bench.books.rows["payments"].values()} == {
        "paid",
        "processing",
        "failed",
    }


@pytest.mark.row("CC-S12")
def test_a_number_is_given_when_an_invoice_is_generated_and_never_twice(shared_bench):
    numbers = [row["number"] for row in shared_bench.books.rows["invoices"].values()]
    assert (len(set(numbers)), all(numbers)) == (44, True)


def test_lists_are_paged_by_a_cursor_that_rows_cannot_slip_behind(shared_bench):
    first = ask(shared_bench, "/v1/invoices?limit=30").json()
    rest = ask(shared_bench, f"/v1/invoices?limit=30&cursor={first['next_cursor']}").json()
    assert (len(first["items"]), first["has_more"], len(rest["items"]), rest["has_more"]) == (
        30,
        True,
        14,
        False,
    )


@pytest.mark.parametrize("things", ["invoices", "payments", "payouts", "expenses"])
def test_every_list_has_more_than_one_page(shared_bench, things):
    first = ask(shared_bench, f"/v1/{things}?limit=1").json()
    second = ask(shared_bench, f"/v1/{things}?limit=1&cursor={first['next_cursor']}").json()
    assert first["has_more"]
    assert first["items"][0]["id"] != second["items"][0]["id"]


@pytest.mark.parametrize("header", ["", "Basic b24=", "Bearer guess"])
def test_calls_without_a_token_are_refused_and_a_token_is_requested_with_a_form(bench, header):
    assert (
        bench.browser.get(f"{URL}/v1/account", headers={"Authorization": header}).status_code == 401
    )
    fields = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    assert (
        bench.browser.post(
            f"{URL}/oauth/token", json=fields, auth=(CLIENT_ID, CLIENT_SECRET)
        ).status_code
        == 415
    )
    assert (
        bench.browser.post(f"{URL}/oauth/token", data=fields, auth=(CLIENT_ID, "guess")).status_code
        == 401
    )
    wrong = fields | {"grant_type": "client_credentials"}
    assert (
        bench.browser.post(
            f"{URL}/oauth/token", data=wrong, auth=(CLIENT_ID, CLIENT_SECRET)
        ).status_code
        == 400
    )
    assert bench.browser.post(
        f"{URL}/oauth/token", data=fields, auth=(CLIENT_ID, CLIENT_SECRET)
    ).json()["refresh_token"]


def test_a_row_that_moves_while_pages_are_read_is_read(open_bench, monkeypatch):
    monkeypatch.setattr("hub_costcertified.client.PAGE_SIZE", 10)
    bench = open_bench(documents=25)
    pages = CostCertified(bench.site).pages("invoices")
    rows, _ = next(pages)
    bench.books.do("edit", invoice=rows[0]["id"], fields={"due_date": "2026-04-01"})
    others = [row for page, _ in pages for row in page]
    assert ({row["id"] for row in rows + others}, others[-1]["due_date"]) == (
        set(bench.books.rows["invoices"]),
        "2026-04-01",
    )


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/invoices?limit=500", 422),
        ("/v1/invoices?page=2", 422),
        ("/v1/invoices?cursor=9999", 422),
        ("/v1/invoices/1001?fields=id", 422),
        ("/v1/account?limit=5", 422),
        ("/v1/invoices?limit=5&limit=6", 422),
        ("/v1/invoices/0", 404),
        ("/v1/clients", 404),
    ],
)
def test_parameters_that_are_not_agreed_are_refused(shared_bench, path, status):
    assert ask(shared_bench, path).status_code == status


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"amount_paid": 5}, "amount_paid"),
        ({"state": "done"}, "state"),
        ({"external_id": None}, "external_id"),
        ({"version": "1"}, "version"),
        ({"at": "yesterday"}, "at"),
    ],
)
def test_a_status_that_is_not_as_agreed_names_the_field(shared_bench, wrong, field):
    answer = ask(
        shared_bench, "/v1/invoices/1001/accounting-status", "PUT", json={**REPORT, **wrong}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_a_status_that_is_no_json_is_refused(shared_bench):
    path = "/v1/invoices/1001/accounting-status"
    assert ask(shared_bench, path, "PUT", data="posted").status_code == 415


def test_a_status_may_come_twice_and_an_older_one_is_stale(bench):
    put = [
        ask(bench, "/v1/payments/p1/accounting-status", "PUT", json=REPORT).status_code
        for _ in range(2)
    ]
    old = ask(
        bench,
        "/v1/payments/p1/accounting-status",
        "PUT",
        json=REPORT | {"at": "2026-03-20T08:00:00Z"},
    )
    assert (put, old.status_code, len(bench.books.statuses["payments/p1"])) == ([200, 200], 409, 1)


def test_the_refusal_of_too_many_requests_says_how_long_to_wait(bench):
    assert bench.browser.get(f"{URL}/_sandbox/limit").json() == {"requests": 2500, "seconds": 300}
    bench.browser.post(f"{URL}/_sandbox/limit", json={"requests": 6})
    answers = [bench.browser.get(f"{URL}/v1/account") for _ in range(7)]
    assert (answers[-1].status_code, answers[-1].headers["Retry-After"]) == (429, "300")
    bench.stand_in.clock.advance(301)
    assert bench.browser.get(f"{URL}/v1/account").status_code == 401


def test_a_token_that_ran_out_in_the_middle_of_the_pages_is_renewed(bench):
    bench.read()
    bench.stand_in.clock.advance(4000)
    bench.stand_in.faults.add(Fault(kind="status", call="payments", status=401))
    assert bench.read()
    assert bench.count_calls("token") == 3


def test_codes_are_those_that_documents_use(shared_bench):
    clients = hub_codes(app="costcertified", site=shared_bench.site, field="client")
    assert {"client:k1", "client:k20", "client:k21", "client:k30"} <= {code.id for code in clients}


def test_calls_are_signed_and_come_twice_where_that_is_wanted(bench):
    signals, calls = [], bench.stand_in.calls

    def answer(environ, start):
        assert describe(APP.assumed_api).check_webhook("change", environ) == []
        headers = {"X-CostCertified-Signature": environ["HTTP_X_COSTCERTIFIED_SIGNATURE"]}
        signals.extend(
            hub_webhook(
                app="costcertified", site=bench.site, headers=headers, body=body_of(environ)
            )
        )
        return text_answer(start, 202, "")

    with Server(answer) as server:
        bench.books.do("call", address=server.url)
        calls.notify("invoice.sent", "1")
        calls.page("POST", {"twice": True})
        calls.notify("payment.paid", "p1")
        calls.settle()
    assert signals == [Signal(ids=("invoice:1",)), Signal(), Signal()]
