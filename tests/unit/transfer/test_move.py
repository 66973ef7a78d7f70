"""`hub move` copies and verifies everything, seals the old database, and posts nothing twice."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from hub.cli.terminal import Terminal
from hub.contract.registry import Plugins
from hub.db import database_identity, engine
from hub.db.database_identity import IdentityDifference
from hub.db.engine import address_without_password, create_standalone_engine
from hub.models import ConnectedCompany
from hub.posting.send.run import drain
from hub.transfer import move as moves
from hub.transfer.errors import HubAtWork
from hub.transfer.exclusive import open_exclusively
from tests.support.processes.filled_folder import (
    folder,
    hub,
    lists_of,
    old_folder,
    target,
    with_password,
)
from tests.support.processes.moved_folder import moved, moved_hub, own_move
from tests.support.rows.posting_bench import PostingBench

END_SESSIONS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
__all__ = ["folder", "hub", "moved", "moved_hub", "old_folder", "own_move", "target"]


def test_a_moved_hub_has_everything_and_the_old_one_is_sealed(hub, moved):
    output, target = moved.output, moved.address
    assert "are equal in both databases" in output
    assert "postings, posted" in output
    assert "amount posted, NOK" in output
    assert "HUB_DATABASE_URL" in output
    assert "quite-secret" not in output
    assert lists_of(hub, HUB_DATABASE_URL=target) == lists_of(hub)
    assert "intact" in hub("audit", "verify", HUB_DATABASE_URL=target)[1]
    assert "database moved" in hub("audit", "list", HUB_DATABASE_URL=target)[1]
    for command in (("outbox",), ("sync",), ("init",), ("serve", "--port", "0"), ("check",)):
        code, output = hub(*command, HUB_DATA=str(moved.folder))
        assert code == 1, command
        assert f"moved to {engine.address_without_password(target)}" in output
        assert "quite-secret" not in output


def test_a_copy_of_the_moved_database_is_recognized_as_a_restored_one(
    moved, postgres, make_database
):
    """A copy may be older than what the hub has sent since, also before the first run."""
    put_back = make_database(postgres, make_url(moved.address).database)
    differences = []
    for address in (moved.address, put_back):
        with create_standalone_engine(address).connect() as connection:
            stored = connection.execute(select(ConnectedCompany.database_identity)).scalars().all()
            connection.commit()
            current = database_identity.read_from(connection)
        differences.append({database_identity.compare(identity, current) for identity in stored})
    assert differences == [{IdentityDifference.NONE}, {IdentityDifference.REPLACED}]


def test_moving_again_says_that_it_is_done(moved_hub, own_move):
    code, output = moved_hub("move", "--to", own_move.address)
    assert code == 1
    assert f"The hub has moved to {engine.address_without_password(own_move.address)}" in output
    assert "Set HUB_DATABASE_URL to the new address" in " ".join(output.split())
    assert "name an empty database" not in output


class Interrupted(Exception):
    """The process ends here."""


def interrupt(*args, **options):
    raise Interrupted


class Interruption:
    """A progress display that ends the process when a phase has done some of its rows."""

    def __init__(self, phase, share):
        self.phase, self.share = phase, share

    def __call__(self, phase, done, of):
        if phase == self.phase and done >= of * self.share:
            raise Interrupted

    def clear(self):
        pass


@pytest.mark.proof(small=1, full=2)
@pytest.mark.parametrize(
    ("phase", "share"), [("copy", 0.5), ("prove", 0), ("release", 0), ("prove", 1)]
)
def test_an_interrupted_move_is_repeated_and_loses_nothing(hub, target, monkeypatch, phase, share):
    before = lists_of(hub)
    with monkeypatch.context() as patch:
        patch.setattr("hub.cli.transfer.Terminal", lambda name: Interruption(phase, share))
        if phase == "release":  # the old database is sealed, and the process ends
            patch.setattr(moves, "release", interrupt)
        assert hub("move", "--to", target)[0] == 1
    if phase == "release":
        assert "has moved to" in hub("outbox")[1]
    else:
        assert lists_of(hub) == before
    if phase != "copy":
        assert "is an unfinished copy of" in hub("outbox", HUB_DATABASE_URL=target)[1]
        assert "is an unfinished copy of" in hub("init", HUB_DATABASE_URL=target)[1]
    code, output = hub("move", "--to", target)
    assert code == 0, output
    assert lists_of(hub, HUB_DATABASE_URL=target) == before
    assert "has moved to" in hub("outbox")[1]


def test_a_copy_that_is_not_complete_leaves_the_old_hub_usable(hub, target, monkeypatch):
    copy = moves.copy

    def lossy_copy(source, origin, progress):
        copy(source, origin, progress)
        with engine.transaction() as session:
            oldest = "SELECT min(id) FROM posting"
            session.execute(text(f"UPDATE posting SET number = 'x' WHERE id = ({oldest})"))

    monkeypatch.setattr(moves, "copy", lossy_copy)
    code, output = hub("move", "--to", target)
    assert (code, "of table posting differs" in output) == (1, True)
    assert hub("outbox")[0] == 0


def test_a_damaged_old_database_is_named_and_not_the_new_one(hub, target, folder):
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'source_document'"
        (page,) = connection.execute(query).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with (folder / "hub.db").open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    code, output = hub("move", "--to", target)
    named = f"The database sqlite:///{folder}/hub.db cannot be used: database disk image is"
    assert (code, named in output) == (1, True), output


def test_a_target_with_rows_is_refused_and_stays_as_it_is(hub, target):
    assert hub("init", HUB_DATABASE_URL=target)[0] == 0
    assert hub("audit", "list", HUB_DATABASE_URL=target)[0] == 0  # records that it was exported
    code, output = hub("move", "--to", target)
    assert (code, "audit_entry has rows" in output) == (1, True)
    assert hub("outbox")[0] == 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite:////tmp/other.db", "names an SQLite file"),
        ("mysql://localhost/hub", "works with PostgreSQL and SQLite"),
        ("postgresql://hub:quite-secret@127.0.0.1:1/hub", "cannot be used"),
    ],
)
def test_another_target_is_refused_with_a_sentence(hub, url, why):
    code, output = hub("move", "--to", url)
    assert (code, why in output, "quite-secret" in output) == (1, True, False)
    assert hub("outbox")[0] == 0


def test_a_hub_at_work_is_refused(hub, target, folder):
    at_work = sqlite3.connect(folder / "hub.db")
    at_work.execute("SELECT count(*) FROM posting").fetchone()
    code, output = hub("move", "--to", target)
    assert (code, "stop `hub serve`" in output) == (1, True)
    at_work.close()


def test_no_row_is_copied_to_a_database_that_a_process_of_the_hub_uses(hub, target):
    """It would work with the rows before all of them are there, and so would the old hub."""
    assert hub("init", HUB_DATABASE_URL=target)[0] == 0
    with create_standalone_engine(target).connect() as early_worker:
        early_worker.execute(text("SELECT 1"))
        code, output = hub("move", "--to", target)
        assert (code, "other connections of the same user: 1" in output) == (1, True), output
        assert early_worker.scalar(text("SELECT count(*) FROM posting")) == 0
    assert hub("move", "--to", target)[0] == 0


@pytest.mark.parametrize("revision", ["0023", "9999"])
def test_another_revision_is_refused(hub, target, folder, tmp_path, revision):
    """Also a later one that only added columns, which this version would not copy."""
    with closing(sqlite3.connect(folder / "hub.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
        connection.execute("UPDATE database_origin SET oldest_revision = '0024'")
    connection.close()
    for command in (("move", "--to", target), ("backup", str(tmp_path / "backup.zip"))):
        code, output = hub(*command)
        assert (code, f"is at revision {revision}" in output) == (1, True)


@pytest.mark.proof(small=0)
def test_a_hub_moves_from_one_postgresql_database_to_another(hub, moved, postgres, make_database):
    before = lists_of(hub)
    target = with_password(make_database(postgres, make_url(moved.address).database))
    second = make_database(postgres)
    with create_standalone_engine(target).connect() as other:
        other.execute(text("SELECT 1"))
        code, output = hub("move", "--to", second, HUB_DATABASE_URL=target)
        assert (code, "other connections of the same user: 1" in output) == (1, True)
    code, output = hub("move", "--to", second, HUB_DATABASE_URL=target)
    assert code == 0, output
    assert lists_of(hub, HUB_DATABASE_URL=second) == before
    assert "has moved to" in hub("outbox", HUB_DATABASE_URL=target)[1]


def test_of_two_postgresql_databases_the_one_that_was_lost_is_named(
    hub, moved, postgres, make_database, monkeypatch
):
    source = make_database(postgres, make_url(moved.address).database)
    target = make_database(postgres)
    lost = source

    class LosingTerminal(Terminal):
        def __call__(self, phase, done, of):
            with psycopg.connect(lost, autocommit=True) as connection:
                connection.execute(END_SESSIONS)

    with monkeypatch.context() as patch:
        patch.setattr("hub.cli.transfer.Terminal", LosingTerminal)
        for lost in (source, target):
            code, output = hub("move", "--to", target, HUB_DATABASE_URL=source)
            place = address_without_password(lost)
            assert (code, f"The database {place} cannot be used" in output) == (1, True), output
    assert hub("move", "--to", target, HUB_DATABASE_URL=source)[0] == 0


def test_a_server_that_is_away_is_not_taken_for_a_hub_at_work(hub, target):
    away = "postgresql://hub@127.0.0.1:1/hub"
    code, output = hub("move", "--to", target, HUB_DATABASE_URL=away)
    assert (code, f"The database {away} cannot be used" in output) == (1, True), output


def test_a_process_that_starts_during_a_move_waits_for_the_seal(pg_app, postgres_url):
    engine.db.engine.dispose()
    other = create_standalone_engine(postgres_url)
    with open_exclusively(postgres_url), other.connect() as connection:
        connection.execute(text("SET lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            connection.execute(text("SELECT moved_to FROM database_origin"))


def test_a_hub_at_work_does_not_wait_for_the_tables_of_a_move(pg_app, postgres_url):
    engine.db.engine.dispose()
    with create_standalone_engine(postgres_url).connect() as at_work:
        at_work.execute(text("SELECT count(*) FROM posting"))
        # No table was locked: that would have taken longer than the move waits for a lock.
        with pytest.raises(HubAtWork, match="other connections"), open_exclusively(postgres_url):
            pass


# -- exactly once ----------------------------------------------------------------------------------


@pytest.fixture
def bench(app, quickbooks, clock):
    return PostingBench(app, quickbooks, clock)


def test_the_first_sync_after_a_move_posts_nothing_twice(bench, app, make_app, make_config, target):
    posted = bench.bill("A-1")
    bench.drain()
    bench.quickbooks.add_fault("lose_answer", "bill.create")
    in_doubt = bench.bill("A-2")
    bench.drain()
    assert (bench.state(posted), bench.state(in_doubt)) == ("posted", "unknown")
    ready = bench.bill("A-3")
    shared = app.extensions["hub"]
    engine.db.engine.dispose()
    done = moves.move(shared.config, target, make_app, "test", lambda phase, done, of: None)
    assert done.proof.count > 10

    moved = make_app(
        make_config(HUB_DATABASE_URL=target),
        mounts=shared.mounts,
        plugins=Plugins.load([bench.source], installed=False),
    )
    with moved.app_context():
        bench.app = moved
        drain(bench.company_id, wait_for_doubts=True)
        states = [bench.state(id) for id in (posted, in_doubt, ready)]
        assert bench.posting(posted).company_id == bench.company_id
        drain(bench.company_id, wait_for_doubts=True)
    assert states == ["posted"] * 3
    assert sorted(bill["DocNumber"] for bill in bench.bills()) == ["A-1", "A-2", "A-3"]
    assert len(bench.sent("bill.create")) == 3
