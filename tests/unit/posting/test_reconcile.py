"""The nightly reconciliation: posted transactions exist with their totals and markers."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from hub import outbox
from hub.db.engine import transaction
from hub.errors import Refused
from hub.models import Case, Posting
from hub.posting.reconcile import drift
from hub.posting.reconcile.run import reconcile
from hub.qbo import changes, transaction_download
from hub.qbo.client import Client
from hub.reasons import texts
from tests.support.rows.three_bills import bench, bill, close_cases

__all__ = ["bench"]


def _as_posted():
    """Set the source's total of each document to the posted one."""
    with transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.document.total = posting.posted_total


def test_posted_documents_are_found_and_the_sums_agree(bench):
    reconciliation = reconcile(bench.company_id)
    assert (
        reconciliation.documents,
        reconciliation.found,
        reconciliation.differences,
        reconciliation.marker_differences,
    ) == (
        3,
        3,
        [],
        [],
    )
    (line,) = reconciliation.totals
    assert line.period == "2026-03"
    assert (line.app, line.kind, line.posted, line.quickbooks) == (
        "bench",
        "bill",
        Decimal("60.30"),
        Decimal("60.30"),
    )
    assert line.difference == 0


def test_the_proof_costs_few_reads(bench):
    result = reconcile(bench.company_id)
    assert (result.writes, result.reads) == (0, 1)


def test_matching_documents_are_compared_without_loading_their_postings(bench):
    _as_posted()
    loaded = []

    def note(target, context):
        loaded.append(target)

    event.listen(Posting, "load", note)
    try:
        assert reconcile(bench.company_id).documents == 3
    finally:
        event.remove(Posting, "load", note)
    assert loaded == []


def test_a_deleted_one_is_reported_with_its_sum_and_has_a_case(bench):
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench, 1))
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.found, [entry.discrepancy for entry in reconciliation.differences]) == (
        2,
        ["missing"],
    )
    assert reconciliation.totals[0].difference == Decimal("-20.10")
    assert bench.cases() == ["Missing in QuickBooks"]


@pytest.mark.parametrize("state", ["held", "review"])
def test_a_deleted_document_that_is_to_be_created_again_is_missing_until_then(bench, state):
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench, 1))
    reconcile(bench.company_id)
    body = bench.body("A-2", total="20.10")
    again = bench.plan("A-2", "create", body, repetition=outbox.Repetition.REQUESTED)
    if state == "held":
        bench.hold(again, "quickbooks", "The period is closed.")
    else:
        bench.review(again)
    result = reconcile(bench.company_id)
    assert (result.documents, result.found, result.changing) == (3, 2, 0)
    assert [entry.discrepancy for entry in result.differences] == ["missing"]
    assert result.totals[0].difference == Decimal("-20.10")
    assert result.summary.startswith("2 of 3 documents match QuickBooks")


def test_a_changed_total_has_a_case_until_it_is_corrected(bench):
    body = bench.body("A-3", total="31.10")
    bench.edit(bill(bench, 2), Line=[{**body["Line"][0], "Amount": 31.10}])
    assert [entry.discrepancy for entry in reconcile(bench.company_id).differences] == ["differs"]
    assert bench.cases() == ["Changed in QuickBooks"]
    bench.edit(bill(bench, 2), Line=[{**body["Line"][0], "Amount": 30.10}])
    assert reconcile(bench.company_id).differences == []
    assert bench.cases() == []


def test_a_change_that_we_posted_is_what_is_expected(bench):
    bench.change(bench.ids[0], total="11.00")
    bench.drain()
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.differences, reconciliation.totals[0].quickbooks) == (
        [],
        Decimal("61.20"),
    )


def test_a_document_that_the_hub_deleted_is_not_missing(bench):
    bench.change(bench.ids[0], "delete")
    bench.drain()
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.documents, reconciliation.differences) == (2, [])


def test_an_accepted_difference_is_listed_as_accepted(bench):
    body = bench.body("A-3", total="31.10")
    bench.edit(bill(bench, 2), Line=[{**body["Line"][0], "Amount": 31.10}])
    assert reconcile(bench.company_id).troubles == 1
    close_cases(bench)
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.troubles, reconciliation.accepted, bench.cases()) == (0, 1, [])
    assert [
        (line.difference, line.absolute_difference, line.open_difference)
        for line in reconciliation.totals
    ] == [(1, 1, 0)]


def test_a_deletion_that_quickbooks_no_longer_reports_is_found(bench):
    """QuickBooks reports deletions for thirty days only, so the absence itself must suffice."""
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench, 1))
    bench.clock.advance(40 * 24 * 3600)
    reconciliation = reconcile(bench.company_id)
    assert [entry.discrepancy for entry in reconciliation.differences] == ["missing"]


def test_an_adopted_transaction_older_than_all_postings_is_read_by_its_id(
    bench,
):
    with transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.sent_date = posting.created_at = bench.clock.now() + dt.timedelta(hours=1)
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.found, reconciliation.reads) == (3, 2)


def test_progress_is_reported_while_reading_and_while_comparing(bench):
    steps = []
    reconcile(bench.company_id, lambda *step: steps.append(step))
    assert steps == [("reading", 3, 0), ("comparing", 3, 3)]


def test_a_document_with_another_total_at_its_source_is_listed(bench):
    differences = reconcile(bench.company_id).other_source_totals
    assert (
        differences[0].reason
        == "Bill A-1 of Acme: the source says 100.00 USD, 10.10 USD was posted."
    )
    _as_posted()
    assert reconcile(bench.company_id).other_source_totals == []


def credit(bench, number):
    """Post a supplier credit; return its id in QuickBooks."""
    posting_id = bench.plan(number, "create", bench.body(number), kind="vendor_credit")
    bench.drain()
    return bench.posting(posting_id).quickbooks_id


def refuse_credits(bench):
    """Let QuickBooks refuse supplier credits, as a smaller edition does."""
    bench.quickbooks.add_fault("refusal", "query.vendorcredit", code="5020", count=0)


def open_titles():
    with transaction() as session:
        return sorted(
            texts.render(case.code, case.params).title
            for case in session.scalars(select(Case).where(Case.closed_at.is_(None)))
        )


NOT_LISTED = "QuickBooks does not list documents of the kind “supplier credit”"


def test_a_kind_that_quickbooks_does_not_list_stops_no_other_kind(bench):
    credit(bench, "C-1")
    refuse_credits(bench)
    bench.quickbooks.act("delete", kind="Bill", id=bill(bench, 1))
    result = reconcile(bench.company_id)
    assert (result.documents, result.found, result.unread) == (3, 2, {"vendor_credit": 1})
    assert "1 of the kind “supplier credit” not compared" in result.summary
    assert open_titles() == ["Missing in QuickBooks", NOT_LISTED]
    reconcile(bench.company_id)
    assert open_titles() == ["Missing in QuickBooks", NOT_LISTED], "it is named once"
    bench.quickbooks.faults.clear()
    assert reconcile(bench.company_id).documents == 4
    assert open_titles() == ["Missing in QuickBooks"]


def test_the_case_of_a_kind_that_is_not_listed_stays_closed(bench):
    credit(bench, "C-1")
    refuse_credits(bench)
    reconcile(bench.company_id)
    close_cases(bench)
    reconcile(bench.company_id)
    assert open_titles() == []


def test_an_edit_of_a_kind_that_is_not_listed_hides_no_edit_of_another(bench):
    credit_id = credit(bench, "C-1")
    transaction_download.load(1, Client(1), ["bill", "vendor_credit"], dt.date(2026, 1, 1))
    bench.quickbooks.act("edit", kind="VendorCredit", id=credit_id, set={"DocNumber": "X"})
    bench.quickbooks.act("edit", kind="Bill", id=bill(bench, 1), set={"DocNumber": "Y"})
    changes.poll(bench.company_id)
    refuse_credits(bench)
    assert drift.watch(bench.company_id) == {"differs": 1}
    bench.quickbooks.faults.clear()
    assert drift.watch(bench.company_id) == {"differs": 1}


def test_a_reconciliation_of_nothing_names_the_kind_that_is_not_listed(bench):
    bench.quickbooks.add_fault("refusal", "query.bill", code="5020", count=0)
    with pytest.raises(Refused, match="does not list records of the kind “bill”"):
        reconcile(bench.company_id)
