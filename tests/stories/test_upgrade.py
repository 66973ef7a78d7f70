"""Data folders of the first revision open after every later one with all their documents."""

import datetime as dt
import json
import re
import shutil
import sqlite3
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from hub_costtracker.sandbox import StandIn as CostTrackerStandIn
from hub_ion.sandbox import StandIn
from sqlalchemy import func, inspect, select, text

from hub.cli import main
from hub.db import engine
from hub.migrations import schema
from hub.models import Case, Installation, Posting, Run, Secret, SourceDocument
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import runner
from hub.security import audit_check, secrets
from qbo_sandbox.kit import Clock, Journal
from qbo_sandbox.kit.wsgi import WSGIAdapter
from tests.support.pages.page_visitor import Visitor
from tests.support.runs.prepared_state import NORWAY
from tests.support.sources.stand_in_fixtures import mount_quickbooks

BASELINE = Path(__file__).parents[1] / "baseline"
TABLES = {SourceDocument: "source_document", Posting: "posting", Case: '"case"', Run: "run"}
COLUMNS = ("id", "app", "source_id", "kind", "part", "number", "party", "date", "total", "currency")
STATE_COLUMNS = (*COLUMNS, "operation", "state", "reason", "quickbooks_id")

# The address of ION in the dump, its postings that were sent, by the path of the call, and when the
# answer to the second one was lost.
ION = "http://127.0.0.1:18513"
COSTTRACKER = "http://127.0.0.1:18512"
ION_SENT = {"item": 23, "purchaseorder": 24}
LOST_AT = dt.datetime(2026, 11, 21, 15, 33, 10, tzinfo=dt.UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request):
    """Return the folder of the dump for one database."""
    return BASELINE / request.param


@pytest.fixture
def make_url(request, folder, tmp_path):
    """Return a function that makes an empty database of the dump's kind and returns its address."""

    def make(name):
        if folder.name == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        server = request.getfixturevalue("postgres")
        return request.getfixturevalue("make_database")(server)

    return make


@pytest.fixture
def old(folder, make_url, make_app, make_config):
    """Provide a hub with pages on a copy of the baseline that is not upgraded yet."""
    dump = (folder / "database.sql").read_text(encoding="utf-8")
    config = make_config(HUB_DATABASE_URL=make_url("old"))
    if folder.name == "sqlite":
        connection = sqlite3.connect(config.database_url.removeprefix("sqlite:///"))
        connection.executescript(dump)
        connection.close()
    else:
        with psycopg.connect(config.database_url, autocommit=True) as connection:
            connection.execute(dump)
    shutil.copytree(folder / "sends", config.data / "sends")
    shutil.copy(folder / "audit.head", config.data / "audit.head")
    return make_app(config, pages=True)


@pytest.fixture
def upgraded(old):
    engine.upgrade(old)
    return old


def printed(app, *command):
    """Return the JSON that a command prints."""
    with app.app_context():
        result = CliRunner().invoke(main, [*command, "--json"], obj=app)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def expected(folder, name):
    """Return the output of the version that made the baseline."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def part_of(rows, names):
    return [{name: row[name] for name in names} for row in rows]


def test_the_tables_are_those_of_a_new_database(upgraded, make_url, make_app, make_config):
    new = make_app(make_config(HUB_DATABASE_URL=make_url("new")))
    engine.upgrade(new)
    assert tables_of(upgraded) == tables_of(new)


def test_the_tables_are_those_of_the_models(upgraded):
    with upgraded.app_context(), engine.db.engine.connect() as connection:
        assert schema.find_differences_from_models(connection) == []


def tables_of(app):
    with app.app_context(), engine.db.engine.connect() as connection:
        return described(connection)


def described(connection):
    """Return columns, indexes and rules of all tables."""
    inspector = inspect(connection)
    tables = {}
    for name in inspector.get_table_names():
        columns = {
            column["name"]: (str(column["type"]), column["nullable"])
            for column in inspector.get_columns(name)
        }
        unique = {
            frozenset(rule["column_names"]) for rule in inspector.get_unique_constraints(name)
        }
        keys = {
            (tuple(key["constrained_columns"]), key["referred_table"])
            for key in inspector.get_foreign_keys(name)
        }
        indexes = {
            (index["name"], tuple(index["column_names"]), bool(index["unique"]))
            for index in inspector.get_indexes(name)
        }
        tables[name] = columns, unique, keys, indexes
    return tables


def test_no_row_is_lost(old):
    with old.app_context():
        with engine.read_only_session() as session:
            before = {
                model: session.scalar(text(f"SELECT count(*) FROM {table}"))
                for model, table in TABLES.items()
            }
        engine.upgrade(old)
        with engine.read_only_session() as session:
            after = {
                model: session.scalar(select(func.count()).select_from(model)) for model in TABLES
            }
    assert after == before
    assert min(before.values()) >= 5


def test_commands_list_every_posting_and_case(upgraded, folder):
    postings, cases = expected(folder, "outbox"), expected(folder, "cases")
    assert part_of(printed(upgraded, "outbox"), STATE_COLUMNS) == part_of(postings, STATE_COLUMNS)
    assert part_of(printed(upgraded, "cases"), ("app", "cause", "postings")) == part_of(
        cases, ("app", "cause", "postings")
    )
    states = {row["state"] for row in postings}
    assert states >= {"posted", "held", "review", "unknown", "skipped"}


def test_pages_show_every_document_and_case(upgraded, folder):
    visitor = Visitor(upgraded, None)
    assert visitor.log_in("olga").status_code == 302
    postings = expected(folder, "outbox")
    listed = visitor.page("/documents")
    for row in postings:
        assert row["number"] in listed or row["operation"] == "attach", row
    for path in sorted(set(re.findall(r'href="(/documents/\d+)"', listed))):
        visitor.page(path)
    inbox = visitor.page("/inbox")
    for case in expected(folder, "cases"):
        assert case["title"] in inbox
    for path in ("/", "/runs", "/apps", "/companies", "/audit"):
        visitor.page(path)


def test_secrets_open_and_the_audit_log_is_intact(upgraded):
    with upgraded.app_context(), engine.read_only_session() as session:
        assert audit_check.verify(session).count > 10
        places = list(session.scalars(select(Secret.place)))
        stored_secrets = [secrets.get(session, place) for place in places]
        settings = [row.settings for row in session.scalars(select(Installation))]
    assert len(places) > 10
    assert all(stored_secrets)
    assert all(row["payable_account"] for row in settings)


# -- the first sync after an upgrade ---------------------------------------------------------------


@pytest.fixture
def ion(upgraded, clock):
    """Mount the stand-ins of the dump's ION app, a moment after the answer to its order was lost.

    Return that of QuickBooks. It has the item that was posted before, and the order.
    """
    clock.advance((LOST_AT - clock.now()).total_seconds())
    quickbooks = mount_quickbooks(upgraded, clock)
    source = StandIn(Journal(None), 4, 1, Clock(clock.now().timestamp(), frozen=True))
    adapter = WSGIAdapter(source.wsgi, ION, sleep=clock.sleep)
    upgraded.extensions["hub"].mounts[ION] = adapter
    with upgraded.app_context():
        token = quickbooks.refresh_tokens[quickbooks.realm]
        oauth_connect.connect_with_refresh_token(quickbooks.realm, token)
        with engine.read_only_session() as session:
            payloads = [session.get_one(Posting, id).payload for id in ION_SENT.values()]
    for path, payload in zip(ION_SENT, payloads, strict=True):
        answer = quickbooks.ask(
            "POST", path, json.loads(payload), quickbooks.realm, content_type="application/json"
        )
        assert answer.status == 200, answer.text
    clock.advance(1800)
    return quickbooks


def test_the_first_sync_finds_what_was_in_doubt_and_posts_nothing_twice(upgraded, folder, ion):
    (order,) = purchase_orders(ion)
    with upgraded.app_context():
        runs = [runner.sync(2, requested_by="kari") for _ in range(2)]
    assert [run.error for run in runs] == ["", ""]
    assert [run.counts["requests"]["writes"] for run in runs] == [0, 0]
    assert [run.counts["result"].get("posted", 0) for run in runs] == [1, 0]
    assert purchase_orders(ion) == [order]
    found = {"state": "posted", "quickbooks_id": order["Id"]}
    names = (*COLUMNS, "operation", "state", "quickbooks_id")
    postings = part_of(expected(folder, "outbox"), names)
    for row in postings:
        if row["id"] == ION_SENT["purchaseorder"]:
            assert row["state"] == "unknown"
            row |= found
    assert part_of(printed(upgraded, "outbox"), names) == postings


@pytest.fixture
def costtracker(upgraded, clock):
    """Mount the stand-ins of the dump's CostTracker app, a day after its last sync.

    The source has one more invoice since then. Return the stand-in of QuickBooks, whose books are
    empty: a bill that is sent a second time would be in them.
    """
    clock.advance((LOST_AT - clock.now()).total_seconds() + 86400)
    quickbooks = mount_quickbooks(upgraded, clock)
    source = CostTrackerStandIn(Journal(None), 20, 1, Clock(clock.now().timestamp(), frozen=True))
    invoice = source.books.invoices["1001"]
    lines = [line | {"id": f"2001-{number}"} for number, line in enumerate(invoice["lines"])]
    fields = invoice | {"invoice_number": "AFTER-1", "lines": lines, "files": []}
    source.books.do("receive", invoice="2001", fields=fields)
    adapter = WSGIAdapter(source.wsgi, COSTTRACKER, sleep=clock.sleep)
    upgraded.extensions["hub"].mounts[COSTTRACKER] = adapter
    with upgraded.app_context():
        token = quickbooks.refresh_tokens[NORWAY.realm]
        oauth_connect.connect_with_refresh_token(NORWAY.realm, token)
    return quickbooks


def test_the_first_sync_of_costtracker_sends_only_what_is_new(upgraded, folder, costtracker):
    names = ("id", "app", "source_id", "operation", "state", "quickbooks_id")
    before = part_of(expected(folder, "outbox"), names)
    with upgraded.app_context():
        runs = [runner.sync(1, requested_by="kari") for _ in range(2)]
    assert [run.error for run in runs] == ["", ""]
    assert runs[1].counts["requests"]["writes"] == 0
    after = part_of(printed(upgraded, "outbox"), (*names, "number"))
    count = len(after) - len(before)
    assert part_of(after[count:], names) == before
    bills = costtracker.select("select * from Bill", NORWAY.realm)["Bill"]
    posted = [row["number"] for row in after[:count] if row["state"] == "posted"]
    assert sorted(bill["DocNumber"] for bill in bills) == sorted(posted)
    assert "AFTER-1" in posted


def purchase_orders(quickbooks):
    return quickbooks.select("select * from PurchaseOrder").get("PurchaseOrder", [])
