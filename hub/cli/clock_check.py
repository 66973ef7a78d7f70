"""The check that the clocks of this machine and of PostgreSQL's server agree, for `hub check`."""

import datetime as dt
from collections.abc import Iterator

from hub.cli.check_results import CheckResult, failed

MAX_DIFFERENCE = dt.timedelta(minutes=1)


def iter_checks() -> Iterator[CheckResult]:
    """Yield the difference of the clocks if it is large.

    Schedules of several machines follow the clock of whichever runs them.
    """
    from sqlalchemy import func, select

    from hub.context import current_hub
    from hub.db.engine import read_only_session

    with read_only_session() as session:
        if session.get_bind().dialect.name != "postgresql":
            return
        server_time = session.scalars(select(func.clock_timestamp())).one()
    difference = current_hub().clock.now() - server_time
    if abs(difference) <= MAX_DIFFERENCE:
        return
    minutes = abs(difference).total_seconds() / 60
    direction = "ahead of" if difference > dt.timedelta() else "behind"
    yield failed(
        f"the clock of this machine is {minutes:,.0f} min {direction} that of the database's"
        " server: synchronize both (NTP). Until then schedules start at wrong times, and codes of"
        " authenticator apps may be refused"
    )
