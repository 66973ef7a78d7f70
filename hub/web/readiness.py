"""Whether this process can do its work: the checks of database, tables and scheduler.

The answers are read by anybody, so they name no address, version or person; the log does.
"""

import logging
import threading
from dataclasses import dataclass
from typing import Any

from flask import Flask

from hub.context import get_hub
from hub.db.engine import read_only_session
from hub.migrations import schema
from hub.migrations.schema import SchemaError
from hub.telemetry.heartbeat import SCHEDULER_HEARTBEAT, Heartbeat
from hub.translations.messages import translate

EXTENSION = "hub.readiness"
FRESH_SECONDS = 1.0
ANSWER_SECONDS = 3.0  # how long a request waits for the database
MAX_TICK_SECONDS = 60.0  # a tick waits for other writers, but not for so long
UNREACHABLE_MESSAGE = "The database cannot be used now; the log says why."
NO_ANSWER_MESSAGE = f"The database did not answer within {ANSWER_SECONDS:g} seconds."
OTHER_TABLES = "The tables are not those of this version; `hub check` says more."
NO_TICKS = f"The scheduler did not tick for {MAX_TICK_SECONDS:g} seconds; the log says why."
log = logging.getLogger("hub")


@dataclass(frozen=True)
class Readiness:
    """The result of each check; an empty text means that it is in order."""

    problems: dict[str, str]

    @property
    def is_ready(self) -> bool:
        """Return whether all is in order."""
        return not any(self.problems.values())

    def as_json(self) -> dict[str, Any]:
        """Return the state for the response: each check with "ok" or its problem."""
        checks = {name: text or "ok" for name, text in self.problems.items()}
        return {"ready": self.is_ready, "checks": checks}


class ReadinessCheck:
    """Check the database at most once a second, however often callers ask.

    The check has a thread of its own, so that a database that does not answer blocks a thread of
    the web server for ANSWER_SECONDS at most.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._hub = get_hub(app)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began_at = 0.0
        self._problems: dict[str, str] = {}
        self._fresh_until = 0.0
        self._logged = ""

    def check(self) -> Readiness:
        """Return the result of all checks, made now."""
        return Readiness({**self._check_database(), **self._check_scheduler()})

    def _check_database(self) -> dict[str, str]:
        """Return the problems of the database, as they were a second ago at most."""
        now = self._hub.clock.monotonic()
        with self._lock:
            if now < self._fresh_until:
                return self._problems
            thread = self._thread
            if thread is None:
                self._began_at = now
                thread = threading.Thread(target=self._read, name="readiness", daemon=True)
                self._thread = thread
                thread.start()
            seconds = ANSWER_SECONDS - (now - self._began_at)
        thread.join(max(0.0, seconds))
        with self._lock:
            if self._thread is thread:
                return {"database": NO_ANSWER_MESSAGE}
            return self._problems

    def _read(self) -> None:
        """Try the database and compare the revision of its tables."""
        problems = {"database": "", "schema": ""}
        reason = ""
        with self._app.app_context():
            try:
                with read_only_session() as session:
                    schema.require_newest(session.connection())
            except SchemaError as error:
                problems["schema"] = OTHER_TABLES
                reason = translate(error.sentence)
            except Exception as error:
                problems = {"database": UNREACHABLE_MESSAGE}
                reason = f"{type(error).__name__}: {error}"
            self._log_once(reason)
        with self._lock:
            self._problems = problems
            self._fresh_until = self._hub.clock.monotonic() + FRESH_SECONDS
            self._thread = None

    def _check_scheduler(self) -> dict[str, str]:
        """Return the problem of the scheduler, "" if it ticks; nothing if there is none here."""
        heartbeat: Heartbeat | None = self._app.extensions.get(SCHEDULER_HEARTBEAT)
        if heartbeat is None:
            return {}
        return {"scheduler": NO_TICKS if heartbeat.age() > MAX_TICK_SECONDS else ""}

    def _log_once(self, reason: str) -> None:
        """Log a problem when it begins, not with every request."""
        if reason and reason != self._logged:
            log.error("The hub is not ready: %s", reason)
        self._logged = reason
