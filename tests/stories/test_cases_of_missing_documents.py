"""Documents that were deleted in QuickBooks: their case, and what their source says afterwards."""

import pytest
from sqlalchemy import select

from hub import Gone
from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case, Run
from hub.posting.actions import manual, retries, undo
from hub.posting.reconcile import run as reconcile_run
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, invoice, line

MISSING = "Missing in QuickBooks"


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose bill was deleted in QuickBooks and has another amount at the source."""
    shop = ShopSite(app, quickbooks, clock)
    post_and_delete_bill(shop)
    shop.run(bill("50.00"))
    assert shop.states()["bill:1"] == "held"
    return shop


def bill(amount):
    body = line("1", amount, cost="Fuel")
    return document("bill", "bill:1", body, total=amount, supplier=SUPPLIER, number="B-1")


def post_and_delete_bill(shop):
    """Post the bill, and let somebody delete it in QuickBooks: that opens a case."""
    shop.run(bill("42.00"))
    shop.quickbooks.act("delete", kind="Bill", id=shop.book("Bill", "bill:1")["Id"])
    run_company("changes")
    assert shop.cases() == [MISSING]


def run_company(kind):
    runner.run_company_job(kind, 1, requested_by="kari")


def run_nightly_jobs(clock):
    clock.advance(24 * 3600)
    run_company("changes")
    run_company("reconcile")


def test_the_case_closes_when_the_document_is_posted_again(shop, clock):
    retries.retry(shop.posting("bill:1").id, "kari")
    assert shop.run()["bill:1"] == "posted"
    assert shop.cases() == []
    run_nightly_jobs(clock)
    assert shop.cases() == []


def test_the_case_closes_when_the_document_is_skipped(shop, clock):
    manual.skip(shop.posting("bill:1").id, "Entered by hand", "kari")
    assert shop.cases() == []
    run_nightly_jobs(clock)
    shop.run()
    assert (shop.cases(), shop.states()["bill:1"]) == ([], "skipped")


def test_reconciliation_closes_a_case_that_an_earlier_version_left_open(shop, clock):
    retries.retry(shop.posting("bill:1").id, "kari")
    shop.run()
    with transaction() as session:
        for case in session.query(Case).filter(Case.cause.like("%missing-in-quickbooks")):
            case.closed_at = None
    assert shop.cases() == [MISSING]
    run_nightly_jobs(clock)
    assert shop.cases() == []


@pytest.mark.proof(small=2, full=3)
@pytest.mark.parametrize("act", ["void", "delete"])
@pytest.mark.parametrize("policy", ["ask", "void", "delete"])
def test_the_case_closes_when_the_document_is_gone_at_its_source_too(
    app, quickbooks, clock, act, policy
):
    about = {} if policy == "ask" else {"gone": policy}
    shop = ShopSite(app, quickbooks, clock, **about)
    shop.run(invoice(number="S-1"))
    quickbooks.act(act, kind="Invoice", id=shop.book("Invoice", "invoice:1")["Id"])
    run_company("changes")
    assert len(shop.cases()) == 1
    writes = shop.writes()
    shop.run(Gone(source_id="invoice:1"))
    assert (shop.cases(), shop.writes()) == ([], writes)
    assert shop.reasons() == []
    assert shop.states()["invoice:1"] == "posted"
    run_nightly_jobs(clock)
    assert shop.cases() == []
    result = reconcile_run.reconcile(1)
    assert (result.differences, result.accepted) == ([], 0)


@pytest.mark.parametrize("act", ["void", "delete"])
def test_the_question_about_a_removal_closes_when_a_person_removes_it_in_quickbooks(
    app, quickbooks, clock, act
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(invoice(number="S-1"))
    shop.run(Gone(source_id="invoice:1"))
    assert (shop.states()["invoice:1"], len(shop.cases())) == ("held", 1)
    writes = shop.writes()
    quickbooks.act(act, kind="Invoice", id=shop.book("Invoice", "invoice:1")["Id"])
    run_company("changes")
    assert (shop.cases(), shop.reasons()) == ([], [])
    shop.run(Gone(source_id="invoice:1"))
    run_nightly_jobs(clock)
    assert (shop.cases(), shop.writes()) == ([], writes)


def test_a_removal_in_review_needs_no_approval_once_a_person_removes_it_in_quickbooks(
    app, quickbooks, clock
):
    shop = ShopSite(app, quickbooks, clock, gone="delete")
    shop.run(bill("42.00"))
    enable.set_mode(shop.id, "review", who="kari")
    shop.run(Gone(source_id="bill:1"))
    assert shop.states()["bill:1"] == "review"
    quickbooks.act("delete", kind="Bill", id=shop.book("Bill", "bill:1")["Id"])
    run_company("changes")
    assert shop.states()["bill:1"] == "withdrawn"
    assert shop.run(Gone(source_id="bill:1"))["bill:1"] == "withdrawn"
    run_nightly_jobs(clock)
    assert (shop.states()["bill:1"], shop.cases()) == ("withdrawn", [])


@pytest.mark.parametrize("by_source", [True, False])
def test_a_removal_that_was_not_carried_out_is_done_once_a_person_removes_it_in_quickbooks(
    app, quickbooks, clock, by_source
):
    shop = ShopSite(app, quickbooks, clock, gone="delete")
    shop.run(bill("42.00"))
    id = shop.book("Bill", "bill:1")["Id"]
    if not by_source:
        undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    quickbooks.act("edit", kind="Bill", id=id, set={"TxnDate": "2026-02-27"})
    shop.run(*([Gone(source_id="bill:1")] if by_source else []))
    run_company("changes")
    assert sorted(shop.cases()) == ["Changed in QuickBooks", "Our removal was not carried out"]
    writes = shop.writes()
    quickbooks.act("delete", kind="Bill", id=id)
    run_company("changes")
    shop.run()
    run_nightly_jobs(clock)
    assert (shop.cases(), shop.reasons(), shop.writes()) == ([], [], writes)
    assert shop.states()["bill:1"] == "posted"


@pytest.mark.parametrize("by_source", [True, False])
def test_a_removal_that_quickbooks_refused_is_done_once_a_person_removes_it_there(
    app, quickbooks, clock, by_source
):
    shop = ShopSite(app, quickbooks, clock, gone="delete")
    shop.run(bill("42.00"))
    id = shop.book("Bill", "bill:1")["Id"]
    if not by_source:
        undo.undo(undo.plan_posting(shop.posting("bill:1").id), "kari")
    quickbooks.add_fault("refusal", "bill.delete", code="6000", count=0)
    shop.run(*([Gone(source_id="bill:1")] if by_source else []))
    assert shop.cases() == ["Refused by QuickBooks"]
    quickbooks.faults.clear()
    writes = shop.writes()
    quickbooks.act("delete", kind="Bill", id=id)
    run_company("changes")
    shop.run()
    run_nightly_jobs(clock)
    assert (shop.cases(), shop.reasons(), shop.writes()) == ([], [], writes)


def test_nothing_is_left_to_close_of_an_order_that_neither_side_has(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, gone="close")
    row = line("1", "42.00", cost="Fuel")
    shop.run(document("purchase_order", "order:1", row, total="42.00", supplier=SUPPLIER))
    order = shop.book("PurchaseOrder", "order:1")
    quickbooks.act("delete", kind="PurchaseOrder", id=order["Id"])
    run_company("changes")
    assert shop.cases() == [MISSING]
    writes = shop.writes()
    shop.run(Gone(source_id="order:1"))
    assert (shop.cases(), shop.reasons(), shop.writes()) == ([], [], writes)


def test_the_closed_case_says_why_it_was_closed(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    post_and_delete_bill(shop)
    shop.run(Gone(source_id="bill:1"))
    with transaction() as session:
        (case,) = session.query(Case)
        assert (case.closed_by, case.title) == ("hub", "Neither in QuickBooks nor at its source")
        assert "Its source no longer has it either" in case.reason


def test_the_case_opens_again_if_the_source_has_the_document_again(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock)
    post_and_delete_bill(shop)
    shop.run(Gone(source_id="bill:1"))
    assert shop.cases() == []
    shop.run(bill("42.00"))
    run_nightly_jobs(clock)
    assert shop.cases() == [MISSING]


def test_the_case_stays_open_if_the_app_leaves_documents_in_quickbooks(app, quickbooks, clock):
    shop = ShopSite(app, quickbooks, clock, gone="leave")
    post_and_delete_bill(shop)
    shop.run(Gone(source_id="bill:1"))
    run_nightly_jobs(clock)
    assert shop.cases() == [MISSING]


@pytest.mark.parametrize("act", ["void", "delete"])
def test_what_was_left_in_quickbooks_may_be_removed_there_later(app, quickbooks, clock, act):
    """The source no longer wants the document, and nothing is planned for it."""
    shop = ShopSite(app, quickbooks, clock)
    shop.run(invoice(number="S-1"))
    shop.run(Gone(source_id="invoice:1"))
    manual.skip(shop.posting("invoice:1").id, "It stays", "kari")
    quickbooks.act(act, kind="Invoice", id=shop.book("Invoice", "invoice:1")["Id"])
    run_nightly_jobs(clock)
    with read_only_session() as session:
        runs = session.scalars(select(Run).where(Run.kind != "sync")).all()
    assert [(run.kind, run.outcome) for run in runs] == [("changes", "done"), ("reconcile", "done")]
    assert shop.cases() == []
