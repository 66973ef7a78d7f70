"""The lists pushed into the account, and which pushed record took the place of each entry of its own."""

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
        """Takes a batch of records; returns the account's own id of each."""
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
        """The pushed record that stands for an entry of the account's own list, or None."""
        return self.pushed.get(kind, {}).get(self._bound.get((kind, slot)))

    def is_pushed(self, kind):
        return kind in self.pushed

    def home(self):
        """The currency that most pushed suppliers have."""
        used = Counter(item.get("currency") for item in self.pushed.get("suppliers", {}).values())
        used.pop(None, None)
        return used.most_common(1)[0][0] if used else None

    def _bind(self, kind):
        """First what is called alike, then what fits: each its own record as long as there are enough."""
        usable = [item for item in self.pushed[kind].values() if item["active"]]
        slots = [slot for slot in LISTS[kind] if slot.bound and (kind, slot.id) not in self._bound]
        fitting = {slot.id: self._fitting(kind, slot, usable) for slot in slots}
        for slot in slots:
            alike = [item["external_id"] for item in fitting[slot.id] if _is_alike(slot, item)]
            if alike:
                self._bound[kind, slot.id] = alike[0]
        for turn, slot in enumerate(slots):
            if fitting[slot.id] and (kind, slot.id) not in self._bound:
                self._bound[kind, slot.id] = self._chosen(kind, turn, fitting[slot.id])

    def _chosen(self, kind, turn, fitting):
        taken = {external for (of, _), external in self._bound.items() if of == kind}
        free = [item["external_id"] for item in fitting if item["external_id"] not in taken]
        if kind == "tax-codes":
            return fitting[0]["external_id"]
        return free[0] if free else fitting[turn % len(fitting)]["external_id"]

    def _fitting(self, kind, slot, usable):
        shown = [item for item in usable if not item["hidden"]]
        if kind == "suppliers":
            foreign = slot.sort == "foreign"
            return [item for item in shown if (item.get("currency") != self.home()) == foreign]
        if kind == "accounts":
            return _accounts(slot.sort, usable, shown)
        if kind == "tax-codes":
            return _tax_codes(slot.id, shown)
        return (
            [item for item in shown if item.get("parent_external_id")] or shown
            if kind == "customers"
            else shown
        )


def _is_alike(slot, item):
    named = slot.name.casefold() == item["name"].casefold()
    return named or (slot.number is not None and slot.number == item.get("number"))


def _accounts(sort, usable, shown):
    costs = [item for item in shown if _of_type(item, "cost", "expense")]
    if sort == "hidden":
        return (
            [item for item in usable if item["hidden"] and _of_type(item, "cost", "expense")]
            or costs
            or shown
        )
    return [item for item in costs if _of_type(item, sort)] or costs or shown


def _of_type(item, *words):
    return any(word in item.get("type", "").lower() for word in words)


def _tax_codes(slot, shown):
    """Best first: the code of the very rate, else the nearest thing that the other books have."""
    plain = [item for item in shown if not rate(item)]
    rated = sorted((item for item in shown if rate(item)), key=rate, reverse=True)
    if slot == "zero" or not rated:
        return plain or rated[-1:]
    wanted = STANDARD if slot == "standard" else REDUCED
    exact = [item for item in rated if rate(item) == wanted]
    return exact or (rated[:1] if slot == "standard" else rated[1:2] or rated[:1])


def rate(item):
    """A tax code's rate in per cent."""
    return Decimal(item.get("rate") or 0)
