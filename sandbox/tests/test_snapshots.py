"""Tests of snapshots: books, tokens, switches and clock are restored, also after a restart."""

import pytest

from qbo_sandbox import NORWAY, US, create
from qbo_sandbox.kit import Clock, send_request

NOON = 1_800_000_000.0


@pytest.fixture
def make():
    return lambda folder=None: create(
        folder, companies=[US, NORWAY], clock=Clock(NOON, frozen=True)
    )


def bill(number):
    line = {
        "Amount": 100,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "7"}},
    }
    return {"VendorRef": {"value": "1"}, "DocNumber": number, "Line": [line]}


def door(books, **body):
    return send_request(books.wsgi, "POST" if body else "GET", "/_sandbox/snapshots", body or None)


def history(books, changed=True):
    """Save a snapshot, make more changes, load the snapshot; return the books at its time."""
    books.ask("POST", "bill?requestid=one", bill("one"))
    books.switch(requestid_refusals=True)
    books.ask("POST", "bill?requestid=wrong", {"Line": []})
    door(books, save="middle")
    saved_books = books.books()
    books.ask("POST", "bill", bill("two"))
    books.ask("POST", "bill?operation=delete", {"Id": "1", "SyncToken": "0"})
    books.switch(requestid="ignore")
    books.clock.advance(90 * 86400)
    extra = books.open("empty")
    assert door(books, load="middle").status == 200
    assert extra not in books.companies
    return saved_books


@pytest.mark.parametrize("on_disk", [True, False])
def test_a_reopened_stand_in_has_its_books_clock_and_switches(make, tmp_path, on_disk):
    books = make(tmp_path if on_disk else None)
    saved_books = history(books)
    assert books.books() == saved_books
    assert (books.clock.now(), books.control.switches.requestid) == (NOON, "replay")
    assert (
        books.ask("POST", "bill?requestid=one", bill("other")).json()["Bill"]["DocNumber"] == "one"
    )
    assert books.ask("POST", "bill?requestid=wrong", bill("other")).status == 400
    assert books.ask("POST", "bill", bill("three")).json()["Bill"]["Id"] == "2"


def test_a_restored_snapshot_outlives_the_process(make, tmp_path):
    books = make(tmp_path)
    history(books)
    books.ask("POST", "bill", bill("three"))
    door(books, save="middle")
    again = make(tmp_path)
    assert again.books() == books.books()
    assert again.refresh_tokens == {realm: books.refresh_tokens[realm] for realm in books.companies}
    assert door(again).json() == {"snapshots": ["middle"]}


@pytest.mark.parametrize(
    ("body", "words"), [({"load": "never"}, "there are none"), ({"save": "../etc"}, "letters")]
)
def test_an_unknown_snapshot_is_refused(make, body, words):
    answer = door(make(), **body)
    assert answer.status == 400
    assert words in answer.json()["error"]
