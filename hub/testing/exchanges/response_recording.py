"""What is read together with the values of the responses that it was read from."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Yielded
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import iter_values, parse
from hub.testing.fakes.rate_limit import BufferedResponse, wait_for_rate_limit


def read_and_record(bench: Bench, end: Mapping[str, str]) -> tuple[list[Yielded], set[str]]:
    """Read on from cursors; return what is read, and each value of the responses as text."""
    values: set[str] = set()
    stand_in: WSGIApplication = wait_for_rate_limit(
        bench.sandbox.wsgi, lambda seconds: bench.drive("clock", {"advance": seconds})
    )

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in, and remember the values of the response."""
        response = BufferedResponse(stand_in, environ)
        values.update(str(value) for _, value in iter_values(parse(response.body)))
        line, headers = response.beginning
        start(line, headers)
        return [response.body]

    with bench.replaced_by(serve):
        return bench.read(end), values
