"""Mounts a WSGI stand-in under a requests session in this process, without a socket."""

import io
import sys
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPMessage
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError, ReadTimeout
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import IncompleteRead, MaxRetryError, NewConnectionError, ProtocolError

from qbo_sandbox.kit import ConnectionFault

Timeout = float | tuple[float | None, float | None] | None


def mount(session: requests.Session, prefix: str, app: WSGIApplication, **options: Any) -> None:
    """Send every request of `session` below the URL `prefix` to `app`."""
    session.mount(prefix, WSGIAdapter(app, prefix, **options))


class WSGIAdapter(HTTPAdapter):
    """Answers from a WSGI application; a broken connection becomes the exception of requests.

    Nothing sleeps: a pause longer than the read timeout raises ReadTimeout, a shorter one is passed
    to `sleep`.
    """

    def __init__(
        self,
        app: WSGIApplication,
        prefix: str = "",
        *,
        sleep: Callable[[float], object] = lambda _: None,
    ) -> None:
        super().__init__()
        self.app = app
        self.root = urlsplit(prefix).path.rstrip("/")
        self._sleep = sleep

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Timeout = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Call the application in place of a server, and return its response."""
        response_start: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            response_start[:] = [status, headers]

        try:
            content = b"".join(self.app(_build_environ(request, self.root), start))
            code, _, reason = response_start[0].partition(" ")
            raw = _build_raw_response(int(code), reason, response_start[1], io.BytesIO(content))
        except ConnectionFault as fault:
            raw = self._misbehave(fault, request, timeout)
        response = self.build_response(request, raw)
        if not stream:
            response.content  # noqa: B018  (reads it, as a session does)
        return response

    def _misbehave(
        self, fault: ConnectionFault, request: requests.PreparedRequest, timeout: Timeout
    ) -> HTTPResponse:
        """Play what must happen on the connection: raise its error, or return a raw response."""
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        if fault.refused:
            raise _refuse(request)
        if fault.pause and limit is not None and fault.pause >= limit:
            raise ReadTimeout(f"Read timed out. (read timeout={limit})", request=request)
        self._sleep(fault.pause)
        if fault.status is None:
            broken = ProtocolError(
                "Connection aborted.", ConnectionResetError(104, "Connection reset by peer")
            )
            raise ConnectionError(broken, request=request)
        body: Any = io.BytesIO(fault.body)
        if fault.cut is not None:
            body = _Broken(fault.body[: fault.cut], len(fault.body))
        elif fault.drip:
            body = _Dripping(fault.body, fault.drip, self._sleep)
        return _build_raw_response(fault.status, "", fault.headers, body)


class _Broken(io.BytesIO):
    """A body that ends before its announced length."""

    def __init__(self, part: bytes, length: int) -> None:
        super().__init__(part)
        self._length = length

    def read(self, size: int | None = -1) -> bytes:
        """Return the next bytes; raise IncompleteRead where the connection breaks."""
        part = super().read(size)
        if not part:
            raise IncompleteRead(self.tell(), self._length - self.tell())
        return part


class _Dripping(io.BytesIO):
    """A body of which every byte takes its time."""

    def __init__(self, body: bytes, seconds: float, sleep: Callable[[float], object]) -> None:
        super().__init__(body)
        self._seconds = seconds
        self._pause = sleep

    def read(self, size: int | None = -1) -> bytes:
        """Return one byte after a pause."""
        self._pause(self._seconds)
        return super().read(1 if size is None or size < 0 else min(size, 1))


class _Original:
    """What requests reads cookies from."""

    def __init__(self, headers: Iterable[tuple[str, str]]) -> None:
        self.msg = HTTPMessage()
        for name, value in headers:
            self.msg.add_header(name, value)

    def isclosed(self) -> bool:
        """Return True: there is no connection behind this response."""
        return True

    def close(self) -> None:
        """Do nothing: there is no connection behind this response."""


def _build_raw_response(
    status: int, reason: str, headers: Iterable[tuple[str, str]], body: Any
) -> HTTPResponse:
    """Return a response of urllib3, which `requests` can read."""
    pairs = list(headers)
    return HTTPResponse(
        body=body,
        headers=HTTPHeaderDict(pairs),
        status=status,
        reason=reason,
        preload_content=False,
        decode_content=False,
        original_response=_Original(pairs),  # type: ignore[arg-type]
    )


def _refuse(request: requests.PreparedRequest) -> ConnectionError:
    """Return the error of a connection that was refused."""
    parts = urlsplit(request.url or "")
    connection = HTTPConnection(str(parts.hostname or "localhost"))
    refusal = ConnectionRefusedError(111, "Connection refused")
    reason = NewConnectionError(connection, f"Failed to establish a new connection: {refusal}")
    reason.__cause__ = refusal
    error = MaxRetryError(None, request.url or "", reason)  # type: ignore[arg-type]
    return ConnectionError(error, request=request)


def _build_environ(request: requests.PreparedRequest, root: str) -> WSGIEnvironment:
    """Return the WSGI environment of a request."""
    parts = urlsplit(request.url or "")
    body = _request_body(request)
    path = unquote_to_bytes(parts.path).decode("latin-1")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method or "GET",
        "SCRIPT_NAME": root,
        "PATH_INFO": path.removeprefix(root) or "/",
        "QUERY_STRING": parts.query,
        "SERVER_NAME": parts.hostname or "localhost",
        "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc.rpartition("@")[2],
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = text
    return environ


def _request_body(request: requests.PreparedRequest) -> bytes:
    """Return the body of a request, which may be a text, a file or a generator."""
    body: Any = request.body
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)
