"""The books of one company: its tables, counters, balances, and the one way to change them."""

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from qbo_sandbox.accounting import addresses, preferences, stock
from qbo_sandbox.accounting.booking import list_entries, open_amounts
from qbo_sandbox.accounting.kinds import KINDS, LIST_KINDS, TXN_KINDS
from qbo_sandbox.accounting.ledger import Ledger, Opens
from qbo_sandbox.accounting.refusals import Refusal
from qbo_sandbox.accounting.representation import Representation, get_entry_title
from qbo_sandbox.accounting.table import Row, Table
from qbo_sandbox.accounting.values import ZERO, dump
from qbo_sandbox.kit.clock import Clock
from qbo_sandbox.kit.journal import Journal
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.options import Options
from qbo_sandbox.switches import Switches

PARTY_KINDS = ("Vendor", "Customer", "Employee")
LONG_ID_OFFSET = 5_000_000_000_000_000_000


class Change(NamedTuple):
    """The new state of an object; `data` is None to delete it."""

    kind: str
    id: str
    data: JsonObject | None


Watcher = Callable[[str, list[Change], str, float], None]


class StoredReply(NamedTuple):
    """The stored answer to a write, for the id of its request."""

    kind: str
    body: bytes
    at: float


class Company(Representation):
    """One realm. Hold `lock` to read or write; every change goes through `commit`."""

    def __init__(
        self, options: Options, clock: Clock, journal: Journal, switches: Switches
    ) -> None:
        self.options = options
        self.clock = clock
        self.journal = journal
        self.switches = switches
        self.lock = threading.RLock()
        self.tables = {kind: Table() for kind in KINDS}
        self.ledger = Ledger()
        self.counters: dict[str, int] = {}
        self.replies: dict[str, StoredReply] = {}
        self.refused: dict[str, Refusal] = {}
        self.digests: dict[str, str] = {}
        self.names: dict[tuple[str, str], tuple[str, str]] = {}
        self.frozen_at = 0.0
        self.frozen_until = 0.0
        self.renames = 0
        self.site = ""
        self.files: dict[str, bytes] = {}
        self.mailed: list[tuple[float, str, str, str]] = []
        self.watchers: list[Watcher] = []

    def next_id(self, kind: str) -> str:
        """Return the id of the next object of a kind."""
        counter = _get_counter_name(kind)
        number = self.counters.get(counter, 0) + 1
        rule = LIST_KINDS.get(kind)
        if rule and rule.long_id:
            number += LONG_ID_OFFSET
        return str(number)

    def head(self, id: str, token: int = 0, created_at: str = "") -> JsonObject:
        """Return the fields that every new object has."""
        stamp = self.stamp(self.now())
        meta = {"CreateTime": created_at or stamp, "LastUpdatedTime": stamp}
        return {
            "domain": "QBO",
            "sparse": False,
            "Id": id,
            "SyncToken": str(token),
            "MetaData": meta,
        }

    def commit(
        self, changes: list[Change], request: str | None = None, act: str = ""
    ) -> StoredReply:
        """Write the changes to the journal, then make them; the reply is that of the first.

        `act` names the act on the first object if it is more than a change: Void, Emailed, Merge.
        """
        now = self.now()
        texts = [dump(change.data) for change in changes]
        line = self._journal_line(changes, texts, now, request, act)
        self.journal.append_line(line.encode())
        reply = self.apply(changes, texts, now, request)
        for notify in self.watchers:
            notify(self.options.realm, changes, act, now)
        return reply

    def _journal_line(
        self, changes: list[Change], texts: list[str], now: float, request: str | None, act: str
    ) -> str:
        """Return the line of the journal for changes, whose objects are written as these texts."""
        parts = []
        for change, text in zip(changes, texts, strict=True):
            parts.append(f'["{change.kind}","{change.id}",{text}]')
        line = f'{{"r":"{self.options.realm}","at":{now!r},"c":[{",".join(parts)}]'
        if request:
            line += f',"q":{dump(str(request))}'
        if act:
            line += f',"a":{dump(act)}'
        return line + "}"

    def remember(self, key: str, digest: str, refusal: Refusal | None) -> None:
        """Store the digest of a request id, and its refusal."""
        self.digests[key] = digest
        if refusal is not None:
            self.refused[key] = refusal
        refuses_again = refusal is not None and self.switches.requestid_refusals
        if not digest and not refuses_again:
            return
        stored_refusal = None
        if refusal and not refusal.others:
            stored_refusal = vars(refusal)
        entry = [self.options.realm, str(key), digest, stored_refusal]
        self.journal.append({"remembered": entry})

    def apply(
        self, changes: list[Change], texts: list[str], now: float, request: str | None = None
    ) -> StoredReply:
        """Apply changes that are in the journal, also when it is replayed."""
        for change, text in zip(changes, texts, strict=True):
            if change.data is None:
                self._remove(change.kind, change.id, now)
            else:
                self._put(change.kind, change.id, change.data, text, now)
        first = changes[0]
        body = self.body(first.kind, first.id)
        reply = StoredReply(first.kind, body, now)
        if request:
            self.replies[request] = reply
        return reply

    def derive(self, kind: str, id: str, data: JsonObject) -> None:
        """Put a derived object into its table; it needs no journal."""
        self._put(kind, id, data, "", self.now())

    def _put(self, kind: str, id: str, data: JsonObject, text: str, now: float) -> None:
        """Put an object into its table and the ledger, in place of its former version."""
        table = self.tables[kind]
        before = None
        old = table.rows.get(id)
        if old is not None:
            self._keep_before(kind, old, now)
            before = old.read()
        meta = data["MetaData"]
        created_at = self.seconds(meta["CreateTime"])
        updated_at = self.seconds(meta["LastUpdatedTime"])
        row = table.put(id, created_at, updated_at, now)
        row.token = int(data["SyncToken"])
        row.indexed = now
        row.names_version = self.renames
        self._raise_counters(kind, id, data)
        if kind in TXN_KINDS:
            row.body = text.encode()
            self._book(kind, row, before, data, updated_at)
        else:
            row.data = data
            row.body = None
            row.active = data.get("Active", True)
            self._index_entry(kind, row, before)
            self._apply_entry_effects(kind, row, before, updated_at)

    def _keep_before(self, kind: str, row: Row, now: float) -> None:
        """Keep the version that queries see while they lag."""
        lag = self.index_lag()
        if not lag:
            row.before = None
        elif row.indexed <= now - lag:
            row.before = self.body(kind, row.id)

    def answer_indexed(self, kind: str, row: Row) -> bytes:
        """Return the object as queries and change data capture see it."""
        if row.before is not None:
            newest_visible = self.now() - self.index_lag()
            if row.indexed > newest_visible:
                return row.before
        return self.body(kind, row.id)

    def _book(
        self, kind: str, row: Row, before: JsonObject | None, data: JsonObject, at: float
    ) -> None:
        """Book a transaction in place of its former version, and index its number and party."""
        table = self.tables[kind]
        rule = TXN_KINDS[kind]
        number = data.get("DocNumber")
        if before:
            self._unbook(kind, row, before, at)
        row.booked = list_entries(self, kind, data)
        self._move(row, open_amounts(self, kind, data), 1, at)
        if before:
            table.unfile_number(before.get("DocNumber"), row.id)
            self._leave_party(kind, row)
        party = ""
        if rule.party and data.get(rule.party):
            party = data[rule.party].get("value", "")
        row.head = (
            number,
            data.get("TxnDate"),
            party,
            data.get(rule.total),
            data.get(rule.open_field),
        )
        table.file_number(number, row.id)
        table.by_party.setdefault(party, {})[row.id] = None

    def _unbook(self, kind: str, row: Row, before: JsonObject, at: float) -> None:
        """Reverse the entries of the former version of a transaction."""
        open = open_amounts(self, kind, before)
        self._move(row, open, -1, at)

    def _move(self, row: Row, open: Opens, sign: int, at: float) -> None:
        """Book (sign 1) or take back (-1), and touch the objects that show the balances."""
        accounts = self.ledger.book(row.booked, open, sign)
        for account in accounts:
            self._touch_row("Account", account, at)
        items = {entry.item for entry in row.booked if entry.item}
        for item in items:
            self._touch_row("Item", item, at)
        for party, _ in open:
            self._touch_party(party, at)

    def _leave_party(self, kind: str, row: Row) -> None:
        """Take a transaction out of the index of its former party."""
        former_party = row.head[2]
        ids_by_party = self.tables[kind].by_party
        ids = ids_by_party.get(former_party, {})
        ids.pop(row.id, None)

    def _touch_party(self, party: str, at: float) -> None:
        """Mark a vendor as changed, or a customer with all those above it."""
        if self._touch_row("Vendor", party, at):
            return
        next_id: str | None = party
        while next_id:
            row = self._touch_row("Customer", next_id, at)
            next_id = _get_parent_id(row.data) if row else None

    def _touch_row(self, kind: str, id: str, at: float) -> Row | None:
        """Set the time of an object's last change; return the object if there is one."""
        table = self.tables.get(kind)
        if table is None:
            return None
        row = table.rows.get(id)
        if row:
            latest = max(at, row.updated)
            table.touch(row, latest)
        return row

    def _index_entry(self, kind: str, row: Row, before: JsonObject | None) -> None:
        """Enter a list entry into the indexes of names and parents."""
        data = row.data or {}
        self._index_name(kind, row.id, data, before)
        children_by_parent = self.tables[kind].by_party
        former_parent = _get_parent_id(before)
        parent = _get_parent_id(data)
        if former_parent and former_parent != parent:
            former_siblings = children_by_parent.get(former_parent, {})
            former_siblings.pop(row.id, None)
        if parent:
            siblings = children_by_parent.setdefault(parent, {})
            siblings[row.id] = None

    def _index_name(self, kind: str, id: str, data: JsonObject, before: JsonObject | None) -> None:
        """Reserve the name of a list entry, and release its former one."""
        space = LIST_KINDS[kind].space
        if not space:
            return
        if before:
            former_name = build_name_key(kind, before)
            self.names.pop((space, former_name), None)
        if data:
            name = build_name_key(kind, data)
            self.names[space, name] = kind, id

    def _apply_entry_effects(
        self, kind: str, row: Row, before: JsonObject | None, at: float
    ) -> None:
        """Apply the effects of a list entry: options, opening stock, its name elsewhere."""
        data = row.data or {}
        if kind == "Preferences":
            self.options = preferences.read_options(self.options, data)
        if kind == "Item":
            self._book_opening_stock(row, data, at)
        if before:
            former_title = get_entry_title(kind, before)
            if former_title != get_entry_title(kind, data):
                self.renames += 1

    def _book_opening_stock(self, row: Row, data: JsonObject, at: float) -> None:
        """Book the initial stock of an item, so that it has the stated quantity now."""
        if data.get("Type") != "Inventory" and not row.booked:
            return
        self._move(row, (), -1, at)
        booked_by_transactions = self.ledger.stock.get(row.id, ZERO)
        quantity_now = Decimal(data.get("QtyOnHand") or 0)
        opening = data | {"QtyOnHand": quantity_now - booked_by_transactions}
        row.booked = stock.book_opening_stock(self, opening)
        self._move(row, (), 1, at)

    def _remove(self, kind: str, id: str, now: float) -> None:
        """Delete an object: what it booked is taken back, and its number or name is free again."""
        table = self.tables[kind]
        row = table.remove(id, now)
        if kind in TXN_KINDS:
            data = row.read()
            self._unbook(kind, row, data, now)
            table.unfile_number(data.get("DocNumber"), id)
            self._leave_party(kind, row)
            return
        space = LIST_KINDS[kind].space
        if space:
            name = build_name_key(kind, row.read())
            self.names.pop((space, name), None)

    def _raise_counters(self, kind: str, id: str, data: JsonObject) -> None:
        """Raise the counters to the id of an object and to those of its addresses."""
        number = int(id) if id.isdigit() else 0
        if number > LONG_ID_OFFSET:
            number -= LONG_ID_OFFSET
        counter = _get_counter_name(kind)
        if number > self.counters.get(counter, 0):
            self.counters[counter] = number
        last_address = self.counters.get("addresses", 0)
        self.counters["addresses"] = max(last_address, addresses.find_highest_id(data))


def _get_counter_name(kind: str) -> str:
    """Return which counter gives a kind its ids; all transactions share one, as do all names."""
    if kind in TXN_KINDS:
        return "transactions"
    return "names" if kind in PARTY_KINDS else kind


def build_name_key(kind: str, data: JsonObject) -> str:
    """Return the key that must be unique within a list; it ignores case."""
    rule = LIST_KINDS[kind]
    name = None
    if rule.nested:
        name = data.get("FullyQualifiedName")
    if not name:
        name = data.get(rule.field) or ""
    return str(name).casefold()


def _get_parent_id(data: JsonObject | None) -> str | None:
    """Return the id of the entry that a list entry is below; None if there is none."""
    if not data or not data.get("ParentRef"):
        return None
    parent: str | None = data["ParentRef"].get("value")
    return parent
