"""`hub unseal` lets a hub that has moved work with its old database again."""

import sqlite3
from contextlib import closing

import flask_migrate
from click.testing import CliRunner
from sqlalchemy import text

from hub.cli import main
from hub.db import engine
from hub.db.engine import address_without_password, create_standalone_engine
from tests.support.processes.filled_folder import folder, lists_of, old_folder
from tests.support.processes.moved_folder import change_new_address, moved, moved_hub, own_move

__all__ = ["folder", "moved", "moved_hub", "old_folder", "own_move"]


def test_an_unsealed_hub_works_again_and_looks_before_it_sends(moved_hub, own_move, folder):
    before = lists_of(moved_hub, HUB_DATA=str(folder))
    code, output = moved_hub("unseal", "--yes")
    assert code == 0, output
    assert lists_of(moved_hub) == before
    assert "intact" in moved_hub("audit", "verify")[1]
    with closing(sqlite3.connect(own_move.folder / "hub.db")) as connection, connection:
        query = "SELECT count(*) FROM company WHERE restored_since IS NULL"
        assert connection.execute(query).fetchone() == (0,)
    connection.close()
    assert "is not sealed" in moved_hub("unseal", "--yes")[1]


def test_an_unsealed_hub_does_not_work_at_the_new_address_any_more(moved_hub, own_move):
    """Both would post every new document."""
    assert moved_hub("unseal", "--yes")[0] == 0
    old = f"sqlite:///{own_move.folder}/hub.db"
    code, output = moved_hub("sync", HUB_DATABASE_URL=own_move.address)
    assert (code, f"The hub has moved to {old}" in output) == (1, True), output
    code, output = moved_hub("unseal", "--yes", HUB_DATABASE_URL=own_move.address)
    assert code == 0, output
    assert moved_hub("outbox", HUB_DATABASE_URL=own_move.address)[0] == 0
    assert "has moved to" in moved_hub("outbox")[1]


def test_a_hub_that_was_upgraded_at_the_new_address_is_unsealed(
    moved_hub, own_move, make_app, make_config
):
    """`hub init`, which upgrades the tables, refuses a sealed database."""
    old_hub = make_app(make_config(HUB_DATABASE_URL=f"sqlite:///{own_move.folder}/hub.db"))
    engine.bind_migrations(old_hub)
    with old_hub.app_context():
        flask_migrate.downgrade()
        engine.db.engine.dispose()
    code, output = moved_hub("unseal", "--yes")
    assert code == 0, output
    assert moved_hub("outbox")[0] == 0


def test_a_hub_at_work_at_the_new_address_is_not_unsealed(moved_hub, own_move):
    with create_standalone_engine(own_move.address).connect() as worker:
        worker.execute(text("SELECT 1"))
        code, output = moved_hub("unseal", "--yes")
    at_work = f"The hub is at work on {address_without_password(own_move.address)}"
    assert (code, at_work in output) == (1, True), output
    assert "has moved to" in moved_hub("outbox")[1]


def test_a_hub_that_moved_on_from_the_new_address_is_not_unsealed(moved_hub, own_move):
    further = "postgresql://hub@db.example.com/third"
    with create_standalone_engine(own_move.address).begin() as connection:
        connection.execute(text("UPDATE database_origin SET moved_to = :to"), {"to": further})
    code, output = moved_hub("unseal", "--yes")
    assert (code, f"The hub has moved to {further}" in output) == (1, True), output
    assert "has moved to" in moved_hub("outbox")[1]


def test_a_person_decides_if_the_new_database_cannot_be_reached(moved_hub, own_move):
    change_new_address(own_move.folder, "postgresql://hub@127.0.0.1:1/hub")
    for answers, expected in (("y\nn\n", 1), ("y\ny\n", 0)):
        result = CliRunner().invoke(main, ["unseal"], input=answers)
        named = "The database postgresql://hub@127.0.0.1:1/hub cannot be used"
        assert (result.exit_code, named in result.output) == (expected, True), result.output
    assert moved_hub("outbox")[0] == 0
