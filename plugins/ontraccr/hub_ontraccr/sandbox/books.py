"""The state of the company: each event is written to the journal before it counts."""

import datetime as dt
from decimal import Decimal
from itertools import islice

from hub_ontraccr.sandbox import views
from hub_ontraccr.sandbox.company import LISTS
from hub_ontraccr.sandbox.profiles import Profiles
from hub_ontraccr.sandbox.story import FIRST_ID, make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import Journalled

DOCUMENTS = 120


class Books(Journalled):
    """Payables, profiles, lists from QuickBooks and statuses; all changes go through `do`."""

    def __init__(self, journal, clock, documents, seed, demo=False):
        super().__init__(journal, clock)
        self.payables = Rows()
        self.profiles = Profiles()
        self.statuses = {}
        self.lists = {}
        self.default = {}
        self.currency = None
        self.activated = True
        self.hubs = {}
        self._replay()
        if not self._last:
            self.do("begin", documents=documents, seed=seed, demo=demo)

    def _begin(self, event):
        documents = DOCUMENTS if event["documents"] is None else event["documents"]
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for row in make_story(documents, event["seed"], at, demo):
            self.payables.put(row)
        self.profiles.begin(event["at"])

    # -- payables -------------------------------------------------------------------------------

    def _upload(self, event):
        defaults = {
            "id": event["payable"],
            "version": 1,
            "case": "uploaded by hand",
            "uploaded_at": event["at"],
        }
        self.payables.put(
            {
                "files": [],
                **event["fields"],
                **defaults,
                "updated_at": event["at"],
            }
        )

    def _edit(self, event):
        payable = self.payables[event["payable"]]
        first, *others = payable["lines"] or [None]
        lines = [{**first, **event.get("line", {})}, *others] if first else []
        self._change(event, **({"lines": lines} | event["fields"]))

    def _attach(self, event):
        self._change(event, files=[*self.payables[event["payable"]]["files"], event["file"]])

    def _delete(self, event):
        self._change(event, deleted=True)

    def _change(self, event, **changes):
        payable = self.payables[event["payable"]]
        stamped = {"version": payable["version"] + 1, "updated_at": event["at"]}
        self.payables.put({**payable, **changes, **stamped})

    def _status(self, event):
        status = event["status"]
        paid = {"amount_paid": Decimal(status["amount_paid"])} if "amount_paid" in status else {}
        self.statuses.setdefault(event["payable"], []).append(status | paid)

    # -- profiles, lists, the integration -------------------------------------------------------

    def _bring(self, event):
        return self.profiles.bring(event["kind"], event["division"], event["items"], event["at"])

    def _link(self, event):
        self.profiles.link(event["kind"], event["id"], event["at"], **event["link"])

    def _unlink(self, event):
        self.profiles.unlink(event["kind"], event["id"], event["at"])

    def _profile(self, event):
        self.profiles.change(event["kind"], event["id"], event["at"], **event["fields"])

    def _offer(self, event):
        self.lists[event["division"], event["list"]] = event["items"]
        if event["list"] == "purchase-accounts":
            self.default[event["division"]], self.currency = (
                event.get("default"),
                event.get("currency"),
            )

    def _activate(self, event):
        self.activated = event["on"]

    def _call(self, event):
        self.hubs[event["division"]] = {"url": event["url"], "secret": event["secret"]}

    # -- reading --------------------------------------------------------------------------------

    def next_id(self):
        return str(max([FIRST_ID, *(int(id) for id in self.payables)]) + 1)

    def changed(self, division, after, limit, deleted):
        """Return (payables in the order of their changes, whether there are more)."""
        with self._lock:
            rows = (row for row in self.payables.after(after) if row["division"] == division)
            changes = list(
                islice((row for row in rows if deleted or not row.get("deleted")), limit + 1)
            )
            return [views.payable(self, row) for row in changes[:limit]], len(changes) > limit

    def profiles_of(self, kind, division, after, limit):
        """Return (profiles in the order of their changes, whether there are more)."""
        with self._lock:
            rows = (
                row
                for row in self.profiles.rows[kind].after(after)
                if row["division_id"] == division
            )
            rows = list(islice(rows, limit + 1))
            return [views.profile(self, kind, row) for row in rows[:limit]], len(rows) > limit

    def list(self, division, name):
        """Return a list of QuickBooks as it was last put here."""
        assert name in LISTS
        return self.lists.get((division, name), [])

    def status(self, id):
        """Return the last status of a payable from accounting."""
        return self.statuses.get(id, [None])[-1]
