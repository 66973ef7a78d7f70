"""The state of the account: what is true is what the journal says, an event a line, written before it counts."""

import datetime as dt
import threading
from decimal import Decimal

from hub_costtracker.sandbox import views
from hub_costtracker.sandbox.company import EDITS, LISTS
from hub_costtracker.sandbox.lists import Lists
from hub_costtracker.sandbox.story import seeded, stamp

DOCUMENTS = 150
NEXT = {"approve": "approved", "reject": "rejected", "send": "sent_for_approval", "transfer": "transferred"}


class Books:
    """Invoices, pushed lists, supplier edits and what accounting said; every change goes through `do`."""

    def __init__(self, journal, clock, documents, seed):
        self.lists, self.invoices, self.edits, self.statuses = Lists(), {}, {}, {}
        self.integrations = True
        self._journal, self._clock, self._lock, self._last = journal, clock, threading.RLock(), ""
        for event in journal.replay():
            self._apply(event)
        if not self.invoices and not self._last:
            self.do("begin", documents=documents, seed=seed)

    def do(self, what, **event):
        """Writes an event down, then lets it count; returns what it brings."""
        with self._lock:
            event = {"do": what, **event, "at": self._now()}
            self._journal.append(event)
            return self._apply(event)

    def _now(self):
        """A moment later than every one before, so that no change hides behind a cursor."""
        at = dt.datetime.fromtimestamp(self._clock.now(), dt.UTC)
        if self._last:
            at = max(at, dt.datetime.fromisoformat(self._last) + dt.timedelta(milliseconds=1))
        return stamp(at)

    def _apply(self, event):
        self._last = event["at"]
        return getattr(self, f"_{event['do']}")(event)

    def _begin(self, event):
        rows = seeded(event["documents"] or DOCUMENTS, event["seed"], dt.datetime.fromisoformat(event["at"]))
        self.invoices = {row["id"]: row for row in rows}
        edits = [{"version": 1, "name": None, "updated_at": event["at"], **edit} for edit in EDITS]
        self.edits = {edit["id"]: edit for edit in edits}

    def _push(self, event):
        return self.lists.push(event["kind"], event["items"])

    def _status(self, event):
        told = event["status"]
        paid = {"amount_paid": Decimal(told["amount_paid"])} if "amount_paid" in told else {}
        self.statuses.setdefault(event["invoice"], []).append(told | paid)

    def _decide(self, event):
        said = {"user": event["user"], "decision": NEXT[event["act"]], "at": event["at"]}
        approvals = [kept for kept in self.invoices[event["invoice"]]["approvals"] if kept["user"] != event["user"]]
        decided = [*approvals, said] if event["act"] in ("approve", "reject") else approvals
        self._change(event, status=NEXT[event["act"]], approvals=decided)

    def _edit(self, event):
        invoice = self.invoices[event["invoice"]]
        first, *others = invoice["lines"] or [None]
        lines = [{**first, **event["line"]}, *others] if first else []
        self._change(event, lines=lines, **event["header"])

    def _delete(self, event):
        self._change(event, deleted=True)

    def _change(self, event, **changes):
        invoice = self.invoices[event["invoice"]]
        stamped = {"version": invoice["version"] + 1, "updated_at": event["at"]}
        self.invoices[event["invoice"]] = {**invoice, **changes, **stamped}

    def _supplier(self, event):
        before = self.edits.get(event["supplier"], {"version": 0, "email": None, "phone": None, "name": None})
        stamped = {"version": before["version"] + 1, "updated_at": event["at"]}
        self.edits[event["supplier"]] = {**before, **event["fields"], "id": event["supplier"], **stamped}

    def _integrate(self, event):
        self.integrations = event["on"]

    # -- reading -----------------------------------------------------------------------------------------------------

    def changed_invoices(self, after, limit, status=None):
        """(invoices in the order of their changes, whether there are more)."""
        rows = [row for row in _after(self.invoices, after) if status in (None, row["status"])]
        return [views.invoice(self.lists, row) for row in rows[:limit]], len(rows) > limit

    def changed_suppliers(self, after, limit):
        rows = _after(self.edits, after)
        return [views.edit(self.lists, row) for row in rows[:limit]], len(rows) > limit

    def invoice(self, id):
        row = self.invoices.get(id)
        return views.invoice(self.lists, row) if row else None

    def status(self, id):
        """What accounting said last of an invoice."""
        return self.statuses.get(id, [None])[-1]

    def suppliers(self):
        """Every supplier that a person can edit."""
        return [views.supplier(self.lists, slot.id) for slot in LISTS["suppliers"]]


def _after(rows, after):
    ordered = sorted(rows.values(), key=lambda row: (row["updated_at"], row["id"]))
    return [row for row in ordered if after is None or (row["updated_at"], row["id"]) > after]
