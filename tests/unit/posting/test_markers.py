"""Each marker in QuickBooks belongs to one posting, and each transaction to one document."""

from hub.db.engine import transaction
from hub.models import Posting
from hub.posting.reconcile.run import reconcile
from tests.unit.posting.test_reconcile import bill, close, desk

__all__ = ["desk"]


def test_a_second_one_with_our_mark_is_found(desk):
    desk.quickbooks.switch(requestid="ignore")
    desk.quickbooks.act("edit", kind="Bill", id=bill(desk, 0), set={"DocNumber": "X"})
    desk.quickbooks.ask("POST", "bill", desk.body("A-1"))
    reconciliation = reconcile(desk.company_id)
    assert [entry["document"] for entry in reconciliation["strangers"]] == ["A-1"]
    assert desk.cases() == ["Changed in QuickBooks", "Perhaps twice in QuickBooks"]
    twin = next(bill for bill in desk.bills() if bill["DocNumber"] == "A-1")
    desk.quickbooks.act("delete", kind="Bill", id=twin["Id"])
    reconcile(desk.company_id)
    assert desk.cases() == ["Changed in QuickBooks"]


def test_a_marker_of_an_unknown_document_opens_a_case(desk):
    note = f"[hub:{desk.marker('another hub')}]"
    desk.quickbooks.ask("POST", "bill", desk.body("Z-9") | {"PrivateNote": note})
    reconciliation = reconcile(desk.company_id)
    assert [entry["kind"] for entry in reconciliation["strangers"]] == ["bill"]
    assert desk.cases() == ["Marks of another hub"]
    close(desk)
    assert (reconcile(desk.company_id)["strangers"], desk.cases()) == ([], [])


def test_two_documents_with_one_transaction_open_a_case(desk):
    with transaction() as session:
        session.get_one(Posting, desk.ids[1]).quickbooks_id = bill(desk, 0)
    reconciliation = reconcile(desk.company_id)
    assert any(
        "are said to be one transaction" in entry["reason"] for entry in reconciliation["strangers"]
    )
    assert "Two documents, one transaction" in desk.cases()
