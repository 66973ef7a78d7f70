"""Runs with more postings than a statement may have parameters, or than fit into one transaction.

SQLite allows 250,000 parameters and PostgreSQL 65,535; here SQLite allows 400.
"""

import sqlite3
from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import event, select

from hub.db import engine
from hub.models import Installation, Posting
from hub.posting import releases, unposted_receipts
from hub.posting.preflight import run as preflight
from hub.posting.recovery import restore
from tests.support.rows.posting_bench import PostingBench

MAX_PARAMETERS = 400
MANY = MAX_PARAMETERS + 50


@pytest.fixture
def many(bench: PostingBench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Provide more bills than a statement has parameters; none of them was checked."""
    monkeypatch.setattr(preflight, "CHUNK_SIZE", 50)
    ids = [bench.bill(f"A-{number}", total=f"{number + 1}.00") for number in range(MANY)]
    with engine.transaction() as session:
        for posting in session.scalars(select(Posting)):
            posting.checked_at = None
            posting.document.total = posting.summary.total
    engine.db.engine.dispose()
    event.listen(engine.db.engine, "connect", limit_parameters)
    return ids


def limit_parameters(connection: sqlite3.Connection, record: object) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, MAX_PARAMETERS)


def count_states() -> Counter[str]:
    with engine.read_only_session() as session:
        return Counter(session.scalars(select(Posting.state)))


def test_many_bills_are_checked_and_posted(many: list[int], bench: PostingBench) -> None:
    bench.drain()
    assert count_states() == {"posted": MANY}
    assert len(bench.sent("bill.create")) == MANY


def test_many_bills_return_to_review_when_two_people_must_approve_them(
    many: list[int], bench: PostingBench
) -> None:
    with engine.transaction() as session:
        session.get_one(Installation, bench.installation_id).second_approval_above = Decimal(0)
    bench.drain()
    assert count_states() == {"review": MANY}


def test_many_bills_are_searched_after_a_restore_and_posted_then(
    many: list[int], bench: PostingBench
) -> None:
    restore.declare_restore()
    assert bench.drain().in_doubt == MANY
    for _ in range(2):
        bench.pass_time(3600)
        bench.restart()
        bench.drain()
    assert count_states() == {"posted": MANY}
    assert len(bench.sent("bill.create")) == MANY


def count_commits(work) -> int:
    """Return how many transactions that write are committed while a function works."""
    commits = []

    def note(connection: object) -> None:
        commits.append(connection)

    event.listen(engine.db.engine, "commit", note)
    try:
        work()
    finally:
        event.remove(engine.db.engine, "commit", note)
    return len(commits)


def test_files_of_many_bills_are_released_in_several_transactions(
    bench: PostingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "CHUNK_SIZE", 2)
    bills = [bench.bill(f"A-{number}", total=f"{number + 1}.00") for number in range(5)]
    bench.drain()
    for number, bill in enumerate(bills):
        bench.attach(bill, name=f"{number}.pdf")
    now = bench.clock.now()
    assert count_commits(lambda: releases.release_waiting(bench.company_id, now)) == 3
    assert count_states() == {"posted": 5, "ready": 5}
    assert count_commits(lambda: releases.release_waiting(bench.company_id, now)) == 0
    bench.drain()
    assert count_states() == {"posted": 10}


def test_receipts_of_many_held_documents_are_queued_in_several_transactions(
    bench: PostingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unposted_receipts, "CHUNK_SIZE", 2)
    for number in range(5):
        id = bench.bill(f"A-{number}")
        bench.hold(id, "mapping", "Code 7 has no match.")
    statements: list[str] = []

    def note(connection, cursor, statement, parameters, context, many):
        statements.append(statement)

    event.listen(engine.db.engine, "before_cursor_execute", note)
    count = count_commits(lambda: unposted_receipts.queue_unposted([bench.installation_id]))
    event.remove(engine.db.engine, "before_cursor_execute", note)
    assert count == 3
    assert bench.receipts() == [("held", "")] * 5
    # An open case is looked up by its cause; with LIKE the database reads all open cases.
    assert not [statement for statement in statements if "LIKE" in statement]
    unposted_receipts.queue_unposted([bench.installation_id])
    assert len(bench.receipts()) == 5
