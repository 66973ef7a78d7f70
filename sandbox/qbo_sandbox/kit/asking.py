"""Asks a WSGI application in this process, for tests that look behind a client's back."""

import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(app: WSGIApplication, method: str, target: str, body: Any = None, **headers: str) -> Answer:
    """One request; a body that is no text or bytes goes as JSON; headers are named with underscores."""
    path, _, query = target.partition("?")
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else b""
    if body is not None and not isinstance(body, bytes | str):
        raw = json.dumps(body, default=str).encode()
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "stand-in.test",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(raw),
        "CONTENT_LENGTH": str(len(raw)),
        "CONTENT_TYPE": headers.get("content_type", ""),
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }
    started: list[Any] = []

    def start(line: str, named: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = [line, named]

    content = b"".join(app(environ, start))
    return Answer(int(started[0][:3]), {name.lower(): value for name, value in started[1]}, content)
