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
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.rows.posting_bench import PostingBench
from tests.support.rows.stored_cases import stored_reasons

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
def bench(app, quickbooks, clock):
    bench = PostingBench(app, quickbooks, clock, wants=WANTS)
    with transaction() as session:
        add_people(session)
    bench.visitor = Visitor(app, Story(bench.company_id, bench.installation_id))
    bench.visitor.log_in("oda")
    return bench


@pytest.fixture
def reword(monkeypatch):
    """Change the reason of a code in the catalogue, as a later version does."""

    def change(code, reason):
        template = dataclasses.replace(CATALOGUE[code], reason=reason)
        monkeypatch.setitem(CATALOGUE, code, template)

    return change


def close_books(bench, date):
    bench.quickbooks.act("close_books", date=date)
    record_download.refresh(bench.company_id)


def hold_for_closed_books(bench):
    """Return a bill that the checks hold, whose source knows and whose case a person closed."""
    close_books(bench, "2026-03-31")
    id = bench.bill()
    bench.clear_check(id)
    run(bench)
    with transaction() as session:
        (case,) = session.scalars(select(Case))
        inbox.close(session, case.cause, by="kari")
    return id


def run(bench):
    """Check, send, and deliver the receipts; return the messages that the source received."""
    bench.source.receipts.clear()
    bench.drain()
    receipt_delivery.deliver(bench.installation_id)
    return [state for _, state, _ in bench.source.receipts]


def document_page(bench, id):
    return bench.visitor.page(f"/documents/{bench.posting(id).document_id}")


@ON_BOTH_DATABASES
def test_new_words_for_a_check_that_holds_a_posting_are_no_news(bench, reword):
    id = hold_for_closed_books(bench)
    assert bench.posting(id).reason.endswith("and QuickBooks would refuse it.")
    assert bench.cases() == []

    reword("check.books_closed", NEW_WORDS)
    assert run(bench) == []
    assert bench.cases() == []
    assert "Bill A-1 of Acme lies in a period that is closed." in document_page(bench, id)
    outbox = CliRunner().invoke(main, ["outbox", "--json"], obj=bench.app).stdout
    assert "lies in a period that is closed." in outbox


def test_a_reason_with_another_value_is_news(bench):
    hold_for_closed_books(bench)
    close_books(bench, "2026-04-30")
    assert run(bench) == ["held"]
    assert bench.cases() == ["The books are closed up to 30 Apr 2026"]


def test_a_second_reason_is_news(bench):
    hold_for_closed_books(bench)
    bench.quickbooks.act("deactivate", kind="Vendor", id="1")
    record_download.refresh(bench.company_id)
    assert run(bench) == ["held"]
    assert len(bench.cases()) == 2


def test_new_words_for_a_refusal_of_quickbooks_are_no_news(bench, reword):
    id = bench.bill(vendor="99999")
    assert run(bench) == ["failed"]
    reword("outcome.refused", "QuickBooks says no to {name}: {answer}")
    assert run(bench) == []
    assert bench.posting(id).reason.startswith("QuickBooks says no to Bill A-1 of Acme: ")
    assert "QuickBooks says no to Bill A-1 of Acme: " in document_page(bench, id)


def test_new_words_for_a_missing_document_are_no_news(bench, reword):
    id = bench.bill()
    assert run(bench) == ["posted"]
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(id).quickbooks_id)
    reconcile(bench.company_id)
    assert run(bench) == ["missing"]
    reword("posted.missing", "{name} ({quickbooks_id}) has left QuickBooks.")
    reconcile(bench.company_id)
    assert run(bench) == []


def store_as_sentences(bench):
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
def test_a_sentence_from_before_codes_takes_its_code_and_is_no_news(bench, reword):
    id = hold_for_closed_books(bench)
    reason = bench.posting(id).reason
    store_as_sentences(bench)
    assert (bench.posting(id).reason, codes(Posting)) == (reason, ["posting.stored_text"])

    assert run(bench) == []
    assert bench.cases() == []
    assert codes(Posting) == codes(ReceiptRow) == ["check.books_closed"]
    reword("check.books_closed", NEW_WORDS)
    assert run(bench) == []
    assert bench.cases() == []


def test_a_sentence_from_before_codes_that_reads_otherwise_is_news(bench, reword):
    hold_for_closed_books(bench)
    store_as_sentences(bench)
    reword("check.books_closed", NEW_WORDS)
    assert run(bench) == ["held"]
    assert bench.cases() == ["The books are closed up to 31 Mar 2026"]


def test_a_missing_document_from_before_codes_is_no_news(bench):
    id = bench.bill()
    run(bench)
    bench.quickbooks.act("delete", kind="Bill", id=bench.posting(id).quickbooks_id)
    reconcile(bench.company_id)
    assert run(bench) == ["missing"]
    store_as_sentences(bench)
    reconcile(bench.company_id)
    assert run(bench) == []
    assert codes(ReceiptRow) == ["posted.missing"]
