"""Transactions on both databases: complete or not at all, and a clear error without one."""

import datetime as dt
import secrets
import socket
import threading
from contextlib import ExitStack, suppress
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from hub.app import create_app
from hub.contract.registry import Plugins
from hub.db import coordination, database_errors, engine
from hub.errors import DatabaseUnavailable
from hub.http import deadline
from hub.models import ConnectedCompany, Secret, TransactionHead
from hub.scheduling import folder_lock, queue

THEN = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


def company(realm="1"):
    return ConnectedCompany(realm=realm, name="Bygg & Bolig", connected_at=THEN)


def write(*rows, first="SELECT 1", fail=False):
    with engine.transaction() as session:
        session.connection().exec_driver_sql(first)
        session.add_all(rows)
        session.flush()
        assert not fail


def test_a_transaction_is_committed(either_app):
    with engine.transaction() as session:
        session.add(company())
    with engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany)).one().name == "Bygg & Bolig"


def test_an_error_undoes_the_whole_transaction(either_app):
    with pytest.raises(AssertionError):
        write(company(), fail=True)
    with engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany)).all() == []


def test_changes_in_a_read_only_session_are_discarded(either_app):
    with engine.read_only_session() as session:
        session.add(company())
        session.flush()
    with engine.read_only_session() as session:
        assert session.scalars(select(ConnectedCompany)).all() == []


def count_up(app, times):
    for _ in range(times):
        with app.app_context(), engine.transaction() as session:
            row = session.scalars(select(Secret).with_for_update()).one()
            row.sealed = str(int(row.sealed) + 1).encode()


def test_no_update_is_lost_between_eight_threads(either_app):
    with engine.transaction() as session:
        session.add(Secret(place="counter", sealed=b"0"))
    threads = [threading.Thread(target=count_up, args=(either_app, 25)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.read_only_session() as session:
        assert session.get(Secret, "counter").sealed == b"200"


def test_reading_does_not_wait_for_a_writer(either_app):
    with engine.transaction() as writer:
        writer.add(company())
        writer.flush()
        with engine.read_only_session() as session:
            assert session.scalars(select(ConnectedCompany)).all() == []


def test_a_transaction_within_a_transaction_is_a_defect_that_shows_at_once(app):
    with (
        engine.transaction(),
        pytest.raises(AssertionError, match="open in this thread already"),
        engine.transaction(),
    ):
        pass


def test_nothing_is_sent_while_a_transaction_is_open(app):
    with (
        engine.transaction(),
        pytest.raises(AssertionError, match="nothing is sent while it is"),
        deadline.limit_time(1),
    ):
        pass
    with engine.read_only_session(), deadline.limit_time(1):
        pass


def test_a_thread_of_its_own_may_open_its_own_transaction(pg_app):
    calls = []

    def other():
        with pg_app.app_context(), engine.transaction():
            calls.append("opened")

    with engine.transaction():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert calls == ["opened"]


@pytest.mark.parametrize("amount", ["0.01", "-12.345678", "9007199254.99", "0"])
def test_money_comes_back_to_the_last_decimal(either_app, amount):
    with engine.transaction() as session:
        session.add(company())
        session.flush()
        session.add(
            TransactionHead(company_id=1, kind="bill", quickbooks_id="1", total=Decimal(amount))
        )
    with engine.read_only_session() as session:
        assert session.scalar(select(TransactionHead.total)) == Decimal(amount)


def test_money_is_summed_exactly_by_the_database(either_app):
    with engine.transaction() as session:
        session.add(company())
        session.flush()
        for number in range(10):
            session.add(
                TransactionHead(
                    company_id=1, kind="bill", quickbooks_id=str(number), total=Decimal("0.1")
                )
            )
    with engine.read_only_session() as session:
        assert session.scalar(select(engine.db.func.sum(TransactionHead.total))) == Decimal(1)


def test_money_with_more_than_six_decimals_is_refused():
    with pytest.raises(ValueError, match="more than six decimals"):
        engine.Money().process_bind_param(Decimal("0.0000001"), None)


def test_a_moment_comes_back_aware_and_in_utc(either_app):
    oslo = dt.timezone(dt.timedelta(hours=2))
    with engine.transaction() as session:
        session.add(
            ConnectedCompany(realm="1", connected_at=dt.datetime(2026, 6, 1, 12, tzinfo=oslo))
        )
    with engine.read_only_session() as session:
        read = session.scalar(select(ConnectedCompany.connected_at))
    assert (read.isoformat(), read.tzinfo) == ("2026-06-01T10:00:00+00:00", dt.UTC)


def test_a_moment_without_a_zone_is_refused():
    naive = dt.datetime(2026, 6, 1)  # noqa: DTZ001 (the defect itself)
    with pytest.raises(ValueError, match="no time zone"):
        engine.Instant().process_bind_param(naive, None)


def test_sqlite_keeps_what_it_committed_through_a_power_cut(make_config):
    app = create_app(
        make_config(), plugins=Plugins([]), pages=False
    )  # those of the fixtures are in a hurry
    with app.app_context(), engine.read_only_session() as session:
        rows = [
            session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert rows == ["wal", 2, 1]


def test_a_locked_database_is_reported_in_a_sentence(make_app, make_config, empty_database):
    app = impatient(make_app, make_config(), empty_database)
    other = create_engine(app.config["SQLALCHEMY_DATABASE_URI"]).raw_connection()
    other.cursor().execute("BEGIN IMMEDIATE")
    with (
        app.app_context(),
        pytest.raises(DatabaseUnavailable, match=r"hub\.db cannot be used: database is locked"),
    ):
        write()
    other.close()


def impatient(make_app, config, empty_database):
    (config.data / "hub.db").write_bytes(empty_database.read_bytes())
    app = make_app(config)
    with app.app_context():
        engine.db.engine.pool._creator = lambda record=None: connect(config.data / "hub.db")
    return app


def connect(path):
    import sqlite3

    return sqlite3.connect(path, timeout=0.05, check_same_thread=False)


def test_a_full_database_is_reported_in_a_sentence(app):
    with engine.read_only_session() as session:
        pages = session.scalar(text("PRAGMA page_count"))
    with pytest.raises(DatabaseUnavailable, match=r"is full\. Nothing was lost"):
        write(
            Secret(place="large", sealed=b"x" * 1_000_000), first=f"PRAGMA max_page_count = {pages}"
        )


def test_a_read_only_database_is_reported_in_a_sentence(either_app):
    sqlite = engine.db.engine.dialect.name == "sqlite"
    only = "PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"
    with pytest.raises(DatabaseUnavailable, match=r"read-?only"):
        write(company(), first=only)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hemmelig@127.0.0.1:1/hub?connect_timeout=2",
        "postgresql://ann@127.0.0.1:1/hub?connect_timeout=2&password=hemmelig",
    ],
)
def test_a_database_that_is_not_there_is_reported_without_its_password(make_app, make_config, url):
    app = make_app(make_config(HUB_DATABASE_URL=url))
    with app.app_context(), pytest.raises(DatabaseUnavailable) as caught:
        write()
    assert "hemmelig" not in caught.value.text
    assert "postgresql://ann@127.0.0.1:1/hub" in caught.value.text


def test_a_server_that_never_answers_is_reported_in_time(make_app, make_config):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"postgresql://ann@127.0.0.1:{port}/hub?connect_timeout=2"
        with (
            make_app(make_config(HUB_DATABASE_URL=url)).app_context(),
            pytest.raises(DatabaseUnavailable, match="timeout expired"),
        ):
            write()


EACH_CONNECTION = pytest.mark.parametrize(
    "part", ["tables", "copies", "coordination", "folder lock", "queue"]
)


@EACH_CONNECTION
def test_options_in_the_address_are_used_beside_those_of_the_hub(
    make_app, make_config, postgres_url, part
):
    """Such as the schema of a hub that shares its database with another program."""
    options = "-c%20search_path%3Down%20-c%20lock_timeout%3D7s"
    url = f"{postgres_url}{'&' if '?' in postgres_url else '?'}options={options}&connect_timeout=5"
    app = make_app(make_config(HUB_DATABASE_URL=url, HUB_ENGINE="distributed"))
    with app.app_context(), ExitStack() as stack:
        driver = open_connection(part, url, stack)
        parameters = driver.info.get_parameters()
        assert show(driver, "search_path", "lock_timeout") == ["own", "7s"]
        assert parameters["connect_timeout"] == "5"
        assert parameters["keepalives_idle"] == "20"
        assert "tcp_keepalives_idle=20" in parameters["options"]


@EACH_CONNECTION
def test_a_session_does_not_depend_on_the_defaults_of_the_database(
    make_app, make_config, postgres_url, part
):
    """With other defaults times could not be read, signs not stored, and transactions failed."""
    defaults = {
        "client_encoding": "LATIN1",
        "DateStyle": "SQL, DMY",
        "default_transaction_isolation": "serializable",
    }
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        database = make_url(postgres_url).database
        for name, value in defaults.items():
            connection.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url, HUB_ENGINE="distributed"))
    with app.app_context(), ExitStack() as stack:
        encoding, style, isolation = show(open_connection(part, postgres_url, stack), *defaults)
    assert (encoding, style[:4], isolation) == ("UTF8", "ISO,", "read committed")


def open_connection(part, url, stack):
    """Open a connection as a part of the hub does; return that of the driver."""
    address = engine.db.engine.url
    if part == "queue":
        settings = queue._build_connection_settings(address, "hub-test")
        return stack.enter_context(psycopg.connect(**settings["kwargs"]))
    if part == "tables":
        opened = stack.enter_context(engine.db.engine.connect())
    elif part == "copies":
        opened = stack.enter_context(engine.create_standalone_engine(url).connect())
    elif part == "coordination":
        opened = stack.enter_context(coordination.connection())
        stack.callback(coordination.process_coordination().close)
    else:
        lock = folder_lock.AdvisoryLock(address, "1" * 64, "hub-test")
        opened = stack.enter_context(lock._engine.connect())
    return opened.connection.driver_connection


def show(connection, *names):
    """Return settings of a session."""
    return [connection.execute(f"SHOW {name}").fetchone()[0] for name in names]


def test_a_server_that_is_gone_without_a_word_is_noticed_within_a_minute(pg_app):
    with engine.read_only_session() as session:
        connection = session.connection().connection.driver_connection
        parameters = connection.info.get_parameters()
        keeps_alive = session.scalar(
            text("SELECT reset_val FROM pg_settings WHERE name = :name"),
            {"name": "tcp_keepalives_idle"},
        )
    assert {
        name: int(parameters[name]) for name in engine.CLIENT_KEEPALIVES
    } == engine.CLIENT_KEEPALIVES
    seconds = (
        engine.CLIENT_KEEPALIVES["keepalives_idle"]
        + 3 * engine.CLIENT_KEEPALIVES["keepalives_interval"]
    )
    assert seconds < 60
    assert int(keeps_alive) == engine.CLIENT_KEEPALIVES["keepalives_idle"]


def test_a_file_that_is_no_database_is_reported_in_a_sentence(make_app, make_config):
    config = make_config()
    (config.data / "hub.db").write_text("not a database " * 100)
    with (
        make_app(config).app_context(),
        pytest.raises(
            DatabaseUnavailable, match=r"is not a database\. It is damaged: move the file"
        ),
    ):
        write()


@pytest.mark.parametrize(
    "reason",
    [
        "FATAL:  sorry, too many clients already",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        'FATAL:  too many connections for role "hub"',
    ],
)
def test_a_server_without_a_free_connection_is_reported_with_what_to_do(reason):
    error = OperationalError("SELECT 1", {}, Exception(reason))
    text = database_errors.translate(error, "postgresql://hub").text
    assert f"{reason}; all connections that it allows are in use: raise max_connections" in text


def test_a_role_that_may_create_no_tables_is_named(postgres, make_database, make_app, make_config):
    url = make_url(make_database(postgres))
    role = f"guest_{secrets.token_hex(4)}"
    server = create_engine(engine._add_driver(postgres), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'none'"))
        guest = url.set(username=role, password="none").render_as_string(hide_password=False)
        app = make_app(make_config(HUB_DATABASE_URL=guest))
        with pytest.raises(DatabaseUnavailable, match=r"used: permission denied for schema public"):
            engine.upgrade(app)
        with app.app_context():
            engine.db.engine.dispose()
        connection.execute(text(f"DROP ROLE {role}"))
    server.dispose()


def test_postgres_waits_no_longer_for_a_row_than_sqlite_for_its_file(pg_app):
    with engine.read_only_session() as session:
        assert session.scalar(text("SHOW lock_timeout")) == f"{engine.BUSY_SECONDS}s"


def test_postgres_ends_a_transaction_in_which_a_process_is_frozen(
    monkeypatch, make_app, make_config, postgres_url
):
    monkeypatch.setattr(engine, "IDLE_TRANSACTION_SECONDS", 0.05)
    app = make_app(make_config(HUB_DATABASE_URL=postgres_url))
    outside = create_engine(postgres_url, poolclass=NullPool)
    locked = []
    with app.app_context(), suppress(DatabaseUnavailable), engine.transaction() as session:
        session.execute(text("LOCK TABLE company"))
        with outside.begin() as waiting:
            waiting.execute(text("SET LOCAL lock_timeout = '20s'"))
            waiting.execute(text("LOCK TABLE company"))
            locked.append("company")
    assert locked == ["company"]


def test_an_error_of_the_database_does_not_contain_the_values(either_app):
    with pytest.raises(IntegrityError) as caught, engine.transaction() as session:
        session.execute(insert(Secret), [{"place": "the same", "sealed": b"hemmelig"}] * 2)
    assert "hemmelig" not in str(caught.value)
