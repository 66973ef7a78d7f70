"""The audit log: each entry has the hash of the one before, with a key outside the database."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Select, event, insert, select, text
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.crypto.keys import write_private
from hub.db import engine
from hub.errors import AuditBroken
from hub.models import AuditEntry

FIRST = "0" * 64
WRITTEN = "at", "who", "what", "subject", "detail", "previous", "hash"
LOCK = 0x61756469  # PostgreSQL advisory lock: one writer of the log at a time


def record(session: Session, who: str, what: str, subject: str, **detail: Any) -> None:
    """Add an entry in the transaction of the action: neither is written without the other."""
    details = {subject: detail}
    record_each(session, who, what, details)


def record_each(
    session: Session, who: str, what: str, details: Mapping[str, Mapping[str, Any]]
) -> None:
    """Add an entry for each of many subjects of one act.

    `details` are the details by subject. The newest entry is also noted outside the database, once
    the transaction is committed, unless the database no longer has the one that is noted there:
    `verify` must still report that it is missing.
    """
    entries = _add_entries(session, who, what, details)
    if not entries:
        return
    columns = [{name: getattr(entry, name) for name in WRITTEN} for entry in entries]
    session.execute(insert(AuditEntry), columns)

    head = _head()
    if head is None or session.scalar(_by_hash(head["hash"])):
        newest_hash = entries[-1].hash
        newest = {"id": session.scalars(_by_hash(newest_hash)).one(), "hash": newest_hash}
        event.listen(session, "after_commit", lambda _: _keep_head(newest), once=True)


def _add_entries(
    session: Session, who: str, what: str, details: Mapping[str, Mapping[str, Any]]
) -> list[AuditEntry]:
    """Return the entries for an act, each with the hash of the one before it."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    now = hub_context.current().clock.now()
    previous = _newest(session)
    entries = []
    for subject, detail in details.items():
        entry = AuditEntry(
            at=now.replace(microsecond=0),
            who=who[:200],
            what=what[:60],
            subject=subject[:300],
            detail=json.loads(json.dumps(detail, default=str)),
            previous=previous,
        )
        entry.hash = _hash(entry)
        previous = entry.hash
        entries.append(entry)
    return entries


def verify(session: Session) -> int:
    """Check the whole chain; return how many entries stand, or raise AuditBroken."""
    head = _head()
    is_head_present = head is None
    previous = FIRST
    count = 0
    entries = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    for entry in session.scalars(entries):
        if entry.previous != previous:
            raise AuditBroken(
                entry.id, "does not follow the one before it: an entry was removed, added or moved"
            )
        if not hmac.compare_digest(entry.hash, _hash(entry)):
            raise AuditBroken(entry.id, "was changed")
        if head is not None and entry.hash == head["hash"]:
            is_head_present = True
        previous = entry.hash
        count += 1
    if head is not None and not is_head_present:
        raise AuditBroken(
            head["id"],
            "is missing though it was written: the end of the log was cut off, or the database was"
            " put back from a backup (then run `hub restored`)",
        )
    return count


def restored(session: Session, who: str) -> None:
    """Record that the database was restored from a backup, whose log continues from here."""
    _head_file().unlink(missing_ok=True)
    record(session, who, "database restored", "audit log")


def host_refused(app: str, host: str) -> None:
    """Record that an app tried to call a host that it may not."""
    with engine.transaction() as session:
        record(session, app, "host refused", host)


def _head_file() -> Path:
    """Return the file with the hash of the newest entry."""
    return hub_context.current().config.data / "audit.head"


def _head() -> dict[str, Any] | None:
    """Read the newest entry as noted outside the database, so that a log that was cut off shows."""
    try:
        text = _head_file().read_text(encoding="utf-8")
        return dict(json.loads(text))
    except (OSError, ValueError):
        return None


def _keep_head(head: dict[str, Any]) -> None:
    """Note the newest entry outside the database, if the file can be written."""
    with suppress(OSError):  # the act is done and logged; an older head proves less, not wrongly
        write_private(_head_file(), json.dumps(head), durable=False)


def _by_hash(hash: str) -> Select[int]:
    """Select the id of the entry with a hash."""
    query = select(AuditEntry.id)
    return query.where(AuditEntry.hash == hash)


def _newest(session: Session) -> str:
    """Return the hash of the newest entry."""
    newest_first = select(AuditEntry.hash).order_by(AuditEntry.id.desc())
    newest = session.scalar(newest_first.limit(1))
    return newest or FIRST


def _hash(entry: AuditEntry) -> str:
    """Return the hash of an entry and its predecessor's hash."""
    content: Mapping[str, Any] = {
        "at": entry.at.isoformat(),
        "who": entry.who,
        "what": entry.what,
        "subject": entry.subject,
        "detail": entry.detail,
        "previous": entry.previous,
    }
    line = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(_key(), line.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    """Derive the key of the audit log from the secret key."""
    secret_key = hub_context.current().config.secret_key
    return hmac.new(secret_key.encode(), b"audit log", hashlib.sha256).digest()
