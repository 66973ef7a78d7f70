"""The lists pushed into the account, and the pushed record that replaced each own entry."""

from collections import Counter
from decimal import Decimal

from hub_costtracker.sandbox.company import LISTS

REDUCED = 15
STANDARD = 25


class Lists:
    """Pushed records by kind and external id; a binding, once made, stays."""

    def __init__(self):
        self.pushed = {}
        self._bound = {}

    def push(self, kind, items):
        """Take in a batch of records; return the account's own id of each."""
        records = self.pushed.setdefault(kind, {})
        for item in items:
            records[item["external_id"]] = {"active": True, "hidden": False, **item}
        self._bind(kind)
        own = {external: slot for (of, slot), external in self._bound.items() if of == kind}
        return [
            {
                "external_id": i["external_id"],
                "id": own.get(i["external_id"], f"x{i['external_id']}"),
            }
            for i in items
        ]

    def of(self, kind, slot):
        """Return the pushed record of an entry of the account's own list, or None."""
        records = self.pushed.get(kind, {})
        bound_id = self._bound.get((kind, slot))
        return records.get(bound_id)

    def is_pushed(self, kind):
        return kind in self.pushed

    def home(self):
        """Return the currency that most pushed suppliers have."""
        suppliers = self.pushed.get("suppliers", {}).values()
        currencies = Counter(item.get("currency") for item in suppliers)
        currencies.pop(None, None)
        if not currencies:
            return None
        currency, _ = currencies.most_common(1)[0]
        return currency

    def _bind(self, kind):
        """Bind each free slot to a pushed record: first by name or number, then by what fits."""
        usable = [item for item in self.pushed[kind].values() if item["active"]]
        slots = self._open_slots(kind)
        fitting = {}
        for slot in slots:
            fitting[slot.id] = self._fitting(kind, slot, usable)
            self._bind_alike(kind, slot, fitting[slot.id])
        for turn, slot in enumerate(slots):
            items = fitting[slot.id]
            if items and not self._is_bound(kind, slot):
                self._bound[kind, slot.id] = self._choose(kind, turn, items)

    def _open_slots(self, kind):
        bindable = [slot for slot in LISTS[kind] if slot.bound]
        return [slot for slot in bindable if not self._is_bound(kind, slot)]

    def _is_bound(self, kind, slot):
        return (kind, slot.id) in self._bound

    def _bind_alike(self, kind, slot, items):
        for item in items:
            if _is_alike(slot, item):
                self._bound[kind, slot.id] = item["external_id"]
                return

    def _choose(self, kind, turn, fitting):
        """Return the external id of a fitting record, one that is not used yet if possible."""
        external_ids = [item["external_id"] for item in fitting]
        if kind == "tax-codes":
            return external_ids[0]
        bound_ids = {external for (of, _), external in self._bound.items() if of == kind}
        free = [external for external in external_ids if external not in bound_ids]
        return free[0] if free else external_ids[turn % len(external_ids)]

    def _fitting(self, kind, slot, usable):
        """Return the records that a slot may be bound to, the best first."""
        visible = _visible(usable)
        if kind == "suppliers":
            return self._suppliers(slot, visible)
        if kind == "accounts":
            return _accounts(slot.sort, usable, visible)
        if kind == "tax-codes":
            return _tax_codes(slot.id, visible)
        if kind == "customers":
            return _projects(visible) or visible
        return visible

    def _suppliers(self, slot, visible):
        foreign = slot.sort == "foreign"
        home = self.home()
        return [item for item in visible if (item.get("currency") != home) == foreign]


def _visible(items):
    return [item for item in items if not item["hidden"]]


def _projects(items):
    return [item for item in items if item.get("parent_external_id")]


def _is_alike(slot, item):
    if slot.name.casefold() == item["name"].casefold():
        return True
    return slot.number is not None and slot.number == item.get("number")


def _accounts(sort, usable, visible):
    """Return the accounts of a sort, or else all accounts for costs, or else all accounts."""
    costs = _of_types(visible, "cost", "expense")
    if sort == "hidden":
        hidden = [item for item in usable if item["hidden"]]
        best = _of_types(hidden, "cost", "expense")
    else:
        best = _of_types(costs, sort)
    return best or costs or visible


def _of_types(items, *types):
    return [item for item in items if _of_type(item, *types)]


def _of_type(item, *words):
    return any(word in item.get("type", "").lower() for word in words)


def _tax_codes(slot, visible):
    """Return the codes with the rate of a slot, or else the nearest one."""
    rated = list(filter(rate, visible))
    rated.sort(key=rate, reverse=True)
    if slot == "zero" or not rated:
        return _with_rate(visible, 0) or rated[-1:]
    slot_rate = STANDARD if slot == "standard" else REDUCED
    exact = _with_rate(rated, slot_rate)
    return exact or _nearest(slot, rated)


def _with_rate(items, slot_rate):
    return [item for item in items if rate(item) == slot_rate]


def _nearest(slot, rated):
    """Return the code with the highest rate, or for a reduced rate the second one."""
    highest = rated[:1]
    second = rated[1:2]
    if slot == "standard":
        return highest
    return second or highest


def rate(item):
    """Return a tax code's rate in per cent."""
    return Decimal(item.get("rate") or 0)
