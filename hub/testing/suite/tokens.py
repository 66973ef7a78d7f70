"""Contract tests of access tokens: two processes that renew one at once disturb nobody."""

import re
import sys
import sysconfig
import threading
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from hub.errors import HubError
from hub.testing.bench import Bench
from hub.testing.exchanges.response_recording import without_rate_limit
from hub.testing.fakes.secrets import LOCK_SECONDS
from hub.testing.fakes.stand_in import json_answer

BEARER = "Bearer "
MIN_TOKEN = 8  # characters of a token in a header
SECONDS_TO_CALL = 10.0  # after which a process that has made no call waits for a lock
Token = tuple[str, str]  # the header of a call that has it, and its value


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
        if source.blocked_at:
            pytest.fail(
                f"Two processes called the source of {self.slug} when its access token had expired,"
                f" and in {source.blocked_at} the second one waited for the first one."
                " A lock that the plugin holds during a call stops its other installations as"
                " well. In Python 3.11 a functools.cached_property has such a lock, which all"
                " objects of its class share: use functools.cache in __init__, as in"
                " self.accounts = cache(self._read_accounts)."
            )
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

    While it `rejects`, it answers 401 to calls with the tokens that it saw before. `has_renewed`
    says whether a call had other ones then, and `blocked_at` where in the code the second process
    waited for a lock of the plugin.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._stand_in = without_rate_limit(bench)
        self._initial_secrets = set(bench.secrets.values())
        self._stored: set[str] = set()  # secrets that the plugin has stored, also earlier ones
        self._seen: set[tuple[Token, ...]] = set()
        self._other = threading.Thread(target=self._run_other)
        self._has_other = False
        self._has_other_called = False
        self.blocked_at = ""
        self.rejects = False
        self.has_renewed = False
        self.errors: list[Exception] = []

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a call; let the other process go first if it is the one that renews the token."""
        if threading.current_thread() is self._other:
            self._has_other_called = True
        tokens = tuple(_iter_tokens(environ, self._get_stored_secrets()))
        if not self.rejects:
            self._seen.add(tokens)
        elif tokens and tokens in self._seen:
            return json_answer(start, 401, {"message": "The token has expired."})
        elif tokens:
            self.has_renewed = True
        elif any(self._seen) and not self._has_other:
            self._has_other = True
            self._bench.secrets.news.clear()
            self._other.start()
            self._wait_for_other()
        return self._stand_in(environ, start)

    def end(self) -> None:
        """Wait for the other process, if there is one."""
        if self._has_other:
            self._other.join()

    def _wait_for_other(self) -> None:
        """Wait until the other process has ended, or waits for the lock of the secrets."""
        news = self._bench.secrets.news
        if news.wait(SECONDS_TO_CALL):
            return
        if self._has_other_called:
            news.wait(LOCK_SECONDS)
        else:
            self.blocked_at = _find_place_of(self._other)

    def _get_stored_secrets(self) -> set[str]:
        """Return the secrets that the plugin has stored itself, such as each access token."""
        secrets = self._bench.secrets.copy()  # the other thread may store one meanwhile
        self._stored |= set(secrets.values()) - self._initial_secrets
        return self._stored

    def _run_other(self) -> None:
        """Call the source as another process with the same secrets; say when that is over."""
        try:
            _call_source(self._bench)
        except Exception as error:
            self.errors.append(error)
        finally:
            self._bench.secrets.news.set()


def _find_place_of(thread: threading.Thread) -> str:
    """Return file, line and function of the newest call of a thread outside of Python's library."""
    frame = sys._current_frames().get(thread.ident or 0)
    stack = traceback.extract_stack(frame)
    library = sysconfig.get_path("stdlib")
    packages = sysconfig.get_path("purelib")
    for call in reversed(stack):
        if not call.filename.startswith(library) or call.filename.startswith(packages):
            return f"{Path(call.filename).name}, line {call.lineno} ({call.name})"
    return "its code"


def _iter_tokens(environ: WSGIEnvironment, stored_secrets: Collection[str]) -> Iterator[Token]:
    """Yield each header of a call with a bearer token, or with a part of a stored secret."""
    headers = [(name, value) for name, value in environ.items() if name.startswith("HTTP_")]
    for name, value in sorted(headers):
        if value.startswith(BEARER) or _has_part(stored_secrets, _list_words(value)):
            yield name, value


def _list_words(header: str) -> list[str]:
    """Return what may be a token in a header: its longer words, and what a cookie is set to.

    Other words are its scheme, as in `Session abc`.
    """
    words: list[str] = []
    for word in re.split(r"[\s;,]+", header):
        words += (word, word.partition("=")[2])
    return [word for word in words if len(word) >= MIN_TOKEN]


def _has_part(texts: Collection[str], words: Sequence[str]) -> bool:
    """Return whether one of the texts contains one of the words."""
    return any(word in text for text in texts for word in words)


def _call_source(bench: Bench) -> None:
    """Check the settings, and read the first document."""
    bench.check()
    next(bench.reading(), None)
