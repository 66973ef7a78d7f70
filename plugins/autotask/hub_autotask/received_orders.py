"""Remember which orders were received before the hub read them: they are left out."""

from collections.abc import Iterable

from hub import Secrets, format_ids, parse_ids
from hub_autotask.report_history import ReportHistory

LEFT_OUT_KEY = "orders received before they were read"
COMPLETE = "complete"  # once a first poll has ended


class ReceivedOrders:
    """The ids of the orders that are left out, stored in the secrets of the installation.

    An order that was read while it was submitted is still posted, however much of it is received by
    then.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        state, _, ids = secrets.get(LEFT_OUT_KEY, "").partition("|")
        self._is_complete = state == COMPLETE
        self._ids = {int(id) for id in parse_ids(ids) if id.isdecimal()}

    def __contains__(self, id: int) -> bool:
        """Return whether an order is left out."""
        return id in self._ids

    def note(self, ids: Iterable[int], history: ReportHistory) -> None:
        """Leave out those of these received orders that no poll has read before.

        If everything is read again, such as after another start date, an order that is not left out
        yet was submitted when it was read before, and may wait in the hub.
        """
        if history.is_first and self._is_complete:
            return
        new_ids = {id for id in ids if not history.has(id)} - self._ids
        if new_ids:
            self._ids |= new_ids
            self._store()

    def finish(self) -> None:
        """Note that a poll has ended."""
        if not self._is_complete:
            self._is_complete = True
            self._store()

    def _store(self) -> None:
        state = COMPLETE if self._is_complete else ""
        ids = format_ids({str(id) for id in self._ids})
        self._secrets[LEFT_OUT_KEY] = f"{state}|{ids}"
