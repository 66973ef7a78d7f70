"""Work that is repeated every few seconds, whatever the clock of the machine shows."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger("hub")


class RegularWork:
    """Threads that repeat a function, each at its own interval, until `stop`.

    Intervals are measured on the monotonic clock. A time of day would be wrong after the clock of
    the machine was set back: nothing would run until it has caught up.
    """

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[], object], seconds: float) -> None:
        """Call a function every so many seconds, for the first time after the first of them."""
        thread = threading.Thread(
            target=self._repeat, args=(work, seconds), name="regular work", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Wait for what is under way, and begin no more of it."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, work: Callable[[], object], seconds: float) -> None:
        while not self._ending.wait(seconds):
            try:
                work()
            except Exception:
                log.exception("Regular work met a defect; it is repeated.")
