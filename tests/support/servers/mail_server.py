"""A mail server in this process that stores the messages it receives."""

import base64
import email
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.proofs.canaries import search


class Line(socketserver.StreamRequestHandler):
    """An SMTP conversation of a plain server without TLS."""

    def handle(self):
        self._say("220 test")
        while line := self.rfile.readline().decode().strip():
            self._answer(line)

    def _answer(self, line):
        verb = line.upper().partition(" ")[0]
        if verb == "DATA":
            self._say("354 go on")
            body = b""
            while (line := self.rfile.readline()) != b".\r\n":
                body += line
            search.note("a mail", body)
            self.server.messages.append(email.message_from_bytes(body))
        if verb == "MAIL" and self.server.full:
            self._say("452 full")
        elif verb == "EHLO" and self.server.logins is not None:
            self._say(f"250-test\r\n250 AUTH {self.server.mechanism}")
        elif verb == "AUTH":
            self._log_in(line)
        elif verb == "RCPT":
            address = line.partition("<")[2].partition(">")[0]
            self._say(self.server.replies.get(address, "250 fine"))
        else:
            self._say("221 bye" if verb == "QUIT" else "250 fine")

    def _log_in(self, line):
        parts = base64.b64decode(line.split()[-1]).decode().split("\0")
        if self.server.mechanism == "LOGIN":
            self._say("334 UGFzc3dvcmQ6")
            parts = ["", *parts, base64.b64decode(self.rfile.readline()).decode()]
        _, user, password = parts
        self.server.logins.append((user, password))
        self._say("235 fine")

    def _say(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail() -> Iterator[Any]:
    """Serve mail; `messages` lists the messages.

    `full` makes the server refuse all of them, and `replies` are its answers for single addresses.
    It supports log-ins once `logins` is a list, to which it adds each user with the password;
    `mechanism` is PLAIN or LOGIN.
    """
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line) as server:
        server.daemon_threads = True
        server.messages, server.full = [], False  # type: ignore[attr-defined]
        server.replies, server.logins = {}, None  # type: ignore[attr-defined]
        server.mechanism = "PLAIN"  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def mail_url(server: Any) -> str:
    """Return the value of HUB_MAIL_URL for the server."""
    return f"smtp://127.0.0.1:{server.server_address[1]}?from=hub@example.com"
