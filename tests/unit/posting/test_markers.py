"""Each marker in QuickBooks belongs to one posting, and each transaction to one document."""

from hub.db.engine import transaction
from hub.models import Posting
from hub.posting.reconcile.run import reconcile
from tests.support.rows.three_bills import bench, bill, close_cases

__all__ = ["bench"]


def test_a_second_one_with_our_mark_is_found(bench):
    bench.quickbooks.switch(requestid="ignore")
    bench.quickbooks.act("edit", kind="Bill", id=bill(bench, 0), set={"DocNumber": "X"})
    bench.quickbooks.ask("POST", "bill", bench.body("A-1"))
    reconciliation = reconcile(bench.company_id)
    assert [entry.document for entry in reconciliation.marker_differences] == ["A-1"]
    assert bench.cases() == ["Changed in QuickBooks", "Perhaps twice in QuickBooks"]
    twin = next(bill for bill in bench.bills() if bill["DocNumber"] == "A-1")
    bench.quickbooks.act("delete", kind="Bill", id=twin["Id"])
    reconcile(bench.company_id)
    assert bench.cases() == ["Changed in QuickBooks"]


def test_a_second_one_is_found_while_a_change_of_the_document_waits(bench):
    bench.quickbooks.switch(requestid="ignore")
    bench.quickbooks.act("edit", kind="Bill", id=bill(bench, 0), set={"PrivateNote": "Ask Kari"})
    bench.quickbooks.ask("POST", "bill", bench.body("A-1") | {"DocNumber": "A-1 copy"})
    reconcile(bench.company_id)
    assert bench.cases() == ["Perhaps twice in QuickBooks"]
    change = bench.change(bench.ids[0], total="12.00")
    reconcile(bench.company_id)
    assert bench.cases() == ["Perhaps twice in QuickBooks"]
    bench.hold(change, "person", "Somebody edited it.")
    assert [one.document for one in reconcile(bench.company_id).marker_differences] == ["A-1"]


def test_a_marker_of_an_unknown_document_opens_a_case(bench):
    note = f"[hub:{bench.marker('another hub')}]"
    bench.quickbooks.ask("POST", "bill", bench.body("Z-9") | {"PrivateNote": note})
    reconciliation = reconcile(bench.company_id)
    assert [entry.kind for entry in reconciliation.marker_differences] == ["bill"]
    assert bench.cases() == ["Marks of another hub"]
    close_cases(bench)
    assert (reconcile(bench.company_id).marker_differences, bench.cases()) == ([], [])


def test_two_documents_with_one_transaction_open_a_case(bench):
    with transaction() as session:
        session.get_one(Posting, bench.ids[1]).quickbooks_id = bill(bench, 0)
    reconciliation = reconcile(bench.company_id)
    assert any(
        "are said to be one transaction" in entry.reason
        for entry in reconciliation.marker_differences
    )
    assert "Two documents, one transaction" in bench.cases()


def test_two_parts_of_a_document_with_one_transaction_open_a_case(bench):
    parts = []
    for part in ("class:1", "class:2"):
        body = bench.body("B-1") | {"DocNumber": f"B-1-{part[-1]}"}
        parts.append(bench.plan("B-1", "create", body, part=part))
    bench.drain()
    assert reconcile(bench.company_id).marker_differences == []
    with transaction() as session:
        first, second = (session.get_one(Posting, id) for id in parts)
        second.quickbooks_id = first.quickbooks_id
    (_, shared) = reconcile(bench.company_id).marker_differences
    assert "are said to be one transaction" in shared.reason
    assert "Two documents, one transaction" in bench.cases()
