"""Wraps a stand-in: faults around it, the log of its calls, and the pages under /_sandbox/ that drive it."""

import io
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.sandboxing.clock import Clock
from hub.sandboxing.faults import Fault, Faults, Wire
from hub.sandboxing.log import RequestLog
from hub.sandboxing.messages import Headers, body_of, json_answer, json_of, status_line

Page = Callable[[str, Any], object]
Shape = Callable[[int, WSGIEnvironment], tuple[str, bytes]]
PAGES = "/_sandbox/"


def plain_call(environ: WSGIEnvironment) -> str:
    return f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '/')}"


def plain_shape(status: int, environ: WSGIEnvironment) -> tuple[str, bytes]:
    """The body of an injected status: what a proxy in front of the service would send."""
    title = status_line(status)
    return "text/html", f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()


class Harness:
    """A WSGI application around a WSGI application.

    `call` names a request for faults and log; `shape` gives the body for an injected status; `pages` adds to
    /_sandbox/clock, /_sandbox/faults and /_sandbox/log. A stand-in finds a fault of a kind that only it can play
    in environ["sandbox.fault"], and may write what the log shall say into environ["sandbox.note"].
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
        self.app, self.call, self.shape = app, call, shape
        self.clock = clock or Clock()
        self.faults = faults or Faults()
        self.log = RequestLog()
        self.pages = {"clock": self.clock.page, "faults": self.faults.page, "log": self.log.page, **(pages or {})}
        self._sleep = sleep
        self._late: list[tuple[float, WSGIEnvironment]] = []
        self._late_lock = threading.Lock()
        self.clock.on_change.append(self.settle)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(PAGES):
            return self._page(path.removeprefix(PAGES), environ, start)
        if self._late:
            self.settle()
        call = self.call(environ)
        fault = self.faults.due(call)
        return self._logged(call, fault, environ, start)

    def _logged(
        self, call: str, fault: Fault | None, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        at, status, note = self.clock.now(), 0, environ.setdefault("sandbox.note", {})

        def seen(line: str, headers: Headers, exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line[:3])
            return start(line, headers)

        try:
            return self._played(fault, environ, seen) if fault else self.app(environ, seen)
        except Wire as wire:
            status = wire.status or 0
            raise
        finally:
            path = environ.get("PATH_INFO", "")
            self.log.add(at, environ["REQUEST_METHOD"], path, call, status, fault.kind if fault else "", note)

    def _played(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        play = getattr(self, f"_play_{fault.kind}", None)
        if play is None:
            environ["sandbox.fault"] = fault
            return self.app(environ, start)
        played: Iterable[bytes] = play(fault, environ, start)
        return played

    def _play_refuse(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        raise Wire(refused=True, pause=fault.seconds)

    def _play_lose_request(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        raise Wire(pause=fault.seconds)

    def _play_lose_answer(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self._carry_out(environ)
        raise Wire(pause=fault.seconds)

    def _play_commit_late(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body_of(environ)
        with self._late_lock:
            self._late.append((self.clock.now() + fault.seconds, dict(environ)))
        if fault.status:
            return self._status(fault, fault.status, environ, start)
        raise Wire

    def _play_delay(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        raise Wire(status=status, headers=headers, body=body, pause=fault.seconds)

    def _play_delay_before(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self._sleep(fault.seconds)
        return self.app(environ, start)

    def _play_drip(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        raise Wire(status=status, headers=headers, body=body, drip=fault.seconds or 1.0)

    def _play_reset(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        raise Wire(status=status, headers=headers, body=body, cut=len(body) // 2)

    def _play_status(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if fault.commit:
            self._carry_out(environ)
        return self._status(fault, fault.status or 500, environ, start)

    def _play_truncate(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        return _answer(start, status, headers, body[: len(body) // 2])

    def _play_wrong_type(self, fault: Fault, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        status, headers, _ = self._carry_out(environ)
        kept = [pair for pair in headers if pair[0].lower() != "content-type"]
        return _answer(
            start, status, [*kept, ("Content-Type", "text/html")], b"<html><body>Please sign in</body></html>"
        )

    def _status(self, fault: Fault, status: int, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        kind, body = self.shape(status, environ)
        headers = [("Content-Type", kind)]
        if fault.retry_after is not None:
            headers.append(("Retry-After", str(fault.retry_after)))
        return _answer(start, status, headers, body)

    def _carry_out(self, environ: WSGIEnvironment) -> tuple[int, Headers, bytes]:
        """Run the stand-in and hold its answer back."""
        held: list[Any] = []

        def hold(line: str, headers: Headers, exc_info: Any = None) -> Any:
            held[:] = [int(line[:3]), headers]

        body = b"".join(self.app(environ, hold))
        return held[0], held[1], body

    def settle(self) -> None:
        """Carry out what was held back and is due by now, each at its own moment."""
        with self._late_lock:
            due = sorted((late for late in self._late if late[0] <= self.clock.now()), key=lambda late: late[0])
            self._late = [late for late in self._late if late not in due]
        for at, environ in due:
            with self.clock.pretend(at):
                self._carry_out({**environ, "wsgi.input": io.BytesIO(), "sandbox.late": True})

    def _page(self, name: str, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        page = self.pages.get(name.split("/")[0])
        if page is None:
            return json_answer(start, 404, {"error": f"no such page; there are {', '.join(sorted(self.pages))}"})
        try:
            return json_answer(start, 200, page(environ["REQUEST_METHOD"], json_of(environ)))
        except (ValueError, KeyError, TypeError) as wrong:
            return json_answer(start, 400, {"error": str(wrong)})


def _answer(start: StartResponse, status: int, headers: Headers, body: bytes) -> Iterable[bytes]:
    kept = [pair for pair in headers if pair[0].lower() != "content-length"]
    start(status_line(status), [*kept, ("Content-Length", str(len(body)))])
    return [body]
