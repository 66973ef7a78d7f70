"""The audit log: each entry has the hash of the one before, with a key outside the database."""

import hashlib
import hmac
import json
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flask import current_app, has_request_context
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db import engine
from hub.errors import Sentence
from hub.models import AuditEntry
from hub.security import audit_copy, audit_head, audit_witness

FIRST_PREVIOUS_HASH = "0" * 64
MAX_SUBJECT_LENGTH = 300  # a longer subject is cut
COLUMNS = ("number", "at", "who", "what", "subject", "detail", "origin", "previous", "hash")
AUDIT_LOCK = 0x61756469  # PostgreSQL advisory lock: one writer of the log at a time
HEAD_FILE = "audit.head"
SHARED_PREFIX = "db:"  # begins the origin of entries whose head is in the database
CLIENT_ADDRESS = "hub.client_address"  # the extension that names the address of a request
API_TOKEN = "hub.api_token"  # noqa: S105 (the extension that names the token of a request)
log = logging.getLogger(__name__)


def record(session: Session, who: str, what: str, subject: str, **detail: Any) -> None:
    """Add an entry in the transaction of the action: neither is written without the other."""
    details = {subject: detail}
    record_each(session, who, what, details)


def record_each(
    session: Session, who: str, what: str, details: Mapping[str, Mapping[str, Any]]
) -> None:
    """Add an entry for each of many subjects of one act.

    `details` are the details by subject. During a request the address of the client is added to
    them, and the name of the API token. Once the transaction is committed, the newest entry is
    noted in the head outside the database, unless that head shows that entries are missing:
    `verify` must still report it.
    """
    if not details:
        return
    _lock(session)
    newest = _load_newest_entry(session)
    number = _get_number(session, newest)
    may_write_head = _may_write_head(session, newest, number)
    may_note_head = may_write_head and not find_missing_note(session)
    entries = _make_entries(newest, number, who, what, details)
    lines = [to_line(entry) for entry in entries]
    rows = [_build_row(entry, line) for entry, line in zip(entries, lines, strict=True)]
    session.execute(insert(AuditEntry), rows)

    last = entries[-1]
    last.id = session.scalars(select(AuditEntry.id).where(AuditEntry.hash == last.hash)).one()
    head = _build_head(last, number + len(entries))
    if is_shared() and may_write_head:
        audit_witness.write_row(session, head, _derive_head_key())

    def publish(_: Session) -> None:
        """Note the newest entry and copy all of them; they are committed now."""
        if may_note_head:
            _write_head(head)
        _copy_entries(lines)

    event.listen(session, "after_commit", publish, once=True)


def record_alone(who: str, what: str, subject: str, **detail: Any) -> None:
    """Add an entry about an act that writes nothing else to the database."""
    with engine.transaction() as session:
        record(session, who, what, subject, **detail)


def record_restore(session: Session, who: str) -> None:
    """Record that the database was restored from a backup, whose log continues from here."""
    _lock(session)
    newest = _load_newest_entry(session)
    head = _build_head(newest, _get_number(session, newest))
    if is_shared():
        audit_witness.write_row(session, head, _derive_head_key())
    _write_head(head, replaces=True)
    record(session, who, audit_witness.RESTORED_ACTION, "audit log")


def record_refused_host(app: str, host: str) -> None:
    """Record that an app tried to call a host that it may not."""
    record_alone(app, "host refused", host)


def _build_row(entry: AuditEntry, line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of an entry with this line, and the installation in its details."""
    return {**line, "at": entry.at, "installation_id": entry.detail.get("installation")}


def to_line(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as its copy contains it, with the time as text."""
    line = {name: getattr(entry, name) for name in COLUMNS}
    line["at"] = entry.at.isoformat()
    return line


def compute_hash(line: Mapping[str, Any]) -> str:
    """Return the hash of an entry and its predecessor's hash.

    Entries from before revision 0018 have no origin, and their hash does not contain one.
    """
    names = ["at", "who", "what", "subject", "detail", "previous"]
    if line.get("origin"):
        names += ["origin", "number"]
    content = {name: line[name] for name in names}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(key(), text.encode(), hashlib.sha256).hexdigest()


def is_shared() -> bool:
    """Return whether several machines write the log, so that its head is in the database."""
    return current_hub().config.is_distributed


def describe_head_place() -> str:
    """Return the place of the head, as a part of a sentence."""
    return Sentence("the database") if is_shared() else Sentence("the data folder")


def describe_head_holder() -> str:
    """Return the file or row with the head, as a part of a sentence."""
    if is_shared():
        return Sentence("the row of the table audit_head")
    return Sentence("the file audit.head")


def read_stored_head(session: Session) -> audit_head.StoredHead:
    """Read the head that this data folder holds, or the one that all machines share."""
    if is_shared():
        return audit_witness.read_row(session, _derive_head_key())
    return audit_head.read(_get_head_path(), _derive_head_key())


def find_missing_note(session: Session) -> audit_head.Head | None:
    """Return the head that this machine noted in its data folder if the log lacks that entry."""
    if not is_shared():
        return None
    return audit_witness.find_missing_entry(session, _get_head_path(), _derive_head_key())


def key() -> bytes:
    """Return the key of the entries, which is derived from the secret key."""
    return _derive_key(b"audit log")


def get_folder_origin() -> str:
    """Return the name of this machine's data folder, by which its entries are distinguished.

    It also shows whether the head of its entries is the one in the database.
    """
    place = f"{socket.gethostname()} {current_hub().config.data.resolve()}"
    name = hmac.new(_derive_key(b"audit origin"), place.encode(), hashlib.sha256).hexdigest()
    return f"{SHARED_PREFIX}{name}"[:16] if is_shared() else name[:16]


def client_address() -> str:
    """Return the address from which the present request comes; "" outside of a request."""
    return _read_from_request(CLIENT_ADDRESS)


def _read_from_request(extension: str) -> str:
    """Return the text of an extension about the present request; "" outside of a request."""
    find: Callable[[], str] | None = current_app.extensions.get(extension)
    if find is None or not has_request_context():
        return ""
    return find()


def has_entry_of_head(session: Session) -> bool:
    """Return whether the log has an entry that was written together with this head.

    If so, the head has existed, and its absence is a fault.
    """
    is_own = AuditEntry.origin == get_folder_origin()
    if is_shared():
        is_own = AuditEntry.origin.startswith(SHARED_PREFIX)
    query = select(AuditEntry.id).where(is_own)
    return session.scalar(query.limit(1)) is not None


def _lock(session: Session) -> None:
    """Wait until no other transaction writes to the log; on SQLite this one is the only writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AUDIT_LOCK})


def _load_newest_entry(session: Session) -> AuditEntry | None:
    """Return the newest entry."""
    newest_first = select(AuditEntry).order_by(AuditEntry.id.desc())
    return session.scalar(newest_first.limit(1))


def _get_number(session: Session, entry: AuditEntry | None) -> int:
    """Return the place of the newest entry in the chain; older versions did not store it."""
    if entry is None:
        return 0
    if entry.number is None:
        return session.scalar(select(func.count(AuditEntry.id))) or 0
    return entry.number


def _make_entries(
    newest: AuditEntry | None,
    number: int,
    who: str,
    what: str,
    details: Mapping[str, Mapping[str, Any]],
) -> list[AuditEntry]:
    """Return the entries for an act, each with the hash of the one before it."""
    now = current_hub().clock.now()
    origin_detail = {"address": client_address(), "token": _read_from_request(API_TOKEN)}
    origin_detail = {name: text for name, text in origin_detail.items() if text}
    previous = newest.hash if newest else FIRST_PREVIOUS_HASH
    origin = get_folder_origin()
    entries = []
    for subject, detail in details.items():
        number += 1
        entry = AuditEntry(
            number=number,
            at=now.replace(microsecond=0),
            who=who[:200],
            what=what[:60],
            subject=subject[:MAX_SUBJECT_LENGTH],
            detail=_convert_details({**detail, **origin_detail}),
            origin=origin,
            previous=previous,
        )
        entry.hash = compute_hash(to_line(entry))
        previous = entry.hash
        entries.append(entry)
    return entries


def _convert_details(detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return details as JSON reads them back; numbers with decimals become texts."""
    text = json.dumps(detail, default=str)
    plain: dict[str, Any] = json.loads(text, parse_float=str)
    return plain


def _may_write_head(session: Session, newest: AuditEntry | None, number: int) -> bool:
    """Return whether the head may follow the log; write the first head of a data folder.

    The head must not be written if it is missing or damaged, or notes an entry that the database
    does not have. The first head is written before the first entry, so that a crash between the two
    leaves a head.
    """
    stored_head = read_stored_head(session)
    if stored_head.is_missing:
        if has_entry_of_head(session):
            return False
        if not is_shared():
            _write_head(_build_head(newest, number))
        return True
    if stored_head.error:
        log.error("The head of the audit log could not be read: %s", stored_head.error)
    if stored_head.head is None:
        return False
    if not stored_head.is_signed and has_entry_of_head(session):
        return False
    if stored_head.head.hash == FIRST_PREVIOUS_HASH:
        return True
    is_noted = select(AuditEntry.id).where(AuditEntry.hash == stored_head.head.hash)
    return session.scalar(is_noted) is not None


def _build_head(newest: AuditEntry | None, number: int) -> audit_head.Head:
    """Return the head of the log as it is in the database."""
    now = current_hub().clock.now()
    if newest is None:
        return audit_head.create_head(0, 0, FIRST_PREVIOUS_HASH, now)
    return audit_head.create_head(number, newest.id, newest.hash, now)


def _write_head(head: audit_head.Head, *, replaces: bool = False) -> None:
    """Note the newest entry outside the database; log an error if that fails."""
    path = _get_head_path()
    try:
        audit_head.write(path, head, _derive_head_key(), replaces=replaces)
    except OSError as error:
        log.error("The head of the audit log could not be written to %s: %s", path, error)


def _copy_entries(lines: Sequence[Mapping[str, Any]]) -> None:
    """Copy entries to the file or syslog of the setting, if it is set."""
    config = current_hub().config
    if config.audit_copy:
        audit_copy.write(config.audit_copy, config.data, lines)


def _get_head_path() -> Path:
    """Return the file of the head in the data folder."""
    return current_hub().config.data / HEAD_FILE


def _derive_head_key() -> bytes:
    """Return the key that signs heads."""
    return _derive_key(b"audit head")


def _derive_key(purpose: bytes) -> bytes:
    """Derive a key of the audit log from the secret key."""
    secret_key = current_hub().config.secret_key
    return hmac.new(secret_key.encode(), purpose, hashlib.sha256).digest()
