"""The pushed lists, and the bindings of the account's own entries to pushed records."""

from collections import Counter
from decimal import Decimal

from hub_costtracker.sandbox.company import LISTS

REDUCED_RATE = 15
STANDARD_RATE = 25


class Lists:
    """Pushed records by kind and external id; bindings never change."""

    def __init__(self):
        """Begin without pushed lists."""
        self.pushed = {}
        self._bindings = {}

    def push(self, kind, items):
        """Store a batch of records; return the account's own id of each."""
        records = self.pushed.setdefault(kind, {})
        for item in items:
            records[item["external_id"]] = {"active": True, "hidden": False, **item}
        self._bind(kind)
        slots = self._slots_by_external_id(kind)
        ids = []
        for item in items:
            external_id = item["external_id"]
            id = slots.get(external_id, f"x{external_id}")
            ids.append({"external_id": external_id, "id": id})
        return ids

    def _slots_by_external_id(self, kind):
        """Return the entries of a list by the pushed records that they are bound to."""
        slots = {}
        for (bound_kind, slot), external_id in self._bindings.items():
            if bound_kind == kind:
                slots[external_id] = slot
        return slots

    def pushed_record(self, kind, slot):
        """Return the pushed record of an entry of the account's own list, or None."""
        records = self.pushed.get(kind, {})
        bound_id = self._bindings.get((kind, slot))
        return records.get(bound_id)

    def is_pushed(self, kind):
        """Return whether a list was pushed."""
        return kind in self.pushed

    def home_currency(self):
        """Return the currency that most pushed suppliers have."""
        suppliers = self.pushed.get("suppliers", {}).values()
        currencies = Counter(item.get("currency") for item in suppliers)
        currencies.pop(None, None)
        if not currencies:
            return None
        currency, _ = currencies.most_common(1)[0]
        return currency

    def _bind(self, kind):
        """Bind each open slot to a pushed record: by name or number, or else by category."""
        usable = [item for item in self.pushed[kind].values() if item["active"]]
        slots = self._open_slots(kind)
        candidates = {}
        for slot in slots:
            candidates[slot.id] = self._candidates(kind, slot, usable)
            self._bind_same_name(kind, slot, candidates[slot.id])
        for position, slot in enumerate(slots):
            items = candidates[slot.id]
            if items and not self._is_bound(kind, slot):
                self._bindings[kind, slot.id] = self._choose(kind, position, items)

    def _open_slots(self, kind):
        """Return the entries that a pushed record may still replace."""
        open_slots = []
        for slot in LISTS[kind]:
            if slot.is_replaceable and not self._is_bound(kind, slot):
                open_slots.append(slot)
        return open_slots

    def _is_bound(self, kind, slot):
        """Return whether a pushed record has replaced an entry."""
        return (kind, slot.id) in self._bindings

    def _bind_same_name(self, kind, slot, items):
        """Bind an entry to the first record with its name or number."""
        for item in items:
            if _has_same_name(slot, item):
                self._bindings[kind, slot.id] = item["external_id"]
                return

    def _choose(self, kind, position, candidates):
        """Return the external id of a candidate, one that is not used yet if possible."""
        external_ids = [item["external_id"] for item in candidates]
        if kind == "tax-codes":
            return external_ids[0]
        bound_ids = self._slots_by_external_id(kind)
        for external_id in external_ids:
            if external_id not in bound_ids:
                return external_id
        return external_ids[position % len(external_ids)]

    def _candidates(self, kind, slot, usable):
        """Return the records that a slot may be bound to, the best first."""
        visible = _list_visible(usable)
        if kind == "suppliers":
            return self._suppliers(slot, visible)
        if kind == "accounts":
            return _list_accounts(slot.category, usable, visible)
        if kind == "tax-codes":
            return _list_tax_codes(slot.id, visible)
        if kind == "customers":
            return _list_projects(visible) or visible
        return visible

    def _suppliers(self, slot, visible):
        """Return the suppliers in the home currency, or in other currencies for a foreign slot."""
        home_currency = self.home_currency()
        if slot.category == "foreign":
            return [item for item in visible if item.get("currency") != home_currency]
        return [item for item in visible if item.get("currency") == home_currency]


def _list_visible(items):
    """Return the records that are not hidden."""
    return [item for item in items if not item["hidden"]]


def _list_projects(items):
    """Return the customers below another one."""
    return [item for item in items if item.get("parent_external_id")]


def _has_same_name(slot, item):
    """Return whether an entry has the name or number of a record."""
    if slot.name.casefold() == item["name"].casefold():
        return True
    return slot.number is not None and slot.number == item.get("number")


def _list_accounts(category, usable, visible):
    """Return the accounts of a sort, or else all accounts for costs, or else all accounts."""
    costs = _list_of_types(visible, "cost", "expense")
    if category == "hidden":
        hidden = [item for item in usable if item["hidden"]]
        best = _list_of_types(hidden, "cost", "expense")
    else:
        best = _list_of_types(costs, category)
    return best or costs or visible


def _list_of_types(items, *types):
    """Return the records of one of these types."""
    return [item for item in items if _is_of_type(item, *types)]


def _is_of_type(item, *words):
    """Return whether the type of a record contains one of these words."""
    return any(word in item.get("type", "").lower() for word in words)


def _list_tax_codes(slot, visible):
    """Return the codes with the rate of a slot, or else the nearest one."""
    rated_codes = list(filter(get_rate, visible))
    rated_codes.sort(key=get_rate, reverse=True)
    if slot == "zero" or not rated_codes:
        return _with_rate(visible, 0) or rated_codes[-1:]
    slot_rate = STANDARD_RATE if slot == "standard" else REDUCED_RATE
    exact = _with_rate(rated_codes, slot_rate)
    return exact or _find_nearest(slot, rated_codes)


def _with_rate(items, slot_rate):
    """Return the tax codes with a rate."""
    return [item for item in items if get_rate(item) == slot_rate]


def _find_nearest(slot, rated_codes):
    """Return the code with the highest rate, or for a reduced rate the second one."""
    highest = rated_codes[:1]
    second = rated_codes[1:2]
    if slot == "standard":
        return highest
    return second or highest


def get_rate(item):
    """Return a tax code's rate in per cent."""
    return Decimal(item.get("rate") or 0)
