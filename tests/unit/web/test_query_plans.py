"""Query plans of every page: all queries use indexes, and no large table is read completely.

A database with many documents is written, three people open every page, and each statement is
explained and executed again. SQLite counts the steps of its virtual machine; PostgreSQL counts the
rows that each part of a plan reads.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from hub import config as configuration
from hub.app import create_app
from hub.contract.registry import Plugins
from hub.db import engine
from hub.models.postings import OPEN_CONDITION, REREAD_DOCUMENTS
from hub.outbox import document_search
from hub.security import people
from hub.security.rights import MAX_LOOKUPS, Right, Subject
from hub.testing.clock import FakeClock
from hub.web.lists import document_filters, exports
from tests.support.pages.page_visitor import Visitor
from tests.support.rows import large_data
from tests.support.rows.page_rows import PASSWORD
from tests.support.runs.hub_environment import KEYS
from tests.support.runs.tiers import by_form
from tests.support.servers.database_fixtures import create_tables, created_database

COMPANIES, DOCUMENTS = 200, 20_000
# To read each document once takes more of either.
MAX_STEPS, MAX_ROWS = 60_000, 8_000
MAX_STEPS_OF_MONTH = 150_000  # a report adds up a month; adding up a year takes over a million
ADDS_UP_MONTH = ("/reports/?month=", "/reports/export?month=")
MAX_STEPS_OF_APP = 1_500  # for documents in a state, of which one app has few
OF_APP = ("/documents?installation=100&state=held ", "/documents?state=held as vera")
MAX_LISTED = 1_000  # rows for a page of documents and the sums above it
OLDEST = "2026-01-01"
ADDS_UP = "AS is_made"  # in the query of the sum above a list
COUNTS_FURTHER = "OFFSET"  # in the query whether a list has more than are added up
DATED_BY_ID = f"DATE '{OLDEST}' + (id * 365 / {DOCUMENTS})::int"
STEPS_PER_CALL = 100
EXPORTED_PARTS = 4  # of an export that are downloaded; each reads its rows by queries like the next
LARGE = (
    "attempt",
    "audit_entry",
    "case",
    "document_term",
    "head",
    "posting",
    "receipt_row",
    "run",
    "run_line",
    "schedule",
    "source_document",
)
# Except in the long form, whose rights narrow the lists; both databases have the same indexes.
NARROWED = {"sqlite": "vera", "postgresql": "nora"}
# Pages that find all open documents, and the index that has every column they need.
OPEN_LISTED = ("/ as ", "/documents?state=held", "/documents?state=review")
OPEN_INDEX = "ix_posting_open"
LIST = re.compile(r"(/[a-z][^/?]*)*/?(\?.*)?")  # an address without the id of a row
SCAN = re.compile(r"SCAN (\w+?)(?:_\d+)?(?: USING (?:COVERING )?INDEX (\w+))?$")
IDS = {
    "case_id": 101,
    "company_id": 100,
    "document_id": 10_100,
    "field": "supplier",
    "installation_id": 100,
    "person_id": 1,
    "posting_id": 10_100,
    "run_id": 4_100,
    "slug": "costtracker",
}
# Programs read the counts of all documents and the whole audit log; log-out ends the visit.
NOT_VISITED = ("monitoring.metrics", "security.logout", "static")
STATES = (
    "held waiting review ready sending unknown posted paid missing removed skipped withdrawn "
    "pending"
)
FILTERED = (
    *(f"/documents?state={state}" for state in STATES.split()),
    "/documents?before=[10000]",
    "/documents?after=[10000]",
    "/documents?kind=bill",
    "/documents?kind=refund",
    "/documents?installation=100",
    "/documents?installation=100&state=held",
    "/documents?from=2026-01-01&to=2026-01-31",
    "/documents?sort=amount",
    "/documents?sort=-amount",
    "/documents?sort=-date",
    "/documents?sort=due",
    "/documents?sort=-due",
    "/documents?state=held&sort=-amount",
    "/documents?state=held&sort=due",
    "/documents?state=posted&sort=-amount",
    "/documents?state=posted&sort=due",
    "/inbox/?sort=due",
    "/inbox/?sort=amount",
    "/documents?amount=1000-1001",
    "/documents?q=F-0010100",
    "/documents?q=supplier",
    "/documents?q=as+supplier",
    "/documents?q=supplier+nothing",
    "/documents?q=nothing",
    "/inbox/?act=match",
    "/inbox/?act=source",
    "/inbox/?installation=100",
    "/inbox/?q=posting",
    "/inbox/?q=nothing",
    "/runs/?kind=sync",
    "/runs/?kind=lists",
    "/runs/?state=running",
    "/runs/?state=stopped",
    "/runs/?installation=100",
    "/audit/?who=olga",
    "/audit/?who=nobody",
    "/companies?q=0000100",
    "/companies/choose?q=0000100",
    "/choose-app?list=documents",
    "/choose-app?list=documents&q=0000100",
    "/installations/100/review/approve?which=all",
    "/installations/100/matching/?show=all&q=supplier",
    "/installations/100/matching/code?field=supplier&code=s0000100",
    "/reports/documents?month=2026-01&installation=100&currency=NOK&group=posted",
    "/reports/documents?month=2026-01&installation=100&currency=NOK&group=attention",
    "/reports/documents/export?month=2026-01&installation=100&currency=NOK&group=posted",
    "/reports/?month=2026-01",
    "/reports/documents?month=2026-01&approver=olga&currency=NOK&company=100",
    "/reports/export?month=2026-01&table=delays",
    "/reports/export?month=2026-01&table=approvals",
    "/reconciliations/4300?show=all",
    "/reconciliations/4300/export?format=csv",
    "/reconciliations/4300/report.pdf",
    "/documents/export?format=csv",
    "/inbox/export?format=csv",
    "/runs/export?format=csv",
)


class Statement(NamedTuple):
    """A statement with the values of its parameters, and the first page that executed it."""

    sql: str
    parameters: Any
    page: str


@pytest.fixture
def sqlite_app(make_app: Callable[..., Flask], make_config: Callable[..., Any]) -> Flask:
    """Provide a hub on SQLite with many companies, documents, runs and cases.

    Its pages have the usual size, on which the plans of SQLite depend.
    """
    config = make_config()
    create_tables(f"sqlite:///{config.data / 'hub.db'}", config.data)
    app = make_app(config, pages=True)
    _fill(app)
    return app


@pytest.fixture
def postgresql_app(
    make_app: Callable[..., Flask], make_config: Callable[..., Any], postgres_url: str
) -> Flask:
    """Provide the same hub on PostgreSQL."""
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url), pages=True)
    _fill(app)
    with app.app_context():
        _vacuum(engine.db.engine)
    return app


def _vacuum(database: Engine) -> None:
    """Do what autovacuum does soon after so many rows, so that it does not change plans later."""
    at_once = database.execution_options(isolation_level="AUTOCOMMIT")
    with at_once.connect() as connection:
        # Of a sample of rows, ANALYZE would make other statistics each time, and so other plans.
        connection.exec_driver_sql("SET default_statistics_target = 1000")
        connection.exec_driver_sql("VACUUM ANALYZE")


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower limits that do not depend on the number of rows far below that number."""
    monkeypatch.setattr(document_search, "MAX_CANDIDATES", 500)
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 100)
    monkeypatch.setattr(document_filters, "MAX_SUMMED", 40)
    monkeypatch.setattr(document_filters, "MAX_CANDIDATES", 500)


def _fill(app: Flask) -> None:
    """Write the rows, and people who see all companies, one company, and too many to look up."""
    rights = {
        "olga": [Right("owner")],
        "vera": [Right("viewer", Subject(company_id=100))],
        "nora": [Right("viewer", Subject(company_id=n)) for n in range(80, 101 + MAX_LOOKUPS)],
    }
    today = app.extensions["hub"].clock.now().date()
    with app.app_context(), engine.transaction() as session:
        large_data.fill(session, companies=COMPANIES, documents=DOCUMENTS, today=today)
        for name, rights_of_person in rights.items():
            people.insert(session, name, people.hash_new(PASSWORD), rights_of_person)


def _visits(app: Flask, database: str) -> dict[str, list[str]]:
    """Return the addresses that each person opens on a database."""
    every = [*_addresses(app), *FILTERED]
    lists = [*filter(LIST.fullmatch, every)]
    some = {"olga": every, NARROWED[database]: lists}
    all_of_each = dict.fromkeys(("olga", "vera", "nora"), every)
    return by_form(some, some, all_of_each)


def _statements(app: Flask, database: Engine) -> list[Statement]:
    """Open all pages and return every different query."""
    statements: dict[tuple[str, str], Statement] = {}
    for name, addresses in _visits(app, database.dialect.name).items():
        visitor = Visitor(app, None)  # type: ignore[arg-type]
        visitor.log_in(name)
        for address in addresses:
            for statement in _executed(visitor, database, address, name):
                key = statement.sql, repr(statement.parameters)
                statements.setdefault(key, statement)
    return list(statements.values())


def _executed(visitor: Visitor, database: Engine, address: str, name: str) -> list[Statement]:
    """Open a page and return its queries."""
    statements = []
    page = f"{address} as {name}"

    def note(connection: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> None:
        if sql.lstrip().startswith(("SELECT", "WITH")):
            statements.append(Statement(sql, parameters, page))

    event.listen(database, "before_cursor_execute", note)
    answer = visitor.get(address)
    assert answer.status_code < 500, page
    for _ in islice(answer.iter_encoded(), EXPORTED_PARTS):
        pass  # an export reads its rows as it is downloaded
    answer.close()
    event.remove(database, "before_cursor_execute", note)
    return statements


def _addresses(app: Flask) -> Iterator[str]:
    """Yield the address of every page with one row each, also of pages that are added later."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            is_page = "GET" in (rule.methods or ()) and rule.endpoint not in NOT_VISITED
            if is_page and rule.arguments <= IDS.keys():
                yield app.url_map.bind("").build(
                    rule.endpoint, {name: IDS[name] for name in rule.arguments}
                )


def _sqlite_faults(cursor: Any, statement: Statement, partial: set[str]) -> Iterator[str]:
    """Yield why a query of SQLite would become slow with more rows."""
    plan = []
    cursor.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters)
    for *_, detail in cursor.fetchall():
        scan = SCAN.fullmatch(detail)
        if scan and scan[1] in LARGE and scan[2] not in partial and "LIMIT" not in statement.sql:
            yield detail
        plan.append(detail)
    is_open_listed = statement.page.startswith(OPEN_LISTED) and OPEN_CONDITION in statement.sql
    if REREAD_DOCUMENTS in statement.sql:
        is_open_listed = False  # the postings of a few documents are looked up one by one
    if is_open_listed and f"USING COVERING INDEX {OPEN_INDEX}" not in " ".join(plan):
        yield f"{plan}: each open posting is read"
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += STEPS_PER_CALL

    cursor.connection.set_progress_handler(count, STEPS_PER_CALL)
    cursor.execute(statement.sql, statement.parameters)
    cursor.fetchall()
    cursor.connection.set_progress_handler(None, 0)
    if steps > _get_max_steps(statement):
        yield f"{steps} steps"


def _get_max_steps(statement: Statement) -> int:
    """Return how many steps a statement of SQLite may take."""
    if statement.page.startswith(ADDS_UP_MONTH):
        return MAX_STEPS_OF_MONTH
    if statement.page.startswith(OF_APP) and "FROM source_document" in statement.sql:
        return MAX_STEPS_OF_APP
    return MAX_STEPS


@pytest.mark.proof(small=0)
def test_no_query_of_a_page_reads_a_large_table_of_sqlite(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        database = engine.db.engine
    statements = _statements(sqlite_app, database)
    assert len(statements) > 300
    pages_by_index = [statement.page for statement in statements if OPEN_CONDITION in statement.sql]
    assert all(any(page.startswith(path) for page in pages_by_index) for path in OPEN_LISTED)
    faults = []
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT name FROM sqlite_master WHERE sql LIKE '% INDEX % WHERE %'")
        partial = {name for (name,) in cursor.fetchall()}
        for statement in statements:
            problems = [*_sqlite_faults(cursor, statement, partial)]
            if problems:
                faults.append(f"{statement.page}: {problems}\n{statement.sql}")
    assert not faults, "\n\n".join(faults)


def _rows_read(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the large tables that a plan of PostgreSQL reads, and how many of their rows."""
    table = node.get("Relation Name", "")
    if table in LARGE:
        removed = sum(value for name, value in node.items() if name.startswith("Rows Removed by"))
        rows = (node["Actual Rows"] + removed) * node["Actual Loops"]
        yield f"{node['Node Type']} of {table}", rows
    for part in node.get("Plans", ()):
        yield from _rows_read(part)


@pytest.mark.proof(small=0)
def test_no_query_of_a_page_reads_a_large_table_of_postgresql(postgresql_app: Flask) -> None:
    with postgresql_app.app_context():
        database = engine.db.engine
    statements = _statements(postgresql_app, database)
    assert len(statements) > 300
    faults = []
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        # Tables of this size would be read whole; with more rows the indexes cost less.
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("SET enable_hashjoin = off")
        for statement in statements:
            reads = _reads_on_postgresql(cursor, statement)
            problems = [read for read in reads if read[0].startswith("Seq") or read[1] > MAX_ROWS]
            if problems:
                faults.append(f"{statement.page}: {problems}\n{statement.sql}")
    assert not faults, "\n\n".join(faults)


def _reads_on_postgresql(cursor: Any, statement: Statement) -> list[tuple[str, int]]:
    """Execute a query; return the large tables that it reads, and how many of their rows."""
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON, TIMING OFF) {statement.sql}"
    cursor.execute(explain, statement.parameters)
    (plans,) = cursor.fetchone()
    plans = plans if isinstance(plans, list) else json.loads(plans)
    return [*_rows_read(plans[0]["Plan"])]


@pytest.fixture(scope="module")
def dated_documents(
    postgres: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Create a PostgreSQL database in which documents have the order of their dates.

    The planner knows its tables.
    """
    clock = FakeClock()
    with created_database(postgres, postgres_template) as url:
        data = tmp_path_factory.mktemp("dated")
        data.chmod(0o700)
        environ = {**KEYS, "HUB_DATA": str(data), "HUB_DATABASE_URL": url}
        app = create_app(configuration.load(environ), clock=clock, plugins=Plugins([]))
        with app.app_context():
            with engine.transaction() as session:
                _fill_in_order_of_dates(session, clock.now().date())
            engine.db.engine.dispose()
        yield url


def _fill_in_order_of_dates(session: Session, today: dt.date) -> None:
    large_data.fill(session, companies=20, documents=DOCUMENTS, today=today, runs_per_company=1)
    people.insert(session, "olga", people.hash_new(PASSWORD), [Right("owner")])
    connection = session.connection()
    connection.exec_driver_sql(f"UPDATE source_document SET date = {DATED_BY_ID}")
    connection.exec_driver_sql("ANALYZE")


@pytest.fixture
def planned_reads(
    make_app: Callable[..., Flask], make_config: Callable[..., Any], dated_documents: str
) -> Callable[[str], dict[str, int]]:
    """Return a function that opens a list and returns what PostgreSQL reads for its sum."""
    app = make_app(make_config(HUB_DATABASE_URL=dated_documents), pages=True)
    visitor = Visitor(app, None)  # type: ignore[arg-type]
    visitor.log_in("olga")

    def read(query: str) -> dict[str, int]:
        with app.app_context():
            database = engine.db.engine
        statements = _executed(visitor, database, f"/documents?{query}", "olga")
        added_up = [statement for statement in statements if ADDS_UP in statement.sql]
        counted = [statement for statement in statements if COUNTS_FURTHER in statement.sql]
        (sum_of_list,) = added_up or counted
        with database.connect() as connection:
            return dict(_reads_on_postgresql(connection.connection.cursor(), sum_of_list))

    return read


@pytest.mark.proof(small=0)
def test_the_sum_of_a_list_reads_no_more_than_its_limit_if_postgresql_plans_as_it_likes(
    planned_reads: Callable[[str], dict[str, int]],
) -> None:
    dates = f"from={OLDEST}&to=2026-02-28"
    for query in ("state=posted", dates, f"{dates}&state=posted"):
        read = planned_reads(query)
        assert {what: rows for what, rows in read.items() if rows > MAX_LISTED} == {}, query


@pytest.mark.proof(small=0)
def test_the_sum_of_a_state_looks_at_no_more_documents_than_its_limit(
    planned_reads: Callable[[str], dict[str, int]],
) -> None:
    """Of each state there are five times as many, all of which an index of postings finds."""
    limit = document_filters.MAX_SUMMED + 1
    for state, reading in (
        ("held", "Index Only Scan of posting"),  # of the number of postings of a document
        ("review", "Index Only Scan of posting"),
        ("skipped", "Index Scan of source_document"),
    ):
        read = planned_reads(f"state={state}")
        assert max(read.values()) <= DOCUMENTS / 100, state
        assert read[reading] == limit, state
