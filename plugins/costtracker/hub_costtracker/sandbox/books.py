"""The state of the account: each event is written to the journal before it counts."""

import datetime as dt
from decimal import Decimal

from hub_costtracker.sandbox import views
from hub_costtracker.sandbox.company import EDITS, LISTS
from hub_costtracker.sandbox.lists import Lists
from hub_costtracker.sandbox.story import FIRST_ID, make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import Journalled

DOCUMENTS = 150
NEXT = {
    "approve": "approved",
    "reject": "rejected",
    "send": "sent_for_approval",
    "transfer": "transferred",
}


class Books(Journalled):
    """Invoices, pushed lists, supplier edits and statuses; every change goes through `do`."""

    def __init__(self, journal, clock, documents, seed, demo=False):
        super().__init__(journal, clock)
        self.lists = Lists()
        self.invoices = Rows()
        self.edits = Rows()
        self.statuses = {}
        self.integrations = True
        self.hub = ""
        self._replay()
        if not self._last:
            self.do("begin", documents=documents, seed=seed, demo=demo)

    def _begin(self, event):
        documents = DOCUMENTS if event["documents"] is None else event["documents"]
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for row in make_story(documents, event["seed"], at, demo):
            self.invoices.put(row)
        for edit in EDITS:
            first_version = {"version": 1, "name": None, "updated_at": event["at"]}
            self.edits.put(first_version | edit)

    def _push(self, event):
        return self.lists.push(event["kind"], event["items"])

    def _status(self, event):
        """Store a status that the hub reported to an invoice."""
        status = dict(event["status"])
        if "amount_paid" in status:
            status["amount_paid"] = Decimal(status["amount_paid"])
        self.statuses.setdefault(event["invoice"], []).append(status)

    def _decide(self, event):
        approval = {
            "user": event["user"],
            "decision": NEXT[event["act"]],
            "at": event["at"],
        }
        approvals = [
            other
            for other in self.invoices[event["invoice"]]["approvals"]
            if other["user"] != event["user"]
        ]
        decided = [*approvals, approval] if event["act"] in ("approve", "reject") else approvals
        self._change(event, status=NEXT[event["act"]], approvals=decided)

    def _receive(self, event):
        """Take in an invoice as it arrives: by upload or by mail."""
        received = {"id": event["invoice"], "version": 1, "updated_at": event["at"]}
        self.invoices.put({**event["fields"], **received})

    def _edit(self, event):
        """Change the header of an invoice, its first line, and its totals."""
        invoice = self.invoices[event["invoice"]]
        lines = list(invoice["lines"])
        if lines:
            lines[0] = lines[0] | event["line"]
        changes = event["header"] | {"lines": lines}
        typed = event.get("totals", {})
        if typed:
            changes |= views.offsets(self.lists, invoice | changes, typed)
        self._change(event, **changes)

    def _delete(self, event):
        self._change(event, deleted=True)

    def _change(self, event, **changes):
        invoice = self.invoices[event["invoice"]]
        stamped = {"version": invoice["version"] + 1, "updated_at": event["at"]}
        self.invoices.put({**invoice, **changes, **stamped})

    def _supplier(self, event):
        """Change a supplier, or add one."""
        empty = {"version": 0, "email": None, "phone": None, "name": None}
        before = self.edits.get(event["supplier"], empty)
        stamped = {
            "id": event["supplier"],
            "version": before["version"] + 1,
            "updated_at": event["at"],
        }
        self.edits.put(before | event["fields"] | stamped)

    def _integrate(self, event):
        self.integrations = event["on"]

    def _call(self, event):
        self.hub = event["address"]

    # -- reading --------------------------------------------------------------------------------

    def next_id(self):
        """Return the id of the next invoice that arrives."""
        ids = [int(id) for id in self.invoices]
        return str(max(ids, default=FIRST_ID - 1) + 1)

    def changed_invoices(self, after, limit, status=None):
        """Return (invoices in the order of their changes, whether there are more)."""
        with self._lock:
            rows, more = self.invoices.first_after(
                after, limit, lambda row: status in (None, row["status"])
            )
            return [views.invoice(self.lists, row) for row in rows], more

    def changed_suppliers(self, after, limit):
        """Return (suppliers' edits in order, whether there are more)."""
        with self._lock:
            rows, more = self.edits.first_after(after, limit)
            return [views.edit(self.lists, row) for row in rows], more

    def invoice(self, id):
        row = self.invoices.get(id)
        return views.invoice(self.lists, row) if row else None

    def status(self, id):
        """Return the last status of an invoice from accounting."""
        return self.statuses.get(id, [None])[-1]

    def suppliers(self):
        """Return every supplier that a person can edit."""
        return [views.supplier(self.lists, slot.id) for slot in LISTS["suppliers"]]
