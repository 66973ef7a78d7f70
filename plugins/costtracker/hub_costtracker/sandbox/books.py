"""The data of the account; each event is written to the journal before it is applied."""

import datetime as dt
from decimal import Decimal

from hub_costtracker.sandbox import views
from hub_costtracker.sandbox.company import LISTS, SUPPLIER_EDITS
from hub_costtracker.sandbox.lists import Lists
from hub_costtracker.sandbox.story import FIRST_ID, make_story
from qbo_sandbox.kit import Rows
from qbo_sandbox.kit.journaled_books import JournaledBooks

DOCUMENT_COUNT = 150
STATUSES_BY_ACTION = {
    "approve": "approved",
    "reject": "rejected",
    "send": "sent_for_approval",
    "transfer": "transferred",
}


class Books(JournaledBooks):
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
        """Add the invoices and edits that exist at the start."""
        count = event["documents"]
        if count is None:
            count = DOCUMENT_COUNT
        at = dt.datetime.fromisoformat(event["at"])
        demo = event.get("demo", False)
        for row in make_story(count, event["seed"], at, demo):
            self.invoices.put(row)
        first_version = {"version": 1, "name": None, "updated_at": event["at"]}
        for edit in SUPPLIER_EDITS:
            self.edits.put(first_version | edit)

    def _push(self, event):
        """Store a batch of a list of QuickBooks."""
        return self.lists.push(event["kind"], event["items"])

    def _status(self, event):
        """Store a status that the hub reported to an invoice."""
        status = dict(event["status"])
        if "amount_paid" in status:
            status["amount_paid"] = Decimal(status["amount_paid"])
        self.statuses.setdefault(event["invoice"], []).append(status)

    def _decide(self, event):
        """Move an invoice to another status; an approval replaces one of the same person."""
        status = STATUSES_BY_ACTION[event["act"]]
        invoice = self.invoices[event["invoice"]]
        user = event["user"]
        approvals = [other for other in invoice["approvals"] if other["user"] != user]
        if event["act"] in ("approve", "reject"):
            approvals.append({"user": user, "decision": status, "at": event["at"]})
        self._change(event, status=status, approvals=approvals)

    def _receive(self, event):
        """Add an invoice that arrives by upload or mail."""
        head = {"id": event["invoice"], "version": 1, "updated_at": event["at"]}
        self.invoices.put({**event["fields"], **head})

    def _edit(self, event):
        """Change the header of an invoice, its first line, and its totals."""
        invoice = self.invoices[event["invoice"]]
        lines = list(invoice["lines"])
        if lines:
            lines[0] = lines[0] | event["line"]
        changes = event["header"] | {"lines": lines}
        corrected_totals = event.get("totals", {})
        if corrected_totals:
            changes |= views.total_offsets(self.lists, invoice | changes, corrected_totals)
        self._change(event, **changes)

    def _delete(self, event):
        """Mark an invoice as deleted."""
        self._change(event, deleted=True)

    def _change(self, event, **changes):
        """Change fields of an invoice; each change is a version."""
        invoice = self.invoices[event["invoice"]]
        next_version = {
            "version": invoice["version"] + 1,
            "updated_at": event["at"],
        }
        self.invoices.put({**invoice, **changes, **next_version})

    def _supplier(self, event):
        """Change a supplier, or add one."""
        empty = {"version": 0, "email": None, "phone": None, "name": None}
        previous_row = self.edits.get(event["supplier"], empty)
        next_version = {
            "id": event["supplier"],
            "version": previous_row["version"] + 1,
            "updated_at": event["at"],
        }
        self.edits.put(previous_row | event["fields"] | next_version)

    def _integrate(self, event):
        """Switch the account's integrations on or off."""
        self.integrations = event["on"]

    def _call(self, event):
        """Store the address to call."""
        self.hub = event["address"]

    # -- reading --------------------------------------------------------------------------------

    def next_id(self):
        """Return the id of the next invoice that arrives."""
        last_id = max(map(int, self.invoices), default=FIRST_ID - 1)
        return str(last_id + 1)

    def changed_invoices(self, after, limit, status=None):
        """Return (invoices in the order of their changes, whether there are more)."""
        with self._lock:
            rows, has_more = self.invoices.first_after(
                after, limit, lambda row: status in (None, row["status"])
            )
            return [views.invoice(self.lists, row) for row in rows], has_more

    def changed_suppliers(self, after, limit):
        """Return (suppliers' edits in order, whether there are more)."""
        with self._lock:
            rows, has_more = self.edits.first_after(after, limit)
            return [views.edit(self.lists, row) for row in rows], has_more

    def invoice(self, id):
        """Return one invoice as the API shows it, or None if there is none with this id."""
        row = self.invoices.get(id)
        if row is None:
            return None
        return views.invoice(self.lists, row)

    def status(self, id):
        """Return the last status of an invoice from accounting."""
        return self.statuses.get(id, [None])[-1]

    def suppliers(self):
        """Return every supplier that a person can edit."""
        return [views.supplier(self.lists, slot.id) for slot in LISTS["suppliers"]]
