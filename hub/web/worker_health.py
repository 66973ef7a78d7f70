"""The addresses of a worker that machines call to learn whether it is alive and ready."""

from typing import Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask

from hub.exact_json import dumps
from hub.telemetry.heartbeat import Heartbeat
from hub.web.readiness import Readiness, ReadinessCheck

MAX_SILENT_SECONDS = 60.0  # the loop acts every few seconds, also while the database is away
NO_SIGN_OF_LIFE = f"The worker gave no sign of life for {MAX_SILENT_SECONDS:g} seconds.\n"
NO_QUEUE = "The worker has no connection to its queue; the log says why."
STATUS_LINES = {200: "200 OK", 404: "404 Not Found", 503: "503 Service Unavailable"}


class WatchedWorker(Protocol):
    """What a health check asks a worker."""

    heartbeat: Heartbeat  # of the loop that takes runs

    @property
    def is_connected(self) -> bool:
        """Return whether it has a connection to the queue, and so takes runs."""


class WorkerHealth:
    """A WSGI application that answers /healthz and /readyz for a worker.

    They mean what they mean for `hub serve`: one that is not healthy has to be restarted, one that
    is not ready waits for something outside, such as the database.
    """

    def __init__(self, app: Flask, worker: WatchedWorker) -> None:
        self._worker = worker
        self._readiness = ReadinessCheck(app)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        """Answer one request."""
        content_type = "text/plain; charset=utf-8"
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            status, text = self._check_health()
        elif path == "/readyz":
            readiness = self._check_readiness()
            status = 200 if readiness.is_ready else 503
            text = dumps(readiness.as_json()) + "\n"
            content_type = "application/json"
        else:
            status, text = 404, "A worker answers /healthz and /readyz.\n"
        content = text.encode()
        headers = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
        start_response(STATUS_LINES[status], headers)
        return [content]

    def _check_health(self) -> tuple[int, str]:
        """Return status and text: whether the loop that takes runs still acts."""
        if self._worker.heartbeat.age() > MAX_SILENT_SECONDS:
            return 503, NO_SIGN_OF_LIFE
        return 200, "ok\n"

    def _check_readiness(self) -> Readiness:
        """Return the checks of the process, and whether it can take runs from the queue."""
        problems = dict(self._readiness.check().problems)
        problems["queue"] = "" if self._worker.is_connected else NO_QUEUE
        return Readiness(problems)
