"""The data of the organization; each change is written to the journal before it is applied."""

import datetime as dt
import hashlib
import threading
from collections import defaultdict

from hub_ion.sandbox.story import FIRST_IDS, make_story
from qbo_sandbox.kit.journaled_books import stamp

TABLES = (
    "suppliers",
    "currencies",
    "locations",
    "parts",
    "orders",
    "lines",
    "fees",
    "receipts",
    "receivers",
    "subscriptions",
)
ORDER_CHILD_TABLES = ("lines", "fees")


class Books:
    """Rows by table and id; `commit` makes every change and calls the listeners for each row."""

    def __init__(self, journal, clock, documents=None, seed=0, demo=False):
        self.tables = {name: {} for name in TABLES}
        self._of_order = {name: defaultdict(dict) for name in ORDER_CHILD_TABLES}
        self.listeners = []
        self._journal = journal
        self._clock = clock
        self._lock = threading.RLock()
        self._last = ""
        for event in journal.replay():
            self._apply(event)
        if not self._last:
            begin = {"documents": documents, "seed": seed, "demo": demo}
            self._write({"begin": begin, "at": self._now()})

    def rows(self, table):
        """Return the rows of a table in the order of their ids."""
        return list(self.tables[table].values())

    def row(self, table, id):
        """Return a row by its id, a number or text; None if there is none."""
        if not str(id).isdigit():
            return None
        return self.tables[table].get(int(id))

    def of_order(self, table, order):
        """Return the lines or fees of an order."""
        return list(self._of_order[table][order["id"]].values())

    def commit(self, *changes):
        """Write ("put", table, values) and ("drop", table, id) as an event; return the put rows."""
        with self._lock:
            event = {"at": self._now(), "changes": [self._assign_id(change) for change in changes]}
            actions = [self._subscription_action(change) for change in event["changes"]]
            rows = self._write(event)
        for action, (_, table, values) in zip(actions, event["changes"], strict=True):
            for notify in self.listeners:
                notify(action, table, values if action == "DELETE" else values["id"])
        return rows

    def put(self, table, **values):
        """Write one row; other fields keep their values."""
        return self.commit(("put", table, values))[0]

    @property
    def last(self):
        """Return the time of the newest change."""
        return self._last

    def today(self):
        """Return today's date in the organization's zone."""
        now = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        return now.date().isoformat()

    def _assign_id(self, change):
        """Give a new row its id."""
        operation, table, values = change
        if operation == "put" and "id" not in values:
            last_id = max(self.tables[table], default=FIRST_IDS.get(table, 0))
            values = {"id": last_id + 1, **values}
        return operation, table, values

    def _subscription_action(self, change):
        """Return what subscriptions call a change: CREATE, UPDATE or DELETE."""
        operation, table, values = change
        if operation == "drop":
            return "DELETE"
        return "UPDATE" if values["id"] in self.tables[table] else "CREATE"

    def _now(self):
        """Return a time later than all earlier ones, so that no cursor skips a change."""
        at = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        if self._last:
            at = max(at, dt.datetime.fromisoformat(self._last) + dt.timedelta(milliseconds=1))
        return stamp(at)

    def _write(self, event):
        """Write an event to the journal and apply it; return the rows that it put."""
        self._journal.append(event)
        return self._apply(event)

    def _apply(self, event):
        """Apply an event of the journal; return the rows that it put."""
        self._last = event["at"]
        if "begin" in event:
            self._create_first_rows(event["at"], **event["begin"])
            return []
        results = [self._apply_change(event["at"], *change) for change in event["changes"]]
        return [row for row in results if row]

    def _create_first_rows(self, at, documents, seed, demo=False):
        """Add the rows of the first day."""
        for moment, table, values in make_story(documents, seed, at, demo):
            self._put(moment, table, values)

    def _apply_change(self, at, operation, table, values):
        """Apply one change of an event; return the row, or None if it was dropped."""
        if operation == "put":
            return self._put(at, table, values)
        old_row = self.tables[table].pop(values)
        if table in ORDER_CHILD_TABLES:
            self._of_order[table][old_row["purchaseOrderId"]].pop(values)
        return None

    def _put(self, at, table, values):
        """Add or change a row, with the time and a new etag."""
        id = values["id"]
        previous_row = self.tables[table].get(id, {"created": at})
        count = previous_row.get("writes", 0) + 1
        digest = hashlib.sha256(f"{table}:{id}:{count}".encode()).hexdigest()
        row = {**previous_row, **values, "updated": at, "_etag": digest[:32], "writes": count}
        self.tables[table][id] = row
        if table in ORDER_CHILD_TABLES:
            self._of_order[table][row["purchaseOrderId"]][id] = row
        return row
