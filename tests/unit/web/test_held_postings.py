"""What a case says about a posting that QuickBooks refused, or that a check held back."""

import html
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hub.db.engine import transaction
from hub.models import StoredRecord
from tests.support.pages.page_texts import compact
from tests.support.pages.posting_pages import app, bench

__all__ = ["app", "bench"]


def open_case(bench: Any) -> str:
    """Return the page of the only case, as a person reads it."""
    bench.visitor.log_in("oda")
    return html.unescape(compact(bench.visitor.page("/inbox/1")))


def test_a_creation_that_is_refused_as_stale_is_not_called_a_change(bench: Any) -> None:
    bench.quickbooks.add_fault("refusal", "bill.create", code="5010", count=5)
    id = bench.bill("A-3")
    for _ in range(5):
        bench.drain()
        bench.clock.advance(31)
    page = open_case(bench)
    assert "QuickBooks did not save it. (QuickBooks says: Stale Object Error" in page
    assert "Press Retry, which sends it again." in page
    assert "compared" not in page
    assert "Correct it in QuickBooks or at the source" not in page
    bench.visitor.press(f"/inbox/1/{id}/retry")
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("posted", 3)
    keys = [attempt.requestid for attempt in bench.attempts(id)]
    assert len(set(keys)) == 6, "a refused key may be answered with the same refusal"


def build_invoice(customer: str) -> dict[str, Any]:
    detail = {"ItemRef": {"value": "1"}}
    line = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(100)}
    return {
        "CustomerRef": {"value": customer},
        "TxnDate": "2026-03-02",
        "Line": [{**line, "SalesItemLineDetail": detail}],
    }


@pytest.mark.parametrize(
    ("kind", "party", "title"),
    [("invoice", "customer", "is not invoiced in USD"), ("bill", "vendor", "is not paid in USD")],
)
def test_a_party_of_another_currency_is_paid_or_invoiced(
    bench: Any, kind: str, party: str, title: str
) -> None:
    with transaction() as session:
        of_list = select(StoredRecord).where(StoredRecord.list == party, StoredRecord.active)
        record = session.scalars(of_list.order_by(StoredRecord.quickbooks_id)).first()
        assert record
        record.currency, id = "EUR", record.quickbooks_id
    body = build_invoice(id) if kind == "invoice" else bench.body("A-3", vendor=id)
    bench.clear_check(bench.plan("A-3", "create", body, kind=kind))
    bench.drain()
    page = open_case(bench)
    assert title in page
    assert "is kept in EUR in QuickBooks" in page
