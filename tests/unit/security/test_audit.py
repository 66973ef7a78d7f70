"""The audit log: written with each action, and changes to it are detected."""

import ast
import json
import re
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.cli import main, maintenance
from hub.db import engine
from hub.models import AuditEntry, Secret
from hub.security import audit, audit_check, audit_entries
from hub.security.audit_errors import AuditBroken


def write(count, who="ann"):
    for number in range(count):
        with engine.transaction() as session:
            audit.record(
                session, who, "match decided", f"code {number}", record=str(number), was=None
            )


def verified():
    with engine.read_only_session() as session:
        return audit_check.verify(session).count


def tamper(*statements):
    with engine.transaction() as session:
        for statement in statements:
            session.execute(statement)


def test_a_log_that_nobody_touched_verifies(either_app):
    write(5)
    assert verified() == 5


def test_an_empty_log_verifies(app):
    assert verified() == 0


def test_an_entry_says_who_did_what_to_what_and_when(app, clock):
    write(1)
    with engine.read_only_session() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.who, entry.what, entry.subject, entry.at) == (
        "ann",
        "match decided",
        "code 0",
        clock.now(),
    )
    assert entry.detail == {"record": "0", "was": None}


def test_a_slow_reader_of_the_list_keeps_no_transaction_open(app, monkeypatch):
    """PostgreSQL would end it after a minute, and the list with it."""
    write(5)
    monkeypatch.setattr(audit_entries, "ROWS_AT_ONCE", 2)
    subjects = []

    def print_slowly(text):
        with closing(sqlite3.connect(engine.db.engine.url.database)) as connection:
            is_busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        subjects.append((text.split("  ")[-1], is_busy))

    monkeypatch.setattr(maintenance, "say", print_slowly)
    result = CliRunner().invoke(main, ["audit", "list", "--what", "match decided"], obj=app)
    assert result.exit_code == 0, result.output
    assert subjects == [(f"code {number}", 0) for number in range(5)]


def test_an_act_that_fails_leaves_no_entry(app):
    with pytest.raises(ZeroDivisionError), engine.transaction() as session:
        audit.record(session, "ann", "approved", "posting 1", share=1 / len([]))
    assert verified() == 0


def test_an_act_that_cannot_be_logged_is_not_done(app, monkeypatch):
    monkeypatch.setattr(audit, "compute_hash", lambda line: None)
    with pytest.raises(IntegrityError):
        keep_secret_and_log_it()
    with engine.read_only_session() as session:
        assert session.scalars(select(Secret)).all() == []


def keep_secret_and_log_it():
    with engine.transaction() as session:
        session.add(Secret(place="a", sealed=b"x"))
        audit.record(session, "ann", "secret set", "a")


@pytest.mark.parametrize(
    "change",
    [
        {"who": "eve"},
        {"what": "x"},
        {"subject": "code 9"},
        {"detail": {"record": "9", "was": None}},
        {"previous": "1" * 64},
        {"hash": "2" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_edit_is_seen(app, change):
    write(3)
    tamper(update(AuditEntry).where(AuditEntry.id == 2).values(**change))
    with pytest.raises(AuditBroken, match=r"entry [23] "):
        verified()


def test_a_deletion_in_the_middle_is_seen(app):
    write(3)
    tamper(delete(AuditEntry).where(AuditEntry.id == 2))
    with pytest.raises(AuditBroken, match="entry 3 does not follow the one before it"):
        verified()


def test_a_deletion_at_the_start_is_seen(app):
    write(3)
    tamper(delete(AuditEntry).where(AuditEntry.id == 1))
    with pytest.raises(AuditBroken, match="entry 2 does not follow"):
        verified()


def test_a_log_cut_off_at_its_end_is_seen_even_after_more_was_written(app):
    write(5)
    tamper(delete(AuditEntry).where(AuditEntry.id > 3))
    with pytest.raises(AuditBroken, match="entry 5 is missing though it was written"):
        verified()
    write(4)  # the head stays where it is
    with pytest.raises(AuditBroken, match="entry 5 is missing"):
        verified()


def test_a_log_emptied_is_seen(app):
    write(2)
    tamper(delete(AuditEntry))
    with pytest.raises(AuditBroken, match="entry 2 is missing"):
        verified()


def test_two_exchanged_entries_are_detected(app):
    write(4)
    tamper(
        update(AuditEntry).where(AuditEntry.id == 2).values(id=99),
        update(AuditEntry).where(AuditEntry.id == 3).values(id=2),
        update(AuditEntry).where(AuditEntry.id == 99).values(id=3),
    )
    with pytest.raises(AuditBroken):
        verified()


def test_an_entry_cannot_be_added_without_the_key(app):
    write(1)
    with engine.read_only_session() as session:
        newest = session.scalars(select(AuditEntry)).one()
    forged = {"at": newest.at, "who": "eve", "what": "x", "subject": "y", "detail": {}}
    tamper(insert(AuditEntry).values(**forged, previous=newest.hash, hash="f" * 64))
    with pytest.raises(AuditBroken, match="entry 2 was changed"):
        verified()


def test_the_log_of_a_restored_database_continues_once_the_restore_is_declared(app):
    write(5)
    tamper(delete(AuditEntry).where(AuditEntry.id > 3))
    with engine.transaction() as session:
        audit.record_restore(session, "ann")
    write(2)
    assert verified() == 6


def test_writers_at_the_same_time_make_one_chain(either_app):
    def write_there():
        with either_app.app_context():
            write(5)

    threads = [threading.Thread(target=write_there) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert verified() == 20


def test_another_secret_key_does_not_verify_the_log(app, make_app, make_config):
    write(1)
    other = make_app(make_config(HUB_SECRET_KEY="another-key-Zy8Xw7Vu6Ts5Rq4Po3Nm2Lk"))
    problem = "entry 1 was changed, or signed with another secret key"
    with other.app_context(), pytest.raises(AuditBroken, match=problem):
        verified()


def test_a_refused_host_is_noted_with_the_app_that_tried(app):
    audit.record_refused_host("CostTracker", "metadata.internal")
    with engine.read_only_session() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.who, entry.what, entry.subject) == (
        "CostTracker",
        "host refused",
        "metadata.internal",
    )


def head_file(app):
    return app.extensions["hub"].config.data / "audit.head"


def test_a_head_that_was_removed_with_the_end_is_seen(app):
    write(5)
    tamper(delete(AuditEntry).where(AuditEntry.id > 3))
    head_file(app).unlink()
    with pytest.raises(AuditBroken, match=r"head, the file audit\.head, is gone"):
        verified()
    write(4)  # writes no new head
    with pytest.raises(AuditBroken, match="is gone from the data folder"):
        verified()


def test_a_head_that_was_written_for_a_shorter_log_is_seen(app):
    write(5)
    with engine.read_only_session() as session:
        third = session.get_one(AuditEntry, 3)
    tamper(delete(AuditEntry).where(AuditEntry.id > 3))
    values = json.loads(head_file(app).read_text())
    head_file(app).write_text(json.dumps(values | {"id": 3, "count": 3, "hash": third.hash}))
    with pytest.raises(AuditBroken, match="was changed, or signed with another secret key"):
        verified()
    head_file(app).write_text(json.dumps({"id": 3, "hash": third.hash}))  # as before revision 0018
    with pytest.raises(AuditBroken, match="is not signed"):
        verified()


def test_an_unsigned_head_of_an_earlier_version_is_taken_over(app):
    write_as_before(app, 3)
    assert verified() == 3
    tamper(delete(AuditEntry).where(AuditEntry.id == 3))
    with pytest.raises(AuditBroken, match="entry 3 is missing"):
        verified()


def test_entries_of_an_earlier_version_stay_as_they_are_and_are_followed(app):
    write_as_before(app, 3)
    write(2)
    assert verified() == 5
    assert json.loads(head_file(app).read_text())["count"] == 5
    with engine.read_only_session() as session:
        numbers = session.scalars(select(AuditEntry.number).order_by(AuditEntry.id)).all()
    assert numbers == [None, None, None, 4, 5]


def write_as_before(app, count):
    """Write entries and an unsigned head as versions before revision 0018 did."""
    previous = audit.FIRST_PREVIOUS_HASH
    for id in range(1, count + 1):
        entry = AuditEntry(
            id=id,
            at=app.extensions["hub"].clock.now(),
            who="ann",
            what="x",
            subject="y",
            detail={},
            origin="",
            previous=previous,
        )
        entry.hash = previous = audit.compute_hash(audit.to_line(entry))
        with engine.transaction() as session:
            session.add(entry)
    head_file(app).write_text(json.dumps({"id": count, "hash": previous}))


def test_a_transaction_that_is_rolled_back_moves_no_head(app):
    write(2)
    before = head_file(app).read_text()
    with pytest.raises(ZeroDivisionError), engine.transaction() as session:
        write_and_fail(session)
    assert head_file(app).read_text() == before
    assert verified() == 2


def write_and_fail(session):
    audit.record(session, "ann", "approved", "posting 1")
    raise ZeroDivisionError


def test_a_crash_between_commit_and_head_is_no_alarm(app, monkeypatch):
    write(2)
    monkeypatch.setattr(audit, "_write_head", lambda head, **options: None)
    write(2)
    monkeypatch.undo()
    with engine.read_only_session() as session:
        result = audit_check.verify(session)
    assert (result.count, len(result.remarks)) == (4, 1)
    assert "does not note the newest 2 entries" in result.remarks[0]
    write(1)
    assert verified() == 5


def test_the_first_head_is_written_before_the_first_entry(app, monkeypatch):
    """A process that ends right after its first commit leaves a head, so the log verifies."""
    real = audit._write_head
    monkeypatch.setattr(
        audit, "_write_head", lambda head, **options: None if head.count else real(head, **options)
    )
    write(1)
    assert verified() == 1


def test_an_older_head_never_replaces_a_newer_one(app):
    """A slow process writes the head of its entry after that of a later entry."""
    write(2)
    with engine.read_only_session() as session:
        older = audit.read_stored_head(session).head
    write(1)
    audit._write_head(older)
    with engine.read_only_session() as session:
        assert audit.read_stored_head(session).head.count == 3


def test_another_data_folder_of_the_database_is_no_alarm(make_app, make_config, tmp_path):
    first = make_app(make_config())
    with first.app_context():
        engine.upgrade(first)
        write(3)
    other_folder = tmp_path / "other"
    other_folder.mkdir(mode=0o700)
    url = first.config["SQLALCHEMY_DATABASE_URI"]
    other = make_app(make_config(HUB_DATA=str(other_folder), HUB_DATABASE_URL=url))
    with other.app_context(), engine.read_only_session() as session:
        result = audit_check.verify(session)
    assert (result.count, "has no head" in result.remarks[0]) == (3, True)
    with other.app_context():
        write(2)
        assert verified() == 5
    with first.app_context():
        assert verified() == 5  # its head is older
        write(1)
        assert verified() == 6


# Functions of the audit log, and which of their arguments is the act.
PLACE_OF_ACT = {"record": 2, "record_each": 2, "record_alone": 1, "note": 0}


def test_acts_have_plain_names():
    """An act is a noun and what happened to it, such as "company connected"."""
    acts = set()
    for path in Path(audit.__file__).parents[1].rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if any(f".{function}(" in text for function in PLACE_OF_ACT):
            for node in ast.walk(ast.parse(text)):
                acts |= act_of(node)
    assert len(acts) > 40
    assert [
        act for act in sorted(acts) if not re.fullmatch(r"[A-Z]?[a-z]+([ -][a-z]+)+", act)
    ] == []


def act_of(node):
    """Return the act that a call to the audit log names, where it is a constant."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return set()
    place = PLACE_OF_ACT.get(node.func.attr)
    if place is None or len(node.args) <= place:
        return set()
    act = node.args[place]
    is_text = isinstance(act, ast.Constant) and isinstance(act.value, str)
    return {act.value} if is_text else set()
