"""Decisions of a person: when each is allowed, and its audit entry."""

import pytest
from sqlalchemy import select

from hub import outbox
from hub.db.engine import read_only_session, transaction
from hub.errors import NotFound, NotNow, Refused
from hub.models import AuditEntry, Posting
from hub.posting import posting_cases
from hub.posting.actions import manual, retries
from hub.posting.reconcile.run import reconcile
from hub.posting.recovery import single_read
from hub.reasons.texts import CaseText

INVOICE = {
    "CustomerRef": {"value": "41"},
    "Line": [
        {
            "Amount": 100,
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}},
        }
    ],
}


def log():
    with read_only_session() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.who, entry.what) for entry in entries if entry.who == "kari"]


def refused_bill(bench, number="A-1"):
    id = bench.bill(number, vendor="99999")
    bench.drain()
    return id


def test_a_refused_one_is_tried_again_under_a_new_key(bench):
    id = refused_bill(bench)
    first = bench.posting(id).requestid
    retries.retry(id, "kari")
    assert (
        bench.state(id),
        bench.posting(id).generation,
        bench.posting(id).requestid != first,
    ) == (
        "ready",
        1,
        True,
    )
    assert log() == [("kari", "posting retried")]


def test_a_posted_one_that_is_in_quickbooks_is_not_tried_again(bench):
    id = bench.bill()
    bench.drain()
    with pytest.raises(NotNow, match="is in QuickBooks already"):
        retries.retry(id, "kari")
    assert log() == []


def test_a_transaction_typed_in_by_hand_is_taken_as_the_document(bench):
    typed = bench.quickbooks.ask(
        "POST", "bill", {**bench.body("A-1"), "PrivateNote": "typed in"}
    ).json()["Bill"]
    id = refused_bill(bench)
    manual.adopt(id, typed["Id"], "kari")
    assert (bench.state(id), bench.posting(id).quickbooks_id, len(bench.bills())) == (
        "posted",
        typed["Id"],
        1,
    )
    assert log() == [("kari", "posting adopted")]


def test_an_adopted_transaction_that_differs_gets_a_case(bench):
    body = {**bench.body("A-1", total="90.00"), "PrivateNote": "typed in"}
    typed = bench.quickbooks.ask("POST", "bill", body).json()["Bill"]
    id = refused_bill(bench)
    manual.adopt(id, typed["Id"], "kari")
    assert (bench.state(id), bench.cases()) == ("posted", ["Posted but differs"])


def test_a_transaction_that_is_not_there_cannot_be_adopted(bench):
    id = refused_bill(bench)
    with pytest.raises(NotFound, match="bill in QuickBooks"):
        manual.adopt(id, "4711", "kari")
    assert bench.state(id) == "held"


def test_the_transaction_of_another_document_cannot_be_adopted(bench):
    other = bench.bill("A-2")
    bench.drain()
    id = refused_bill(bench)
    with pytest.raises(Refused, match="was posted for another document already") as refused:
        manual.adopt(id, bench.posting(other).quickbooks_id, "kari")
    # A retry would meet the same number again.
    assert str(refused.value).endswith("or press Skip to leave the document out.")


def type_in(bench):
    """Enter a bill in QuickBooks by hand; return its id."""
    body = {**bench.body("A-1"), "PrivateNote": "typed in"}
    return bench.quickbooks.ask("POST", "bill", body).json()["Bill"]["Id"]


def test_of_two_people_only_one_takes_a_transaction_for_a_document(bench, monkeypatch):
    first, second = refused_bill(bench, "A-1"), refused_bill(bench, "A-2")
    typed = type_in(bench)
    read = single_read.read_object

    def read_and_adopt_elsewhere(*args):
        snapshot = read(*args)
        monkeypatch.setattr(single_read, "read_object", read)
        manual.adopt(second, typed, "ola")
        return snapshot

    monkeypatch.setattr(single_read, "read_object", read_and_adopt_elsewhere)
    with pytest.raises(Refused, match="was posted for another document already"):
        manual.adopt(first, typed, "kari")
    assert (bench.state(first), bench.state(second)) == ("held", "posted")


@pytest.mark.parametrize("gone", [None, "Deleted."])
def test_a_transaction_that_another_document_has_changed_cannot_be_adopted(bench, gone):
    typed = type_in(bench)
    other = bench.plan("A-2", "update", bench.body("A-2"), base=f"{typed}:0")
    bench.drain()
    assert (bench.state(other), bench.posting(other).quickbooks_id) == ("posted", typed)
    id = refused_bill(bench)
    if gone:
        with transaction() as session:
            session.get_one(Posting, other).document.gone = gone
        manual.adopt(id, typed, "kari")
        return
    with pytest.raises(Refused, match="was posted for another document already"):
        manual.adopt(id, typed, "kari")


def test_nothing_is_decided_about_what_is_posted(bench):
    id = bench.bill()
    bench.drain()
    with pytest.raises(NotNow):
        manual.reject_match(id, "1", "kari")


@pytest.mark.parametrize("holder", ["source", "mapping"])
def test_a_posting_that_its_source_or_a_code_holds_is_not_released_by_a_rejection(bench, holder):
    id = bench.bill()
    bench.hold(id, holder, "The supplier does not want it posted.")
    with pytest.raises(NotNow, match="is held; there is nothing to decide about it"):
        manual.reject_match(id, "77", "kari")
    bench.drain()
    assert (bench.state(id), bench.bills()) == ("held", [])


def test_a_posting_that_does_not_exist_is_named(bench):
    with pytest.raises(NotFound, match="4711"):
        retries.retry(4711, "kari")


# -- documents that wait for a new supplier --------------------------------------------------------


def bill_of_new_supplier(bench):
    """Plan a bill of a supplier that is created first; hold the bill, and return both."""
    supplier = {"DisplayName": "New supplier", "Notes": f"[hub:{bench.marker('S-1')}]"}
    vendor = bench.plan("S-1", "create", supplier, kind="vendor", total=None)
    body = bench.body("A-1", vendor=outbox.format_placeholder(vendor))
    bill = bench.plan("A-1", "create", body, state="waiting", after_id=vendor)
    bench.hold(bill, "quickbooks", "It may be another document.")
    return vendor, bill


def ask_about(id, *quickbooks_ids):
    """Open a case that asks whether one of these transactions is the document of a posting."""
    with transaction() as session:
        posting = session.get_one(Posting, id)
        text = CaseText("outcome.alike", name="The bill")
        candidates = [{"id": quickbooks_id} for quickbooks_id in quickbooks_ids]
        posting_cases.open_case(session, posting, "decide", text, {"candidates": candidates})


def reject(id, who):
    ask_about(id, "77")
    manual.reject_match(id, "77", who)


@pytest.mark.parametrize("decide", [retries.retry, reject])
@pytest.mark.parametrize("is_supplier_posted", [False, True])
def test_a_decision_about_a_held_bill_does_not_send_it_without_its_supplier(
    bench, decide, is_supplier_posted
):
    vendor, bill = bill_of_new_supplier(bench)
    if is_supplier_posted:
        request_record(bench, vendor)
        bench.drain()
        assert bench.state(vendor) == "posted"
    decide(bill, "kari")
    bench.drain()
    assert (bench.state(bill), bench.cases()) == ("posted", [])
    (sent,) = bench.bills()
    assert sent["VendorRef"]["value"] == bench.posting(vendor).quickbooks_id


def request_record(bench, posting_id):
    """Note that a person requested a record, so that it is created though no document needs it."""
    with transaction() as session:
        row = session.get_one(Posting, posting_id).document
        row.body = {**row.body, "facts": {outbox.REQUESTED_BY: "kari"}}


def test_a_posting_is_released_once_a_person_rejects_the_match(bench):
    id = refused_bill(bench)
    ask_about(id, "77")
    manual.reject_match(id, "77", "kari")
    posting = bench.posting(id)
    assert (posting.state, posting.approved_by) == ("ready", "kari")
    assert posting.approved_payload == posting.planned


@pytest.mark.parametrize("state", ["held", "review", "ready"])
def test_a_transaction_that_no_case_asks_about_cannot_be_rejected(bench, state):
    """The restored database lacks that the transaction is the document, and has not searched it."""
    id = bench.plan("A-1", "create", bench.body("A-1"), state=state)
    if state == "held":
        ask_about(id, "78")
    with pytest.raises(Refused, match="No open case asks whether transaction 77 is Bill A-1"):
        manual.reject_match(id, "77", "kari")
    assert (bench.state(id), bench.posting(id).rejected_ids, log()) == (state, [], [])


def post_and_delete(bench):
    """Post a bill and delete it in QuickBooks, so that the nightly reconciliation misses it."""
    id = bench.bill()
    bench.drain()
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(id).quickbooks_id)
    reconcile(bench.company_id)
    return id


def test_a_deleted_document_can_be_skipped_and_reconciliation_succeeds_again(bench):
    id = post_and_delete(bench)
    assert bench.cases() == ["Missing in QuickBooks"]
    manual.skip(id, "entered by mistake", "kari")
    assert (bench.state(id), bench.cases(), log()) == ("skipped", [], [("kari", "posting skipped")])
    reconciliation = reconcile(bench.company_id)
    assert (reconciliation.documents, reconciliation.troubles, bench.cases()) == (0, 0, [])


def test_a_document_that_is_in_quickbooks_is_not_skipped(bench):
    id = bench.bill()
    bench.drain()
    with pytest.raises(NotNow, match="is in QuickBooks, so it cannot be skipped"):
        manual.skip(id, "no", "kari")


def test_skipping_without_a_reason_is_refused(bench):
    with pytest.raises(Refused, match="Enter why"):
        manual.skip(refused_bill(bench), " ", "kari")


def test_a_voided_transaction_is_not_adopted(bench):
    typed = bench.quickbooks.ask("POST", "invoice", INVOICE).json()["Invoice"]
    bench.quickbooks.act("void", kind="Invoice", id=typed["Id"])
    body = INVOICE | {"CustomerRef": {"value": "99999"}}
    id = bench.plan("I-1", "create", body, kind="invoice")
    bench.drain()
    with pytest.raises(Refused, match=r"was voided in QuickBooks.*Skip leaves the document out"):
        manual.adopt(id, typed["Id"], "kari")
