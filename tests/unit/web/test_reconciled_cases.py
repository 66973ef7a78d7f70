"""The page of a case about a change of a transaction that a bank reconciliation covers."""

import html
import re
from decimal import Decimal
from typing import Any

import pytest

from tests.support.pages.api_client import ApiClient
from tests.support.pages.posting_pages import app, bench

__all__ = ["app", "bench"]

COVERED = "A bank reconciliation that covers it no longer adds up then."


def build_expense(bench: Any, amount: str) -> dict[str, Any]:
    line = {"Amount": Decimal(amount), "DetailType": "AccountBasedExpenseLineDetail"}
    line["AccountBasedExpenseLineDetail"] = {"AccountRef": {"value": "7"}}
    return {
        "AccountRef": {"value": "35"},
        "PaymentType": "Cash",
        "TxnDate": "2026-03-02",
        "PrivateNote": f"[hub:{bench.marker('E-1')}]",
        "Line": [line],
    }


@pytest.fixture
def expense(bench: Any) -> Any:
    """Return the posting of a reconciled expense of 9.00."""
    body = build_expense(bench, "9.00")
    id = bench.plan("E-1", "create", body, kind="expense", total=Decimal("9.00"))
    bench.drain()
    posting = bench.posting(id)
    bench.quickbooks.act("reconcile", kind="Purchase", id=posting.quickbooks_id)
    bench.visitor.log_in("oda")
    return posting


def change(bench: Any, expense: Any, operation: str) -> int:
    """Change the expense to 12.00, or delete it; return the id of the posting that is held."""
    base = f"{expense.quickbooks_id}:{expense.sync_token}"
    body = build_expense(bench, "12.00") if operation == "update" else {}
    total = Decimal("12.00")
    id = bench.plan("E-1", operation, body, kind="expense", base=base, total=total)
    bench.clear_check(id)
    bench.drain()
    assert bench.state(id) == "held"
    return int(id)


def read_total(bench: Any, expense: Any) -> Any:
    """Return what the expense amounts to in QuickBooks; None if it is not there."""
    realm = bench.quickbooks.realm
    books = bench.quickbooks.books(realm=realm, kind="Purchase")[realm]
    totals = {row["Id"]: row["TotalAmt"] for row in books["Purchase"]}
    return totals.get(expense.quickbooks_id)


def test_a_change_is_sent_after_a_person_compared_both(bench: Any, expense: Any) -> None:
    posting_id = change(bench, expense, "update")
    page = bench.visitor.page("/inbox/1")
    assert "Part of a bank reconciliation" in page
    assert f"written to transaction {expense.quickbooks_id}. {COVERED}" in " ".join(page.split())
    assert re.search(r"Total.*?12\.00.*?9\.00", page, re.DOTALL)
    assert "This is it</button>" not in page
    token = re.search(r'name="sync_token" value="(\d+)"', page)[1]
    pressed = bench.visitor.press(f"/inbox/1/{posting_id}/overwrite", sync_token=token)
    assert "Sending expense " in pressed
    bench.drain()
    assert (bench.state(posting_id), read_total(bench, expense)) == ("posted", 12)
    assert "Changed although it may be reconciled" in bench.visitor.page("/inbox/?show=closed")


def test_a_removal_is_confirmed(bench: Any, expense: Any) -> None:
    posting_id = change(bench, expense, "delete")
    address = f"/inbox/1/{posting_id}/overwrite"
    page = bench.visitor.page("/inbox/1")
    assert f"is removed from QuickBooks. {COVERED}" in " ".join(page.split())
    assert f'action="{address}' not in page
    link = re.search(rf'href="({address}[^"]+)"[^>]*>\s*Remove it all the same', page)
    confirmation = bench.visitor.page(html.unescape(link[1]))
    token = re.search(r'name="sync_token" value="(\d+)"', confirmation)[1]
    refused = bench.visitor.press(address, sync_token=token)
    assert "Confirm that it is deleted in QuickBooks." in refused
    assert "Removing expense " in bench.visitor.press(address, sync_token=token, sure="1")
    bench.drain()
    assert (bench.state(posting_id), read_total(bench, expense)) == ("posted", None)


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_a_retry_sends_it_after_the_reconciliation_was_undone(
    bench: Any, expense: Any, operation: str
) -> None:
    posting_id = change(bench, expense, operation)
    address = f"/inbox/1/{posting_id}/retry"
    assert bench.visitor.page("/inbox/1").count(f'action="{address}') == 2
    company = {"realm": bench.quickbooks.realm, "reconciled": []}
    bench.quickbooks.control.company("POST", company)
    bench.visitor.press(address)
    bench.drain()
    assert bench.state(posting_id) == "posted"
    assert read_total(bench, expense) == {"update": 12, "delete": None}[operation]


def test_a_program_reads_the_version_and_permits_the_change(bench: Any, expense: Any) -> None:
    posting_id = change(bench, expense, "update")
    program = ApiClient.of(bench.app, "oda")
    [row] = program.read("/cases/1/postings")["data"]
    address = f"/cases/1/postings/{posting_id}"
    rejected = program.call("POST", f"{address}/reject", {"quickbooks_id": expense.quickbooks_id})
    assert rejected.status_code == 409
    answer = program.call("POST", f"{address}/overwrite", {"sync_token": row["sync_token"]})
    assert answer.status_code == 200
    bench.drain()
    assert (bench.state(posting_id), read_total(bench, expense)) == ("posted", 12)
