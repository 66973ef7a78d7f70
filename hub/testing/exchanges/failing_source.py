"""A source that refuses calls, which a hook must not take for a success."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from hub.errors import HubError, Retry
from hub.testing.bench import Bench
from hub.testing.exchanges.hook_calls import READING_METHODS, exception_failure
from hub.testing.fakes.stand_in import json_answer

BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
INVALID = HTTPStatus.UNPROCESSABLE_ENTITY
REFUSALS = (HTTPStatus.NOT_FOUND, INVALID)
RETRY_AFTER_SECONDS = 7  # after which a busy source asks to be called again


class FailingSource:
    """Answers the calls of a hook with an error.

    With `only_writes`, calls that only read pass to the stand-in: a report may look at the source
    before it writes. With `path`, all calls but those of this path do.
    """

    def __init__(
        self, bench: Bench, status: int, *, only_writes: bool = False, path: str = ""
    ) -> None:
        self._bench = bench
        self._status = status
        self._only_writes = only_writes
        self._path = path
        self._count = 0
        self._stand_in: WSGIApplication

    def expect_error(self, hook: Callable[[], object], what: str, advice: str) -> None:
        """Call a hook; fail if it raises no error of the hub, or no Retry if the source is busy.

        A hook of which no call is refused passes.
        """
        error_type = Retry if self._status in BUSY else HubError
        try:
            with self._bench.replaced_by(self._serve) as self._stand_in:
                hook()
        except error_type as error:
            self._check_time(error, what)
        except Exception as error:
            instead_of = "Retry" if error_type is Retry else "Refused"
            raise exception_failure(what, error, instead_of=instead_of) from error
        else:
            if self._count:
                status = int(self._status)
                pytest.fail(f"{what} was answered with the status {status}, and returned {advice}")

    def _check_time(self, error: HubError, what: str) -> None:
        """Fail if a Retry does not name the time that a busy source names."""
        if isinstance(error, Retry) and self._status in BUSY and error.after != RETRY_AFTER_SECONDS:
            pytest.fail(
                f"{what} was answered with the status {int(self._status)} and the header"
                f" Retry-After: {RETRY_AFTER_SECONDS}, and raised a Retry that does not say so. Let"
                " the Retry pass that site.http raises."
            )

    def _serve(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer as an API does that is busy, or that finds a mistake in the call."""
        is_other = self._path not in ("", environ["PATH_INFO"])
        if is_other or (self._only_writes and environ["REQUEST_METHOD"] in READING_METHODS):
            return self._stand_in(environ, start)
        self._count += 1
        headers = [("Retry-After", str(RETRY_AFTER_SECONDS))] if self._status in BUSY else []
        return json_answer(start, self._status, {"message": "This cannot be done."}, headers)
