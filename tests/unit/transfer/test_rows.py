"""Copies of every table and type between both databases, and their verification."""

import shutil
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from hub.db.engine import create_standalone_engine
from hub.models import AuditEntry, Posting, SourceDocument, StoredFile
from hub.transfer import proof, rows
from hub.transfer.errors import CopyDiffers, RowNotCopied
from tests.support.rows import every_column

COUNT = 5


def ignore(number):
    pass


@pytest.fixture
def open_database():
    """Return a function that opens a connection in a transaction."""
    engines = []

    def make(url):
        engines.append(create_standalone_engine(url))
        connection = engines[-1].connect()
        connection.begin()
        return connection

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def make_file(open_database, empty_database, tmp_path):
    """Return a function that makes an SQLite file with every table and returns a connection."""

    def make(name, original=empty_database):
        shutil.copy(original, tmp_path / name)
        return open_database(f"sqlite:///{tmp_path / name}")

    return make


@pytest.fixture(scope="module")
def filled_file(empty_database, tmp_path_factory):
    """Provide an SQLite file with rows in every table."""
    path = shutil.copy(empty_database, tmp_path_factory.mktemp("filled") / "filled.db")
    engine = create_standalone_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        every_column.fill(connection, rows.list_tables(), COUNT)
    engine.dispose()
    return path


@pytest.fixture
def filled_database(make_file, filled_file, monkeypatch):
    """Provide an SQLite database with rows in every table, two in each chunk."""
    monkeypatch.setattr(rows, "ROWS_PER_CHUNK", 2)
    return make_file("filled.db", filled_file)


def columns_of(table):
    """Return the columns whose types are the hub's or SQLAlchemy's; the others are texts."""
    return [column for column in table.columns if getattr(column.type, "cache_ok", True)]


def values_of(connection):
    """Return every value of every table, as the models read it."""
    return {
        table.name: sorted(map(repr, connection.execute(select(*columns_of(table)))))
        for table in rows.list_tables()
    }


def test_every_value_is_the_same_in_postgresql_and_back_in_sqlite(
    filled_database, open_database, postgres_url, make_file
):
    target, back = open_database(postgres_url), make_file("back.db")
    copied = []
    rows.copy_all(filled_database, target, copied.append)
    assert sum(copied) == COUNT * len(rows.list_tables())
    assert max(copied[:5]) <= 2
    assert values_of(target) == values_of(filled_database)
    assert proof.compare(filled_database, target, ignore).count == sum(copied)
    rows.copy_all(target, back, ignore)
    assert values_of(back) == values_of(filled_database)
    proof.compare(target, back, ignore)
    target.rollback()


def test_few_received_files_are_in_memory_at_a_time(make_file, filled_file, monkeypatch):
    monkeypatch.setattr(rows, "FILES_PER_CHUNK", 2)
    source = make_file("filled.db", filled_file)
    sizes = {
        model: [len(chunk) for chunk in rows.iter_chunks(source, model.__table__)]
        for model in (StoredFile, SourceDocument)
    }
    assert sizes == {StoredFile: [2, 2, 1], SourceDocument: [COUNT]}
    target = make_file("copy.db")
    rows.copy_all(source, target, ignore)
    assert proof.compare(source, target, ignore).count == COUNT * len(rows.list_tables())


def test_new_rows_are_numbered_after_the_copied_ones(filled_database, open_database, postgres_url):
    target = open_database(postgres_url)
    rows.copy_all(filled_database, target, ignore)
    number = target.scalar(text("INSERT INTO role (name) VALUES ('new') RETURNING id"))
    assert number == COUNT + 1
    constraints = "SELECT count(*) FROM pg_constraint WHERE condeferrable"
    assert target.scalar(text(constraints)) == 0
    target.rollback()


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (
            update(Posting).where(Posting.id == 3).values(total=Decimal(1)),
            "row 3 of table posting differs",
        ),
        (
            update(AuditEntry).where(AuditEntry.id == 1).values(who="x"),
            "row 1 of table audit_entry",
        ),
        (update(SourceDocument).where(SourceDocument.id == 2).values(body={}), "source_document"),
        (text("DELETE FROM secret WHERE place LIKE '1%'"), "secret has 4 of 5 rows"),
        (text("UPDATE roles_users SET role_id = 1"), "roles_users differ"),
        (text("UPDATE secret SET place = 'other' WHERE place LIKE '1%'"), "secret is missing"),
    ],
)
def test_a_single_difference_is_found(filled_database, filled_file, make_file, change, difference):
    target = make_file("copy.db", filled_file)
    target.execute(change)
    with pytest.raises(CopyDiffers, match=difference):
        proof.compare(filled_database, target, ignore)


def test_sums_are_compared_as_the_database_adds_them_up(
    filled_database, filled_file, make_file, monkeypatch
):
    target = make_file("copy.db", filled_file)
    target.execute(update(Posting).where(Posting.id == 3).values(posted_total=Decimal(1)))
    monkeypatch.setattr(proof, "compute_row_digest", lambda table, row: b"")
    with pytest.raises(CopyDiffers, match=r"amount posted, 3..: "):
        proof.compare(filled_database, target, ignore)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("number", "x" * 201, "value too long for type character varying"),
        ("number", "a\x00b", "cannot contain NUL"),
        ("generation", 2**40, "out of range"),
    ],
)
def test_a_row_that_postgresql_does_not_accept_is_named(
    filled_database, open_database, postgres_url, column, value, why
):
    filled_database.execute(
        text(f"UPDATE posting SET {column} = :value WHERE id = 4"), {"value": value}
    )
    target = open_database(postgres_url)
    with pytest.raises(RowNotCopied, match=f"the row 4 of the table posting.*{why}"):
        rows.copy_all(filled_database, target, ignore)
    target.rollback()
