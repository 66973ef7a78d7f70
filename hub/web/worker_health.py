"""The addresses of a worker that machines call to learn whether it is alive and ready."""

from collections.abc import Iterable
from typing import Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from werkzeug import Response

from hub.exact_json import dumps
from hub.telemetry.heartbeat import Heartbeat
from hub.web.readiness import Readiness, ReadinessCheck

MAX_SILENT_SECONDS = 60.0  # the loop acts every few seconds, also while the database is away
NO_SIGN_OF_LIFE = f"The worker gave no sign of life for {MAX_SILENT_SECONDS:g} seconds.\n"
NO_QUEUE = "The worker has no connection to its queue; the log says why."


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

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path == "/healthz":
            response = self._answer_health()
        elif path == "/readyz":
            readiness = self._check_readiness()
            text = dumps(readiness.as_json()) + "\n"
            status = 200 if readiness.is_ready else 503
            response = Response(text, status, content_type="application/json")
        else:
            response = Response("A worker answers /healthz and /readyz.\n", 404)
        return response(environ, start_response)

    def _answer_health(self) -> Response:
        """Return whether the loop that takes runs still acts."""
        if self._worker.heartbeat.age() > MAX_SILENT_SECONDS:
            return Response(NO_SIGN_OF_LIFE, 503)
        return Response("ok\n")

    def _check_readiness(self) -> Readiness:
        """Return the checks of the process, and whether it can take runs from the queue."""
        problems = dict(self._readiness.check().problems)
        problems["queue"] = "" if self._worker.is_connected else NO_QUEUE
        return Readiness(problems)
