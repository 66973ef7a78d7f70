"""The responses of a stand-in while documents are read."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Yielded
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import iter_values, parse
from hub.testing.fakes.rate_limit import wait_for_rate_limit
from hub.testing.fakes.wsgi import BufferedResponse


def without_rate_limit(bench: Bench) -> WSGIApplication:
    """Return the stand-in of a bench, whose clock moves on where its rate limit refuses a call."""
    return wait_for_rate_limit(
        bench.sandbox.wsgi, lambda seconds: bench.drive("clock", {"advance": seconds})
    )


def read_and_record(bench: Bench, end: Mapping[str, str]) -> tuple[list[Yielded], set[str]]:
    """Read on from cursors; return what is read, and each value of the responses as text."""
    values: set[str] = set()
    stand_in = without_rate_limit(bench)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in, and remember the values of the response."""
        response = BufferedResponse(stand_in, environ)
        values.update(str(value) for _, value in iter_values(parse(response.body)))
        line, headers = response.beginning
        start(line, headers)
        return [response.body]

    with bench.replaced_by(serve):
        return bench.read(end), values
