"""Waits for a stand-in that limits how often it may be called, by moving the stand-in's clock."""

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

DEFAULT_SECONDS = 60.0  # where the stand-in names no time
MAX_WAITS = 3  # for one call


def wait_for_rate_limit(
    wsgi: WSGIApplication, advance: Callable[[float], object]
) -> WSGIApplication:
    """Wrap a stand-in so that a call that its rate limit refuses is sent again after the wait.

    `advance` moves the stand-in's clock by a number of seconds. A status 429 that is a fault is
    passed on at once: a test asked for it.
    """

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in, and again after each wait."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        content = environ["wsgi.input"].read(length) if length else b""
        for _ in range(MAX_WAITS):
            environ["wsgi.input"] = io.BytesIO(content)
            response = BufferedResponse(wsgi, environ)
            if response.status != HTTPStatus.TOO_MANY_REQUESTS or environ.get("sandbox.fault"):
                break
            advance(response.seconds_to_wait)
        start(*response.beginning)
        return [response.body]

    return serve


class BufferedResponse:
    """What a WSGI application answered."""

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

    @property
    def seconds_to_wait(self) -> float:
        """Return the time that the header Retry-After names, in seconds."""
        for name, value in self.beginning[1]:
            if name.lower() == "retry-after" and value.strip().isdigit():
                return float(value)
        return DEFAULT_SECONDS
