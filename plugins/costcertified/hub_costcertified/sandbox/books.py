"""The data of the account; each event is written to the journal before it is applied."""

import datetime as dt
from collections import defaultdict

from hub_costcertified.sandbox import acts, company, views
from hub_costcertified.sandbox.story import make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import Journalled, stamp

DOCUMENT_COUNT = 60
LIST_NAMES = ("invoices", "payments", "payouts", "expenses")


class Books(Journalled):
    """Invoices, payments, payouts, expenses and their statuses; all changes go through `do`."""

    def __init__(self, journal, clock, documents, seed, demo=False):
        super().__init__(journal, clock)
        self.rows = {things: Rows() for things in LIST_NAMES}
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
        act = acts.ACTS[event["do"]]
        return act(self, event)

    def _begin(self, event):
        """Apply the events that happened before the start."""
        count = event["documents"]
        if count is None:
            count = DOCUMENT_COUNT
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for past in make_story(count, event["seed"], at, demo):
            act = acts.ACTS[past["do"]]
            act(self, past | {"at": stamp(past["at"])})

    # -- for the acts ---------------------------------------------------------------------------

    def put(self, things, event, id, **changes):
        """Add or change a row; each change is a version."""
        before = self.rows[things].get(id, {"id": id, "version": 0, "deleted": False})
        row = {
            **before,
            **changes,
            "version": before["version"] + 1,
            "updated_at": event["at"],
        }
        self.rows[things].put(row)
        return row

    # -- reading --------------------------------------------------------------------------------

    def changed(self, things, after, limit):
        """Return (rows in the order of their changes, whether there are more)."""
        view = views.VIEWS[things]
        with self._lock:
            rows, more = self.rows[things].first_after(after, limit)
            return [view(self, row) for row in rows], more

    def row(self, things, id):
        """Return one row as the API shows it."""
        with self._lock:
            raw = self.rows[things].get(id)
            return views.VIEWS[things](self, raw) if raw else None

    def status(self, things, id):
        """Return the last status of a row from accounting."""
        return self.statuses.get(f"{things}/{id}", [None])[-1]
