"""Remember which orders were received before the hub read them: they are left out."""

import datetime as dt
import re
from collections.abc import Iterable

from hub import Row, Secrets, format_ids, parse_day, parse_ids
from hub_autotask.report_history import ReportHistory

LEFT_OUT_KEY = "orders received before they were read"
COMPLETE = "complete"  # once a first poll has ended
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT_FIELDS = ("createDateTime", "submitDateTime")  # by which a poll finds an order


class ReceivedOrders:
    """The ids of the orders that are left out, stored in the secrets of the installation.

    An order that was read while it was submitted is still posted, however much of it is received by
    then. `first_day` is the first day of all polls that have ended; None if it is not known. It is
    stored among the ids, as a text that earlier versions leave out.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        state, _, text = secrets.get(LEFT_OUT_KEY, "").partition("|")
        self._is_complete = state == COMPLETE
        ids = parse_ids(text)
        self._ids = {int(id) for id in ids if id.isdecimal()}
        days = [dt.date.fromisoformat(id) for id in ids if DAY.fullmatch(id)]
        self.first_day = min(days, default=None)

    def __contains__(self, id: int) -> bool:
        """Return whether an order is left out."""
        return id in self._ids

    def note(self, rows: Iterable[Row], zone: dt.tzinfo, history: ReportHistory) -> None:
        """Leave out those of these received orders that no poll has read before.

        If everything is read again, an order that is not left out yet was submitted when it was
        read before, and may wait in the hub. An earlier start date may also bring orders that were
        not polled, because their last day is before the first day so far.
        """
        new_ids = {row["id"] for row in rows if self._is_unread(row, zone, history)} - self._ids
        if new_ids:
            self._ids |= new_ids
            self._store()

    def _is_unread(self, row: Row, zone: dt.tzinfo, history: ReportHistory) -> bool:
        """Return whether no poll has read an order before."""
        if history.is_first and self._is_complete:
            return self.first_day is not None and _find_last_day(row, zone) < self.first_day
        return not history.has(row["id"])

    def finish(self, first_day: dt.date) -> None:
        """Note that a poll has ended that began with this day."""
        if self.first_day is not None:
            first_day = min(self.first_day, first_day)
        if not self._is_complete or self.first_day != first_day:
            self._is_complete = True
            self.first_day = first_day
            self._store()

    def _store(self) -> None:
        state = COMPLETE if self._is_complete else ""
        texts = {str(id) for id in self._ids}
        if self.first_day:
            texts.add(self.first_day.isoformat())
        ids = format_ids(texts)
        self._secrets[LEFT_OUT_KEY] = f"{state}|{ids}"


def _find_last_day(row: Row, zone: dt.tzinfo) -> dt.date:
    """Return the last day by which a poll finds an order; the last of all if it is unreadable."""
    try:
        days = [parse_day(row[field], zone) for field in MOMENT_FIELDS]
    except (TypeError, ValueError):  # its document is unreadable, too
        return dt.date.max
    return max(filter(None, days), default=dt.date.max)
