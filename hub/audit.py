"""Append-only log of who did what: each entry carries the hash of the one before, keyed outside the database."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub import runtime, store
from hub.errors import AuditBroken
from hub.models import AuditEntry

FIRST = "0" * 64
LOCK = 0x61756469  # PostgreSQL advisory lock: one writer of the log at a time


def record(session: Session, who: str, what: str, subject: str, **detail: Any) -> None:
    """Adds an entry within the transaction of the act itself: if one cannot be written, neither is the other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    entry = AuditEntry(
        at=runtime.current().clock.now().replace(microsecond=0),
        who=who[:200], what=what[:60], subject=subject[:300],
        detail=json.loads(json.dumps(detail, default=str)), previous=_newest(session),
    )  # fmt: skip
    entry.hash = _hash(entry)
    session.add(entry)
    session.flush()


def verify(session: Session) -> int:
    """Checks the whole chain; returns how many entries stand, or raises AuditBroken."""
    previous, count = FIRST, 0
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)):
        if entry.previous != previous:
            raise AuditBroken(entry.id, "does not follow the one before it: an entry was removed, added or moved")
        if not hmac.compare_digest(entry.hash, _hash(entry)):
            raise AuditBroken(entry.id, "was changed")
        previous, count = entry.hash, count + 1
    return count


def host_refused(app: str, host: str) -> None:
    """Notes that an app tried to call a host that it may not."""
    with store.transaction() as session:
        record(session, app, "host refused", host)


def _newest(session: Session) -> str:
    newest = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1))
    return newest or FIRST


def _hash(entry: AuditEntry) -> str:
    said: Mapping[str, Any] = {
        "at": entry.at.isoformat(), "who": entry.who, "what": entry.what, "subject": entry.subject,
        "detail": entry.detail, "previous": entry.previous,
    }  # fmt: skip
    line = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return hmac.new(_key(), line.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    return hmac.new(runtime.current().config.secret_key.encode(), b"audit log", hashlib.sha256).digest()
