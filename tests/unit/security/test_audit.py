"""The audit log: written with each action, and changes to it are detected."""

import random
import threading

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from hub.db import engine
from hub.errors import AuditBroken
from hub.models import AuditEntry, Secret
from hub.security import audit
from tests.support.tiers import FULL

MANY = 1000 if FULL else 200


def write(count, who="ann"):
    for number in range(count):
        with engine.transaction() as session:
            audit.record(
                session, who, "match decided", f"code {number}", record=str(number), was=None
            )


def verified():
    with engine.reading() as session:
        return audit.verify(session)


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
    with engine.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.who, entry.what, entry.subject, entry.at) == (
        "ann",
        "match decided",
        "code 0",
        clock.now(),
    )
    assert entry.detail == {"record": "0", "was": None}


def test_an_act_that_fails_leaves_no_entry(app):
    with pytest.raises(ZeroDivisionError), engine.transaction() as session:
        audit.record(session, "ann", "approved", "posting 1", share=1 / len([]))
    assert verified() == 0


def test_what_cannot_be_logged_is_not_done(app, monkeypatch):
    monkeypatch.setattr(audit, "_hash", lambda entry: None)
    with pytest.raises(IntegrityError):
        keep_secret_and_log_it()
    with engine.reading() as session:
        assert session.scalars(select(Secret)).all() == []


def keep_secret_and_log_it():
    with engine.transaction() as session:
        session.add(Secret(place="a", sealed=b"x"))
        audit.record(session, "ann", "secret set", "a")


@pytest.mark.parametrize(
    "change",
    [{"who": "eve"}, {"what": "x"}, {"subject": "code 9"}, {"detail": {"record": "9", "was": None}},
     {"previous": "1" * 64}, {"hash": "2" * 64}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
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
    write(4)
    with pytest.raises(AuditBroken, match="entry 5 is missing"):
        verified()


def test_a_log_emptied_is_seen(app):
    write(2)
    tamper(delete(AuditEntry))
    with pytest.raises(AuditBroken, match="entry 2 is missing"):
        verified()


def test_two_entries_exchanged_are_seen(app):
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
    with engine.reading() as session:
        newest = session.scalars(select(AuditEntry)).one()
    forged = {"at": newest.at, "who": "eve", "what": "x", "subject": "y", "detail": {}}
    tamper(insert(AuditEntry).values(**forged, previous=newest.hash, hash="f" * 64))
    with pytest.raises(AuditBroken, match="entry 2 was changed"):
        verified()


@pytest.mark.proof
def test_random_tamperings_are_all_seen(app, figure):
    write(12)
    with engine.reading() as session:
        columns = ("id", "at", "who", "what", "subject", "detail", "previous", "hash")
        good = [
            {name: getattr(row, name) for name in columns}
            for row in session.scalars(select(AuditEntry))
        ]
    chance, seen = random.Random(7), 0
    for _ in range(MANY):
        with engine.reading() as session:
            session.execute(delete(AuditEntry))
            session.execute(insert(AuditEntry), tampered(good, chance))
            with pytest.raises(AuditBroken):
                audit.verify(session)
            seen += 1
    figure("random tamperings of the audit log seen", seen, MANY)


def tampered(good, chance):
    rows = [dict(row) for row in good]
    act, place = chance.choice(["edit", "delete", "swap"]), chance.randrange(len(rows))
    if act == "delete":
        del rows[place]
    elif act == "swap":
        other = (place + 1 + chance.randrange(len(rows) - 1)) % len(rows)
        rows[place]["id"], rows[other]["id"] = rows[other]["id"], rows[place]["id"]
    else:
        name = chance.choice(["who", "what", "subject", "previous", "hash"])
        letter = chance.randrange(len(rows[place][name]))
        text = rows[place][name]
        rows[place][name] = text[:letter] + chr(ord(text[letter]) ^ 1) + text[letter + 1 :]
    return rows


def test_a_database_put_back_from_a_backup_goes_on_once_that_was_told(app):
    write(5)
    tamper(delete(AuditEntry).where(AuditEntry.id > 3))
    with engine.transaction() as session:
        audit.restored(session, "ann")
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
    with other.app_context(), pytest.raises(AuditBroken, match="entry 1 was changed"):
        verified()


def test_a_refused_host_is_noted_with_the_app_that_tried(app):
    audit.host_refused("CostTracker", "metadata.internal")
    with engine.reading() as session:
        entry = session.scalars(select(AuditEntry)).one()
    assert (entry.who, entry.what, entry.subject) == (
        "CostTracker",
        "host refused",
        "metadata.internal",
    )
