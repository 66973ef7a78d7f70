"""The data of the account; each event is written to the journal before it is applied."""

import datetime as dt
from collections import defaultdict

from hub_costcertified.sandbox import acts, company, views
from hub_costcertified.sandbox.story import make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import JournaledBooks, stamp

DOCUMENT_COUNT = 60
LIST_NAMES = ("invoices", "payments", "payouts", "expenses")


class Books(JournaledBooks):
    """Invoices, payments, payouts, expenses and their statuses; all changes go through `do`."""

    def __init__(self, journal, clock, documents, seed, demo=False):
        super().__init__(journal, clock)
        self.rows = {list_name: Rows() for list_name in LIST_NAMES}
        self.projects = {}
        self.invoices_of = defaultdict(list)
        self.payments_of = defaultdict(list)
        self.statuses = {}
        self.enabled = True
        self.hub = ""
        self.refresh = (company.REFRESH_TOKEN, "")
        self._replay()
        if not self._last:
            self.do("begin", documents=documents, seed=seed, demo=demo)

    def _apply(self, event):
        """Carry out the act of an event; return what it returns."""
        self._last = max(self._last, event["at"])
        if event["do"] == "begin":
            self._begin(event)
            return None
        apply_event = acts.ACTS[event["do"]]
        return apply_event(self, event)

    def _begin(self, event):
        """Apply the events that happened before the start."""
        count = event["documents"]
        if count is None:
            count = DOCUMENT_COUNT
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for past_event in make_story(count, event["seed"], at, demo):
            apply_event = acts.ACTS[past_event["do"]]
            apply_event(self, past_event | {"at": stamp(past_event["at"])})

    # -- for the acts ---------------------------------------------------------------------------

    def put(self, list_name, event, id, **changes):
        """Add or change a row; each change is a version."""
        previous_row = self.rows[list_name].get(id, {"id": id, "version": 0, "deleted": False})
        row = {
            **previous_row,
            **changes,
            "version": previous_row["version"] + 1,
            "updated_at": event["at"],
        }
        self.rows[list_name].put(row)
        return row

    # -- reading --------------------------------------------------------------------------------

    def list_changes(self, list_name, after, limit):
        """Return (rows in the order of their changes, whether there are more)."""
        view = views.VIEWS[list_name]
        with self._lock:
            rows, has_more = self.rows[list_name].first_after(after, limit)
            return [view(self, row) for row in rows], has_more

    def row(self, list_name, id):
        """Return one row as the API shows it."""
        with self._lock:
            raw = self.rows[list_name].get(id)
            return views.VIEWS[list_name](self, raw) if raw else None

    def status(self, list_name, id):
        """Return the last status of a row from accounting."""
        return self.statuses.get(f"{list_name}/{id}", [None])[-1]
