"""A drain with a role that may not read the whole identity of the database assumes a restore."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from hub.db import database_identity
from hub.db.engine import db, transaction
from hub.models import ConnectedCompany
from tests.support.rows.posting_bench import PostingBench

PASSWORD = "quiet-lake-7-morning"


@dataclass
class LimitedRole:
    """A role that may use the tables of a database, and no more than everybody may besides."""

    server_url: str  # of the database, as its superuser
    name: str

    def create(self) -> str:
        """Create the role and return the address of the database for it."""
        self.execute(
            f"CREATE ROLE {self.name} LOGIN PASSWORD '{PASSWORD}'",
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {self.name}",
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {self.name}",
        )
        url = make_url(self.server_url).set(username=self.name, password=PASSWORD)
        return url.render_as_string(hide_password=False)

    def remove(self) -> None:
        """Remove the role."""
        self.execute(f"DROP OWNED BY {self.name}", f"DROP ROLE {self.name}")

    def revoke(self, function: str) -> None:
        """Take the right to call a function from everybody but superusers."""
        self.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")

    def execute(self, *statements: str) -> None:
        """Execute statements as the superuser."""
        url = make_url(self.server_url).set(drivername="postgresql+psycopg")
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def role(
    postgres: str, postgres_template: str, make_database: Callable[..., str]
) -> Iterator[LimitedRole]:
    """Provide a role for a database of this test."""
    url = make_database(postgres, postgres_template)
    role = LimitedRole(url, f"{make_url(url).database}_role")
    yield role
    role.remove()


@pytest.fixture
def app(
    role: LimitedRole, make_app: Callable[..., Flask], make_config: Callable[..., object]
) -> Iterator[Flask]:
    """Provide a distributed hub that logs in with the role, and open its application context."""
    app = make_app(make_config(HUB_ENGINE="distributed", HUB_DATABASE_URL=role.create()))
    with app.app_context():
        yield app
        db.engine.dispose()


def store_start_time(bench: PostingBench, started_at: str) -> None:
    """Store that the server of the database was started at another time."""
    with transaction() as session:
        company = session.get_one(ConnectedCompany, bench.company_id)
        company.database_identity = company.database_identity | {"started_at": started_at}


@pytest.mark.proof(small=1)
@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("system", "pg_control_system()"),
        ("timeline", "pg_current_wal_lsn()"),
        ("started_at", "pg_postmaster_start_time()"),
    ],
)
def test_a_value_that_may_not_be_read_any_more_counts_as_a_restore(bench, role, name, function):
    bench.bill("A-0")
    bench.drain()
    assert None not in bench.company().database_identity.values()
    assert bench.company().restored_since is None

    role.revoke(function)
    id = bench.bill("A-1")
    bench.quickbooks.ask("POST", "bill", bench.body("A-1"))  # as it was sent and then forgotten
    bench.drain(wait_for_doubts=True)
    company = bench.company()
    unreadable = [key for key, value in company.database_identity.items() if value is None]
    assert unreadable == [name]
    assert None not in (company.restored_since, company.restored_until)
    assert (bench.state(id), len(bench.bills()), len(bench.attempts(id))) == ("posted", 2, 0)


def test_a_restart_counts_as_a_restore_while_a_value_may_not_be_read(bench, role):
    role.revoke("pg_control_system()")
    bench.bill("A-0")
    bench.drain(wait_for_doubts=True)
    restored_until = bench.company().restored_until
    assert restored_until is not None
    bench.drain()
    assert bench.company().restored_until == restored_until  # the same database as before

    bench.clock.advance(3600)
    store_start_time(bench, "1.0")
    id = bench.bill("A-1")
    bench.quickbooks.ask("POST", "bill", bench.body("A-1"))
    bench.drain(wait_for_doubts=True)
    assert bench.company().restored_until > restored_until
    assert bench.company().database_identity == database_identity.read()
    assert (bench.state(id), len(bench.bills()), len(bench.attempts(id))) == ("posted", 2, 0)
