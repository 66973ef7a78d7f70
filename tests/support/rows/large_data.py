"""A database with many companies and documents, written by the database itself in bulk.

Used by benchmarks and by the tests of query plans. A million documents take about two minutes.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    column,
    insert,
    literal,
    select,
    text,
    values,
)
from sqlalchemy.orm import Session

from hub.db import planner_statistics
from hub.db.engine import Instant
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    ConnectedCompany,
    Installation,
    Match,
    Posting,
    ReceiptRow,
    Run,
    RunLine,
    Schedule,
    SeenCode,
    SourceDocument,
    StoredRecord,
    Token,
)
from tests.support.rows.large_documents import document_rows, numbered_name

ROWS_PER_STATEMENT = 50_000
CALENDAR_DAYS = 730  # the days over which documents, runs and entries are spread
RECONCILED = {
    "documents": 100,
    "found": 100,
    "troubles": 0,
    "accepted": 0,
    "under_way": 0,
    "totals": [],
}


def fill(
    session: Session,
    *,
    companies: int,
    documents: int,
    today: dt.date,
    runs_per_company: int = 60,
) -> None:
    """Add companies with one app each, and documents distributed among them.

    Of a hundred documents one is held, one is in review, one was skipped, and the others are
    posted; four are not bills. The tables must be empty, and each company has at least one run.
    """
    connection = session.connection()
    for start in range(0, companies, ROWS_PER_STATEMENT):
        numbers = _numbers(start, min(ROWS_PER_STATEMENT, companies - start))
        for model, columns in _of_companies(numbers.c.n, today).items():
            _insert(connection, model, columns, numbers)
    for number in range(runs_per_company):
        numbers = _numbers(0, companies)
        for model, columns in _of_runs(numbers.c.n, number, companies, today).items():
            _insert(connection, model, columns, numbers)
    calendar = _calendar(today)
    for start in range(0, documents, ROWS_PER_STATEMENT):
        numbers = _numbers(start, min(ROWS_PER_STATEMENT, documents - start))
        rows = document_rows(numbers.c.n, companies, calendar, runs_per_company)
        for model, columns, condition in rows:
            _insert(connection, model, columns, numbers, calendar, condition)
    _continue_ids(session)


def _insert(
    connection: Any,
    model: Any,
    columns: Mapping[str, Any],
    numbers: Any,
    calendar: Any = None,
    condition: ColumnElement[bool] | None = None,
) -> None:
    """Insert a row of a table for each number that meets the condition."""
    expressions = []
    for name, value in columns.items():
        type_ = model.__table__.c[name].type
        is_expression = isinstance(value, ColumnElement)
        expressions.append(value if is_expression else literal(value, type_))
    query = select(*expressions).select_from(numbers)
    if calendar is not None:
        query = query.join(calendar, calendar.c.place == numbers.c.n % CALENDAR_DAYS)
    if condition is not None:
        query = query.where(condition)
    connection.execute(insert(model.__table__).from_select(list(columns), query))


def _numbers(start: int, count: int) -> Any:
    """Return the numbers after `start` as a table."""
    numbers = select(literal(start + 1, Integer).label("n")).cte("numbers", recursive=True)
    more = select(numbers.c.n + 1).where(numbers.c.n < start + count)
    return numbers.union_all(more)


def _calendar(today: dt.date) -> Any:
    """Return a table of days, each with its place and a moment in it; place 0 is yesterday."""
    rows = []
    for place in range(CALENDAR_DAYS):
        day = today - dt.timedelta(days=place + 1)
        rows.append((place, day, dt.datetime.combine(day, dt.time(12), dt.UTC)))
    columns = column("place", Integer), column("day", Date), column("moment", Instant)
    return values(*columns, name="calendar").data(rows).cte("calendar")


def _of_companies(n: Any, today: dt.date) -> dict[Any, dict[str, Any]]:
    """Return the columns of the tables that have rows for each company."""
    now = dt.datetime.combine(today, dt.time(), dt.UTC)
    began = now - dt.timedelta(days=366)  # before the first run
    company = {
        "id": n,
        "realm": numbered_name("93", n),
        "name": numbered_name("Company ", n, " AS"),
        "country": "NO",
        "currency": "NOK",
        "connected_at": began,
        "verified_at": began,
    }
    token = {
        "company_id": n,
        "access_expires_at": now + dt.timedelta(hours=1),
        "refresh_expires_at": now + dt.timedelta(days=90),
        "refreshed_at": now,
    }
    installation = {
        "id": n,
        "company_id": n,
        "slug": "costtracker",
        "tenant": "t",
        "created_at": began,
    }
    record = {
        "company_id": n,
        "list": "vendor",
        "quickbooks_id": numbered_name("v", n),
        "name": numbered_name("Supplier ", n, " AS"),
        "read_at": now,
    }
    code = {
        "installation_id": n,
        "field": "supplier",
        "code": numbered_name("s", n),
        "name": numbered_name("Supplier ", n, " AS"),
        "seen_at": now,
    }
    schedule = {
        "name": numbered_name("sync ", n),
        "kind": "sync",
        "company_id": n,
        "installation_id": n,
        "every": "15m",
        "next_due": now,
    }
    match = {
        "company_id": n,
        "scope": "costtracker",
        "tenant": "t",
        "field": "supplier",
        "code": numbered_name("s", n),
        "role": "vendor",
        "record": numbered_name("v", n),
        "match_method": "name",
        "who": "hub",
        "at": now,
    }
    return {
        ConnectedCompany: company,
        Token: token,
        Installation: installation,
        Schedule: schedule,
        StoredRecord: record,
        SeenCode: code,
        Match: match,
    }


def _of_runs(n: Any, number: int, companies: int, today: dt.date) -> dict[Any, dict[str, Any]]:
    """Return the columns of one run of each company.

    Every second one reconciles it; the others are syncs, of which some read lists or stopped.
    """
    begun_on = today - dt.timedelta(days=number + 1)
    began = dt.datetime.combine(begun_on, dt.time(3), dt.UTC)
    reconciles = number % 2
    counts = RECONCILED | {"proved_at": began.isoformat()} if reconciles else {}
    id = number * companies + n
    kind = "reconcile" if reconciles else ("lists", "sync", "sync", "sync")[number % 8 // 2]
    run = {
        "id": id,
        "kind": kind,
        "company_id": n,
        "started_at": began,
        "ended_at": began,
        "outcome": "stopped" if number % 20 == 8 else "done",
        "counts": counts,
    }
    if not reconciles:
        run["installation_id"] = n
    line = {"id": id, "run_id": id, "at": began, "level": "info", "text": "Read 3 documents."}
    return {Run: run, RunLine: line}


def _continue_ids(session: Session) -> None:
    """Set PostgreSQL's sequences after the written rows, and count the rows."""
    if session.get_bind().dialect.name == "sqlite":
        planner_statistics.analyze(session)
        return
    for model in (
        ConnectedCompany,
        Installation,
        SourceDocument,
        Posting,
        Attempt,
        ReceiptRow,
        Case,
        AuditEntry,
        Run,
        RunLine,
        Schedule,
    ):
        table = f'"{model.__tablename__}"'
        newest = f"SELECT max(id) FROM {table}"
        continued = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), ({newest}))"
        session.execute(text(continued))
    session.execute(text("ANALYZE"))
