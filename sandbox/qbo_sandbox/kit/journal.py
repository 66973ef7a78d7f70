"""An append-only file of changes, written before the answer and read when a stand-in starts."""

import json
import os
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from qbo_sandbox.kit.json_object import JsonObject


class Journal:
    """One JSON document a line, none without a path; a torn last line after a kill is cut off."""

    def __init__(self, path: Path | None, *, fsync: bool = False) -> None:
        self.path = path
        self._fsync = fsync
        self._lock = threading.Lock()
        self._file: int | None = None

    def replay(self) -> Iterator[JsonObject]:
        """Yield every whole line, the oldest first; numbers with a fraction are Decimal."""
        if self.path is None or not self.path.exists():
            return
        whole = 0
        with self.path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                yield json.loads(line, parse_float=Decimal)
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)

    def append(self, record: JsonObject) -> None:
        """Write a record."""
        line = json.dumps(record, ensure_ascii=False, default=str)
        self.append_line(line.encode())

    def append_line(self, line: bytes) -> None:
        """Write one line of JSON, made by the caller, in a single system call."""
        if self.path is None:
            return
        with self._lock:
            file = self._open()
            os.write(file, line + b"\n")
            if self._fsync:
                os.fsync(file)

    def _open(self) -> int:
        """Return the file, which is opened with the first record."""
        if self._file is None:
            assert self.path is not None
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self._file

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
