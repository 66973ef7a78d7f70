"""Read requests and write responses in plain WSGI; shared by the stand-ins."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

REASON_PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
JSON_TYPE = "application/json;charset=utf-8"
LOOPBACK_NAMES = ("127.0.0.1", "localhost")
Header = tuple[str, str]
Headers = list[Header]


def status_line(status: int) -> str:
    """Return a status with its reason."""
    return f"{status} {REASON_PHRASES.get(status, 'Answer')}"


def site_of(environ: WSGIEnvironment) -> str:
    """Return the address of the stand-in with the path where it is mounted.

    Intuit's library for PHP leaves the port out of the header Host; on the loopback it is added.
    """
    own_name, own_port = environ["SERVER_NAME"], environ["SERVER_PORT"]
    host = environ.get("HTTP_HOST") or f"{own_name}:{own_port}"
    if host in LOOPBACK_NAMES and own_name in LOOPBACK_NAMES and own_port not in ("80", "443"):
        host = f"{host}:{own_port}"
    return f"{environ.get('wsgi.url_scheme', 'http')}://{host}{environ.get('SCRIPT_NAME', '')}"


def body_of(environ: WSGIEnvironment) -> bytes:
    """Return the request's body, and cache it for the next reader."""
    body: bytes | None = environ.get("sandbox.body")
    if body is None:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["sandbox.body"] = body
    return body


def json_of(environ: WSGIEnvironment) -> Any:
    """Return the JSON in the body, None without a body; raise ValueError if it is invalid."""
    body = body_of(environ)
    return json.loads(body, parse_float=Decimal) if body else None


def query_of(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the parameters in the address of a request."""
    return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))


def form_of(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the fields of a form."""
    return dict(parse_qsl(body_of(environ).decode("utf-8", "replace"), keep_blank_values=True))


def text_answer(
    start: StartResponse,
    status: int,
    text: str | bytes,
    kind: str = "text/html; charset=utf-8",
    headers: Sequence[Header] = (),
) -> Iterable[bytes]:
    """Answer with a text or with the bytes of a file."""
    body = text.encode() if isinstance(text, str) else text
    start(
        status_line(status), [("Content-Type", kind), ("Content-Length", str(len(body))), *headers]
    )
    return [body]


def json_answer(
    start: StartResponse, status: int, value: object, headers: Sequence[Header] = ()
) -> Iterable[bytes]:
    """Answer in JSON."""
    text = json.dumps(value, ensure_ascii=False, default=_convert_to_text)
    return text_answer(start, status, text, JSON_TYPE, headers)


def _convert_to_text(value: object) -> object:
    """Convert a value that JSON does not support; raise TypeError for bytes."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise TypeError(
            "An answer of the stand-in has bytes, which JSON does not have. Answer a file as a pair"
            ' of its type and its bytes: ("application/pdf", content).'
        )
    return float(value) if isinstance(value, Decimal) else str(value)
