"""The scheduler updates the statistics by which SQLite chooses indexes."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import text

from hub.context import current_hub
from hub.db import engine, planner_statistics
from hub.models import ConnectedCompany
from hub.scheduling.scheduler import Scheduler

COMPANIES = 50


def row_estimates() -> dict[str, int]:
    """Return the estimated number of rows of each table; {} without statistics."""
    with engine.read_only_session() as session:
        if not session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")):
            return {}
        rows = session.execute(text("SELECT tbl, stat FROM sqlite_stat1"))
        return {table: int(estimate.split()[0]) for table, estimate in rows}


def add_companies(first: int = 0) -> None:
    with engine.transaction() as session:
        for number in range(first, first + COMPANIES):
            session.add(ConnectedCompany(realm=str(number), connected_at=current_hub().clock.now()))


def test_the_scheduler_updates_statistics_when_it_takes_over_and_later(app: Flask) -> None:
    add_companies()
    scheduler = Scheduler(app, threads=1)
    try:
        scheduler.update_statistics()
        assert row_estimates() == {}  # it is not at work yet
        scheduler.tick()  # it takes over
        assert row_estimates()["company"] == COMPANIES
        add_companies(first=COMPANIES)
        scheduler.tick()
        assert row_estimates()["company"] == COMPANIES
        scheduler.update_statistics()
        assert row_estimates()["company"] == 2 * COMPANIES
    finally:
        scheduler.stop()


def test_open_connections_are_replaced_to_use_new_statistics(app: Flask) -> None:
    add_companies()
    with engine.read_only_session() as session:
        before = session.connection().connection.dbapi_connection
    planner_statistics.update()
    with engine.read_only_session() as session:
        assert session.connection().connection.dbapi_connection is not before


def test_postgresql_needs_no_update_of_statistics(
    make_app: Callable[..., Flask], make_config: Callable[..., Any], postgres_url: str
) -> None:
    with make_app(make_config(HUB_DATABASE_URL=postgres_url)).app_context():
        planner_statistics.update()
        assert engine.db.engine.dialect.name == "postgresql"
