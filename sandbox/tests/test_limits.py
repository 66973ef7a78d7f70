"""Tests of the stand-in's request limits and its meter of reads."""

import threading

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock, send_request

NOON = 1_800_000_000.0


@pytest.fixture
def quickbooks():
    return create(companies=[US, NORWAY], clock=Clock(NOON, frozen=True), throttle=True)


def read(quickbooks, realm=None, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return quickbooks.ask("GET", "vendor/1", None, realm, **headers).status


def batch(quickbooks, count=1, realm=None, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    items = [{"bId": str(n), "Query": "select count(*) from Bill"} for n in range(count)]
    return quickbooks.ask("POST", "batch", {"BatchItemRequest": items}, realm, **headers).status


def other_app(quickbooks, name="another"):
    grants = quickbooks.app.grants
    return grants.issue(grants.grant(name, US.realm, "com.intuit.quickbooks.accounting"))


def test_ten_a_second_for_each_app_and_company(quickbooks):
    assert [read(quickbooks) for _ in range(11)] == [200] * 10 + [429]
    assert read(quickbooks, NORWAY.realm) == 200
    assert read(quickbooks, token=other_app(quickbooks)) == 200
    quickbooks.clock.advance(1)
    assert read(quickbooks) == 200


def test_a_company_has_five_hundred_calls_a_minute_for_all_clients_together(quickbooks):
    quickbooks.switch(per_second=1000)
    token = other_app(quickbooks)
    assert {read(quickbooks, token=(None, token)[n % 2]) for n in range(500)} == {200}
    assert (read(quickbooks), read(quickbooks, token=token)) == (429, 429)
    assert read(quickbooks, NORWAY.realm) == 200
    quickbooks.clock.advance(60)
    assert read(quickbooks) == 200


def test_forty_batches_a_minute_for_an_app_and_a_hundred_and_twenty_for_a_company(quickbooks):
    quickbooks.switch(per_second=1000, batch_counts="one")
    assert [batch(quickbooks) for _ in range(41)] == [200] * 40 + [429]
    for name in ("second", "third"):
        token = other_app(quickbooks, name)
        assert {batch(quickbooks, token=token) for _ in range(40)} == {200}
    assert batch(quickbooks, token=other_app(quickbooks, "fourth")) == 429
    assert batch(quickbooks, realm=NORWAY.realm) == 200
    assert read(quickbooks) == 200


def test_a_batch_counts_by_its_items(quickbooks):
    quickbooks.switch(per_second=1000, per_minute=60)
    assert [batch(quickbooks, 30), batch(quickbooks, 30), read(quickbooks)] == [200, 200, 429]


def test_refused_requests_are_not_counted(quickbooks):
    assert [read(quickbooks) for _ in range(30)].count(429) == 20
    quickbooks.clock.advance(1)
    assert [read(quickbooks) for _ in range(10)] == [200] * 10


@pytest.mark.parametrize(("body", "start"), [("json", b'{"warnings"'), ("xml", b"<?xml")])
@pytest.mark.parametrize("after", [None, 60])
def test_the_refusal_in_each_of_its_forms(quickbooks, body, start, after):
    quickbooks.switch(per_second=0, throttle_body=body, retry_after=after)
    answer = quickbooks.ask("GET", "vendor/1")
    assert (answer.status, answer.body[: len(start)]) == (429, start)
    assert answer.headers.get("retry-after") == (str(after) if after else None)
    assert b"errorCode=003001; statusCode=429" in answer.body
    assert {"date", "intuit_tid"} <= answer.headers.keys()


def test_reads_are_metered_by_the_month_and_writes_are_free(quickbooks):
    quickbooks.switch(per_second=1000, monthly_reads=5)
    assert [batch(quickbooks, 3), read(quickbooks), read(quickbooks), read(quickbooks)] == [
        200,
        200,
        200,
        429,
    ]
    assert quickbooks.ask("POST", "vendor", {"DisplayName": "free"}).status == 200
    assert quickbooks.ask("GET", "vendor/1", realm=NORWAY.realm).status == 429
    used = send_request(quickbooks.wsgi, "GET", "/_sandbox/meter").json()
    assert used == {quickbooks.client_id: {"2027-01": {"reads": 5, "writes": 1}}}
    quickbooks.clock.advance(31 * 86400)
    assert read(quickbooks) == 200


def test_writes_are_free_after_more_reads_than_the_month_has(quickbooks):
    """Reads that are answered at the same moment may exceed the limit."""
    assert [read(quickbooks), read(quickbooks)] == [200, 200]
    quickbooks.switch(monthly_reads=1)
    assert quickbooks.ask("POST", "vendor", {"DisplayName": "free"}).status == 200
    assert read(quickbooks) == 429


def test_refused_reads_are_not_metered(quickbooks):
    quickbooks.switch(monthly_reads=1)
    assert quickbooks.ask("GET", "vendor/9999").status == 400
    assert [read(quickbooks), read(quickbooks)] == [200, 429]


def test_only_so_many_may_be_under_way_at_once(quickbooks):
    quickbooks.switch(at_once=1)
    company, statuses = quickbooks.company, []
    with company.lock:
        waiting = threading.Thread(target=lambda: statuses.append(read(quickbooks)))
        waiting.start()
        while not any(quickbooks.app.limits.under_way.values()):
            pass
        assert read(quickbooks) == 429
    waiting.join()
    assert statuses == [200]
    assert read(quickbooks) == 200


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
def test_a_status_from_before_the_service_has_the_headers_of_a_real_one(quickbooks, status):
    quickbooks.add_fault("status", "vendor.read", status=status, count=2)
    answer = quickbooks.ask("GET", "vendor/1")
    assert answer.status == status
    assert answer.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert answer.headers["intuit_tid"].startswith("1-")
    spoken = quickbooks.ask("GET", "vendor/1", accept="")
    assert spoken.headers["content-type"].startswith(
        "application/xml" if status in (401, 403, 429, 500) else "text/"
    )
