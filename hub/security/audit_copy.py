"""The copy of the audit log: each entry as a line of JSON, in a file or sent to syslog.

An entry is copied once its transaction is committed, so that the copy holds nothing that was rolled
back. A copy that fails does not undo the act; it is reported until an entry can be copied again.
"""

import datetime as dt
import json
import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from hub.crypto.keys import write_private

SYSLOG_SCHEMES = ("syslog", "syslog+tcp")
SYSLOG_PORT = 514
TIMEOUT_SECONDS = 5
FAILURE_FILE = "audit-copy.failed"
log = logging.getLogger(__name__)

Line = Mapping[str, Any]


class SyslogSender(SysLogHandler):
    """Send lines to syslog as RFC 5424 describes, with the time of the entry."""

    def __init__(self, target: str) -> None:
        """Connect to the address that a `syslog:` URL names."""
        parts = urlsplit(target)
        self._is_tcp = parts.scheme == "syslog+tcp"
        address: Any = parts.path
        if parts.hostname:
            address = (parts.hostname, parts.port or SYSLOG_PORT)
        super().__init__(address, facility=SysLogHandler.LOG_AUTHPRIV)
        self.append_nul = False

    def createSocket(self) -> None:
        """Connect with a time limit, which the handler's own method lacks."""
        if self._is_tcp:
            self.unixsocket = False
            address = cast(tuple[str, int], self.address)
            self.socket = socket.create_connection(address, TIMEOUT_SECONDS)
            self.socktype = socket.SOCK_STREAM
            return
        super().createSocket()
        self.socket.settimeout(TIMEOUT_SECONDS)

    def format(self, record: logging.LogRecord) -> str:
        """Return the header of RFC 5424 and the message; `emit` puts the priority before it."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        host = socket.gethostname() or "-"
        end = "\n" if self._is_tcp else ""  # where one message ends in a stream of them
        return f"1 {at:%Y-%m-%dT%H:%M:%SZ} {host} hub {os.getpid()} audit - {record.msg}{end}"

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise the error; the handler's own method only prints it."""
        error = sys.exc_info()[1]
        if error:
            raise error

    def send(self, text: str, at: dt.datetime) -> None:
        """Send one line with the time of its entry."""
        values = {"msg": text, "created": at.timestamp(), "levelname": "INFO"}
        self.emit(logging.makeLogRecord(values))


def is_syslog(target: str) -> bool:
    """Return whether a copy goes to syslog, not to a file."""
    return urlsplit(target).scheme in SYSLOG_SCHEMES


def write(target: str, folder: Path, lines: Sequence[Line]) -> None:
    """Copy entries; note a failure in the data folder, and remove the note after a success."""
    try:
        if is_syslog(target):
            _send(target, lines)
        else:
            _append_lines(Path(target), lines)
    except OSError as error:
        log.error("An entry of the audit log could not be copied to %s: %s", target, error)
        with suppress(OSError):
            write_private(folder / FAILURE_FILE, f"{lines[0]['at']} {error}", durable=False)
        return
    with suppress(OSError):
        (folder / FAILURE_FILE).unlink(missing_ok=True)


def find_failure(folder: Path) -> str:
    """Return when and why the newest entry could not be copied; "" if it was."""
    try:
        return (folder / FAILURE_FILE).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def encode(line: Line) -> str:
    """Return an entry as one line of JSON."""
    return json.dumps(line, sort_keys=True, separators=(",", ":"), default=str)


def decode(text: str) -> dict[str, Any] | None:
    """Return the entry of a line, before which syslog may have put its header; None if none."""
    start = text.find("{")
    try:
        values = json.loads(text[start:]) if start >= 0 else None
    except ValueError:
        return None
    return values if isinstance(values, dict) else None


def _append_lines(path: Path, lines: Sequence[Line]) -> None:
    """Append all lines in one write, so that those of several processes do not mix."""
    content = "".join(f"{encode(line)}\n" for line in lines).encode()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while content:
            content = content[os.write(handle, content) :]
    finally:
        os.close(handle)


def _send(target: str, lines: Sequence[Line]) -> None:
    """Send each line to syslog."""
    sender = SyslogSender(target)
    try:
        for line in lines:
            sender.send(encode(line), dt.datetime.fromisoformat(line["at"]))
    finally:
        sender.close()
