"""Contract tests of access tokens: two processes that renew one at once disturb nobody."""

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.rate_limit import waiting
from hub.testing.secrets_in_memory import LOCK_SECONDS
from hub.testing.stand_in import json_answer

BEARER = "Bearer "


class TokenTests:
    """Tests of a plugin whose source issues access tokens; the others pass them."""

    slug: str

    def test_two_processes_may_renew_a_token_at_once(self, bench: Bench) -> None:
        """Reject the stored token, and let a second process call while the first one renews it.

        A refresh token that can be used once is worth nothing to the slower of the two.
        """
        source = _SourceOfTwo(bench)
        with bench.replaced_by(source.answer):
            _call_source(bench)
            source.rejects = True
            try:
                _call_source(bench)
            except HubError as error:
                source.errors.append(error)
            source.end()
        if source.has_renewed and source.errors:
            pytest.fail(
                f"Two processes called the source of {self.slug} when its access token had expired,"
                f" and one of them ended with {type(source.errors[0]).__name__}:"
                f" {source.errors[0]} Use RefreshToken, or TokenCache(…, exclusive=True), and read"
                " the stored refresh token inside the function that requests a token: it changes"
                " while the other process has the lock."
            )


class _SourceOfTwo:
    """Passes calls to the stand-in and, when a token is requested, lets a second process call.

    While it `rejects`, it answers 401 to each bearer token that it saw before.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._stand_in = waiting(
            bench.sandbox.wsgi, lambda seconds: bench.drive("clock", {"advance": seconds})
        )
        self._tokens: set[str] = set()
        self._other = threading.Thread(target=self._run_other)
        self.rejects = False
        self.has_renewed = False
        self.errors: list[Exception] = []

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call; let the other process go first if it is the one that renews the token."""
        token = environ.get("HTTP_AUTHORIZATION", "")
        if not self.rejects:
            if token.startswith(BEARER):
                self._tokens.add(token)
        elif token in self._tokens:
            return json_answer(start, 401, {"message": "The token has expired."})
        elif self._tokens and not self.has_renewed:
            self.has_renewed = True
            self._bench.secrets.news.clear()
            self._other.start()
            self._bench.secrets.news.wait(LOCK_SECONDS)
        return self._stand_in(environ, start)

    def end(self) -> None:
        """Wait for the other process, if there is one."""
        if self.has_renewed:
            self._other.join()

    def _run_other(self) -> None:
        """Call the source as another process with the same secrets; say when that is over."""
        try:
            _call_source(self._bench)
        except Exception as error:
            self.errors.append(error)
        finally:
            self._bench.secrets.news.set()


def _call_source(bench: Bench) -> None:
    """Check the settings, and read the first document."""
    bench.check()
    next(bench.reading(), None)
