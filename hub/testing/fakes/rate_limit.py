"""Waits for a stand-in that limits how often it may be called, by moving the stand-in's clock."""

import io
from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.testing.fakes.wsgi import BufferedResponse, read_body

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
        body = read_body(environ)
        for _ in range(MAX_WAITS):
            environ["wsgi.input"] = io.BytesIO(body)
            response = BufferedResponse(wsgi, environ)
            if response.status != HTTPStatus.TOO_MANY_REQUESTS or environ.get("sandbox.fault"):
                break
            advance(response.seconds_to_wait)
        start(*response.beginning)
        return [response.body]

    return serve
