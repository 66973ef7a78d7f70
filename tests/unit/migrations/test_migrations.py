"""Migrations lead from an empty database to the models on both databases."""

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, select, text

from hub import exact_json
from hub.db import engine
from hub.errors import DatabaseUnavailable
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.models import Installation, Posting, ReceiptRow, Secret, SourceDocument, User
from hub.security.people import find
from hub.security.rights import assign, get_rights

UPGRADE = """
import os, sys
import flask_migrate
from flask import Flask
from hub import models
from hub.db import engine
other = os.fork()
app = Flask("hub")
engine.init_app(app, os.environ["HUB_DATABASE_URL"])
engine.upgrade(app)
sys.exit(other and os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, make_app, make_config):
    """Provide a hub whose database has no table."""
    values = {}
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")
        values["HUB_DATABASE_URL"] = request.getfixturevalue("make_database")(server)
    return make_app(make_config(**values))


def tables(app):
    """Return the tables of a database without those of the queue, which only PostgreSQL has."""
    with app.app_context():
        names = inspect(engine.db.engine).get_table_names()
    return {name for name in names if schema.is_own_table(name, "table")}


def test_migrations_make_exactly_what_the_models_say(empty):
    engine.upgrade(empty)
    assert tables(empty) == {*engine.db.metadata.tables, "alembic_version"}
    with empty.app_context(), engine.db.engine.connect() as connection:
        result = compare_metadata(
            MigrationContext.configure(
                connection, opts={"compare_type": True, "include_name": schema.is_own_table}
            ),
            engine.db.metadata,
        )
    assert result == [], 'The tables have changed: `make revision m="..."` writes a revision.'
    _has_every_unique_rule(empty)


def _has_every_unique_rule(app):
    with app.app_context():
        result = inspect(engine.db.engine)
        for table in engine.db.metadata.tables.values():
            fields = {
                frozenset(rule.columns.keys())
                for rule in table.constraints
                if type(rule).__name__ == "UniqueConstraint"
            }
            body = {
                frozenset(rule["column_names"])
                for rule in result.get_unique_constraints(table.name)
            }
            assert fields <= body, table.name


def test_upgrading_again_changes_nothing(empty):
    engine.upgrade(empty)
    with empty.app_context(), engine.transaction() as session:
        session.add(Secret(place="a", sealed=b"x"))
    engine.upgrade(empty)
    with empty.app_context(), engine.read_only_session() as session:
        assert session.get_one(Secret, "a").sealed == b"x"
        assert schema.read_revision(session.connection()) == schema.find_newest_revision()


@pytest.mark.proof(small=0)
def test_two_processes_may_upgrade_at_the_same_time(empty):
    environ = {**os.environ, "HUB_DATABASE_URL": empty.extensions["hub"].config.database_url}
    assert subprocess.run([sys.executable, "-c", UPGRADE], env=environ, timeout=200).returncode == 0
    assert "posting" in tables(empty)


def test_all_revisions_can_be_downgraded(empty):
    engine.upgrade(empty)
    with empty.app_context():
        flask_migrate.downgrade(revision="base")
    assert tables(empty) == {"alembic_version"}


def test_a_locked_database_is_reported_in_a_sentence(make_app, make_config, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    config = make_config()
    app = make_app(config)
    other = create_engine(config.database_url).raw_connection()
    other.cursor().execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnavailable, match="database is locked"):
        engine.upgrade(app)
    other.close()


def test_a_database_of_a_later_version_is_refused_with_a_sentence(either_app):
    with engine.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match=r"revision 9999, which this version .* does not know"):
        engine.upgrade(either_app)


def test_tables_of_a_rewritten_revision_are_refused_and_stay_as_they_are(empty):
    engine.bind_migrations(empty)
    with empty.app_context():
        flask_migrate.upgrade(revision="0006")
    refuse_after(empty, "UPDATE alembic_version SET version_num = '0005'", "case should not be")


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("UPDATE alembic_version SET version_num = '0014'", "access lacks the column"),
        ('ALTER TABLE "case" DROP COLUMN mailed_at', "case lacks the column mailed_at"),
        ("DROP TABLE alembic_version", "belong to no revision"),
        ("ALTER TABLE company ADD COLUMN nickname TEXT", "should not have the column"),
    ],
)
def test_other_tables_than_those_of_their_revision_are_refused(either_app, change, difference):
    refuse_after(either_app, change, difference)


def refuse_after(app, change, difference):
    """Change a database, and check that upgrading it is refused and changes nothing."""
    with app.app_context(), engine.transaction() as session:
        session.execute(text(change))
    before = tables(app)
    with pytest.raises(SchemaError, match=rf"cannot be upgraded.*{difference}.*HUB_DATA"):
        engine.upgrade(app)
    assert tables(app) == before


def test_tables_of_others_in_the_same_database_are_left_alone(empty):
    with empty.app_context(), engine.transaction() as session:
        session.execute(text("CREATE TABLE notes (id INTEGER)"))
    engine.upgrade(empty)
    engine.upgrade(empty)
    assert "notes" in tables(empty)


# -- revisions as they land ------------------------------------------------------------------------

VERSIONS = engine.MIGRATIONS / "versions"
LANDED = Path(__file__).parents[2] / "baseline" / "revisions.sha256"


def test_revisions_name_no_type_of_the_hub():
    for path in VERSIONS.glob("*.py"):
        assert "hub." not in path.read_text()


def test_there_is_one_line_of_numbered_revisions():
    names = sorted(path.name for path in VERSIONS.glob("*.py"))
    assert [name[:5] for name in names] == [f"{number:04}_" for number in range(1, len(names) + 1)]
    script = ScriptDirectory(str(engine.MIGRATIONS))
    assert script.get_heads() == [schema.find_newest_revision()]
    line = [revision.revision for revision in script.walk_revisions()]
    assert line == [name[:4] for name in reversed(names)]


def test_a_revision_that_has_landed_never_changes():
    landed = dict(reversed(line.split()) for line in LANDED.read_text().splitlines())
    present = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob("*.py")
    }
    assert {name: present.get(name) for name in landed} == landed, (
        "A landed revision was changed. Put it back and write another one: see CONTRIBUTING.md."
    )
    new = "".join(f"\n{present[name]} {name}" for name in sorted(present.keys() - landed.keys()))
    assert not new, (
        f"When a revision lands, append its checksum to tests/baseline/{LANDED.name}:{new}"
    )


def test_the_tables_of_a_revision_are_those_that_it_and_the_ones_before_make():
    newest = {
        name: frozenset(table.columns.keys()) for name, table in engine.db.metadata.tables.items()
    }
    assert schema.build_columns_at(schema.find_newest_revision()) == newest
    assert set(schema.build_columns_at("0001")) == {
        "company",
        "cursor",
        "installation",
        "read_day",
        "token",
    }


def test_companies_whose_lists_were_read_count_as_verified(empty):
    """An earlier version stored a company before QuickBooks had answered for it."""
    engine.bind_migrations(empty)
    with empty.app_context():
        flask_migrate.upgrade(revision="0006")
        with engine.db.engine.begin() as connection:
            for company_id in (1, 2):
                connection.execute(text(COMPANY), {"id": company_id})
            connection.execute(text(LIST_STATE), {"id": 1})
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            rows = session.execute(text("SELECT id, verified_at FROM company ORDER BY id")).all()
    assert [(id, at is not None) for id, at in rows] == [(1, True), (2, False)]


def test_documents_that_were_left_out_for_their_date_are_known_as_such(empty):
    """An earlier version wrote this in the reason of their posting only."""
    engine.bind_migrations(empty)
    reasons = {
        1: "It was dated 2026-01-02, before 2026-03-01, the first day that counts for Small.",
        2: "The source agrees with QuickBooks again.",
    }
    with empty.app_context():
        flask_migrate.upgrade(revision="0010")
        with engine.db.engine.begin() as connection:
            connection.execute(text(COMPANY), {"id": 1})
            connection.execute(text(INSTALLATION))
            for id, reason in reasons.items():
                connection.execute(text(DOCUMENT), {"id": id, "gone": None})
                connection.execute(text(POSTING), {"id": id, "reason": reason})
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            rows = session.execute(text("SELECT before_start FROM source_document ORDER BY id"))
            assert list(rows.scalars()) == ["excluded", ""]


def test_documents_that_were_gone_already_went_when_they_were_last_seen(empty):
    engine.bind_migrations(empty)
    with empty.app_context():
        flask_migrate.upgrade(revision="0011")
        with engine.db.engine.begin() as connection:
            connection.execute(text(COMPANY), {"id": 1})
            connection.execute(text(INSTALLATION))
            for id, gone in ((1, None), (2, "Deleted.")):
                connection.execute(text(DOCUMENT_WITH_START), {"id": id, "gone": gone})
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            rows = session.scalars(select(SourceDocument).order_by(SourceDocument.id)).all()
            assert [row.gone_at for row in rows] == [None, rows[1].seen_at]
            installation = session.scalars(select(Installation)).one()
            assert (installation.failed_syncs, installation.failure) == (0, "")


def test_documents_get_the_due_date_of_their_source(empty):
    engine.bind_migrations(empty)
    bodies = {
        1: '{"due": "2026-04-03", "kind": "bill"}',
        2: '{"due": null}',
        50_000: '{"due": "soon"}',
        50_001: '{"due": "2026-12-31"}',
        100_000: "{}",
    }
    with empty.app_context():
        flask_migrate.upgrade(revision="0036")
        with engine.db.engine.begin() as connection:
            connection.execute(text(COMPANY_WITH_REASON), {"id": 1})
            connection.execute(text(INSTALLATION))
            for id, body in bodies.items():
                connection.execute(text(DOCUMENT_WITH_START), {"id": id, "gone": None})
                values = {"id": id, "body": body}
                connection.execute(
                    text("UPDATE source_document SET body = :body WHERE id = :id"), values
                )
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            due = session.scalars(select(SourceDocument.due).order_by(SourceDocument.id)).all()
    assert due == [dt.date(2026, 4, 3), None, None, dt.date(2026, 12, 31), None]


def test_the_roles_of_people_become_roles_for_everything_and_back(empty):
    engine.bind_migrations(empty)
    with empty.app_context():
        flask_migrate.upgrade(revision="0017")
        with engine.db.engine.begin() as connection:
            for statement in PEOPLE_WITH_ROLES:
                connection.execute(text(statement))
        flask_migrate.upgrade()
        with engine.transaction() as session:
            people = session.scalars(select(User).order_by(User.id)).all()
            assert [get_rights(person).role() for person in people] == ["owner", "viewer"]
            assert session.scalars(text("SELECT user_id FROM roles_users")).all() == []
            assign(session, people[1], "operator")
        flask_migrate.downgrade(revision="0017")
        with engine.read_only_session() as session:
            rows = session.execute(text(ROLES_OF_PEOPLE)).all()
        assert [tuple(row) for row in rows] == [("olga", "owner"), ("vera", "operator")]


def test_the_sentences_of_postings_and_receipts_are_kept_as_parameters(empty):
    """An earlier version stored the sentence that a posting and a receipt show."""
    engine.bind_migrations(empty)
    sentences = {1: 'It is “wrong”, says 100% of "Ørland".', 2: ""}
    with empty.app_context():
        flask_migrate.upgrade(revision="0016")
        with engine.db.engine.begin() as connection:
            connection.execute(text(COMPANY_WITH_REASON), {"id": 1})
            connection.execute(text(INSTALLATION))
            for id, sentence in sentences.items():
                connection.execute(text(DOCUMENT_WITH_START), {"id": id, "gone": None})
                connection.execute(text(HELD_POSTING), {"id": id, "reason": sentence})
                body = exact_json.dumps({"state": "held", "message": sentence or None})
                connection.execute(text(RECEIPT), {"id": id, "body": body})
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            postings = session.scalars(select(Posting).order_by(Posting.id)).all()
            receipts = session.scalars(select(ReceiptRow).order_by(ReceiptRow.id)).all()
        assert [posting.reason for posting in postings] == [*sentences.values()]
        assert [row.reasons for row in receipts] == [posting.reasons for posting in postings]
        flask_migrate.downgrade(revision="0016")
        with engine.read_only_session() as session:
            stored = session.execute(text("SELECT id, reason FROM posting"))
            assert dict(stored.all()) == sentences


def test_spellings_of_one_name_stay_two_people(empty):
    """An earlier version let two people have names that differ in more than case."""
    engine.bind_migrations(empty)
    names = ("Kari Nes", "ｋａｒｉ  nes", "Eva@Blåbær.no", "eva@xn--blbr-roah.no", "Ｏｌａ")
    with empty.app_context():
        flask_migrate.upgrade(revision="0021")
        with engine.db.engine.begin() as connection:
            for id, name in enumerate(names, start=1):
                connection.execute(text(PERSON), {"id": id, "name": name})
        flask_migrate.upgrade()
        with engine.read_only_session() as session:
            people = session.scalars(select(User).order_by(User.id)).all()
            assert [(person.username, person.normalized_name) for person in people] == [
                ("Kari Nes", "kari nes"),
                ("ｋａｒｉ  nes", None),
                ("Eva@Blåbær.no", "eva@xn--blbr-roah.no"),
                ("eva@xn--blbr-roah.no", None),
                ("Ｏｌａ", "ola"),
            ]
            assert not any(person.must_change_password for person in people)
            for person, name in zip(people, names, strict=True):
                assert find(session, name).id == person.id
            assert find(session, "KARI NES").id == 1
            assert find(session, "OLA").id == 5
        flask_migrate.downgrade(revision="0021")
        with engine.read_only_session() as session:
            assert session.execute(text('SELECT count(*) FROM "user"')).scalar() == len(names)


PERSON = """
INSERT INTO "user" (id, username, email, active, fs_uniquifier)
VALUES (:id, :name, :name, TRUE, :name)
"""
INSTALLATION = """
INSERT INTO installation (id, company_id, slug, enabled, mode, settings, tenant_name, owner,
    schedule, zone, created_at)
VALUES (1, 1, 'small', TRUE, 'auto', '{}', '', '', '15m', 'UTC', '2026-01-31 12:00:00')
"""
DOCUMENT = """
INSERT INTO source_document (id, installation_id, company_id, slug, tenant, source_id, marker, kind,
    stage, number, party, currency, body, unreadable, gone, reread, made_for, seen_at)
VALUES (:id, 1, 1, 'small', 't', :id, 'm', 'bill', 'ready', '', '', '', '{}', '', :gone, FALSE, '',
    '2026-01-31 12:00:00')
"""
DOCUMENT_WITH_START = DOCUMENT.replace("seen_at)", "seen_at, before_start)").replace(
    "12:00:00')", "12:00:00', '')"
)
POSTING = """
INSERT INTO posting (id, document_id, company_id, installation_id, kind, part, operation, base,
    generation, requestid, revision, payload, planned, meaning, state, hold, reason, rekey, fence,
    not_these, number, currency, warnings, answer, created_at, changed_at)
VALUES (:id, :id, 1, 1, 'bill', '', 'create', '0', 0, :id, 0, '', '', '{}', 'withdrawn', '',
    :reason, FALSE, '', '[]', '', '', '[]', '{}', '2026-01-31 12:00:00', '2026-01-31 12:00:00')
"""
HELD_POSTING = POSTING.replace(" hold,", " held_by,").replace(" not_these,", " rejected_ids,")
RECEIPT = """
INSERT INTO receipt_row (id, document_id, installation_id, state, body, at, tries, ended, error)
VALUES (:id, :id, 1, 'held', :body, '2026-01-31 12:00:00', 0, '', '')
"""
COMPANY = """
INSERT INTO company (id, realm, name, country, currency, state, why, preferences, sends, batches,
    batch_size, batch_most, connected_at)
VALUES (:id, :id, '', '', '', 'connected', '', '{}', 0, 'single', 10, 30, '2026-01-31 12:00:00')
"""
COMPANY_WITH_REASON = COMPANY.replace(" why,", " state_reason,")
LIST_STATE = """
INSERT INTO list_state (company_id, list, read_at, version) VALUES (:id, 'company', '2026-01-31', 0)
"""
PEOPLE_WITH_ROLES = (
    "INSERT INTO role (name) VALUES ('owner'), ('viewer')",
    """INSERT INTO "user" (id, username, email, active, fs_uniquifier)
    VALUES (1, 'olga', 'olga@hub.invalid', TRUE, 'a'),
        (2, 'vera', 'vera@hub.invalid', TRUE, 'b')""",
    "INSERT INTO roles_users (user_id, role_id) VALUES (1, 1), (1, 2), (2, 2)",
)
ROLES_OF_PEOPLE = """
SELECT username, role.name FROM "user" JOIN roles_users ON roles_users.user_id = "user".id
JOIN role ON role.id = roles_users.role_id
WHERE username <> 'olga' OR role.name = 'owner' ORDER BY 1
"""
