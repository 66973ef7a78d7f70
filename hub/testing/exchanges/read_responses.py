"""What is read together with the values of the responses that it was read from."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from hub.contract.documents import Yielded
from hub.testing.bench import Bench
from hub.testing.exchanges.response_values import iter_values, parse
from hub.testing.fakes.rate_limit import ReadResponse, waiting


def read_with_responses(bench: Bench, end: Mapping[str, str]) -> tuple[list[Yielded], set[str]]:
    """Read on from cursors; return what is read, and each value of the responses as text."""
    values: set[str] = set()
    stand_in: WSGIApplication = waiting(
        bench.sandbox.wsgi, lambda seconds: bench.drive("clock", {"advance": seconds})
    )

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in, and remember the values of the response."""
        response = ReadResponse(stand_in, environ)
        values.update(str(value) for _, value in iter_values(parse(response.body)))
        line, headers = response.beginning
        start(line, headers)
        return [response.body]

    with bench.replaced_by(serve):
        return bench.read(end), values
