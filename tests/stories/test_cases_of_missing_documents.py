"""Documents that were deleted in QuickBooks: their case, and what their source says afterwards."""

import pytest

from hub import Gone
from hub.db.engine import transaction
from hub.models import Case
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.every_kind_source import SUPPLIER, Till, document, invoice, line

MISSING = "No longer in QuickBooks"


@pytest.fixture
def till(app, quickbooks, clock):
    """Return a shop whose bill was deleted in QuickBooks and has another amount at the source."""
    till = Till(app, quickbooks, clock)
    till.run(bill("42.00"))
    till.quickbooks.act("delete", kind="Bill", id=till.book("Bill", "bill:1")["Id"])
    run_company("changes")
    assert till.cases() == [MISSING]
    till.run(bill("50.00"))
    assert till.states()["bill:1"] == "held"
    return till


def bill(amount):
    body = line("1", amount, cost="Fuel")
    return document("bill", "bill:1", body, total=amount, supplier=SUPPLIER, number="B-1")


def run_company(kind):
    runner.run_company_job(kind, 1, requested_by="kari")


def night(clock):
    clock.advance(24 * 3600)
    run_company("changes")
    run_company("reconcile")


def test_it_closes_when_the_document_is_posted_again(till, clock):
    retries.retry(till.posting("bill:1").id, "kari")
    assert till.run()["bill:1"] == "posted"
    assert till.cases() == []
    night(clock)
    assert till.cases() == []


def test_it_closes_when_the_document_is_skipped(till, clock):
    manual.skip(till.posting("bill:1").id, "Entered by hand", "kari")
    assert till.cases() == []
    night(clock)
    till.run()
    assert (till.cases(), till.states()["bill:1"]) == ([], "skipped")


def test_reconciliation_closes_one_that_an_earlier_version_left_open(till, clock):
    retries.retry(till.posting("bill:1").id, "kari")
    till.run()
    with transaction() as session:
        for case in session.query(Case).filter(Case.cause.like("%missing-in-quickbooks")):
            case.closed_at = None
    assert till.cases() == [MISSING]
    night(clock)
    assert till.cases() == []


@pytest.mark.parametrize("act", ["void", "delete"])
@pytest.mark.parametrize("policy", ["ask", "void", "delete"])
def test_what_left_quickbooks_is_not_called_there_once_its_source_does_not_have_it(
    app, quickbooks, clock, act, policy
):
    about = {} if policy == "ask" else {"gone": policy}
    till = Till(app, quickbooks, clock, **about)
    till.run(invoice(number="S-1"))
    quickbooks.act(act, kind="Invoice", id=till.book("Invoice", "invoice:1")["Id"])
    run_company("changes")
    (case,) = till.cases()
    writes = till.writes()
    till.run(Gone(source_id="invoice:1"))
    assert (till.cases(), till.writes(), till.reasons()) == ([case], writes, [])
    assert till.states()["invoice:1"] == "posted"
    night(clock)
    assert till.cases() == ([case] if policy == "ask" else []), "a removal settles it"
