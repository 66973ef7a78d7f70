"""A frozen PostgreSQL server delays no statement for longer than its time limit."""

import time

import pytest
from flask import Flask
from sqlalchemy import text

from hub.db import engine
from hub.errors import DatabaseUnavailable

PAGE_SECONDS = 1.0
MARGIN = 20.0  # on a machine that has much else to do


@pytest.fixture
def app(own_server):
    app = Flask(__name__)
    url = f"{own_server.url}&connect_timeout=2"
    engine.init_app(app, url, page_seconds=PAGE_SECONDS)
    yield app
    with app.app_context():
        engine.db.engine.dispose()


def ask():
    with engine.read_only_session() as session:
        return session.scalar(text("SELECT 42"))


def test_a_page_gives_up_on_a_frozen_server_and_the_next_one_after_it_goes_on_is_answered(
    app, own_server
):
    with app.test_request_context():
        assert ask() == 42
        own_server.freeze()
        for _ in range(2):  # over the connection of the pool, and over a new one
            began = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                ask()
            assert time.monotonic() - began < PAGE_SECONDS + MARGIN
        own_server.thaw()
        assert ask() == 42


def test_what_a_frozen_server_answers_later_belongs_to_no_other_statement(app, own_server):
    with (
        app.test_request_context(),
        engine.translate_errors(),
        engine.db.engine.connect() as connection,
    ):
        connection.execute(text("CREATE TABLE number (n int)"))
        connection.commit()
        own_server.freeze()
        with pytest.raises(DatabaseUnavailable), engine.translate_errors():
            connection.execute(text("INSERT INTO number VALUES (1)"))
        own_server.thaw()
        connection.rollback()
        assert connection.scalar(text("SELECT count(*) FROM number")) == 0


def test_work_outside_of_pages_may_take_longer(app, own_server):
    with app.app_context(), engine.read_only_session() as session:
        assert session.scalar(text(f"SELECT 1 FROM pg_sleep({PAGE_SECONDS + 0.3})")) == 1


def test_a_page_waits_for_a_statement_no_longer_than_its_limit(app, own_server):
    with app.test_request_context():
        with pytest.raises(DatabaseUnavailable), engine.read_only_session() as session:
            session.scalar(text("SELECT 1 FROM pg_sleep(60)"))
        assert ask() == 42
