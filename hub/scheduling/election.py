"""The election of the one process of all machines that runs the schedules.

An advisory lock elects it: if the process ends, the server frees the lock at once. A process that
is frozen keeps its connections, so the elected one also renews a row. If that row is too old, the
others end all database sessions of that process. One of them holds the lock, and another one may
have an open transaction for which the next scheduler would wait.
"""

import logging

from sqlalchemy import text

from hub.context import current_hub
from hub.db import lease_rows
from hub.db.coordination import process_coordination

LEASE_NAME = "scheduler"
FROZEN_SECONDS = 30.0
_RENEW = text(
    "INSERT INTO lease AS held (name, holder, fence, heartbeat_at, backend_pid, backend_start)"
    " VALUES (:name, :process, 1, clock_timestamp(), pg_backend_pid(),"
    " (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()))"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,"
    " fence = held.fence + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,"
    " heartbeat_at = clock_timestamp(),"
    " backend_pid = excluded.backend_pid, backend_start = excluded.backend_start"
)
_SELECT_FROZEN = text(
    "SELECT holder, backend_pid, backend_start FROM lease"
    " WHERE name = :name AND holder <> ''"
    " AND heartbeat_at < clock_timestamp() - make_interval(secs => :seconds)"
)
log = logging.getLogger("hub")


def stand_for_election() -> bool:
    """Stand for election, or stay elected; return whether this process runs the schedules."""
    coordination = process_coordination()
    if coordination.holds(LEASE_NAME) or coordination.try_lock(LEASE_NAME):
        with coordination.connection() as connection:
            connection.execute(_RENEW, {"name": LEASE_NAME, "process": current_hub().process})
        return coordination.holds(LEASE_NAME)
    seconds = min(FROZEN_SECONDS, current_hub().config.lease_seconds)
    with coordination.connection() as connection:
        frozen = connection.execute(
            _SELECT_FROZEN, {"name": LEASE_NAME, "seconds": seconds}
        ).first()
        ended_sessions = lease_rows.end_sessions(connection, frozen) if frozen is not None else 0
    if ended_sessions:
        log.warning(
            "The process that ran the schedules gave no sign of life for %g s: this one ended its"
            " %d database sessions.",
            seconds,
            ended_sessions,
        )
    return False


def resign() -> None:
    """Let another process be elected."""
    process_coordination().unlock_name(LEASE_NAME)
