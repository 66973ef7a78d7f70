"""What one drain of a company shares: its clients, QuickBooks' date, and what this process knows of doubts."""

import datetime as dt
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from flask import current_app
from sqlalchemy import ColumnElement, Table, bindparam, or_, update
from sqlalchemy.orm import Session

from hub import context as hub_context
from hub.db import engine
from hub.errors import HubError, NeedsAttention
from hub.models import Company, Posting
from hub.outbox.identity import identity, request_id
from hub.posting.outcome.batch_sizing import Pace
from hub.posting.protocol.history import Quiet
from hub.qbo import connection
from hub.qbo.client import Client
from hub.qbo.responses import Answer

log = logging.getLogger("hub")
Progress = Callable[[str, int, int], None]
ROUNDING = dt.timedelta(seconds=2)  # dates come in whole seconds, and a little after the fact
_companies = cast(Table, Company.__table__)
_HEARD = (
    update(_companies)
    .where(_companies.c.id == bindparam("_company"))
    .where(or_(_companies.c.newest_date.is_(None), _companies.c.newest_date < bindparam("_date")))
    .values(newest_date=bindparam("_date"))
)


@dataclass
class Memory:
    """What only this process knows: it is gone when the process is, and then longer times are waited."""

    ended: dict[tuple[int, str], float] = field(
        default_factory=dict
    )  # by posting and fence: when its call ended
    seen: dict[tuple[int, str], float] = field(
        default_factory=dict
    )  # when another's doubt was first seen here
    bounds: dict[int, dt.datetime] = field(
        default_factory=dict
    )  # by company: from when the start-up scan looks
    scanned: set[tuple[int, str]] = field(
        default_factory=set
    )  # company and kind that were scanned at the start


def memory() -> Memory:
    """The memory of this process."""
    kept: Memory = current_app.extensions.setdefault("hub.posting", Memory())
    return kept


class Worker:
    """One drain of one company."""

    def __init__(
        self,
        company_id: int,
        installation_ids: Sequence[int] | None = None,
        run_id: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.company_id, self.installation_ids, self.run_id = company_id, installation_ids, run_id
        shared = hub_context.current()
        self.clock, self.config, self.memory = shared.clock, shared.config, memory()
        self.tell: Progress = progress or (lambda phase, done, of: None)
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()
        self._date: dt.datetime | None = None
        self._date_at = 0.0
        self.counts: Counter[str] = Counter()
        self.stopped = ""  # why nothing more can be sent now
        self.reload()
        self.pace = Pace.of(self.company)

    def reload(self) -> None:
        """Reads the company's row anew."""
        with engine.reading() as session:
            self.company = session.get_one(Company, self.company_id)

    # -- calls --------------------------------------------------------------------------------------------------------

    def client(self, app: str = "") -> Client:
        """The company's client in the name of an app, so that the apps share its quota fairly."""
        with self._lock:
            if app not in self._clients:
                self._clients[app] = Client(self.company_id, app=app)
            return self._clients[app]

    def note(self, answer: Answer) -> Answer:
        """Remembers QuickBooks' date in an answer."""
        self._hear(answer.date)
        return answer

    def hear(self) -> None:
        """Remembers the newest date in what the clients were answered so far."""
        for client in list(self._clients.values()):
            self._hear(client.newest_date)

    def _hear(self, date: dt.datetime | None) -> None:
        with self._lock:
            if date and (self._date is None or date > self._date):
                self._date, self._date_at = date, self.clock.monotonic()

    @property
    def writes(self) -> int:
        return sum(client.writes for client in self._clients.values())

    @property
    def reads(self) -> int:
        return sum(client.reads for client in self._clients.values())

    def ping(self) -> None:
        """Hears what date it is in QuickBooks now."""
        self.note(self.client().company_info())

    def stop(self, why: str) -> None:
        """Nothing more can be sent now."""
        self.stopped = self.stopped or why

    def resume(self) -> None:
        """Try to send again, after a pause."""
        self.stopped = ""
        self.reload()

    def is_refused(self) -> bool:
        """Tell whether QuickBooks refuses the connection, so that one document is sent to try it."""
        if connection.is_refused(self.company):
            self.reload()
        return connection.is_refused(self.company)

    def trouble(self, error: HubError) -> None:
        """QuickBooks could not be asked: what is in doubt stays so; without a connection nothing more is sent."""
        log.warning("company %s: %s", self.company_id, error.text)
        if isinstance(error, NeedsAttention):
            self.stop(error.text)

    # -- time ---------------------------------------------------------------------------------------------------------

    @property
    def date(self) -> dt.datetime | None:
        """The newest date that QuickBooks told this drain."""
        return self._date

    def latest(self) -> dt.datetime | None:
        """A QuickBooks date that is not before this moment, where this drain has heard one."""
        if self._date is None:
            return None
        return self._date + dt.timedelta(seconds=self.clock.monotonic() - self._date_at) + ROUNDING

    def quiet(self, posting: Posting, fence: str) -> Quiet:
        """How long the newest send of a posting can have been over."""
        now, key = self.clock.monotonic(), (posting.id, fence)
        ended = self.memory.ended.get(key)
        since = self.memory.seen.setdefault(key, now) if ended is None else ended
        doubts = [date for date in (posting.doubted_date, self.company.restored_seen) if date]
        there = (self.date - max(doubts)).total_seconds() if self.date and doubts else None
        return Quiet(
            mine=ended is not None,
            here=now - since,
            there=there,
            deadline=self.config.deadline_seconds,
            quiet=self.config.quiet_seconds,
        )

    # -- rows ---------------------------------------------------------------------------------------------------------

    def mine(self) -> list[ColumnElement[bool]]:
        """What restricts postings to those that this drain works on."""
        where: list[ColumnElement[bool]] = [Posting.company_id == self.company_id]
        if self.installation_ids is not None:
            where.append(Posting.installation_id.in_(self.installation_ids))
        return where

    def key(self, posting: Posting, base: str, generation: int) -> str:
        """The key of a request of a posting."""
        row = posting.document
        name = identity(self.company.realm, row.slug, row.tenant, row.source_id)
        return request_id(name, posting.part, posting.operation, base, generation)

    def keep_date(self, session: Session) -> None:
        """Stores the newest date heard."""
        if self._date is not None:
            session.connection().execute(_HEARD, {"_company": self.company_id, "_date": self._date})
