"""Hubs of the distributed engine on one database, like processes on several machines."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from hub import config as configuration
from hub.db import coordination, lease_rows
from hub.db.engine import db
from hub.rate_limits.limiter import LIMITERS
from hub.rate_limits.shared_limiter import SharedRateLimiter
from hub.scheduling import folder_lock
from tests.support.runs.hub_environment import INTUIT, SECRET_KEY, VAULT_KEYS

# The database's clock is not injected, so a lease is far longer than any test takes.
LEASE = 100_000
LEASE_MARGIN_SECONDS = 10_000


@pytest.fixture
def make_process(
    make_app: Callable[..., Flask], tmp_path: Path, postgres_url: str
) -> Iterator[Callable[..., Flask]]:
    """Return a function that creates hubs on one database, each with its own data folder."""
    apps: list[Flask] = []

    def make(name: str, *, engine: str = "distributed", **options: Any) -> Flask:
        data = tmp_path / name
        data.mkdir(mode=0o700, exist_ok=True)
        environ = {
            "HUB_DATA": str(data),
            "HUB_SECRET_KEY": SECRET_KEY,
            "HUB_VAULT_KEYS": VAULT_KEYS,
            "HUB_DATABASE_URL": postgres_url,
            "HUB_SECOND_FACTOR": "off",
            "HUB_ENGINE": engine,
            "HUB_LEASE_SECONDS": str(LEASE),
            "HUB_QUIET_SECONDS": str(2 * LEASE),
        }
        app = make_app(configuration.load(environ | INTUIT), **options)
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            end_background_work(app)
            lock = folder_lock.process_lock()._lock
            if lock is not None:
                lock.close()


def end_background_work(app: Flask) -> None:
    """End what a hub does on the database besides its work; its application context is open."""
    lease_rows.process_leases().stop_heartbeats()
    coordination.process_coordination().close()
    _end_renewals(app)


def _end_renewals(app: Flask) -> None:
    """Wait until no thread of a rate limiter renews its share: it would connect again."""
    for limiter in app.extensions.get(LIMITERS, {}).values():
        if isinstance(limiter, SharedRateLimiter):
            limiter._renewal_due.set()
            renewal = limiter._renewal
            if renewal is not None:
                renewal.join()


def age_heartbeats(app: Flask, seconds: float) -> None:
    """Make all heartbeats older by this much."""
    statement = text("UPDATE lease SET heartbeat_at = heartbeat_at - make_interval(secs => :age)")
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(statement, {"age": seconds})


def session_count(app: Flask, of: Flask) -> int:
    """Return the number of database sessions of a process, using another session."""
    name = coordination.application_name(of.extensions["hub"].process)
    statement = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = :name AND datname = current_database()"
    )
    with app.app_context(), db.engine.connect() as connection:
        return connection.scalar(statement, {"name": name}) or 0


def end_sessions(app: Flask, of: Flask) -> int:
    """End the database sessions of a process, as a server restart does; return their number."""
    name = coordination.application_name(of.extensions["hub"].process)
    statement = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = :name AND datname = current_database()"
    )
    with app.app_context(), db.engine.connect() as connection:
        return len(connection.scalars(statement, {"name": name}).all())
