"""Limits that end a test whose plugin reads without end or does not return, and say where it is."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from types import FrameType

import pytest

from hub.contract.documents import Checkpoint, Yielded

MAX_REPETITIONS = 10_000  # items in a row without a new document or cursor
TEST_SECONDS = 900 if os.environ.get("HUB_PROOF") == "full" else 300
# The packages whose frames are no part of a plugin, beside the standard library.
OTHER_PACKAGES = ("hub", "pluggy", "_pytest", "pytest")


def require_end(items: Iterable[Yielded], slug: str) -> Iterator[Yielded]:
    """Yield the items of a list; fail if no new document and no new cursor comes any more."""
    keys: set[str] = set()
    repetitions = 0
    for item in items:
        key = item.cursor if isinstance(item, Checkpoint) else item.source_id
        repetitions = repetitions + 1 if key in keys else 0
        if repetitions > MAX_REPETITIONS:
            pytest.fail(
                f"hub_documents of {slug} does not end: after {len(keys)} documents and cursors it"
                f" yielded nothing new {MAX_REPETITIONS} times, last {key!r}. End the loop over the"
                " pages when the source says that no more follow."
            )
        keys.add(key)
        yield item


@contextlib.contextmanager
def limit_time(slug: str, seconds: float = TEST_SECONDS) -> Iterator[None]:
    """Fail a test that takes longer, with the hook and the line at which the plugin is.

    There is no limit outside of the main thread, and where the system has no SIGALRM.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        yield
        return

    def end(_: int, frame: FrameType | None) -> None:
        pytest.fail(_describe_place(slug, seconds, frame))

    previous = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _describe_place(slug: str, seconds: float, frame: FrameType | None) -> str:
    """Return the sentence about a test that was not over after its time."""
    place, hook = "", ""
    while frame is not None:
        code = frame.f_code
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in OTHER_PACKAGES and package not in sys.stdlib_module_names:
            where = f"{code.co_filename}, line {frame.f_lineno}, in {code.co_name}"
            place = place or f" It is at {where}."
        if code.co_qualname == "Bench.reading":
            hook = hook or "hub_documents"
        elif code.co_qualname == "Plugins.call":
            hook = hook or frame.f_locals["hook"]
        frame = frame.f_back
    return (
        f"{hook or 'A hook'} of {slug} has not returned after {seconds:g} seconds.{place} End each"
        " loop when the source has nothing more, and wait for nothing but its answers."
    )
