"""The responses of a stand-in while documents are read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
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
    by_name: dict[str, set[Any]] = defaultdict(set)
    with bench.replaced_by(_record_responses(bench, by_name)):
        items = bench.read(end)
    return items, {str(value) for values in by_name.values() for value in values}


def read_values_by_name(bench: Bench) -> Mapping[str, set[Any]]:
    """Read the whole list; return the values of the responses by the names of their fields."""
    by_name: dict[str, set[Any]] = defaultdict(set)
    with bench.replaced_by(_record_responses(bench, by_name)):
        bench.read()
    return by_name


def _record_responses(bench: Bench, by_name: dict[str, set[Any]]) -> WSGIApplication:
    """Return the stand-in, which adds each value of its responses to those of its name."""
    stand_in = without_rate_limit(bench)

    def serve(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass a call to the stand-in, and remember the values of the response."""
        response = BufferedResponse(stand_in, environ)
        for path, value in iter_values(parse(response.body)):
            by_name[str(path[-1]) if path else ""].add(value)
        line, headers = response.beginning
        start(line, headers)
        return [response.body]

    return serve
