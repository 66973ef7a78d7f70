"""What is decided about postings holds their locks, in an order in which none deadlock."""

import threading
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from hub.db.engine import db, read_only_session, transaction
from hub.models import Installation, Posting
from hub.posting.actions import retries
from hub.posting.outcome.session import PostingSession
from hub.posting.preflight import run as preflight
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.web.postings import review_approvals
from tests.support.servers.blocked_transactions import wait_until_blocked
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line
from tests.support.sources.stand_in_fixtures import mount_quickbooks


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
    numbers = ("bill:1", "bill:2")
    for number in numbers:
        lines = line("1", "30.00", **codes)
        shop.put(document("bill", number, lines, total="30.00", supplier=SUPPLIER))
    shop.run()
    return [shop.posting(number).id for number in numbers]


def retry(shop, ids):
    return retries.retry_each(ids, "kari")


def approve(shop, ids):
    with read_only_session() as session:
        query = select(Posting.id, Posting.planned).where(Posting.id.in_(ids))
        seals = dict(session.execute(query).all())
    return review_approvals.approve(shop.id, seals, "kari")


ACTS = {
    "retry": (retry, "auto", {"cost": "Nobody"}),
    "approve": (approve, "review", {"cost": "Fuel"}),
}


@pytest.mark.parametrize("act", ACTS)
def test_the_first_posting_is_locked_first(pg_app, shop, act):
    decide, mode, codes = ACTS[act]
    first, second = collect_bills(shop, mode, **codes)
    move_to_the_end(first)
    read_tables_without_indexes()
    outcomes = []

    def run():
        with pg_app.app_context():
            outcomes.append(decide(shop, [first, second]))

    thread = threading.Thread(target=run)
    with transaction() as session:
        lock(session, first)
        thread.start()
        wait_until_blocked(session)
        lock(session, second)
    thread.join(30)
    assert len(outcomes) == 1


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


def move_to_the_end(id):
    """Write a posting again, which places it behind the others in the table."""
    with transaction() as session:
        rewritten = update(Posting).where(Posting.id == id).values(number=Posting.number)
        session.execute(rewritten)
        session.commit()


def read_tables_without_indexes():
    """Make PostgreSQL read rows in the order of their places, as it may do at any time."""
    with transaction() as session:
        name = session.scalar(text("SELECT current_database()"))
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            session.execute(text(f'ALTER DATABASE "{name}" SET {setting} = off'))
    db.engine.dispose()


def lock(session, id):
    session.execute(select(Posting.id).where(Posting.id == id).with_for_update())
