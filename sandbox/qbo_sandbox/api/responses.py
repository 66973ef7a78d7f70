"""Build responses: headers, and JSON or XML as the client asked."""

import itertools
import json
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from qbo_sandbox.accounting.refusals import (
    GatewayRefusal,
    Refusal,
    expired_token,
    forbidden_call,
    throttled_call,
)
from qbo_sandbox.accounting.values import dump, format_envelope_time
from qbo_sandbox.api import xml
from qbo_sandbox.api.calls import JSON_TYPE
from qbo_sandbox.api.routes import Route
from qbo_sandbox.kit import Fault, text_answer
from qbo_sandbox.kit.messages import Headers
from qbo_sandbox.switches import Switches

REFUSAL_TYPE = "application/json"
XML_TYPE = "application/xml;charset=utf-8"
GATEWAY_REFUSALS: dict[int, Callable[[], GatewayRefusal]] = {
    401: lambda: expired_token("AB01"),
    403: forbidden_call,
    429: throttled_call,
}
STATUS_TITLES = {
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}
_traces = itertools.count(1)


def send(
    environ: WSGIEnvironment,
    start: StartResponse,
    now: float,
    switches: Switches | None,
    status: int,
    kind: str,
    body: bytes,
) -> Iterable[bytes]:
    """Send an answer of the accounting API."""
    headers = build_answer_headers(status, now)
    if kind in (JSON_TYPE, REFUSAL_TYPE) and (
        not wants_json(environ) or _is_throttle_in_xml(status, switches)
    ):
        body, kind = xml.from_json(body), XML_TYPE
    if status == 429 and switches and switches.retry_after is not None:
        headers.append(("Retry-After", str(switches.retry_after)))
    return text_answer(start, status, body, kind, headers)


def _is_throttle_in_xml(status: int, switches: Switches | None) -> bool:
    """Return whether a refusal by a limit comes in XML."""
    return status == 429 and switches is not None and switches.throttle_body == "xml"


def _is_fault_in_xml(environ: WSGIEnvironment) -> bool:
    """Return whether the fault of a call comes in XML."""
    fault: Fault | None = environ.get("sandbox.fault")
    return fault is not None and fault.options.get("body") == "xml"


def build_answer_headers(status: int, now: float) -> Headers:
    """Return the headers of every answer with this status."""
    trace, headers = _create_trace_id(now)
    if status == 200:
        headers += [
            ("QBO-Version", "1944.190"),
            ("Service-Time", "total=20, db=14"),
            ("Expires", "0"),
        ]
        headers += [("X-Spanid", trace[-16:]), ("Cache-Control", NO_CACHE)]
    if status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"'))
    return headers


def _create_trace_id(now: float) -> tuple[str, Headers]:
    """Return a new trace id, and the headers that every answer has, with the id among them."""
    trace = f"1-{int(now):08x}-{next(_traces):024x}"
    headers = [
        ("Date", format_http_date(int(now))),
        ("Server", "nginx"),
        ("Strict-Transport-Security", "max-age=15552000"),
    ]
    return trace, [*headers, ("intuit_tid", trace), ("X-Amzn-Trace-Id", f"Root={trace}")]


def add_trace(start: StartResponse, now: float) -> StartResponse:
    """Add the time and a trace id to the answers of the sign-in."""

    def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:
        return start(status, [*_create_trace_id(now)[1], *headers], exc_info)

    return begin


NO_CACHE = "max-age=0, no-cache, no-store, must-revalidate, private"


def encode_gateway_fault(refusal: GatewayRefusal, now: float) -> bytes:
    """Return the gateway's fault in JSON, with the empty keys that it sends."""
    return json.dumps(refusal.body(now)).encode()


def shape_status(status: int, environ: WSGIEnvironment, now: float) -> tuple[str, bytes]:
    """Return the content type and body of a proxy's status; put its headers into the environ."""
    environ["sandbox.headers"] = build_answer_headers(status, now)
    if status in GATEWAY_REFUSALS:
        body = encode_gateway_fault(GATEWAY_REFUSALS[status](), now)
        if wants_json(environ) and not _is_fault_in_xml(environ):
            return REFUSAL_TYPE, body
        return XML_TYPE, xml.from_json(body)
    if status == 500:
        failure = Refusal(
            "10000", "System Failure Error: please try again later", kind="SystemFault"
        )
        body = dump({"Fault": failure.fault(), "time": format_envelope_time(now, "UTC")}).encode()
        return (REFUSAL_TYPE, body) if wants_json(environ) else (XML_TYPE, xml.from_json(body))
    text = STATUS_TITLES.get(status, f"{status} Error")
    page = (
        f"<html>\n<head><title>{text}</title></head>\n"
        f"<body><center><h1>{text}</h1></center></body>\n</html>"
    )
    return "text/html", page.encode()


@lru_cache(maxsize=16)
def format_http_date(now: int) -> str:
    """Format a time for the header Date."""
    return formatdate(now, usegmt=True)


def wants_json(environ: WSGIEnvironment) -> bool:
    """Return whether the caller prefers JSON to XML, which is the default."""
    route: Route | None = environ.get("sandbox.route")
    if route and route.params.get("format", "").lower() in ("json", "xml"):
        return route.params["format"].lower() == "json"
    wishes = {"json": 0.0, "xml": 0.0}
    for part in environ.get("HTTP_ACCEPT", "").lower().split(","):
        kind, _, rest = part.partition(";")
        sort = kind.strip().rpartition("/")[2].rpartition("+")[2]
        if sort in wishes:
            wishes[sort] = max(wishes[sort], _parse_quality(rest))
    return wishes["json"] > 0 and wishes["json"] >= wishes["xml"]


def _parse_quality(text: str) -> float:
    """Return the weight that a parameter of Accept states; 1 if it states none."""
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 1.0
