"""Tests with random tampering of the audit log, its head and its copy: all of it is detected."""

import json
import random

import pytest
from sqlalchemy import delete, insert, select

from hub.db import engine
from hub.models import AuditEntry
from hub.security import audit, audit_check
from hub.security.audit_errors import AuditBroken
from tests.support.runs.tiers import by_form

MANY = by_form(small=240, full=600, long=2000)
ENTRIES = 12
COLUMNS = ("id", *audit.COLUMNS)


@pytest.fixture
def log(make_app, make_config, tmp_path):
    """Return a log that is copied, with the heads that it had."""
    copy = tmp_path / "audit.jsonl"
    app = make_app(make_config(HUB_AUDIT_COPY=str(copy)))
    head = app.extensions["hub"].config.data / "audit.head"
    heads = []
    with app.app_context():
        engine.upgrade(app)
        for number in range(ENTRIES):
            with engine.transaction() as session:
                audit.record(session, "ann", "code matched", f"code {number}", record=str(number))
            heads.append(head.read_bytes())
        with engine.read_only_session() as session:
            entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            rows = [{name: getattr(entry, name) for name in COLUMNS} for entry in entries]
        yield rows, head, heads, copy


@pytest.mark.proof
def test_random_tamperings_are_all_seen(log, figure):
    rows, head, heads, copy = log
    chance, kinds_detected, acts = random.Random(7), 0, set()
    whole_copy = copy.read_bytes()
    for _ in range(MANY):
        act = chance.choice(ACTS)
        acts.add(act)
        head.write_bytes(heads[-1])
        copy.write_bytes(whole_copy)
        with engine.read_only_session() as session:  # it is never committed
            session.execute(delete(AuditEntry))
            tampered = act([dict(row) for row in rows], chance, head, heads, copy)
            if tampered:
                session.execute(insert(AuditEntry), tampered)
            with pytest.raises(AuditBroken):
                audit_check.verify(session)
        kinds_detected += 1
    assert acts == set(ACTS)
    head.write_bytes(heads[-1])
    copy.write_bytes(whole_copy)
    with engine.read_only_session() as session:
        assert audit_check.verify(session).count == ENTRIES
    figure("random changes of the audit log, detected", kinds_detected, MANY)


def flip(text, chance):
    """Return a text with one bit of one character changed."""
    place = chance.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1 << chance.randrange(6)) + text[place + 1 :]


def edit_a_bit(rows, chance, *_):
    row = chance.choice(rows)
    name = chance.choice(["who", "what", "subject", "previous", "hash", "origin"])
    row[name] = flip(row[name], chance)
    return rows


def edit_another_value(rows, chance, *_):
    row = chance.choice(rows)
    name = chance.choice(["number", "at", "detail"])
    changed = {
        "number": row["number"] + chance.choice([-1, 1, 100]),
        "at": row["at"].replace(year=row["at"].year - 1),
        "detail": {"record": flip(row["detail"]["record"], chance)},
    }
    row[name] = changed[name]
    return rows


def delete_one(rows, chance, *_):
    del rows[chance.randrange(len(rows))]
    return rows


def reorder(rows, chance, *_):
    first, second = chance.sample(range(len(rows)), 2)
    rows[first]["id"], rows[second]["id"] = rows[second]["id"], rows[first]["id"]
    return rows


def insert_one(rows, chance, *_):
    """Insert a copy of an entry, or an entry without a valid hash, at a random place."""
    place = chance.randrange(len(rows) + 1)
    forged = {**chance.choice(rows), "hash": f"{chance.getrandbits(256):064x}"}
    if place == len(rows) or chance.random() < 0.5:
        forged["previous"] = rows[place - 1]["hash"] if place else audit.FIRST_PREVIOUS_HASH
    for row in rows[place:]:
        row["id"] += 1
    forged["id"] = place + 1
    numbers = {row["previous"] for row in rows}
    if forged["previous"] in numbers:
        forged["previous"] = f"{chance.getrandbits(256):064x}"
    return [*rows, forged]


def cut_the_end(rows, chance, *_):
    return rows[: chance.randrange(len(rows))]


def cut_the_end_and_remove_the_head(rows, chance, head, heads, copy):
    """Only the copy can show that a log was removed together with its head."""
    head.unlink()
    return rows[: chance.randrange(len(rows))]


def cut_the_end_and_forge_the_head(rows, chance, head, heads, copy):
    count = chance.randrange(1, len(rows))
    values = json.loads(heads[-1]) | {"id": count, "count": count, "hash": rows[count - 1]["hash"]}
    if chance.random() < 0.3:
        del values["signature"]
    head.write_text(json.dumps(values))
    return rows[:count]


def cut_the_end_and_restore_an_older_head(rows, chance, head, heads, copy):
    count = chance.randrange(1, len(rows))
    head.write_bytes(heads[count - 1])
    return rows[:count]


def change_the_head(rows, chance, head, heads, copy):
    values = json.loads(heads[-1])
    name = chance.choice(list(values))
    values[name] = flip(values[name], chance) if isinstance(values[name], str) else values[name] + 1
    head.write_text(json.dumps(values))
    return rows


def change_the_copy(rows, chance, head, heads, copy):
    lines = copy.read_text().splitlines()
    place = chance.randrange(len(lines))
    values = json.loads(lines[place])
    name = chance.choice(["who", "what", "subject", "previous", "hash", "origin"])
    values[name] = flip(values[name], chance)
    lines[place] = json.dumps(values)
    copy.write_text("\n".join(lines) + "\n")
    return rows


ACTS = [
    edit_a_bit,
    edit_another_value,
    delete_one,
    reorder,
    insert_one,
    cut_the_end,
    cut_the_end_and_remove_the_head,
    cut_the_end_and_forge_the_head,
    cut_the_end_and_restore_an_older_head,
    change_the_head,
    change_the_copy,
]
