"""Hold what one pass over the postings of a company shares: clients, clock and counts."""

import datetime as dt
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement, Table, bindparam, or_, update
from sqlalchemy.orm import Session

from hub.context import Progress, current_hub
from hub.contract.document_kinds import LIST_KINDS
from hub.db import engine
from hub.errors import HubError, NeedsAttention
from hub.models import ConnectedCompany, Posting
from hub.outbox import setting_locks
from hub.outbox.keys import build_key
from hub.posting.outcome.batch_sizing import BatchSizer
from hub.posting.protocol.history import (
    Ask,
    Doubt,
    Hold,
    Posted,
    QuietPeriod,
    Read,
    Reconnect,
    Requeue,
    Search,
    Send,
    Step,
    Wait,
    Withdraw,
)
from hub.qbo import connection
from hub.qbo.client import Client
from hub.qbo.responses import QuickBooksResponse

log = logging.getLogger("hub")
# QuickBooks' dates are whole seconds and lag a little.
DATE_TOLERANCE = dt.timedelta(seconds=2)
# The names under which steps are counted.
STEP_COUNTS: dict[type, str] = {
    Posted: "posted",
    Ask: "held",
    Hold: "held",
    Withdraw: "withdrawn",
    Doubt: "in doubt",
    Wait: "in doubt",
    Search: "in doubt",
    Read: "in doubt",
    Send: "to be sent again",
    Requeue: "to be sent again",
    Reconnect: "to be sent again",
}
_companies = cast(Table, ConnectedCompany.__table__)
_STORE_DATE = (
    update(_companies)
    .where(_companies.c.id == bindparam("_company"))
    .where(or_(_companies.c.newest_date.is_(None), _companies.c.newest_date < bindparam("_date")))
    .values(newest_date=bindparam("_date"))
)


@dataclass
class ProcessMemory:
    """Facts that only this process has. A new process lacks them, and waits longer instead."""

    # When the call of a posting ended, by posting and fence.
    call_ends: dict[tuple[int, str], float] = field(default_factory=dict)
    # When the doubt of another process was first seen here, by posting and fence.
    first_seen: dict[tuple[int, str], float] = field(default_factory=dict)
    # From which date the start-up scan searches, by company.
    scan_starts: dict[int, dt.datetime] = field(default_factory=dict)
    # Company and kind of each start-up scan that is done.
    scanned_kinds: set[tuple[int, str]] = field(default_factory=set)
    # What `preflight.reconciled_months` read, and when, by company and first day of the month.
    reconciled_months: dict[tuple[int, dt.date], tuple[dt.datetime, Any]] = field(
        default_factory=dict
    )


def get_process_memory() -> ProcessMemory:
    """Return the memory of this process."""
    memory: ProcessMemory = current_app.extensions.setdefault("hub.posting", ProcessMemory())
    return memory


class PostingSession:
    """The state of one pass over the postings of a company.

    Its parts share the clients, the clock, the counts of steps and QuickBooks' date.
    """

    def __init__(
        self,
        company_id: int,
        installation_ids: Sequence[int] | None = None,
        run_id: int | None = None,
        progress: Progress | None = None,
        planned_at: dt.datetime | None = None,
    ) -> None:
        self.company_id = company_id
        self.installation_ids = installation_ids
        self.run_id = run_id
        # When the matches were read by which the postings are planned; None if that is not known.
        self.planned_at = planned_at
        context = current_hub()
        self.clock = context.clock
        self.config = context.config
        self.memory = get_process_memory()
        self.report_progress: Progress = progress or (lambda phase, done, of: None)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        self._list_lock = threading.Lock()
        self._newest_date: dt.datetime | None = None
        self._newest_date_at = 0.0
        self.counts: Counter[str] = Counter()
        self._unsent_steps: set[tuple[int, str, str]] = set()
        self._repeated_steps = 0  # of `counts`
        self.stop_reason = ""  # why nothing more can be sent now
        self.last_error = ""  # why QuickBooks did not answer a question
        self.unread_ids: set[int] = set()  # postings whose transaction could not be read
        self.unlisted_kinds: set[str] = set()  # kinds that QuickBooks refused to list in this pass
        self.pause: float | None = None  # seconds after which a stopped session may continue
        self.reload()
        self.batch_sizer = BatchSizer.for_company(self.company)

    def reload(self) -> None:
        """Read the row of the company again."""
        with engine.read_only_session() as session:
            self.company = session.get_one(ConnectedCompany, self.company_id)

    # -- calls --------------------------------------------------------------------------------

    def client(self, app: str = "") -> Client:
        """Return the client of the company for an app, so that the apps share its quota fairly."""
        with self._lock:
            if app not in self._clients:
                self._clients[app] = Client(self.company_id, app=app)
            return self._clients[app]

    def list_write_lock(self, kind: str) -> AbstractContextManager[Any]:
        """Return the lock for writing list entries one at a time; other kinds need no lock.

        QuickBooks may refuse one of two entries that are written at the same time: "You can only
        add or edit one name at a time. Please try again." (code 6000, documented by Invoiced), or
        "one product or service".
        """
        return self._list_lock if kind in LIST_KINDS else nullcontext()

    def note_date(self, response: QuickBooksResponse) -> QuickBooksResponse:
        """Remember QuickBooks' date in a response."""
        self._remember_date(response.date)
        return response

    def collect_dates(self) -> None:
        """Remember the newest date in the responses that the clients have received so far."""
        for client in list(self._clients.values()):
            self._remember_date(client.newest_date)

    def _remember_date(self, date: dt.datetime | None) -> None:
        """Remember a date if it is the newest so far, and when it arrived."""
        if date is None:
            return
        with self._lock:
            if self._newest_date is None or date > self._newest_date:
                self._newest_date = date
                self._newest_date_at = self.clock.monotonic()

    @property
    def writes(self) -> int:
        """Return the number of write requests sent so far."""
        clients = self._clients.values()
        return sum(client.writes for client in clients)

    @property
    def reads(self) -> int:
        """Return the number of read requests sent so far."""
        clients = self._clients.values()
        return sum(client.reads for client in clients)

    def fetch_date(self) -> None:
        """Read the company from QuickBooks to get the current date from the response."""
        self.note_date(self.client().company_info())

    def stop(self, reason: str, pause: float | None = None) -> None:
        """Send nothing more; the first reason is the one that is reported.

        `pause` is the number of seconds after which sending can continue; None if it is not known.
        """
        if self.stop_reason:
            return
        self.stop_reason = reason
        self.pause = pause

    def resume(self) -> None:
        """Send again, after a pause."""
        self.stop_reason = ""
        self.pause = None
        self.reload()

    def is_refused(self) -> bool:
        """Return whether QuickBooks refuses the connection.

        Only one document at a time is then sent, as a trial.
        """
        if connection.is_refused(self.company):
            self.reload()
        return connection.is_refused(self.company)

    def report_error(self, error: HubError) -> None:
        """Log that QuickBooks could not be asked; stop sending if the connection needs a person."""
        log.warning("company %s: %s", self.company_id, error.text)
        self.last_error = error.text
        if isinstance(error, NeedsAttention):
            self.stop(error.text)

    def count_step(self, step: Step) -> None:
        """Count a step that was taken, by the new state of its posting."""
        self.counts[STEP_COUNTS[type(step)]] += 1

    def count_unsent_step(self, step: Step, posting: Posting) -> None:
        """Count a step that was taken without a send.

        If the same step was counted since the last send of the posting, it is no progress.
        Otherwise a posting that is in doubt again after each search would be searched without end.
        """
        name = STEP_COUNTS[type(step)]
        self.counts[name] += 1
        key = posting.id, posting.fence, name
        if key in self._unsent_steps:
            self._repeated_steps += 1
        self._unsent_steps.add(key)

    def count_progress(self) -> int:
        """Return how many steps were taken so far, without the repeated ones."""
        return self.counts.total() - self._repeated_steps

    # -- time ---------------------------------------------------------------------------------

    @property
    def newest_date(self) -> dt.datetime | None:
        """Return the newest date in QuickBooks' responses so far; None without any response yet."""
        return self._newest_date

    def date_or_now(self) -> dt.datetime:
        """Return the newest date in QuickBooks' responses, else the time of this computer."""
        return self._newest_date or self.clock.now()

    def latest_possible_date(self) -> dt.datetime | None:
        """Return an upper bound of QuickBooks' current date; None before the first response."""
        if self._newest_date is None:
            return None
        seconds = self.clock.monotonic() - self._newest_date_at
        elapsed_time = dt.timedelta(seconds=seconds)
        return self._newest_date + elapsed_time + DATE_TOLERANCE

    def quiet_period(self, posting: Posting, fence: str) -> QuietPeriod:
        """Return how long the newest send of a posting has been over.

        `fence` is that of the send, or "restored" for a send that a restored database may lack.
        """
        now = self.clock.monotonic()
        key = (posting.id, fence)
        since = self.memory.call_ends.get(key)
        is_own_call = since is not None
        if since is None:
            since = self.memory.first_seen.setdefault(key, now)
        doubts = [date for date in (posting.doubted_date, self.company.restored_seen) if date]
        remote_seconds = None
        if self.newest_date and doubts:
            remote_seconds = (self.newest_date - max(doubts)).total_seconds()
        return QuietPeriod(
            is_own_call=is_own_call,
            local_seconds=now - since,
            remote_seconds=remote_seconds,
            deadline_seconds=self.config.deadline_seconds,
            quiet_seconds=self.config.quiet_seconds,
        )

    # -- rows ---------------------------------------------------------------------------------

    def own_postings(self) -> list[ColumnElement[bool]]:
        """Return the conditions that select the postings of this session."""
        conditions: list[ColumnElement[bool]] = [Posting.company_id == self.company_id]
        if self.installation_ids is not None:
            conditions.append(Posting.installation_id.in_(self.installation_ids))
        return conditions

    def lock_settings(self, session: Session) -> None:
        """Lock the settings by which postings of this session are released, until `session` ends.

        Otherwise a change of the settings that is committed meanwhile would miss the released
        postings. Call this before any posting is locked.
        """
        setting_locks.lock_all_to_plan(session, self.company_id, self.installation_ids)

    def build_key(self, posting: Posting, base: str, generation: int) -> str:
        """Return the idempotency key of a request of a posting."""
        return build_key(
            posting.document,
            posting.part,
            posting.operation,
            base,
            generation,
            realm=self.company.realm,
        )

    def build_next_key(self, posting: Posting) -> dict[str, Any]:
        """Return the columns that give a posting its next key."""
        generation = posting.generation + 1
        key = self.build_key(posting, posting.base, generation)
        return {"generation": generation, "requestid": key, "rekey": False}

    def store_date(self, session: Session) -> None:
        """Store the newest date in QuickBooks' responses."""
        if self._newest_date is None:
            return
        values = {"_company": self.company_id, "_date": self._newest_date}
        session.connection().execute(_STORE_DATE, values)
