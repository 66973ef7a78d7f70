"""The data; each event is written to the journal before it is applied."""

import datetime as dt
import threading
from collections import defaultdict
from decimal import Decimal

from hub_autotask.sandbox import expenses, invoices, msp, orders
from hub_autotask.sandbox.schema import ENTITIES
from qbo_sandbox.kit.journaled_books import stamp

STORIES_BY_APP = {
    "autotask-invoices": invoices,
    "autotask-expenses": expenses,
    "autotask-purchase-orders": orders,
}


class Books:
    """Rows by entity and id, their cases, and the settings; every change goes through `do`."""

    def __init__(self, journal, clock, app=None, documents=None, demo=False):
        self._tables = defaultdict(dict)
        self.cases = {}
        self.credentials = [msp.INTEGRATION_CODE, msp.USER, msp.SECRET]
        self.lacking = set()
        self.zone = ""
        self.automatic = False
        self._journal = journal
        self._clock = clock
        self._lock = threading.RLock()
        for event in journal.replay():
            self._apply(event)
        if not self._tables:
            self.do("begin", app=app, documents=documents, demo=demo)

    def rows(self, entity):
        """Return the rows of an entity by their ids."""
        return self._tables[entity]

    def do(self, event_type, **event):
        """Write an event to the journal, apply it, and return what it yields."""
        with self._lock:
            event = {"do": event_type, **event, "at": self.now()}
            self._journal.append(event)
            return self._apply(event)

    def now(self):
        """Return the time as Autotask formats it."""
        return stamp(dt.datetime.fromtimestamp(self._clock.now(), dt.UTC))

    def next_id(self, entity):
        """Return an id that no row of the entity has."""
        return max(self._tables[entity], default=0) + 1

    def _apply(self, event):
        """Apply an event; return what its method returns."""
        apply_event = getattr(self, f"_{event['do']}")
        return apply_event(event)

    def _begin(self, event):
        """Add the rows that exist at the start: the lists, and the documents of all apps."""
        demo = event.get("demo", False)
        for entity, row in msp.iter_all_rows():
            if not (demo and msp.has_tilde(row)):
                self._tables[entity][row["id"]] = row
        for app, story in STORIES_BY_APP.items():
            documents = event["documents"] if app == event["app"] else None
            self._add_documents(story, documents, event["at"], demo)

    def _add_documents(self, story, documents, at, demo):
        """Add the documents of an app with their lines."""
        moment = dt.datetime.fromisoformat(at)
        for entity, row in story.iter_rows(documents, moment, demo):
            if "case" in row:
                self.cases[entity, row["id"]] = row.pop("case")
            self._tables[entity][row["id"]] = row

    def _put(self, event):
        """Change a row; readers see it before or after, never in between."""
        entity = event["entity"]
        id = event["id"]
        rows = self._tables[entity]
        row = dict(rows.get(id) or ENTITIES[entity].row(id=id))
        for name, value in event["fields"].items():
            row[name] = _convert(entity, name, value)
        self._tables[entity] = {**rows, id: row}
        return id

    def _credentials(self, event):
        """Change the credentials of the API user."""
        self.credentials = event["values"]

    def _level(self, event):
        """Change the entities that the user's security level excludes."""
        self.lacking = set(event["lacking"])

    def _move(self, event):
        """Move the database to another zone."""
        self.zone = event["zone"]

    def _automate(self, event):
        """Switch automatic numbering of invoices on or off."""
        self.automatic = event["on"]


def _convert(entity, name, value):
    """Return a value of the journal as that of its field."""
    field = ENTITIES[entity].fields[name]
    if field.type == "decimal" and value is not None:
        return Decimal(str(value))
    return value
