"""The hooks of plugins that are running now, so that one that does not return can be named."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

FIRST_REPORT_SECONDS = 300.0  # each further report follows after twice the time


@dataclass
class HookCall:
    """A call of a hook of an app's plugin, and the run that waits for it, if any."""

    slug: str
    hook: str
    run_id: int | None
    began: float  # on the monotonic clock
    report_after: float = FIRST_REPORT_SECONDS


class LongCall(NamedTuple):
    """A call that has been running for long, and for how long."""

    call: HookCall
    seconds: float


class HookCalls:
    """The calls of hooks in this process, of each thread the innermost one."""

    def __init__(self) -> None:
        """Begin without calls."""
        self._by_thread: dict[int, HookCall] = {}

    @contextmanager
    def note(self, call: HookCall) -> Iterator[None]:
        """Note a call of this thread while the block lasts."""
        thread = threading.get_ident()
        outer = self._by_thread.get(thread)
        self._by_thread[thread] = call
        try:
            yield
        finally:
            if outer is None:
                self._by_thread.pop(thread, None)
            else:
                self._by_thread[thread] = outer

    def take_long(self, now: float) -> list[LongCall]:
        """Return the calls that have been running for long and are due to be reported."""
        due = []
        for call in self._by_thread.copy().values():
            seconds = now - call.began
            if seconds >= call.report_after:
                call.report_after = 2 * seconds
                due.append(LongCall(call, seconds))
        return due
