"""What is decided about postings holds their locks, in an order in which none deadlock."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from hub import outbox
from hub.cases import inbox
from hub.collect import run as collect_run
from hub.context import current_hub
from hub.db.engine import db, read_only_session, transaction
from hub.installations import early_documents
from hub.models import Case, Installation, Posting, ReceiptRow, SourceDocument
from hub.models.enums import CaseDecision, StartRule
from hub.posting.actions import retries
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import recheck
from hub.posting.preflight import run as preflight
from hub.posting.recovery import restore
from hub.posting.send.claim import claim_prepared
from hub.posting.send.prepare import prepare as prepare_postings
from hub.posting.send.requests import launch_wave
from hub.posting.send.results import record_results
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.reasons.texts import CaseText
from hub.scheduling import retention
from hub.sources import outage
from hub.web import webhooks
from hub.web.cases import case_bulk
from hub.web.frame import listed_rows
from hub.web.postings import review_approvals
from tests.support.rows.posting_bench import PostingBench
from tests.support.servers.blocked_transactions import (
    block,
    collect_error_codes,
    wait_until_blocked,
)
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line
from tests.support.sources.stand_in_fixtures import mount_quickbooks

NUMBERS = ("bill:1", "bill:2")


@pytest.fixture
def deadlocks(pg_app):
    """Return a list that gets the code of each error of the database from now on."""
    return collect_error_codes()


@pytest.fixture
def shop(pg_app, clock):
    quickbooks = mount_quickbooks(pg_app, clock)
    company = oauth_connect.connect_with_refresh_token(
        quickbooks.realm, quickbooks.refresh_tokens[quickbooks.realm]
    )
    record_download.refresh(company.id)
    return ShopSite(pg_app, quickbooks, clock, company=company)


def collect_bills(shop, mode="auto", **codes):
    """Collect two bills and return the ids of their postings."""
    with transaction() as session:
        session.get_one(Installation, shop.id).mode = mode
    for number in NUMBERS:
        lines = line("1", "30.00", **codes)
        shop.put(document("bill", number, lines, total="30.00", supplier=SUPPLIER))
    shop.run()
    return [shop.posting(number).id for number in NUMBERS]


def retry(shop, ids):
    return retries.retry_each(ids, "kari")


def approve(shop, ids):
    with read_only_session() as session:
        query = select(Posting.id, Posting.planned).where(Posting.id.in_(ids))
        seals = {id: listed_rows.shorten(planned) for id, planned in session.execute(query)}
    return review_approvals.approve(shop.id, seals, "kari")


def require_review(shop, ids):
    with transaction() as session:
        outbox.return_to_review(session, shop.id)


def check_again(shop, ids):
    recheck.check_again(shop.company_id)


def search_after_restore(shop, ids):
    restore.store_search(PostingSession(shop.company_id), None)


def reread(shop, ids):
    with transaction() as session:
        outbox.mark_for_reread(session, shop.id)


def include(shop, ids):
    with transaction() as session:
        installation = session.get_one(Installation, shop.id)
        early_documents.include(session, installation, ids, who="kari")


def hear_of_changes(shop, ids):
    with read_only_session() as session:
        installation = session.get_one(Installation, shop.id)
    webhooks._read_again(installation, list(NUMBERS))


def decide_cases(shop, ids):
    with transaction() as session:
        inbox.record_decision(session, ids, CaseDecision.RETRIED, "kari")


def repeat_receipts(shop, ids):
    outage.note_success(shop.id)


def prune(shop, ids):
    retention.prune("kari")


def prepare(shop, table, posting_ids, act):
    """Add two rows to which the act applies, unless it is about the bills; return their ids."""
    with transaction() as session:
        postings = [session.get_one(Posting, id) for id in posting_ids]
        documents = [posting.document for posting in postings]
        for posting in postings:
            if act == "require a review":
                posting.state = "ready"
            if act == "include":
                posting.document.before_start = StartRule.EXCLUDED
        if table is Posting:
            return posting_ids
        if table is SourceDocument:
            return [document.id for document in documents]
        if table is Case:
            texts = [CaseText("posting.not_needed"), CaseText("posting.replaced")]
            cases = [inbox.open(session, text.code, text, company_id=1) for text in texts]
            if act == "prune":
                for case in cases:
                    case.details = {"amount": "1.00"}
                    case.closed_at = case.opened_at - dt.timedelta(days=1000)
            session.flush()
            return [case.id for case in cases]
        now = current_hub().clock.now()
        session.get_one(Installation, shop.id).failing_since = now
        rows = [
            ReceiptRow(
                document_id=document.id,
                installation_id=shop.id,
                state="held",
                at=now,
                error="refused",
            )
            for document in documents
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


# The table whose rows an act locks, the act, and the mode and codes of the bills.
ACTS = {
    "retry": (Posting, retry, "auto", {"cost": "Nobody"}),
    "approve": (Posting, approve, "review", {"cost": "Fuel"}),
    "require a review": (Posting, require_review, "review", {"cost": "Fuel"}),
    "check again": (Posting, check_again, "review", {"cost": "Fuel"}),
    "search after a restore": (Posting, search_after_restore, "review", {"cost": "Fuel"}),
    "read again": (SourceDocument, reread, "review", {"cost": "Fuel"}),
    "include": (SourceDocument, include, "review", {"cost": "Fuel"}),
    "hear of changes": (SourceDocument, hear_of_changes, "review", {"cost": "Fuel"}),
    "decide cases": (Case, decide_cases, "review", {"cost": "Fuel"}),
    "prune": (Case, prune, "review", {"cost": "Fuel"}),
    "repeat receipts": (ReceiptRow, repeat_receipts, "review", {"cost": "Fuel"}),
}


@pytest.mark.parametrize("act", ACTS)
def test_the_first_row_is_locked_first(pg_app, shop, act, deadlocks):
    table, decide, mode, codes = ACTS[act]
    first, second = prepare(shop, table, collect_bills(shop, mode, **codes), act)
    move_to_the_end(table, first)
    read_tables_without_indexes()
    block(
        pg_app,
        lambda: decide(shop, [first, second]),
        lambda session: lock(session, table, first),
        lambda session: lock(session, table, second),
    )
    assert deadlocks == []


@pytest.mark.parametrize("act", ["retry", "approve"])
def test_an_act_that_a_deadlock_has_undone_is_repeated(pg_app, shop, act, deadlocks):
    table, decide, mode, codes = ACTS[act]
    first, second = collect_bills(shop, mode, **codes)
    with transaction() as session:
        session.execute(update(SourceDocument).values(reread=False))
    block(
        pg_app,
        lambda: decide(shop, [first, second]),
        lambda session: lock(session, table, second),
        lambda session: lock(session, table, first),
    )
    assert set(deadlocks) == {"40P01"}
    with read_only_session() as session:
        postings = [session.get_one(Posting, id) for id in (first, second)]
        done = [posting.approved_by == "kari" or posting.document.reread for posting in postings]
    assert done == [True, True]


def test_the_decision_about_cases_is_recorded_after_a_deadlock(
    pg_app, shop, deadlocks, monkeypatch
):
    monkeypatch.setattr(case_bulk, "person_name", lambda: "kari")  # there are no pages here
    first, second = prepare(shop, Case, collect_bills(shop, "review", cost="Fuel"), "decide")
    with read_only_session() as session:
        cases = [session.get_one(Case, id) for id in (first, second)]
    block(
        pg_app,
        lambda: case_bulk.record_decision(cases, {}, CaseDecision.RETRIED),
        lambda session: lock(session, Case, second),
        lambda session: lock(session, Case, first),
    )
    assert set(deadlocks) == {"40P01"}
    with read_only_session() as session:
        decisions = session.scalars(select(Case.decision).where(Case.id.in_([first, second])))
        assert list(decisions) == ["retried", "retried"]


def test_answers_of_quickbooks_are_recorded_after_a_deadlock(pg_app, shop, clock, deadlocks):
    bench = PostingBench(pg_app, shop.quickbooks, clock)
    first, second = bench.bill("A-1"), bench.bill("A-2")
    session = PostingSession(shop.company_id)
    jobs = claim_prepared(session, prepare_postings(session, [first, second]))
    with ThreadPoolExecutor(2) as threads:
        wave = launch_wave(session, jobs, threads, is_full=True)
        while wave.open_count:
            wave.wait()
    results = wave.results()
    block(
        pg_app,
        lambda: record_results(session, results),
        lambda session: lock(session, Posting, second),
        lambda session: lock(session, Posting, first),
    )
    assert set(deadlocks) == {"40P01"}
    assert {bench.state(first), bench.state(second)} == {"posted"}
    assert session.counts["posted"] == 2


def test_documents_are_stored_after_a_deadlock(pg_app, shop, deadlocks):
    first, second = collect_bills(shop, "review", cost="Fuel")
    for number in NUMBERS:
        lines = line("1", "31.00", cost="Fuel")
        shop.put(document("bill", number, lines, total="31.00", supplier=SUPPLIER))
    block(
        pg_app,
        lambda: collect_run.collect(shop.id),
        lambda session: lock(session, Posting, second),
        lambda session: lock(session, Posting, first),
    )
    assert set(deadlocks) == {"40P01"}
    totals = {shop.posting(number).summary.total for number in NUMBERS}
    assert totals == {Decimal("31.00")}


def test_content_that_is_planned_during_a_check_is_not_marked_as_checked(pg_app, shop):
    id, _ = collect_bills(shop, "review", cost="Fuel")
    with transaction() as session:
        session.execute(update(Posting).values(checked_at=None))
    posting_session = PostingSession(shop.company_id)
    errors = []

    def run():
        with pg_app.app_context():
            try:
                preflight.check(posting_session)
            except Exception as error:
                errors.append(error)

    thread = threading.Thread(target=run)
    with transaction() as session:
        posting = session.get_one(Posting, id, with_for_update=True)
        thread.start()
        wait_until_blocked(session)
        new_lines = posting.summary.lines[0]._replace(amount=Decimal("31.00"))
        posting.stored_summary = posting.summary._replace(
            total=Decimal("31.00"), lines=(new_lines,)
        ).dump()
    thread.join(30)
    assert (errors, shop.posting("bill:1").state) == ([], "held")


def move_to_the_end(table, id):
    """Write a row again, which places it behind the others in its table."""
    with transaction() as session:
        rewritten = update(table).where(table.id == id).values(id=table.id)
        session.execute(rewritten)
        session.commit()


def read_tables_without_indexes():
    """Make PostgreSQL read rows in the order of their places, as it may do at any time."""
    with transaction() as session:
        name = session.scalar(text("SELECT current_database()"))
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            session.execute(text(f'ALTER DATABASE "{name}" SET {setting} = off'))
    db.engine.dispose()


def lock(session, table, id):
    session.execute(select(table.id).where(table.id == id).with_for_update())
