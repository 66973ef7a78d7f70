"""The signals that end a process in order: SIGTERM and Ctrl-C."""

import _thread
import signal
import threading
from collections.abc import Callable
from types import FrameType

END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def set_on_end_signal(event: threading.Event) -> None:
    """Set an event when the process is asked to stop; call this in the main thread."""
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: set_from_handler(event))


def end_at_next_signal() -> None:
    """Let the next signal end the process at once; Python would wait for its threads first."""
    set_handler(signal.SIG_DFL)


def set_handler(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Handle the signals, but those that the process ignores, as one that a script started may."""
    for number in END_SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def set_from_handler(event: threading.Event) -> None:
    """Set an event from a signal handler, which may interrupt any line of the main thread.

    `Event.set` takes a lock that the interrupted line may hold, for instance in the handler of
    another signal. The main thread would then wait for itself, so another thread sets the event.
    """
    _thread.start_new_thread(event.set, ())
