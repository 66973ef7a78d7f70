"""Calls of WSGI applications: bodies that can be read twice, and responses read to their end."""

import io
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from msgspec.json import Encoder

DEFAULT_WAIT_SECONDS = 60.0  # where the stand-in names no time
_ENCODER = Encoder(decimal_format="number")  # as the source wrote it, without losing a digit


def read_body(environ: WSGIEnvironment) -> bytes:
    """Return the body of a call; the application that gets the call next can read it again."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


class BufferedResponse:
    """The response of a WSGI application to a call."""

    def __init__(self, wsgi: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Call the application and read its whole answer."""
        self.beginning: list[Any] = []
        chunks = wsgi(environ, self._start)
        self.body = b"".join(chunks)

    def _start(self, line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Record the status line and the headers."""
        self.beginning[:] = [line, headers]

    @property
    def status(self) -> int:
        """Return the status."""
        line: str = self.beginning[0]
        return int(line[:3])

    def send(self, start: StartResponse, body: bytes | None = None) -> list[bytes]:
        """Send this response, with another body if there is one; return the body."""
        line, headers = self.beginning
        if body is None:
            start(line, headers)
            return [self.body]
        others = [(name, text) for name, text in headers if name.lower() != "content-length"]
        start(line, [*others, ("Content-Length", str(len(body)))])
        return [body]

    def send_json(self, start: StartResponse, content: Any) -> list[bytes]:
        """Send this response with other content; return its body."""
        return self.send(start, _ENCODER.encode(content))

    @property
    def seconds_to_wait(self) -> float:
        """Return the time that the header Retry-After names, in seconds."""
        for name, value in self.beginning[1]:
            if name.lower() == "retry-after" and value.strip().isdigit():
                return float(value)
        return DEFAULT_WAIT_SECONDS
