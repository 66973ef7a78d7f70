"""Add the counts of this process to those of all others, in one table.

Any process on any machine can then report the sums, and they survive restarts. A process that is
killed takes at most the counts of the last `STORE_SECONDS` with it.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub.context import current_hub
from hub.db.engine import insert, transaction
from hub.errors import DatabaseUnavailable
from hub.models import MetricTotal
from hub.telemetry.counts import Sample

STORE_SECONDS = 10.0
_totals = cast(Table, MetricTotal.__table__)
log = logging.getLogger("hub")


def store_if_due() -> None:
    """Store the counts of this process, if that was not done for some seconds.

    Call it where no transaction is open. An error of the database is only logged.
    """
    counts = current_hub().counts
    now = current_hub().clock.monotonic()
    if counts.stored_at is None:
        counts.stored_at = now
    if now - counts.stored_at >= STORE_SECONDS:
        counts.stored_at = now
        store()


def store() -> None:
    """Store the counts of this process; keep them if the database cannot be used."""
    counts = current_hub().counts
    pending = counts.take()
    if not pending:
        return
    try:
        with transaction() as session:
            _add(session, pending)
    except (DatabaseUnavailable, SQLAlchemyError) as error:
        counts.put_back(pending)
        if not counts.is_failing:
            log.warning(
                "Counts for the metrics could not be stored. The hub tries again. %s", error
            )
        counts.is_failing = True
    else:
        counts.is_failing = False


def load(session: Session) -> dict[str, dict[Sample, float]]:
    """Return the stored counts by the name of their metric."""
    by_name: defaultdict[str, dict[Sample, float]] = defaultdict(dict)
    for name, labels, part, value in session.execute(select(*_totals.c)):
        by_name[name][Sample(name, tuple(json.loads(labels)), part)] = value
    return by_name


def _add(session: Session, pending: Mapping[Sample, float]) -> None:
    """Add numbers to the table; all processes do so in the same order, so that none deadlock."""
    rows = []
    for sample, number in sorted(pending.items()):
        labels = json.dumps(sample.labels, ensure_ascii=False)
        row = {"name": sample.name, "labels": labels, "part": sample.part, "value": number}
        rows.append(row)
    statement = insert(session, _totals)
    statement = statement.on_conflict_do_update(
        index_elements=["name", "labels", "part"],
        set_={"value": _totals.c.value + statement.excluded.value},
    )
    session.execute(statement, rows)
