"""The transaction index: updated from every response and searched locally."""

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hub.db import engine
from hub.models import ConnectedCompany, ListState, TransactionHead
from hub.qbo import transaction_download, transaction_index
from hub.qbo.client import Client
from tests.support.servers.blocked_transactions import block

DAY = dt.date(2026, 1, 1)
MARKER = "ABCDEFGHIJKL"


def bill_body(id: str = "10", token: int = 0, **more: Any) -> dict[str, Any]:
    times = {
        "CreateTime": "2026-03-01T10:00:00-08:00",
        "LastUpdatedTime": "2026-03-01T10:00:00-08:00",
    }
    fields = {
        "Id": id,
        "SyncToken": str(token),
        "DocNumber": "A-1",
        "VendorRef": {"value": "1"},
        "TxnDate": "2026-03-01",
        "TotalAmt": D("10.50"),
        "Balance": D("10.50"),
        "CurrencyRef": {"value": "USD"},
        "MetaData": times,
        "PrivateNote": f"Hello\n[hub:{MARKER}]",
    }
    return fields | more


def absorb(*entities: dict[str, Any], kind: str = "bill") -> list[tuple[str, str]]:
    with engine.transaction() as session:
        return transaction_index.absorb_all(session, 1, kind, entities)


def head(id: str = "10") -> TransactionHead:
    with engine.read_only_session() as session:
        return session.get_one(TransactionHead, (1, "bill", id))


def test_a_head_holds_what_is_searched_by(quickbooks):
    absorb(bill_body(LinkedTxn=[{"TxnId": "7", "TxnType": "PurchaseOrder"}]))
    row = head()
    assert (row.number, row.party, row.date, row.total, row.balance) == (
        "A-1",
        "1",
        dt.date(2026, 3, 1),
        D("10.5"),
        D("10.5"),
    )
    assert (row.marker, row.state, row.currency) == (MARKER, "live", "USD")
    assert row.links == [{"type": "PurchaseOrder", "id": "7"}]
    assert row.created_at == dt.datetime(2026, 3, 1, 18, tzinfo=dt.UTC)


def test_a_newer_sight_replaces_an_older_one_and_never_the_reverse(quickbooks):
    absorb(bill_body(token=2, DocNumber="new"))
    absorb(bill_body(token=1, DocNumber="old"))
    assert head().number == "new"
    absorb(bill_body(token=10, DocNumber="newest"))
    assert head().number == "newest"


@pytest.mark.parametrize(
    "newer",
    [bill_body(token=2, TotalAmt=D("12.00")), {"Id": "10", "status": "Deleted"}],
    ids=["changed", "deleted"],
)
def test_an_older_sight_of_another_process_does_not_replace_a_newer_one(pg_app, clock, newer):
    with engine.transaction() as session:
        session.add(ConnectedCompany(id=1, realm="9130", currency="USD", connected_at=clock.now()))
    absorb(bill_body())
    older = bill_body(token=1, TotalAmt=D("11.00"))

    def store_newer(session: Session) -> None:
        transaction_index.absorb_all(session, 1, "bill", [newer])
        session.flush()

    block(pg_app, lambda: absorb(older), store_newer, lambda session: None)
    row = head()
    if "status" in newer:
        assert row.state == "deleted"
    else:
        assert (row.sync_token, row.total) == ("2", D("12.00"))


def test_a_deleted_one_stays_deleted(quickbooks):
    absorb(bill_body())
    absorb({"Id": "10", "status": "Deleted"})
    absorb(bill_body(token=9))
    assert head().state == "deleted"


def test_a_deleted_one_that_was_never_seen_is_known_to_be_gone(quickbooks):
    absorb({"Id": "11", "status": "Deleted"})
    assert head("11").state == "deleted"


def test_new_and_deleted_transactions_of_one_answer_are_stored_together(quickbooks):
    assert absorb(bill_body("10"), {"Id": "11", "status": "Deleted"}) == [
        ("bill", "11"),
        ("bill", "10"),
    ]
    assert (head("10").state, head("10").news) == ("live", False)
    assert (head("11").state, head("11").news) == ("deleted", False)


def test_a_voided_one_is_known_as_such(quickbooks):
    memo = f"Voided [hub:{MARKER}]"
    absorb(bill_body(token=1, TotalAmt=0, Balance=0, PrivateNote=memo, Line=[{"Amount": 0}]))
    assert head().state == "voided"


def test_lines_that_cancel_each_other_out_are_not_voided_whatever_the_memo_says(quickbooks):
    lines = [{"Amount": 10}, {"Amount": -10}]
    memo = "In place of the Voided cheque 17"
    absorb(bill_body(token=1, TotalAmt=0, Balance=0, PrivateNote=memo, Line=lines))
    assert head().state == "live"


def test_changed_transactions_are_reported_once(quickbooks):
    assert absorb(bill_body(), bill_body("11")) == [("bill", "10"), ("bill", "11")]
    assert absorb(bill_body(), bill_body("11", 1)) == [("bill", "11")]
    assert absorb({"Id": "10", "status": "Deleted"}) == [("bill", "10")]
    assert absorb({"Id": "10", "status": "Deleted"}) == []


def test_entities_other_than_transactions_are_ignored(quickbooks):
    assert absorb({"Id": "1", "DisplayName": "A"}, kind="vendor") == []


@pytest.mark.parametrize(
    ("note", "marker"),
    [
        (f"x [hub:{MARKER}]", MARKER),
        (f"[hub:{MARKER}]\nadded by a person", MARKER),
        ("", ""),
        (None, ""),
        ("[hub:short]", ""),
        ("[hub:abcdefghijkl]", ""),
        (f"[hub:ZZZZZZZZZZZZ] [hub:{MARKER}]", MARKER),
    ],
)
def test_a_marker_is_found_where_the_hub_puts_it(note, marker):
    assert transaction_index.extract_marker(note) == marker


def make_bills(quickbooks, count: int, date: str = "2026-02-01") -> None:
    line = {"Amount": 5, "DetailType": "AccountBasedExpenseLineDetail"}
    line["AccountBasedExpenseLineDetail"] = {"AccountRef": {"value": "7"}}
    for number in range(count):
        fields = {
            "VendorRef": {"value": "1"},
            "TxnDate": date,
            "DocNumber": f"{date}-{number}",
            "Line": [line],
        }
        quickbooks.act("create", kind="Bill", set=fields)


def count_heads() -> int:
    with engine.read_only_session() as session:
        return session.query(TransactionHead).count()


def load() -> int:
    return transaction_download.load(1, Client(1), ["bill"], DAY)


def test_everything_since_a_day_is_loaded_once(quickbooks):
    make_bills(quickbooks, 1005)
    make_bills(quickbooks, 2, "2025-12-31")
    assert transaction_download.download_missing(1, ["bill", "vendor"], DAY) == {}
    assert count_heads() == 1005
    make_bills(quickbooks, 1, "2026-02-11")
    transaction_download.download_missing(1, ["bill"], DAY)
    assert count_heads() == 1005


def test_an_earlier_day_is_read_on_request(quickbooks):
    make_bills(quickbooks, 2, "2025-12-31")
    load()
    assert count_heads() == 0
    transaction_download.download_missing(1, ["bill"], dt.date(2025, 12, 1))
    assert count_heads() == 2


def test_a_kind_that_is_not_listed_stops_the_download_of_no_other(quickbooks):
    make_bills(quickbooks, 2)
    quickbooks.add_fault("refusal", "query.invoice", code="5020")
    refusals = transaction_download.download_missing(1, ["invoice", "bill"], DAY)
    assert (list(refusals), count_heads()) == (["invoice"], 2)


def test_a_transaction_that_a_complete_reading_lacks_is_deleted(quickbooks, clock):
    make_bills(quickbooks, 3)
    clock.advance(3600)
    load()
    quickbooks.act("delete", kind="Bill", id="2")
    assert load() == 2
    assert [head(id).state for id in ("1", "2", "3")] == ["live", "deleted", "live"]


def test_no_transaction_is_deleted_because_a_page_is_too_short(quickbooks, clock, monkeypatch):
    make_bills(quickbooks, 3)
    clock.advance(3600)
    load()
    query = Client.query

    def shortened(self, text, **at):
        response = query(self, text, **at)
        del (response.entity or {}).get("Bill", [])[2:]
        return response

    monkeypatch.setattr(Client, "query", shortened)
    assert load() == 3
    assert [head(id).state for id in ("1", "2", "3")] == ["live"] * 3


def test_no_transaction_is_deleted_because_somebody_gave_it_an_earlier_date(quickbooks, clock):
    make_bills(quickbooks, 3)
    clock.advance(3600)
    load()
    quickbooks.act("edit", kind="Bill", id="2", set={"TxnDate": "2025-12-31"})
    assert load() == 2
    assert [head(id).state for id in ("1", "2", "3")] == ["live"] * 3
    assert head("2").date == dt.date(2025, 12, 31)


def test_a_transaction_newer_than_the_reading_is_not_deleted(quickbooks, clock):
    recent = clock.now().isoformat()
    absorb(bill_body("77", MetaData={"CreateTime": recent, "LastUpdatedTime": recent}))
    load()
    assert head("77").state == "live"


def test_the_index_stores_until_when_it_is_complete(quickbooks, clock):
    load()
    with engine.read_only_session() as session:
        state = session.get_one(ListState, (1, "heads:bill"))
    assert (state.since, state.changed_to) == (DAY, clock.now())
