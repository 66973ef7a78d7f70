"""What a case says about a posting that QuickBooks refused, or that a check held back."""

import html
from typing import Any

from tests.support.pages.page_texts import compact
from tests.support.pages.posting_pages import app, bench

__all__ = ["app", "bench"]


def open_case(bench: Any) -> str:
    """Return the page of the only case, as a person reads it."""
    bench.visitor.log_in("oda")
    return html.unescape(compact(bench.visitor.page("/inbox/1")))


def test_a_creation_that_is_refused_as_stale_is_not_called_a_change(bench: Any) -> None:
    bench.quickbooks.add_fault("refusal", "bill.create", code="5010", count=1)
    id = bench.bill("A-3")
    bench.drain()
    page = open_case(bench)
    assert "QuickBooks did not save it. (QuickBooks says: Stale Object Error" in page
    assert "Press Retry, which sends it again." in page
    assert "compared" not in page
    assert "Correct it in QuickBooks or at the source" not in page
    bench.visitor.press(f"/inbox/1/{id}/retry")
    bench.drain()
    assert (bench.state(id), len(bench.bills())) == ("posted", 3)
    first, second = [attempt.requestid for attempt in bench.attempts(id)]
    assert first != second, "the refused key may be answered with the same refusal"
