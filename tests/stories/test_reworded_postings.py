"""A reworded reason reaches held postings, but reopens no case and sends no receipt again."""

import dataclasses

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hub.cases import inbox
from hub.cli import main
from hub.db.engine import read_only_session, transaction
from hub.models import Case, Posting, ReceiptRow
from hub.posting import receipt_delivery
from hub.posting.reconcile.run import reconcile
from hub.qbo import record_download
from hub.reasons.catalogue import CATALOGUE
from tests.support.page_rows import Story, add_people
from tests.support.page_visitor import Visitor
from tests.support.posting_bench import Desk
from tests.support.stored_cases import stored_reasons

WANTS = ("queued", "posted", "held", "failed", "missing")
ON_BOTH_DATABASES = pytest.mark.parametrize("app", ["sqlite", "postgres"], indirect=True)
NEW_WORDS = "{name} lies in a period that is closed."


@pytest.fixture
def app(request, make_app, make_config):
    """Return a hub with pages, on SQLite unless a test names PostgreSQL."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield request.getfixturevalue("app_with_pages")
        return
    config = make_config(HUB_DATABASE_URL=request.getfixturevalue("postgres_url"))
    app = make_app(config, pages=True)
    with app.app_context():
        yield app


@pytest.fixture
def desk(app, quickbooks, clock):
    desk = Desk(app, quickbooks, clock, wants=WANTS)
    with transaction() as session:
        add_people(session)
    desk.visitor = Visitor(app, Story(desk.company_id, desk.installation_id))
    desk.visitor.log_in("oda")
    return desk


@pytest.fixture
def reword(monkeypatch):
    """Change the reason of a code in the catalogue, as a later version does."""

    def change(code, reason):
        template = dataclasses.replace(CATALOGUE[code], reason=reason)
        monkeypatch.setitem(CATALOGUE, code, template)

    return change


def close_books(desk, date):
    desk.quickbooks.act("close_books", date=date)
    record_download.refresh(desk.company_id)


def hold_for_closed_books(desk):
    """Return a bill that the checks hold, whose source knows and whose case a person closed."""
    close_books(desk, "2026-03-31")
    id = desk.bill()
    desk.uncheck(id)
    run(desk)
    with transaction() as session:
        (case,) = session.scalars(select(Case))
        inbox.close(session, case.cause, by="kari")
    return id


def run(desk):
    """Check, send, and deliver the receipts; return the messages that the source received."""
    desk.source.receipts.clear()
    desk.drain()
    receipt_delivery.deliver(desk.installation_id)
    return [state for _, state, _ in desk.source.receipts]


def document_page(desk, id):
    return desk.visitor.page(f"/documents/{desk.posting(id).document_id}")


@ON_BOTH_DATABASES
def test_a_posting_that_the_checks_hold(desk, reword):
    id = hold_for_closed_books(desk)
    assert desk.posting(id).reason.endswith("and QuickBooks would refuse it.")
    assert desk.cases() == []

    reword("check.books_closed", NEW_WORDS)
    assert run(desk) == []
    assert desk.cases() == []
    assert "Bill A-1 of Acme lies in a period that is closed." in document_page(desk, id)
    outbox = CliRunner().invoke(main, ["outbox", "--json"], obj=desk.app).stdout
    assert "lies in a period that is closed." in outbox


def test_a_reason_with_another_value_is_a_new_reason(desk):
    hold_for_closed_books(desk)
    close_books(desk, "2026-04-30")
    assert run(desk) == ["held"]
    assert desk.cases() == ["The books are closed up to 30 Apr 2026"]


def test_a_second_reason_is_news(desk):
    hold_for_closed_books(desk)
    desk.quickbooks.act("deactivate", kind="Vendor", id="1")
    record_download.refresh(desk.company_id)
    assert run(desk) == ["held"]
    assert len(desk.cases()) == 2


def test_a_posting_that_quickbooks_refuses(desk, reword):
    id = desk.bill(vendor="99999")
    assert run(desk) == ["failed"]
    reword("outcome.refused", "QuickBooks says no to {name}: {answer}")
    assert run(desk) == []
    assert desk.posting(id).reason.startswith("QuickBooks says no to Bill A-1 of Acme: ")
    assert "QuickBooks says no to Bill A-1 of Acme: " in document_page(desk, id)


def test_a_document_that_is_missing_in_quickbooks(desk, reword):
    id = desk.bill()
    assert run(desk) == ["posted"]
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(id).quickbooks_id)
    reconcile(desk.company_id)
    assert run(desk) == ["missing"]
    reword("posted.missing", "{name} ({quickbooks_id}) has left QuickBooks.")
    reconcile(desk.company_id)
    assert run(desk) == []


def store_as_sentences(desk):
    """Put postings and receipts into the state that an upgrade leaves them in."""
    with transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.reasons = stored_reasons(posting.reason)
        for receipt in session.scalars(select(ReceiptRow)):
            receipt.reasons = stored_reasons(receipt.body.get("message"))


def codes(model):
    with read_only_session() as session:
        return [reason["code"] for row in session.scalars(select(model)) for reason in row.reasons]


@ON_BOTH_DATABASES
def test_a_sentence_from_before_codes_takes_its_code_and_is_no_news(desk, reword):
    id = hold_for_closed_books(desk)
    reason = desk.posting(id).reason
    store_as_sentences(desk)
    assert (desk.posting(id).reason, codes(Posting)) == (reason, ["posting.stored_text"])

    assert run(desk) == []
    assert desk.cases() == []
    assert codes(Posting) == codes(ReceiptRow) == ["check.books_closed"]
    reword("check.books_closed", NEW_WORDS)
    assert run(desk) == []
    assert desk.cases() == []


def test_a_sentence_from_before_codes_that_reads_otherwise_is_news(desk, reword):
    hold_for_closed_books(desk)
    store_as_sentences(desk)
    reword("check.books_closed", NEW_WORDS)
    assert run(desk) == ["held"]
    assert desk.cases() == ["The books are closed up to 31 Mar 2026"]


def test_a_missing_document_from_before_codes_is_no_news(desk):
    id = desk.bill()
    run(desk)
    desk.quickbooks.act("delete", kind="Bill", id=desk.posting(id).quickbooks_id)
    reconcile(desk.company_id)
    assert run(desk) == ["missing"]
    store_as_sentences(desk)
    reconcile(desk.company_id)
    assert run(desk) == []
    assert codes(ReceiptRow) == ["posted.missing"]
