"""The row in which all machines share the budget of a company.

No transaction is open while a process calculates: it reads the row, and writes it only if nobody
wrote it in the meantime. A process that is frozen at any point therefore blocks nobody.
"""

import json
from collections.abc import Callable
from dataclasses import astuple
from itertools import groupby
from math import inf
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from hub.clock import Clock, SystemClock
from hub.db.engine import address_without_password
from hub.errors import DatabaseUnavailable
from hub.models.shared_state import SharedRateLimit
from hub.rate_limits.rules import INTUIT_LIMITS
from hub.rate_limits.shared_budget import MAX_UNCERTAINTY, Share, SharedBudget, Start

MAX_ATTEMPTS = 50  # another process has written the row each time
TICKS_PER_SECOND = 100  # times are stored in hundredths of a second
_rows = cast(Table, SharedRateLimit.__table__)
_NOW = func.extract("epoch", func.clock_timestamp())
T = TypeVar("T")
# Called with the budget, the database's time, and the local times before and after it was read.
Change = Callable[[SharedBudget, float, float, float], T]


class BudgetRow:
    """The row of one company. A test clock replaces the clock of the database as well."""

    def __init__(self, engine: Engine, realm: str, clock: Clock) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._realm = realm
        self._clock = clock
        self._has_own_time = isinstance(clock, SystemClock)
        self._select = select(_rows.c.version, _rows.c.state, _NOW).where(_rows.c.realm == realm)

    def change(self, change: Change[T]) -> T:
        """Change the budget and return what `change` returned; raise DatabaseUnavailable."""
        try:
            with self._engine.connect() as connection:
                return self._change(connection, change)
        except (DBAPIError, NoConnection) as error:
            raise self._build_unavailable_error(str(getattr(error, "orig", error))) from error

    def read(self) -> tuple[SharedBudget, float]:
        """Return the budget and the time of the database; raise DatabaseUnavailable."""
        budget, now, *_ = self.change(lambda *values: values)
        return budget, now

    def _change(self, connection: Connection, change: Change[T]) -> T:
        for _ in range(MAX_ATTEMPTS):
            before = self._clock.monotonic()
            row = connection.execute(self._select).one_or_none()
            after = self._clock.monotonic()
            if row is None:
                first = insert(_rows).values(realm=self._realm, version=0, state="")
                connection.execute(first.on_conflict_do_nothing())
                continue
            if after - before > MAX_UNCERTAINTY:
                raise self._build_unavailable_error("it answers too slowly")
            version, state, database_time = row
            now = float(database_time)
            if not self._has_own_time:
                now = self._clock.now().timestamp()
            budget = decode(state, now)
            result = change(budget, now, before, after)
            if self._write(connection, version, encode(budget), state):
                return result
        raise self._build_unavailable_error("other processes write the rate limit all the time")

    def _write(self, connection: Connection, version: int, state: str, former: str) -> bool:
        """Write the state and return True, unless another process has written the row meanwhile."""
        if state == former:
            return True
        statement = (
            update(_rows)
            .where(_rows.c.realm == self._realm, _rows.c.version == version)
            .values(version=version + 1, state=state)
        )
        return connection.execute(statement).rowcount == 1

    def _build_unavailable_error(self, reason: str) -> DatabaseUnavailable:
        address = address_without_password(self._engine.url)
        return DatabaseUnavailable(address, reason.strip())


def encode(budget: SharedBudget) -> str:
    """Return a budget as text, short because it is written often.

    Starts at the same time that no process reports any more are stored as one, with their number.
    """
    starts: list[Any] = []
    for (at, items, owner), group in groupby(budget.starts, _get_group_key):
        numbers = [start.number for start in group]
        if owner:
            starts += [[at, items, owner, number] for number in numbers]
        else:
            starts.append([at, items, len(numbers)])
    values = {
        "paused_to": budget.paused_to,
        "pause_seconds": budget.pause_seconds,
        "cap": None if budget.cap == inf else budget.cap,
        "cap_at": budget.cap_at,
        "by_items": budget.by_items,
        "starts": starts,
        "shares": {process: astuple(share) for process, share in budget.shares.items()},
    }
    return json.dumps(values, separators=(",", ":"))


def decode(text: str, now: float) -> SharedBudget:
    """Return the budget of a text; one that cannot be read counts as used up for a minute."""
    if not text:
        return SharedBudget()
    try:
        return _decode(json.loads(text), now)
    except (ValueError, KeyError, TypeError, AttributeError):
        window = INTUIT_LIMITS.window
        return SharedBudget(paused_to=now + window, pause_seconds=window)


def _decode(values: Any, now: float) -> SharedBudget:
    starts = []
    for at, items, *rest in values["starts"]:
        if len(rest) == 1:
            starts += [Start(at / TICKS_PER_SECOND, int(items)) for _ in range(rest[0])]
        else:
            owner, number = rest
            starts.append(Start(at / TICKS_PER_SECOND, int(items), str(owner), int(number)))
    shares = {process: Share(*share) for process, share in values["shares"].items()}
    cap = values["cap"]
    paused_to = float(values["paused_to"])
    # A process of an earlier release writes no length of a pause.
    pause_seconds = values.get("pause_seconds", max(0.0, paused_to - now))
    return SharedBudget(
        paused_to=paused_to,
        pause_seconds=float(pause_seconds),
        cap=inf if cap is None else float(cap),
        cap_at=float(values["cap_at"]),
        by_items=bool(values["by_items"]),
        starts=starts,
        shares=shares,
    )


def _get_group_key(start: Start) -> tuple[int, int, str]:
    """Return the key by which starts are stored as one; their time is rounded up."""
    return -int(-start.at * TICKS_PER_SECOND // 1), start.items, start.owner
