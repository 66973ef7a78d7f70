"""What a call of a hook does at the stand-in, and the sentence about one that raises."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import pytest

from hub.testing.bench import Bench

T = TypeVar("T")
READING_METHODS = ("GET", "HEAD", "OPTIONS")


class HookEffects:
    """What the hooks of an app do at its stand-in from now on, as far as its own pages show it.

    The log has the calls; `has_log` is false for a stand-in without one. A stand-in with a page
    `books` shows its data there, too.
    """

    def __init__(self, bench: Bench) -> None:
        """Look at the pages before the first call of a hook."""
        self._bench = bench
        self._books = bench.look("books")
        self.has_log = bench.look("log") is not None
        self._seen = self._count_calls()

    def has_written(self) -> bool:
        """Tell whether a call since the last look could change something and was accepted."""
        written = False
        for call in self._calls():
            is_new = call["number"] > self._seen
            is_accepted = 0 < call["status"] < HTTPStatus.BAD_REQUEST
            written |= is_new and is_accepted and call["method"] not in READING_METHODS
        self._seen = self._count_calls()
        return written

    def has_changed_books(self) -> bool:
        """Tell whether the data of the stand-in differs; true for one that does not show them."""
        return self._books is None or self._bench.look("books") != self._books

    def _calls(self) -> list[dict[str, Any]]:
        """Return the calls that the stand-in got, the oldest first."""
        log = self._bench.look("log") or {}
        calls: list[dict[str, Any]] = log.get("requests", [])
        return calls

    def _count_calls(self) -> int:
        """Return the number of the newest call."""
        calls = self._calls()
        return int(calls[-1]["number"]) if calls else 0


def call_hook(call: Callable[[], T], what: str) -> T:
    """Call a hook; fail with what was called if it raises."""
    try:
        return call()
    except Exception as error:
        raise raised(what, error) from error


def raised(what: str, error: Exception, *, instead_of: str = "") -> BaseException:
    """Return the failure of a test whose hook has raised an exception."""
    defect = f"{type(error).__name__}: {error}".rstrip(": ")
    expected = f", not {instead_of}." if instead_of else ""
    return pytest.fail.Exception(f"{what} raised {defect}{expected}")
