"""The state of the organization: each change is written to the journal before it counts."""

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
CHILDREN = ("lines", "fees")


class Books:
    """Rows by table and id; all changes go through `commit`, which calls `hear` for each row."""

    def __init__(self, journal, clock, documents=None, seed=0, demo=False):
        self.tables = {name: {} for name in TABLES}
        self._of_order = {name: defaultdict(dict) for name in CHILDREN}
        self.hear = []
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
            event = {"at": self._now(), "changes": [self._number(change) for change in changes]}
            acts = [self._act(change) for change in event["changes"]]
            put = self._write(event)
        for act, (_, table, values) in zip(acts, event["changes"], strict=True):
            for hear in self.hear:
                hear(act, table, values if act == "DELETE" else values["id"])
        return put

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

    def _number(self, change):
        """Give a new row its id."""
        how, table, values = change
        if how == "put" and "id" not in values:
            last_id = max(self.tables[table], default=FIRST_IDS.get(table, 0))
            values = {"id": last_id + 1, **values}
        return how, table, values

    def _act(self, change):
        """Return what subscriptions call a change: CREATE, UPDATE or DELETE."""
        how, table, values = change
        if how == "drop":
            return "DELETE"
        return "UPDATE" if values["id"] in self.tables[table] else "CREATE"

    def _now(self):
        """Return a time later than all before, so that no watermark skips a change."""
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
            self._begin(event["at"], **event["begin"])
            return []
        results = [self._change(event["at"], *change) for change in event["changes"]]
        return [row for row in results if row]

    def _begin(self, at, documents, seed, demo=False):
        """Add the rows of the first day."""
        for moment, table, values in make_story(documents, seed, at, demo):
            self._put(moment, table, values)

    def _change(self, at, how, table, values):
        """Apply one change of an event; return the row, or None if it was dropped."""
        if how == "put":
            return self._put(at, table, values)
        dropped = self.tables[table].pop(values)
        if table in CHILDREN:
            self._of_order[table][dropped["purchaseOrderId"]].pop(values)
        return None

    def _put(self, at, table, values):
        """Add or change a row, with the time and a new etag."""
        id = values["id"]
        before = self.tables[table].get(id, {"created": at})
        count = before.get("writes", 0) + 1
        digest = hashlib.sha256(f"{table}:{id}:{count}".encode()).hexdigest()
        row = {**before, **values, "updated": at, "_etag": digest[:32], "writes": count}
        self.tables[table][id] = row
        if table in CHILDREN:
            self._of_order[table][row["purchaseOrderId"]][id] = row
        return row
