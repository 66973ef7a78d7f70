"""A database with many companies and documents, written by the database itself in bulk.

Used by benchmarks and by the tests of query plans. A million documents take about two minutes.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    Text,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    text,
    values,
)
from sqlalchemy.orm import Session

from hub.contract import codec
from hub.contract.documents import Code, Document, Line
from hub.db import planner_statistics
from hub.db.engine import Instant
from hub.models import (
    Attempt,
    AuditEntry,
    Case,
    ConnectedCompany,
    DocumentTerm,
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
    TransactionHead,
)

CHUNK = 50_000
DAYS = 730  # the days over which documents, runs and entries are spread
SUPPLIERS = 5_000
RECONCILED = {
    "documents": 100,
    "found": 100,
    "troubles": 0,
    "accepted": 0,
    "under_way": 0,
    "totals": [],
}
BODY = codec.dump(
    Document(
        kind="bill",
        source_id="s",
        lines=(Line(id="1", amount=Decimal("1.00"), description="x" * 200),),
        codes={"supplier": Code(id="s0000001")},
    )
)


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
    for start in range(0, companies, CHUNK):
        numbers = _numbers(start, min(CHUNK, companies - start))
        for model, columns in _of_companies(numbers.c.n, today).items():
            _insert(connection, model, columns, numbers)
    for number in range(runs_per_company):
        numbers = _numbers(0, companies)
        for model, columns in _of_runs(numbers.c.n, number, companies, today).items():
            _insert(connection, model, columns, numbers)
    calendar = _calendar(today)
    for start in range(0, documents, CHUNK):
        numbers = _numbers(start, min(CHUNK, documents - start))
        of_documents = _of_documents(numbers.c.n, companies, calendar, runs_per_company)
        for model, columns, condition in of_documents:
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
        query = query.join(calendar, calendar.c.place == numbers.c.n % DAYS)
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
    for place in range(DAYS):
        day = today - dt.timedelta(days=place + 1)
        rows.append((place, day, dt.datetime.combine(day, dt.time(12), dt.UTC)))
    columns = column("place", Integer), column("day", Date), column("moment", Instant)
    return values(*columns, name="calendar").data(rows).cte("calendar")


def _name(prefix: str, number: Any, suffix: str = "") -> ColumnElement[str]:
    """Return a text with a number of seven digits."""
    digits = func.substr(cast(10_000_000 + number, Text), 2)
    return literal(prefix) + digits + literal(suffix)


def _of_companies(n: Any, today: dt.date) -> dict[Any, dict[str, Any]]:
    """Return the columns of the tables that have rows for each company."""
    now = dt.datetime.combine(today, dt.time(), dt.UTC)
    company = {
        "id": n,
        "realm": _name("93", n),
        "name": _name("Company ", n, " AS"),
        "country": "NO",
        "currency": "NOK",
        "connected_at": now,
        "verified_at": now,
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
        "created_at": now,
    }
    record = {
        "company_id": n,
        "list": "vendor",
        "quickbooks_id": _name("v", n),
        "name": _name("Supplier ", n, " AS"),
        "read_at": now,
    }
    code = {
        "installation_id": n,
        "field": "supplier",
        "code": _name("s", n),
        "name": _name("Supplier ", n, " AS"),
        "seen_at": now,
    }
    schedule = {
        "name": _name("sync ", n),
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
        "code": _name("s", n),
        "role": "vendor",
        "record": _name("v", n),
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


def _of_documents(
    n: Any, companies: int, calendar: Any, runs_per_company: int
) -> Iterator[tuple[Any, dict[str, Any], Any]]:
    """Yield the tables with rows for each document, their columns, and the condition on numbers."""
    company = (n - 1) % companies + 1
    day, moment = calendar.c.day, calendar.c.moment
    source_id, number = _name("s-", n), _name("F-", n)
    party = _name("Supplier ", n % SUPPLIERS, " AS")
    total = 1_000_000 * (cast(n % 10_000, BigInteger) + 1)
    run = (n // companies) % runs_per_company
    kind = func.coalesce(
        case(
            (n % 100 == 50, "invoice"),
            (n % 100 == 60, "expense"),
            (n % 100 == 70, "vendor_credit"),
            (n % 100 == 80, "credit_memo"),
        ),
        "bill",
    )
    is_held, is_posted = n % 100 == 1, n % 100 > 3
    yield (
        SourceDocument,
        {
            "id": n,
            "installation_id": company,
            "company_id": company,
            "slug": "costtracker",
            "tenant": "t",
            "source_id": source_id,
            "marker": _name("MARK", n),
            "kind": kind,
            "number": number,
            "party": party,
            "date": day,
            "due": day,
            "currency": "NOK",
            "total": total,
            "body": BODY,
            "seen_at": moment,
        },
        None,
    )
    for term in (
        func.lower(number),
        func.substr(number, 3),
        func.lower(source_id),
        func.lower(_name("MARK", n)),
        literal("supplier"),
        _name("", n % SUPPLIERS),
        literal("as"),
    ):
        # The number may also be that of its supplier.
        is_double = case((func.substr(number, 3) == _name("", n % SUPPLIERS), 1), else_=0) == 1
        is_new = ~is_double if term.compare(func.substr(number, 3)) else None
        yield DocumentTerm, {"document_id": n, "term": term}, is_new
    state = case((is_held, "held"), (n % 100 == 2, "review"), (n % 100 == 3, "skipped"))
    yield (
        Posting,
        {
            "id": n,
            "document_id": n,
            "company_id": company,
            "installation_id": company,
            "run_id": run * companies + company,
            "kind": kind,
            "operation": "create",
            "requestid": _name("request-", n),
            "payload": b'{"Line": []}',
            "state": func.coalesce(state, "posted"),
            "quickbooks_id": case((is_posted, cast(n, Text))),
            "number": number,
            "total": total,
            "currency": "NOK",
            "posted_total": case((is_posted, total)),
            "answer": {"Id": "1"},
            "created_at": moment,
            "changed_at": moment,
        },
        None,
    )
    yield (
        TransactionHead,
        {
            "company_id": company,
            "kind": kind,
            "quickbooks_id": cast(n, Text),
            "number": number,
            "date": day,
            "total": total,
            "created_at": moment,
        },
        is_posted,
    )
    yield (
        Attempt,
        {
            "id": n,
            "posting_id": n,
            "generation": 0,
            "requestid": _name("request-", n),
            "fence": "f",
            "sent_at": moment,
            "outcome": "landed",
            "text": "",
        },
        is_posted,
    )
    yield (
        ReceiptRow,
        {
            "id": n,
            "document_id": n,
            "installation_id": company,
            "state": "posted",
            "at": moment,
            "ended": "delivered",
        },
        is_posted,
    )
    yield (
        Case,
        {
            "id": n,
            "company_id": company,
            "installation_id": company,
            "cause": _name("posting:", n),
            "stored_title": "A code has no match",
            "stored_reason": "Match it.",
            "stored_action": "match",
            "opened_at": moment,
            "closed_at": case((is_held, None), else_=moment),
        },
        n % 100 < 3,
    )
    yield (
        AuditEntry,
        {
            "id": n,
            "number": n,
            "at": moment,
            "who": "olga",
            "what": "posting approved",
            "subject": cast(n, Text),
            "previous": _name("h", n - 1),
            "hash": _name("h", n),
        },
        None,
    )


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
