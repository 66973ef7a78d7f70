"""Commands behind a pooler that changes sessions of PostgreSQL, or drops their settings."""

import os

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from hub.cli import main
from hub.db.engine import db
from hub.scheduling.worker import Worker
from hub.web.serving import server
from tests.support.runs.hub_environment import KEYS
from tests.support.servers.transaction_pooler import Pooler

REFUSAL = (
    "HUB_DATABASE_URL leads to a pooler that changes the session of PostgreSQL between"
    " transactions, as PgBouncer does with pool_mode=transaction, and locks of the hub are lost"
    " there; set it to the address of PostgreSQL itself, or of a pooler with pool_mode=session"
)


@pytest.fixture
def make_pooled_app(postgres_url, make_app, make_config, monkeypatch):
    """Return a function that makes a hub behind a pooler; all end with the test."""
    poolers = []
    apps = []

    def make(pool_mode, engine="distributed", **options):
        poolers.append(Pooler(postgres_url, pool_mode, **options))
        settings = {"HUB_DATABASE_URL": poolers[-1].url, "HUB_ENGINE": engine}
        config = make_config(**settings)
        # Some commands read the settings themselves, and `hub serve` makes a missing data folder.
        for name, value in {"HUB_DATA": str(config.data), **KEYS}.items():
            monkeypatch.setenv(name, value)
        apps.append(make_app(config))
        return apps[-1]

    yield make
    for app in apps:
        with app.app_context():
            db.engine.dispose()
    for pooler in poolers:
        pooler.close()


@pytest.fixture
def set_default(postgres_url):
    """Return a function that gives sessions of the database another default for a setting."""
    name = make_url(postgres_url).database
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield lambda setting: connection.execute(f"ALTER DATABASE {name} SET {setting}")
        connection.execute(f"ALTER DATABASE {name} RESET ALL")


@pytest.fixture(autouse=True)
def end_at_start(monkeypatch):
    """End commands that work until a signal as soon as they have started."""

    def end(*arguments, **options):
        raise SystemExit(0)

    monkeypatch.setattr(Worker, "run", lambda self: None)
    monkeypatch.setattr(os, "execve", end)
    monkeypatch.setattr(server, "create_server", end)


def invoke(app, *arguments):
    """Call a command with this application open; return its exit code, output and errors."""
    result = CliRunner().invoke(main, arguments, obj=app)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.proof(small=2)
@pytest.mark.parametrize(
    ("engine", "command"),
    [
        ("distributed", ("worker",)),
        ("distributed", ("serve", "--port", "0")),
        ("embedded", ("serve", "--port", "0")),
        ("embedded", ("sync",)),
    ],
)
def test_a_command_that_needs_sessions_is_refused_behind_a_pooler_of_transactions(
    make_pooled_app, engine, command
):
    code, _, errors = invoke(make_pooled_app("transaction", engine), *command)
    assert (code, REFUSAL in errors) == (1, True), errors


@pytest.mark.proof(small=0)
def test_a_check_names_a_pooler_of_transactions(make_pooled_app):
    code, out, _ = invoke(make_pooled_app("transaction"), "check")
    assert (code, f"missing  {REFUSAL}\n" in out) == (1, True), out


def test_a_worker_starts_behind_a_pooler_of_sessions(make_pooled_app):
    code, out, errors = invoke(make_pooled_app("session"), "worker")
    assert (code, "The worker has ended." in out) == (0, True), errors


@pytest.mark.parametrize(
    ("default", "needed"),
    [
        ("DateStyle = 'SQL, DMY'", "DateStyle = 'ISO'"),
        (
            "default_transaction_isolation = 'serializable'",
            "default_transaction_isolation = 'read committed'",
        ),
    ],
)
def test_sessions_without_what_the_hub_asks_for_are_refused(
    make_pooled_app, set_default, default, needed
):
    """The driver can read no moment in another style, and another isolation lets writes fail."""
    set_default(default)
    code, _, errors = invoke(make_pooled_app("session", ignores_options=True), "worker")
    assert (code, f"`ALTER ROLE postgres SET {needed}`" in errors) == (1, True), errors
    code, _, errors = invoke(make_pooled_app("session"), "worker")
    assert code == 0, errors


def test_a_check_names_the_time_limits_that_a_pooler_drops(make_pooled_app, set_default):
    limits = ("lock_timeout = '30s'", "idle_in_transaction_session_timeout = '60s'")
    _, out, _ = invoke(make_pooled_app("session", ignores_options=True), "check")
    assert all(f"`ALTER ROLE postgres SET {limit}`" in out for limit in limits), out
    for limit in limits:
        set_default(limit)
    _, out, _ = invoke(make_pooled_app("session", ignores_options=True), "check")
    assert "ALTER ROLE" not in out
