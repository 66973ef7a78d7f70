"""Reading posted transactions again, in pages and with little memory."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub.db.engine import transaction
from hub.models import Posting, SourceDocument
from hub.posting.outcome.session import PostingSession
from hub.posting.reconcile import refresh as reconcile_refresh
from hub.posting.reconcile.run import reconcile
from hub.qbo import search
from tests.support.runs.tiers import FULL

LETTERS = str.maketrans("0189", "WXYZ")  # a marker has no such digits
MANY, PAGE = (10_000, 1000) if FULL else (300, 50)


def store_posted_bills(bench, count):
    """Store this number of posted bills, twenty in each second."""
    body = bench.body("A")
    with transaction() as session:
        first = {
            name: value
            for name, value in vars(bench._document(session, "A", ())).items()
            if name[0] != "_"
        }
    shared = {name: first[name] for name in first if name not in ("id", "installation")}
    for start in range(0, count, 20):
        bench.clock.advance(1)
        rows = [
            shared | {"source_id": f"A-{n}", "marker": f"MARK{n:08}".translate(LETTERS)}
            for n in range(start, start + 20)
        ]
        bills = [
            body | {"DocNumber": row["source_id"], "PrivateNote": f"[hub:{row['marker']}]"}
            for row in rows
        ]
        records = [bench.quickbooks.ask("POST", "bill", bill).json()["Bill"] for bill in bills]
        with transaction() as session:
            ids = session.scalars(insert(SourceDocument).returning(SourceDocument.id), rows).all()
            session.execute(
                insert(Posting), [_posting(bench, *row) for row in zip(ids, records, strict=True)]
            )


def _posting(bench, document_id, entity):
    return {
        "document_id": document_id,
        "company_id": bench.company_id,
        "installation_id": bench.installation_id,
        "kind": "bill",
        "operation": "create",
        "requestid": f"r{document_id}",
        "state": "posted",
        "payload": b"{}",
        "quickbooks_id": entity["Id"],
        "sync_token": "0",
        "answer": entity,
        "currency": "USD",
        "stored_summary": {"date": "2026-03-02"},
        "posted_total": Decimal(100),
        "total": Decimal(100),
        "number": entity["DocNumber"],
        "created_at": bench.clock.now(),
        "changed_at": bench.clock.now(),
    }


@pytest.mark.proof
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is read from /proc"
)
def test_a_proof_of_many_reads_pages_and_needs_little_memory(bench, figure, monkeypatch):
    monkeypatch.setattr(search.find_created_since, "__defaults__", (PAGE,))
    store_posted_bills(bench, MANY)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts over
    before = peak()
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.found, reconciliation.troubles) == (MANY, 0)
    assert reconciliation.reads <= MANY // PAGE + 2
    assert peak() - before < 100_000
    figure("documents of one nightly reconciliation, read in pages", MANY, MANY)


def peak():
    """Return the peak memory in kilobytes."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def test_a_new_transaction_that_no_query_shows_yet_is_read_singly(bench):
    id = bench.bill("A-1")
    bench.drain()
    bench.quickbooks.switch(index_lag=60)
    bench.bill("A-2")
    bench.drain()
    assert reconcile(bench.company_id).found == 2
    assert (
        len(
            reconcile_refresh.fetch_current(
                PostingSession(bench.company_id), {"bill": [bench.posting(id).quickbooks_id, "999"]}
            )
        )
        == 1
    )


def test_many_deleted_transactions_are_found_by_change_data_and_not_read_singly(bench):
    store_posted_bills(bench, 100)
    for bill in bench.bills()[:50]:
        bench.quickbooks.act("delete", kind="Bill", id=bill["Id"])
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.found, reconciliation.reads) == (50, 2)
