"""The election of the one process of all machines that runs the schedules.

An advisory lock elects it: if the process ends, the server frees the lock at once. A process that
is frozen keeps its connection, so the elected one also renews a row. If that row is too old, the
others end the session that holds the lock.
"""

import logging

from sqlalchemy import text

from hub.context import current_hub
from hub.db.coordination import process_coordination

NAME = "scheduler"
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
_END_FROZEN = text(
    "SELECT pg_terminate_backend(session.pid, 5000)"
    " FROM lease JOIN pg_stat_activity AS session"
    " ON session.pid = lease.backend_pid AND session.backend_start = lease.backend_start"
    " WHERE lease.name = :name AND lease.holder <> '' AND session.pid <> pg_backend_pid()"
    " AND lease.heartbeat_at < clock_timestamp() - make_interval(secs => :seconds)"
)
log = logging.getLogger("hub")


def stand_for_election() -> bool:
    """Stand for election, or stay elected; return whether this process runs the schedules."""
    coordination = process_coordination()
    if coordination.holds(NAME) or coordination.try_lock(NAME):
        with coordination.connection() as connection:
            connection.execute(_RENEW, {"name": NAME, "process": current_hub().process})
        return coordination.holds(NAME)
    seconds = min(FROZEN_SECONDS, current_hub().config.lease_seconds)
    with coordination.connection() as connection:
        ended = connection.scalars(_END_FROZEN, {"name": NAME, "seconds": seconds}).all()
    if ended:
        log.warning("The process that ran the schedules gave no sign of life for %g s.", seconds)
    return False


def resign() -> None:
    """Let another process be elected."""
    process_coordination().unlock_name(NAME)
