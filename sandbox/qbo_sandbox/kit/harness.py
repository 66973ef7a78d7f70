"""Wrap a stand-in: apply faults, log its calls, and serve the pages under /_sandbox/."""

import io
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.fault_effects import EFFECTS
from qbo_sandbox.kit.faults import ConnectionFault, Fault, Faults
from qbo_sandbox.kit.log import RequestLog, describe_verdict
from qbo_sandbox.kit.messages import (
    JSON_TYPE,
    Headers,
    body_of,
    json_answer,
    json_of,
    query_of,
    status_line,
    text_answer,
)

Page = Callable[[str, Any], object]
Shape = Callable[[int, WSGIEnvironment], tuple[str, bytes]]
CONTROL_PATH = "/_sandbox/"


def plain_call(environ: WSGIEnvironment) -> str:
    """Return the name of a call: its method and path."""
    return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"


def plain_shape(status: int, environ: WSGIEnvironment) -> tuple[str, bytes]:
    """Return the body of an injected status, like that of a proxy."""
    title = status_line(status)
    return (
        "text/html",
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode(),
    )


class Harness:
    """A WSGI application around a WSGI application.

    `call` names a request for faults and log; `shape` returns the body of an injected status;
    `pages` adds to /_sandbox/clock, /_sandbox/faults and /_sandbox/log: functions by the name of
    their page, which get the method of a call and its body, or its query, and return JSON. A
    stand-in finds a fault of a kind without an effect here in environ["sandbox.fault"], and the
    requests that are still to be carried out in environ["sandbox.pending"]. It may write into
    environ["sandbox.note"] what the log is to contain.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        clock: Clock | None = None,
        faults: Faults | None = None,
        call: Callable[[WSGIEnvironment], str] = plain_call,
        shape: Shape = plain_shape,
        pages: dict[str, Page] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.app = app
        self.call = call
        self.shape = shape
        self.sleep = sleep
        self.clock = clock or Clock()
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.pages = {
            "clock": self.clock.page,
            "faults": self.faults.page,
            "log": self.log.page,
            **(pages or {}),
        }
        self._postponed: list[tuple[float, WSGIEnvironment]] = []
        self._postponed_lock = threading.Lock()
        self.clock.on_change.append(self.settle)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if self._postponed:
            self.settle()
            environ["sandbox.pending"] = [request for _, request in self._postponed]
        if path.startswith(CONTROL_PATH):
            return self._page(path.removeprefix(CONTROL_PATH), environ, start)
        call = self.call(environ)
        fault = self.faults.due(call, partial(body_of, environ))
        return self._log(call, fault, environ, start)

    def _log(
        self, call: str, fault: Fault | None, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """Answer a call, and add it to the log with its outcome."""
        at = self.clock.now()
        status = 0
        note = environ.setdefault("sandbox.note", {})

        def begin(line: str, headers: Headers, exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line[:3])
            return start(line, headers)

        try:
            if fault:
                return self._answer_with_fault(fault, environ, begin)
            return self.app(environ, begin)
        except ConnectionFault as broken:
            status = broken.status or 0
            raise
        finally:
            note.setdefault(
                "verdict", describe_verdict(environ.get("sandbox.done") or status, note)
            )
            path = environ.get("PATH_INFO", "")
            self.log.add(
                at, environ["REQUEST_METHOD"], path, call, status, fault.kind if fault else "", note
            )

    def _answer_with_fault(
        self, fault: Fault, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """Answer with a fault; kinds without an effect here are left to the application."""
        environ["sandbox.fault"] = fault
        effect = EFFECTS.get(fault.kind)
        if effect is None:
            return self.app(environ, start)
        return effect(self, fault, environ, start)

    def carry_out(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Run the stand-in and hold its answer back."""
        head: list[Any] = []

        def hold(line: str, headers: Headers, exc_info: Any = None) -> Any:
            head[:] = [int(line[:3]), headers]

        body = b"".join(self.app(environ, hold))
        environ["sandbox.done"] = head[0]
        return head[0], head[1], body

    def put_off(self, environ: WSGIEnvironment, seconds: float) -> None:
        """Carry out a request later, even if its client is gone by then."""
        body_of(environ)
        environ["sandbox.note"]["verdict"] = "put off"
        with self._postponed_lock:
            self._postponed.append((self.clock.now() + seconds, dict(environ)))

    def settle(self) -> None:
        """Carry out the postponed requests that are due, each at its own time."""
        with self._postponed_lock:
            due = sorted(
                (entry for entry in self._postponed if entry[0] <= self.clock.now()),
                key=lambda entry: entry[0],
            )
            self._postponed = [entry for entry in self._postponed if entry not in due]
        for at, environ in due:
            fresh_environ = {
                "wsgi.input": io.BytesIO(),
                "sandbox.late": True,
                "sandbox.note": {"late": True},
            }
            with self.clock.pretend(at):
                self._log(
                    self.call(environ),
                    None,
                    {**environ, **fresh_environ},
                    lambda *_: lambda _: None,
                )

    def _page(self, name: str, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call of the control API."""
        page = self.pages.get(name.split("/")[0])
        if page is None:
            pages = ", ".join(sorted(self.pages))
            return json_answer(start, 404, {"error": f"no such page; there are {pages}"})
        try:
            body = json_of(environ)
            if body is None:
                body = query_of(environ)
            content = page(environ["REQUEST_METHOD"], body)
            if isinstance(content, bytes):
                return text_answer(start, 200, content, JSON_TYPE)
            return json_answer(start, 200, content)
        except (ValueError, KeyError, TypeError) as error:
            return json_answer(start, 400, {"error": str(error)})
