"""The signed head of the audit log: a note in the data folder of how far the log reached.

The chain of hashes shows that an entry was changed or removed, except at its end. The head shows
that the end was cut off. It is signed, so that write access to the data folder is not enough to
shorten both. Only a copy of the log shows that an older head was restored with an older log.
"""

import datetime as dt
import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.crypto.keys import write_private


@dataclass(frozen=True)
class Head:
    """The newest entry at some time: its number in the chain, its id and its hash."""

    count: int
    id: int
    hash: str
    at: str


@dataclass(frozen=True)
class StoredHead:
    """The head in the file, or why there is none; versions before 0018 did not sign it.

    `error` says why the file cannot be read.
    """

    head: Head | None = None
    is_signed: bool = False
    is_missing: bool = False
    error: OSError | None = None


MISSING_HEAD = StoredHead(is_missing=True)
UNREADABLE_HEAD = StoredHead()


def read(path: Path, key: bytes) -> StoredHead:
    """Read the head; one that is damaged or was not signed with this key is unreadable."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return MISSING_HEAD
    except OSError as error:
        return StoredHead(error=error)
    except ValueError:
        return UNREADABLE_HEAD
    try:
        values: dict[str, Any] = json.loads(text)
        signature = values.pop("signature", None)
        if signature is None:
            unsigned_head = Head(count=0, id=int(values["id"]), hash=str(values["hash"]), at="")
            return StoredHead(unsigned_head)
        head = Head(**values)
    except (AttributeError, KeyError, TypeError, ValueError):
        return UNREADABLE_HEAD
    if not hmac.compare_digest(str(signature).encode(), sign(head, key).encode()):
        return UNREADABLE_HEAD
    return StoredHead(head, is_signed=True)


def write(path: Path, head: Head, key: bytes, *, replaces: bool = False) -> None:
    """Store a head; only with `replaces` may it note fewer entries than the stored one.

    Another process may have written a later entry and its head in the meantime.
    """
    current = read(path, key)
    is_older = current.is_signed and current.head is not None and current.head.count > head.count
    if is_older and not replaces:
        return
    values = {**asdict(head), "signature": sign(head, key)}
    write_private(path, json.dumps(values), durable=False)


def create_head(count: int, id: int, hash: str, now: dt.datetime) -> Head:
    """Return a head with its time as text."""
    return Head(count=count, id=id, hash=hash, at=now.isoformat())


def sign(head: Head, key: bytes) -> str:
    """Return the signature of a head."""
    line = json.dumps(asdict(head), sort_keys=True, separators=(",", ":"))
    return hmac.new(key, line.encode(), hashlib.sha256).hexdigest()
