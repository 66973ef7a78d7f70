"""Verify the audit log: every entry against the one before it, the head and the copy."""

import hmac
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.errors import FolderUnavailable, Sentence
from hub.models import AuditEntry
from hub.security import audit, audit_copy
from hub.security.audit_errors import AuditBroken
from hub.security.audit_head import Head, StoredHead
from hub.security.audit_witness import RESTORED_ACTION

ENTRIES_PER_QUERY = 500  # copied entries that are looked up together
CUT_OFF = Sentence(
    "is missing though it was written: the end of the log was cut off, or the database was put back"
    " from a backup (then run `hub restored`)"
)
OUT_OF_ORDER = Sentence("does not follow the one before it: an entry was removed, added or moved")
CHANGED = Sentence("was changed, or signed with another secret key")


@dataclass
class Verification:
    """The result of a check: the numbers of entries, and remarks on what could not be compared."""

    count: int = 0
    copied: int = 0
    remarks: list[str] = field(default_factory=list)


def verify(session: Session, copy: Path | None = None) -> Verification:
    """Check the whole log; raise AuditBroken at the first entry that is not as it was written.

    `copy` is a file with copied entries; without it the one that HUB_AUDIT_COPY names is read.
    Head and copy are read before the entries, so entries that are written meanwhile are in neither.
    """
    stored_head = audit.read_stored_head(session)
    copy_file = _CopyFile.open(copy or _get_copy_path())
    result = Verification()
    head_number = None
    for entry in _iter_checked(session):
        result.count += 1
        if stored_head.head and entry.hash == stored_head.head.hash:
            head_number = result.count
    _require_readable(stored_head)
    _compare_head(session, stored_head, head_number, result)
    missing_head = audit.find_missing_note(session)
    if missing_head:
        raise AuditBroken(missing_head.id, CUT_OFF)
    if copy_file:
        _compare_copy(session, copy_file, result)
    config = current_hub().config
    failure = audit_copy.find_failure(config.data) if config.audit_copy else ""
    if failure:
        result.remarks.append(
            Sentence("The newest entries could not be copied: %(failure)s", failure=failure)
        )
    return result


def _iter_checked(session: Session) -> Iterator[AuditEntry]:
    """Yield the entries in order; raise AuditBroken at the first that does not follow the last."""
    previous = audit.FIRST_PREVIOUS_HASH
    entries = select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=1000)
    for number, entry in enumerate(session.scalars(entries), start=1):
        is_next = entry.previous == previous and entry.number in (None, number)
        if not is_next:
            raise AuditBroken(entry.id, OUT_OF_ORDER)
        if not _is_unchanged(audit.to_line(entry)):
            raise AuditBroken(entry.id, CHANGED)
        previous = entry.hash
        yield entry


def find_foreign_entry(session: Session) -> AuditEntry | None:
    """Return the newest entry if it does not have the hash that the key of this process gives."""
    newest = session.scalar(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    if newest is None or _is_unchanged(audit.to_line(newest)):
        return None
    return newest


def _is_unchanged(line: dict[str, Any]) -> bool:
    """Return whether an entry has the hash that it was given."""
    try:
        expected_hash = audit.compute_hash(line)
    except (KeyError, TypeError):
        return False
    return hmac.compare_digest(str(line.get("hash")).encode(), expected_hash.encode())


def _require_readable(stored_head: StoredHead) -> None:
    """Raise FolderUnavailable for a head whose file cannot be read; that says nothing about it."""
    if stored_head.error:
        raise FolderUnavailable(stored_head.error.filename, stored_head.error)


def _compare_head(
    session: Session, stored_head: StoredHead, head_number: int | None, result: Verification
) -> None:
    """Raise AuditBroken if the head notes entries that are missing, or is not the hub's own."""
    if stored_head.is_missing:
        if audit.has_entry_of_head(session):
            loss = Sentence("is gone from %(place)s", place=audit.describe_head_place())
            raise AuditBroken.head(loss, audit.describe_head_holder())
        if result.count and not audit.is_shared():
            result.remarks.append(
                Sentence(
                    "No entry was written from this data folder yet, so it has no head: until it"
                    " has one, the hub cannot notice here that the end of the log was cut off."
                )
            )
        return
    head = stored_head.head
    if head is None:
        raise AuditBroken.head(CHANGED, audit.describe_head_holder())
    if not stored_head.is_signed and audit.has_entry_of_head(session):
        raise AuditBroken.head(Sentence("is not signed"), audit.describe_head_holder())
    _require_noted(head, head_number, is_signed=stored_head.is_signed)
    unnoted_count = result.count - (head_number or head.count)
    if unnoted_count:
        result.remarks.append(
            Sentence(
                "The head does not note the newest %(count)s entries yet.", count=unnoted_count
            )
        )


def _require_noted(head: Head, number: int | None, *, is_signed: bool) -> None:
    """Raise AuditBroken unless the entry that the head notes is at its place in the log."""
    if head.hash == audit.FIRST_PREVIOUS_HASH:
        return
    if number is None:
        raise AuditBroken(head.id, CUT_OFF)
    if is_signed and number != head.count:
        sentence = Sentence(
            "was entry number %(before)s and is number %(after)s now",
            before=head.count,
            after=number,
        )
        raise AuditBroken(head.id, sentence)


def _get_copy_path() -> Path | None:
    """Return the file with the copy, if the copy is a file."""
    target = current_hub().config.audit_copy
    if not target or audit_copy.is_syslog(target):
        return None
    return Path(target)


@dataclass
class _CopyFile:
    """A file with copied entries, read up to the size that it had at first."""

    path: Path
    size: int

    @classmethod
    def open(cls, path: Path | None) -> "_CopyFile | None":
        """Return the file as it is now; None without a path."""
        if path is None:
            return None
        return cls(path, path.stat().st_size if path.exists() else 0)

    def chunks(self) -> Iterator[list[dict[str, Any] | None]]:
        """Yield the entries in chunks, with None for each line that is no entry."""
        if not self.size:
            return
        chunk: list[dict[str, Any] | None] = []
        position = 0
        with self.path.open("rb") as file:
            for line in file:
                position += len(line)
                if position > self.size:
                    break
                chunk.append(audit_copy.decode(line.decode(errors="replace")))
                if len(chunk) == ENTRIES_PER_QUERY:
                    yield chunk
                    chunk = []
        if chunk:
            yield chunk


def _compare_copy(session: Session, copy_file: _CopyFile, result: Verification) -> None:
    """Raise AuditBroken if the log lacks an entry that the copy has.

    Entries that a restored backup did not have may be missing: they were copied before the entry
    about the restore, and have its number or a later one.
    """
    missing: list[int] = []
    first_number = None
    unreadable = 0
    for lines in copy_file.chunks():
        entries = [line for line in lines if line is not None]
        unreadable += len(lines) - len(entries)
        stored_hashes = _load_stored_hashes(session, entries)
        for entry in entries:
            number = _get_copied_number(entry, copy_file.path)
            first_number = min(first_number or number, number)
            if entry["hash"] not in stored_hashes:
                missing.append(number)
                continue
            result.copied += 1
            if entry["what"] == RESTORED_ACTION:
                missing = [earlier for earlier in missing if earlier < number]
    if missing:
        raise AuditBroken.missing_from_log(missing[0], str(copy_file.path))
    expected_count = result.count if first_number is None else result.count - first_number + 1
    _remark_on_copy(result, copy_file.path, unreadable, expected_count - result.copied)


def _remark_on_copy(result: Verification, path: Path, unreadable: int, missing_count: int) -> None:
    """Add remarks about lines of the copy that are no entries, and about entries that it lacks."""
    if unreadable:
        result.remarks.append(
            Sentence(
                "%(count)s lines of the copy %(path)s are not entries.", count=unreadable, path=path
            )
        )
    if missing_count > 0:
        result.remarks.append(
            Sentence(
                "The copy %(path)s lacks %(count)s entries of the log.",
                path=path,
                count=missing_count,
            )
        )


def _load_stored_hashes(session: Session, entries: Collection[dict[str, Any]]) -> set[str]:
    """Return which of these entries the database has."""
    hashes = [str(entry.get("hash")) for entry in entries]
    query = select(AuditEntry.hash).where(AuditEntry.hash.in_(hashes))
    return set(session.scalars(query))


def _get_copied_number(entry: dict[str, Any], path: Path) -> int:
    """Return the number of a copied entry; raise AuditBroken if the copy of it was changed."""
    number = entry.get("number")
    if not isinstance(number, int) or not _is_unchanged(entry):
        raise AuditBroken.copy(number, str(path))
    return number
