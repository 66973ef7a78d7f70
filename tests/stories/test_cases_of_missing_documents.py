"""The case of a document that was deleted in QuickBooks closes with the decision about it."""

import pytest

from hub.db.engine import transaction
from hub.models import Case
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.every_kind_source import SUPPLIER, Till, document, line

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
