"""Send requests to a WSGI application in this process."""

import io
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Answer:
    """A response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body parsed as JSON."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


def _encode_body(body: Any) -> bytes:
    """Return the bytes of a body; a value that is no text is sent as JSON."""
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    text = body if isinstance(body, str) else json.dumps(body, default=str)
    return text.encode()


def send_request(
    app: WSGIApplication, method: str, target: str, body: Any = None, **headers: str
) -> Answer:
    """Send a request; a body that is not text or bytes goes as JSON; headers are keywords."""
    path, _, query = target.partition("?")
    raw = _encode_body(body)
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
    response_start: list[Any] = []

    def start(line: str, header_list: list[tuple[str, str]], exc_info: Any = None) -> Any:
        response_start[:] = [line, header_list]

    content = b"".join(app(environ, start))
    return Answer(
        int(response_start[0][:3]),
        {name.lower(): value for name, value in response_start[1]},
        content,
    )
