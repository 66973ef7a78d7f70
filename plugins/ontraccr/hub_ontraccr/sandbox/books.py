"""The data of the company; each event is written to the journal before it is applied."""

import datetime as dt
from decimal import Decimal

from hub_ontraccr.sandbox import views
from hub_ontraccr.sandbox.company import LISTS
from hub_ontraccr.sandbox.profiles import Profiles
from hub_ontraccr.sandbox.story import FIRST_ID, make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import JournaledBooks

DOCUMENT_COUNT = 120


class Books(JournaledBooks):
    """Payables, profiles, lists from QuickBooks and statuses; all changes go through `do`."""

    def __init__(self, journal, clock, documents, seed, demo=False):
        super().__init__(journal, clock)
        self.payables = Rows()
        self.profiles = Profiles()
        self.statuses = {}
        self.lists = {}
        self.default = {}
        self.currency = None
        self.is_activated = True
        self.hubs = {}
        self._replay()
        if not self._last:
            self.do("begin", documents=documents, seed=seed, demo=demo)

    def _begin(self, event):
        """Add the payables and profiles that exist at the start."""
        count = event["documents"]
        if count is None:
            count = DOCUMENT_COUNT
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for row in make_story(count, event["seed"], at, demo):
            self.payables.put(row)
        self.profiles.begin(event["at"])

    # -- payables -------------------------------------------------------------------------------

    def _upload(self, event):
        """Add a payable that a person uploaded."""
        first_version = {
            "id": event["payable"],
            "version": 1,
            "case": "uploaded by hand",
            "uploaded_at": event["at"],
            "updated_at": event["at"],
        }
        self.payables.put({"files": [], **event["fields"], **first_version})

    def _edit(self, event):
        """Change fields of a payable, and its first line."""
        payable = self.payables[event["payable"]]
        lines = list(payable["lines"])
        if lines:
            lines[0] = lines[0] | event.get("line", {})
        self._change(event, **({"lines": lines} | event["fields"]))

    def _attach(self, event):
        """Add a file to a payable."""
        payable = self.payables[event["payable"]]
        self._change(event, files=[*payable["files"], event["file"]])

    def _delete(self, event):
        """Mark a payable as deleted."""
        self._change(event, deleted=True)

    def _change(self, event, **changes):
        """Change fields of a payable; each change is a version."""
        payable = self.payables[event["payable"]]
        next_version = {
            "version": payable["version"] + 1,
            "updated_at": event["at"],
        }
        self.payables.put({**payable, **changes, **next_version})

    def _status(self, event):
        """Store a status that the hub reported to a payable."""
        status = dict(event["status"])
        if "amount_paid" in status:
            status["amount_paid"] = Decimal(status["amount_paid"])
        self.statuses.setdefault(event["payable"], []).append(status)

    # -- profiles, lists, the integration -------------------------------------------------------

    def _bring(self, event):
        """Import records of QuickBooks as profiles."""
        return self.profiles.bring(event["kind"], event["division"], event["items"], event["at"])

    def _link(self, event):
        """Link a profile to a record of QuickBooks."""
        self.profiles.link(event["kind"], event["id"], event["at"], **event["link"])

    def _unlink(self, event):
        """Remove the link of a profile."""
        self.profiles.unlink(event["kind"], event["id"], event["at"])

    def _profile(self, event):
        """Change fields of a profile."""
        self.profiles.change(event["kind"], event["id"], event["at"], **event["fields"])

    def _offer(self, event):
        """Replace a list of QuickBooks; that of accounts has a default and a currency."""
        self.lists[event["division"], event["list"]] = event["items"]
        if event["list"] == "purchase-accounts":
            self.default[event["division"]] = event.get("default")
            self.currency = event.get("currency")

    def _activate(self, event):
        """Switch the integration on or off."""
        self.is_activated = event["on"]

    def _call(self, event):
        """Store the address to call for a division."""
        self.hubs[event["division"]] = {"url": event["url"], "secret": event["secret"]}

    # -- reading --------------------------------------------------------------------------------

    def next_id(self):
        """Return the id of the next payable that is uploaded."""
        last_id = max(map(int, self.payables), default=FIRST_ID)
        return str(max(FIRST_ID, last_id) + 1)

    def list_changes(self, division, after, limit, include_deleted):
        """Return (payables in the order of their changes, whether there are more)."""
        with self._lock:
            rows, has_more = self.payables.first_after(
                after,
                limit,
                lambda row: (
                    row["division"] == division and (include_deleted or not row.get("deleted"))
                ),
            )
            return [views.payable(self, row) for row in rows], has_more

    def profiles_of(self, kind, division, after, limit):
        """Return (profiles in the order of their changes, whether there are more)."""
        with self._lock:
            rows, has_more = self.profiles.rows[kind].first_after(
                after, limit, lambda row: row["division_id"] == division
            )
            return [views.profile(self, kind, row) for row in rows], has_more

    def list(self, division, name):
        """Return a list of QuickBooks as the hub sent it last."""
        assert name in LISTS
        return self.lists.get((division, name), [])

    def status(self, id):
        """Return the last status of a payable from accounting."""
        return self.statuses.get(id, [None])[-1]
