"""A simulated network below the client on which chosen calls fail in a chosen way."""

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import ConnectionError, ReadTimeout, SSLError
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, ProtocolError

from hub.http import deadline
from hub.testing.clock import FakeClock
from qbo_sandbox.api.routes import call_of
from qbo_sandbox.kit import wsgi
from qbo_sandbox.kit.messages import body_of

OVERSIZED = 200_000  # more than the client's limit in the matrix
HTML, JSON = "text/html", "application/json;charset=utf-8"
PAGE = b"<html><head><title>Service away</title></head><body><h1>Service away</h1></body></html>"


class Network:
    """An adapter that passes calls to the stand-in and breaks those selected by `break_next`."""

    def __init__(self, adapter: wsgi.WSGIAdapter, clock: FakeClock) -> None:
        self.clock, self._adapter, self._carry = clock, adapter, adapter.send
        self._rules: list[tuple[str, bytes, str]] = []
        self._late: list[tuple[float, requests.PreparedRequest]] = []
        self._lock = threading.Lock()
        self.fired: Counter[str] = Counter()
        # Sessions may hold the adapter already, so its method is replaced.
        adapter.send = self.send  # type: ignore[method-assign]
        clock.followers.append(self._deliver_delayed)

    def break_next(self, call: str, fault: str, text: bytes = b"") -> None:
        """Break the next call of this name whose body contains a text."""
        self._rules.append((call, text, fault))

    def clear_faults(self) -> None:
        """Forget the selected calls that were not made."""
        self._rules.clear()

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        fault = self._take_fault(request) if self._rules else ""
        return (
            FAULTS[fault](self, request, options)
            if fault
            else self._carry(request, *args, **options)
        )

    def _take_fault(self, request: requests.PreparedRequest) -> str:
        environ = wsgi._build_environ(request, "")
        name, body = call_of(environ), body_of(environ)
        with self._lock:
            for rule in self._rules:
                if fnmatchcase(name, rule[0]) and rule[1] in body:
                    self._rules.remove(rule)
                    self.fired[rule[2]] += 1
                    return rule[2]
        return ""

    def deliver(self, request: requests.PreparedRequest) -> requests.Response:
        """Pass a request to QuickBooks and return its intact response."""
        return self._carry(request)

    def build_answer(
        self,
        request: requests.PreparedRequest,
        status: int,
        body: Any,
        headers: Iterable[tuple[str, str]],
    ) -> requests.Response:
        raw = body if hasattr(body, "read") else io.BytesIO(body)
        return self._adapter.build_response(
            request, wsgi._build_raw_response(status, "", headers, raw)
        )

    def deliver_later(self, request: requests.PreparedRequest, seconds: float) -> None:
        with self._lock:
            self._late.append((self.clock.monotonic() + seconds, request))

    def _deliver_delayed(self, now: object) -> None:
        """Pass the delayed requests whose time has come."""
        with self._lock:
            due = [late for late in self._late if late[0] <= self.clock.monotonic()]
            self._late = [late for late in self._late if late not in due]
        for _, request in due:
            self._carry(request)


Fault = Callable[[Network, requests.PreparedRequest, dict[str, Any]], requests.Response]


def refusal(code: str, detail: str = "", sort: str = "ValidationFault") -> dict[str, Any]:
    """Return a fault in Intuit's form."""
    return {"Fault": {"Error": [{"Message": "no", "Detail": detail, "code": code}], "type": sort}}


def gateway(code: str) -> dict[str, Any]:
    """Return a fault of the gateway in front of Intuit's API."""
    return {
        "fault": {
            "error": [{"message": "no", "detail": None, "code": code, "element": None}],
            "type": "SERVICE",
        }
    }


# -- before a byte is sent -------------------------------------------------------------------------


def _refuse_connection(reason: type[NewConnectionError], *text_makers: Any) -> Fault:
    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        host = str(urlsplit(request.url or "").hostname)
        text = (
            text_makers[0](host)
            if text_makers
            else f"Failed to establish a new connection: no way to {host}"
        )
        about = (
            (host, HTTPSConnection(host), text) if text_makers else (HTTPSConnection(host), text)
        )
        error = MaxRetryError(None, "/", reason(*about))  # type: ignore[arg-type]
        raise ConnectionError(error, request=request)

    return fail


def _reset_handshake(
    network: Network, request: requests.PreparedRequest, options: dict[str, Any]
) -> requests.Response:
    # A connection that broke before its first request leaves this behind.
    deadline._current.guard.may_have_sent = False
    raise SSLError(ConnectionResetError(104, "Connection reset by peer"), request=request)


# -- no complete answer ----------------------------------------------------------------------------


def _break_connection(*, arrives: bool) -> Fault:
    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        if arrives:
            network.deliver(request)
        raise ConnectionError(
            ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")),
            request=request,
        )

    return fail


def _time_out(*, arrives: bool, after: float = 0.0) -> Fault:
    """Return a fault that times out; the request still arrives at once or `after` some seconds."""

    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        if after:
            network.deliver_later(request, after)
        elif arrives:
            network.deliver(request)
        network.clock.advance(options["timeout"][1])
        raise ReadTimeout("Read timed out.", request=request)

    return fail


def _replace_body(make_body: Callable[[Network, bytes], Any]) -> Fault:
    """Return a fault that carries out the request and replaces the body of the answer."""

    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        answer = network.deliver(request)
        return network.build_answer(
            request, answer.status_code, make_body(network, answer.content), answer.headers.items()
        )

    return fail


# -- an answer -------------------------------------------------------------------------------------


def _answer_with(
    status: int, body: Any = PAGE, kind: str = HTML, *, arrives: bool = False, **headers: str
) -> Fault:
    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        if arrives:
            network.deliver(request)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        all_headers = {
            "Content-Type": kind,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return network.build_answer(request, status, raw, all_headers.items())

    return fail


def _change_json(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """Return a fault that carries out the request and changes the JSON of the answer."""
    return _replace_body(
        lambda network, body: io.BytesIO(json.dumps(change(json.loads(body))).encode())
    )


def _replace_header(name: str, value: str) -> Fault:
    """Return a fault that carries out the request and falsifies a header of the answer."""

    def fail(
        network: Network, request: requests.PreparedRequest, options: dict[str, Any]
    ) -> requests.Response:
        answer = network.deliver(request)
        return network.build_answer(
            request, answer.status_code, answer.content, {**answer.headers, name: value}.items()
        )

    return fail


def _change_items(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Fault:
    return _change_json(
        lambda content: content | {"BatchItemResponse": change(content["BatchItemResponse"])}
    )


def _swap_answer(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to another request."""
    place = next((name for name in answer if name != "time"), "")
    entity = answer.get(place)
    if isinstance(entity, dict):
        return {"Estimate": entity | {"Id": "987654"}, "time": "2026-03-02"}
    return {"Estimate": {"Id": "987654", "SyncToken": "0"}}


NO_BYTE: dict[str, Fault] = {
    "connection refused": _refuse_connection(NewConnectionError),
    "no such host": _refuse_connection(NameResolutionError, OSError),
    "TLS reset": _reset_handshake,
}
NO_ANSWER: dict[str, Fault] = {
    "request lost": _break_connection(arrives=False),
    "answer lost": _break_connection(arrives=True),
    "hang": _time_out(arrives=False),
    "hang after it was done": _time_out(arrives=True),
    "reset after the headers": _replace_body(
        lambda network, body: wsgi._Broken(body[: len(body) // 2], len(body))
    ),
    "drip": _replace_body(lambda network, body: wsgi._Dripping(body * 2, 1.0, network.clock.sleep)),
    "oversized": _replace_body(lambda network, body: io.BytesIO(body + b" " * OVERSIZED)),
}
AWAY: dict[str, Fault] = {
    "500": _answer_with(500, b"", "text/plain"),
    "500 after it was done": _answer_with(500, b"", "text/plain", arrives=True),
    "502": _answer_with(502),
    "502 after it was done": _answer_with(502, arrives=True),
    "503 web page": _answer_with(503),
    "504": _answer_with(504, arrives=True),
    "10000": _answer_with(500, refusal("10000", sort="SystemFault"), JSON),
    "10000 after it was done": _answer_with(
        500, refusal("10000", sort="SystemFault"), JSON, arrives=True
    ),
    "6000 with -30000": _answer_with(
        400, refusal("6000", "Unexpected Internal Error. (-30000)"), JSON
    ),
    "6000 with -30000, done": _answer_with(
        400, refusal("6000", "Unexpected Internal Error. (-30000)"), JSON, arrives=True
    ),
    "429": _answer_with(429, gateway("3001"), JSON),
    "429 with Retry-After": _answer_with(429, gateway("3001"), JSON, Retry_After="7"),
}
NO_ENTRY: dict[str, Fault] = {
    "401": _answer_with(401, gateway("3200"), JSON),
    "403 with 3100": _answer_with(403, gateway("3100"), JSON),
}
NONSENSE: dict[str, Fault] = {
    "empty": _answer_with(200, b"", JSON, arrives=True),
    "web page": _answer_with(200, arrives=True),
    "redirect": _answer_with(307, b"", HTML, Location="https://elsewhere.test/"),
    "half the JSON": _replace_body(lambda network, body: io.BytesIO(body[: len(body) // 2])),
    "JSON of another type": _answer_with(200, b'["done"]', JSON, arrives=True),
    "somebody else's answer": _change_json(_swap_answer),
    "JSON said to be a web page": _replace_header("Content-Type", HTML),
    "broken compression": _replace_header("Content-Encoding", "gzip"),
}
REFUSED: dict[str, Fault] = {
    "200 with a fault": _answer_with(200, refusal("6000", "A rule of the company."), JSON)
}
LATE: dict[str, Fault] = {
    "done after we gave up": _time_out(arrives=False, after=112.0)
}  # last, because the others let time pass
BATCHES: dict[str, Fault] = {
    "bId missing": _change_items(lambda items: items[:-1]),
    "bId twice": _change_items(lambda items: [*items, items[-1]]),
    "bId foreign": _change_items(lambda items: [*items[:-1], items[-1] | {"bId": "nobody"}]),
    "bIds in disorder": _change_items(lambda items: items[::-1]),
}
# reads that meet these faults are retried at once
UNREAD = {*NO_ANSWER, *AWAY, *NONSENSE} - {"429"}

FAULTS: dict[str, Fault] = (
    NO_BYTE | NO_ANSWER | AWAY | NO_ENTRY | NONSENSE | REFUSED | LATE | BATCHES
)
