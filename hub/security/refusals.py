"""Entries of the audit log about refusals, with a limit for each ten minutes.

Anybody can cause a refusal, so many of them must not fill the log. The first refusal of each kind
is recorded at once. Further ones, and those over the limit, are counted, and one entry records the
number when the ten minutes are over.
"""

import logging
import threading
from collections import Counter
from dataclasses import dataclass, field

from flask import current_app

from hub.context import current_hub
from hub.db.engine import transaction
from hub.errors import DatabaseUnavailable
from hub.security import audit

WINDOW_SECONDS = 600
MAX_ENTRIES = 20  # entries of one kind in a window; one more gives the number of the others
MAX_SUBJECT_LENGTH = 200
EXTENSION = "hub.refusals"
HUB = "hub"
NOBODY = "nobody"  # who made a request without a log-in
UNKNOWN_NAME = "unknown name"  # in place of a name that nobody has: it may be a secret
log = logging.getLogger(__name__)


@dataclass
class Window:
    """The refusals of ten minutes: keys that were recorded, and numbers of the other ones."""

    number: int = 0
    recorded: dict[str, set[str]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)


class Refusals:
    """The refusals of one process; several processes have a limit each."""

    def __init__(self) -> None:
        """Begin without any."""
        self._lock = threading.Lock()
        self._window = Window()

    def admit(self, what: str, key: str) -> bool:
        """Return whether this refusal is recorded on its own; count it otherwise."""
        with self._lock:
            keys = self._window.recorded.setdefault(what, set())
            if key in keys or len(keys) >= MAX_ENTRIES:
                self._window.counted[what] += 1
                return False
            keys.add(key)
            return True

    def end_window(self) -> Counter[str]:
        """Begin a new window if the last one is over; return the refusals that it only counted."""
        number = int(current_hub().clock.now().timestamp()) // WINDOW_SECONDS
        with self._lock:
            if number == self._window.number:
                return Counter()
            counts = self._window.counted
            self._window = Window(number)
            return counts


def note(what: str, who: str, subject: str, **detail: object) -> None:
    """Record a refusal, or count it; an error of the database is only logged."""
    record_counted()
    subject = subject[:MAX_SUBJECT_LENGTH]
    if _get_refusals().admit(what, f"{who} {subject} {audit.client_address()}"):
        _write(what, who, subject, **detail)


def record_counted() -> None:
    """Record how many refusals were only counted, once the ten minutes are over."""
    for what, count in _get_refusals().end_window().items():
        _write(what, HUB, "further ones in ten minutes", count=count)


def _write(what: str, who: str, subject: str, **detail: object) -> None:
    try:
        with transaction() as session:
            audit.record(session, who, what, subject, **detail)
    except DatabaseUnavailable as error:
        log.error("“%s” could not be recorded in the audit log: %s", what, error)


def _get_refusals() -> Refusals:
    """Return the refusals of this application."""
    refusals: Refusals = current_app.extensions.setdefault(EXTENSION, Refusals())
    return refusals
