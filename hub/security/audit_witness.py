"""Heads of the audit log when several machines share it: one in the database, and notes of each.

The shared head is written in the transaction of its entry. Somebody with write access to the
database could restore an older head together with an older log. So each machine with a data folder
also notes the head there: if the log lacks an entry that a machine has noted, it was cut off.
"""

import datetime as dt
import hmac
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AuditEntry, AuditHead
from hub.security import audit_head
from hub.security.audit_head import Head, StoredHead

ROW_ID = 1
RESTORED_ACTION = "database restored"


def read_row(session: Session, key: bytes) -> StoredHead:
    """Return the head in the database; one that was not signed with this key is unreadable."""
    row = session.get(AuditHead, ROW_ID, populate_existing=True)
    if row is None:
        return audit_head.MISSING_HEAD
    head = Head(count=row.count, id=row.entry_id, hash=row.hash, at=row.at)
    if not hmac.compare_digest(row.signature.encode(), audit_head.sign(head, key).encode()):
        return audit_head.UNREADABLE_HEAD
    return StoredHead(head, is_signed=True)


def write_row(session: Session, head: Head, key: bytes) -> None:
    """Write the head in the database, in the transaction of the newest entry."""
    values = asdict(head)
    values["entry_id"] = values.pop("id")
    signature = audit_head.sign(head, key)
    session.merge(AuditHead(id=ROW_ID, **values, signature=signature))
    session.flush()


def find_missing_entry(session: Session, path: Path, key: bytes) -> Head | None:
    """Return the head that this machine has noted if the log lacks its entry; else None.

    A machine that did not run while a person restored the database still notes a lost entry. An
    entry about the restore that is newer than the note explains it.
    """
    head = audit_head.read(path, key).head
    if head is None or head.count == 0:
        return None
    if session.scalar(select(AuditEntry.id).where(AuditEntry.hash == head.hash)) is not None:
        return None
    restores = select(AuditEntry.at).where(
        AuditEntry.what == RESTORED_ACTION, AuditEntry.number <= head.count
    )
    noted_at = dt.datetime.fromisoformat(head.at).replace(microsecond=0)
    is_explained = any(at >= noted_at for at in session.scalars(restores))
    return None if is_explained else head
