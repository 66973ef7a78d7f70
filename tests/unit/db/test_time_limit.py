"""A frozen PostgreSQL server delays no statement for longer than its time limit."""

import contextlib
import select
import socket
import socketserver
import threading
import time

import pytest
from flask import Flask
from sqlalchemy import text

from hub.db import engine
from hub.errors import DatabaseUnavailable

PAGE_SECONDS = 1.0
PROBE_SECONDS = 0.3
KEY_DATA = b"K\x00\x00\x00\x0c"  # the message that gives a client the number of its session
MARGIN = 20.0  # on a machine that has much else to do


@pytest.fixture
def make_app():
    """Return a function that creates applications; their connections end with the test."""
    apps = []

    def make(url):
        app = Flask(__name__)
        engine.init_app(app, f"{url}&connect_timeout=2", page_seconds=PAGE_SECONDS)
        apps.append(app)
        return app

    yield make
    for app in apps:
        with app.app_context():
            engine.db.engine.dispose()


@pytest.fixture
def app(make_app, own_server):
    return make_app(own_server.url)


def ask():
    with engine.read_only_session() as session:
        return session.scalar(text("SELECT 42"))


@pytest.mark.proof(small=0)
def test_a_page_times_out_on_a_frozen_server_and_the_next_one_is_answered(app, own_server):
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


@pytest.mark.proof(small=0)
def test_a_late_answer_of_a_frozen_server_belongs_to_no_other_statement(app, own_server):
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


@pytest.mark.proof(small=0)
def test_work_outside_of_pages_may_take_longer(app, own_server):
    with app.app_context(), engine.read_only_session() as session:
        assert session.scalar(text(f"SELECT 1 FROM pg_sleep({PAGE_SECONDS + 0.3})")) == 1


def test_a_page_waits_for_a_statement_no_longer_than_its_limit(app, own_server):
    with app.test_request_context():
        with pytest.raises(DatabaseUnavailable), engine.read_only_session() as session:
            session.scalar(text("SELECT 1 FROM pg_sleep(60)"))
        assert ask() == 42


class Pooler(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """A program between clients and a server that gives sessions numbers of its own."""

    daemon_threads = True

    def __init__(self, folder, server):
        self.server_address_behind = f"{server.place}/.s.PGSQL.5432"
        super().__init__(f"{folder}/.s.PGSQL.5432", PoolerSession)


class PoolerSession(socketserver.BaseRequestHandler):
    """Pass on what one client and the server send."""

    def handle(self):
        """Pass data on in both directions until one side closes its connection."""
        with socket.socket(socket.AF_UNIX) as behind:
            behind.connect(self.server.server_address_behind)
            while True:
                ready, _, _ = select.select([self.request, behind], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    target = behind if source is self.request else self.request
                    target.sendall(self._with_other_number(data))

    def _with_other_number(self, data):
        """Replace the number of the session; data of statements does not contain the message."""
        start = data.find(KEY_DATA)
        if start < 0:
            return data
        number = start + len(KEY_DATA)
        return data[:number] + b"\x00\x7f\xff\xff" + data[number + 4 :]


@pytest.fixture
def soon_probed(monkeypatch):
    """Ask early whether a server that does not answer still works."""
    monkeypatch.setattr("hub.db.time_limit.PROBE_SECONDS", PROBE_SECONDS)


def test_work_in_the_middle_of_a_statement_gives_up_on_a_frozen_server(
    app, own_server, soon_probed
):
    with app.app_context(), engine.read_only_session() as session:
        session.scalar(text("SELECT 42"))
        own_server.freeze()
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable), engine.translate_errors():
            session.scalar(text("SELECT 42"))
        assert time.monotonic() - began < PROBE_SECONDS + MARGIN


@pytest.mark.proof(small=0)
def test_work_in_the_middle_of_a_statement_gives_up_if_another_server_has_taken_the_place(
    app, own_server, soon_probed
):
    standby = own_server.make_standby("standby")
    with app.app_context(), engine.read_only_session() as session:
        session.scalar(text("SELECT 42"))
        own_server.freeze()
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (own_server.place / name).unlink()
        standby.promote(own_server.place)
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable), engine.translate_errors():
            session.scalar(text("SELECT 42"))
        assert time.monotonic() - began < PROBE_SECONDS + MARGIN
        session.rollback()
        assert ask() == 42


def sleep_longer_than_a_probe():
    with engine.read_only_session() as session:
        return session.scalar(text(f"SELECT 1 FROM pg_sleep({PROBE_SECONDS * 4})"))


def test_a_slow_statement_of_work_is_not_given_up(app, soon_probed):
    with app.app_context():
        assert sleep_longer_than_a_probe() == 1


@pytest.mark.proof(small=0)
def test_a_slow_statement_is_not_given_up_if_the_server_takes_no_more_connections(
    make_app, make_server, soon_probed
):
    server = make_server(max_connections="4", superuser_reserved_connections="0")
    app = make_app(server.url)
    with app.app_context(), contextlib.ExitStack() as others:
        session = others.enter_context(engine.read_only_session())
        session.scalar(text("SELECT 42"))
        for _ in range(3):
            others.enter_context(engine.db.engine.connect())
        assert session.scalar(text(f"SELECT 1 FROM pg_sleep({PROBE_SECONDS * 4})")) == 1


@pytest.mark.proof(small=0)
def test_a_slow_statement_is_not_given_up_if_a_pooler_gives_the_sessions_other_numbers(
    make_app, own_server, soon_probed
):
    place = own_server.place.with_name("pooler")
    place.mkdir()
    app = make_app(f"postgresql://postgres@/postgres?host={place}")
    with Pooler(place, own_server) as pooler:
        threading.Thread(target=pooler.serve_forever, daemon=True).start()
        with app.app_context():
            assert sleep_longer_than_a_probe() == 1
        pooler.shutdown()
