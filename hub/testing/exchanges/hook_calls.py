"""What a call of a hook does at the stand-in, and the sentence about one that raises."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import pytest
from marshmallow import ValidationError

from hub.errors import HostNotAllowed
from hub.testing.bench import Bench

T = TypeVar("T")
READING_METHODS = ("GET", "HEAD", "OPTIONS")
ADVICE: Mapping[type[Exception], str] = {  # the next step of an author, by what was raised
    HostNotAllowed: ' Declare the addresses that the app calls: App(hosts=("{base_url}",)).',
    ValidationError: (
        ". Pass the settings that the stand-in does not bring by the names of the schema, such as"
        ' contract(slug, deposit_account="35").'
    ),
}
EXPECTED_ADVICE: Mapping[str, str] = {  # the next step, by what should have been raised
    "Retry": (
        " Let the Retry pass that site.http raises for 429, 5xx and an answer that is lost, and"
        " check each answer for what is not what you asked for."
    ),
    "NeedsAttention": (
        " Let it pass: api.get(…) and api.call(…).check() raise it for 401 and 403, before the"
        " answer is read."
    ),
}


class HookEffects:
    """The calls of an app's hooks at its stand-in from now on, as far as its page `log` shows them.

    `has_log` is false for a stand-in without such a page.
    """

    def __init__(self, bench: Bench) -> None:
        """Look at the log; check the access before, so that the hooks need no new token."""
        bench.check()
        self._bench = bench
        log = bench.look("log")
        self.has_log = isinstance(log, dict) and "requests" in log
        self._seen = _get_last_number(log["requests"]) if self.has_log else 0

    def has_written(self) -> bool:
        """Return whether a call since the last look could change something and was accepted."""
        log = self._bench.drive("log", {"after": self._seen}, method="GET")
        calls = log["requests"]
        self._seen = max(self._seen, _get_last_number(calls))
        for call in calls:
            is_accepted = 0 < call["status"] < HTTPStatus.BAD_REQUEST
            if is_accepted and call["method"] not in READING_METHODS:
                return True
        return False


def _get_last_number(calls: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of the newest call; 0 if there is none."""
    return int(calls[-1]["number"]) if calls else 0


def call_hook(call: Callable[[], T], what: str) -> T:
    """Call a hook; fail with what was called if it raises."""
    try:
        return call()
    except Exception as error:
        raise exception_failure(what, error) from error


def exception_failure(
    what: str, error: Exception, *, instead_of: str = "", advice: str = ""
) -> BaseException:
    """Return the failure of a test whose hook has raised an exception."""
    defect = f"{type(error).__name__}: {error}".rstrip(": ")
    if instead_of:
        defect = f"{defect.rstrip('.')}, not {instead_of}."
    own_advice = next((text for type, text in ADVICE.items() if isinstance(error, type)), "")
    other = EXPECTED_ADVICE.get(instead_of, "") or (advice and f". {advice}")
    return pytest.fail.Exception(f"{what} raised {defect}{own_advice or other}")
