"""Fixtures of the hub's pages: databases with people and documents, and visitors."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from hub import config as configuration
from hub.app import create_app
from hub.config import Config
from hub.contract.registry import Plugins
from hub.db import engine as db_engine
from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import add_people, add_story
from tests.support.rows.rights_rows import RouteRows, TwoCompanies, add_two_companies
from tests.support.runs import prepared_state
from tests.support.runs.hub_environment import COSTTRACKER, SECRET_KEY, VAULT_KEYS
from tests.support.sources.stand_in_fixtures import mount_costtracker, mount_quickbooks


@pytest.fixture(scope="session")
def page_databases(run_folder: Path, empty_database: Path, plugins: Plugins) -> dict[str, Any]:
    """Create SQLite files for the pages, to copy: one with only people, one with documents."""
    folder = run_folder / f"pages-{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    folder.mkdir()
    shutil.copy(empty_database, folder / "hub.db")
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ), plugins=plugins, clock=FakeClock())
    with app.app_context():
        with db_engine.transaction() as session:
            add_people(session)
        db_engine.db.engine.dispose()
        shutil.copy(folder / "hub.db", folder / "people.db")
        with db_engine.transaction() as session:
            story = add_story(session)
        db_engine.db.engine.dispose()
    return {"people": folder / "people.db", "documents": folder / "hub.db", "story": story}


@pytest.fixture
def open_pages(
    make_app: Callable[..., Flask],
    make_config: Callable[..., Config],
    page_databases: dict[str, Any],
) -> Callable[..., Visitor]:
    """Return a function that opens the pages of a hub for a visitor who is not logged in."""

    def open_hub(database: str = "documents", **settings: str) -> Visitor:
        config = make_config(**settings)
        shutil.copy(page_databases[database], config.data / "hub.db")
        return Visitor(make_app(config, pages=True), page_databases["story"])

    return open_hub


@pytest.fixture
def visitor(open_pages: Callable[..., Visitor]) -> Visitor:
    """Return a visitor, not logged in, of a hub with documents in every state."""
    return open_pages()


@pytest.fixture
def visitor_with_stand_ins(open_pages: Callable[..., Visitor], clock: FakeClock) -> Visitor:
    """Return an owner at the pages of a new hub, with stand-ins of QuickBooks and CostTracker."""
    visitor = _open_with_stand_ins(open_pages, clock)
    visitor.enter("olga")
    return visitor


@pytest.fixture
def connected_visitor(
    open_pages: Callable[..., Visitor],
    clock: FakeClock,
    page_databases: dict[str, Any],
) -> Visitor:
    """Return an owner at the pages of a new hub with the first company of QuickBooks, id 1."""
    visitor = _open_with_stand_ins(open_pages, clock)
    with visitor.app.app_context():
        prepared_state.connect(visitor.app, visitor.quickbooks, page_databases["people"])
    visitor.enter("olga")
    return visitor


def _open_with_stand_ins(open_pages: Callable[..., Visitor], clock: FakeClock) -> Visitor:
    visitor = open_pages("people")
    visitor.quickbooks = mount_quickbooks(visitor.app, clock)
    visitor.costtracker = {**mount_costtracker(visitor.app).settings(COSTTRACKER)}
    return visitor


@pytest.fixture(scope="session")
def two_companies_database(
    page_databases: dict[str, Any], plugins: Plugins
) -> tuple[Path, RouteRows]:
    """Create an SQLite file, to copy, with two companies of two apps each; return its rows too."""
    folder = page_databases["people"].parent / "two"
    folder.mkdir()
    shutil.copy(page_databases["people"], folder / "hub.db")
    environ = {"HUB_DATA": str(folder), "HUB_SECRET_KEY": SECRET_KEY, "HUB_VAULT_KEYS": VAULT_KEYS}
    app = create_app(configuration.load(environ), plugins=plugins, clock=FakeClock())
    with app.app_context():
        with db_engine.transaction() as session:
            rows = add_two_companies(session)
        db_engine.db.engine.dispose()
    return folder / "hub.db", rows


@pytest.fixture
def open_two_companies(
    make_app: Callable[..., Flask],
    make_config: Callable[..., Config],
    page_databases: dict[str, Any],
    two_companies_database: tuple[Path, RouteRows],
) -> Callable[..., TwoCompanies]:
    """Return a function that opens a hub with pages and two companies of two apps each."""
    database, rows = two_companies_database

    def open_hub(**settings: str) -> TwoCompanies:
        config = make_config(**settings)
        shutil.copy(database, config.data / "hub.db")
        return TwoCompanies(make_app(config, pages=True), rows)

    return open_hub


@pytest.fixture
def two_companies(open_two_companies: Callable[..., TwoCompanies]) -> TwoCompanies:
    """Return a hub with pages and two companies of two apps each."""
    return open_two_companies()


@pytest.fixture(params=["sqlite", "postgres"])
def owner(request: pytest.FixtureRequest) -> Visitor:
    """Return an owner, logged in, of a hub with documents in every state, on each database."""
    if request.param == "sqlite":
        visitor: Visitor = request.getfixturevalue("visitor")
    else:
        url = request.getfixturevalue("postgres_url")
        config = request.getfixturevalue("make_config")(HUB_DATABASE_URL=url)
        app = request.getfixturevalue("make_app")(config, pages=True)
        with app.app_context(), db_engine.transaction() as session:
            add_people(session)
            story = add_story(session)
        visitor = Visitor(app, story)
    visitor.enter("olga")
    return visitor


@pytest.fixture
def make_source_pages(
    make_app: Callable[..., Flask], make_config: Callable[..., Config], empty_database: Path
) -> Callable[[object], Flask]:
    """Return a function that creates a hub with pages and with one source, on empty tables."""

    def make(source: object) -> Flask:
        config = make_config()
        shutil.copy(empty_database, config.data / "hub.db")
        return make_app(config, plugins=Plugins.load([source], installed=False), pages=True)

    return make
