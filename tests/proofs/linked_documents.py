"""A few documents that refer to each other, whose facts change one at a time."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal as D

from hub import Attachment, Code, Party
from tests.support.sources.every_kind_source import CLIENT, PRODUCT, SUPPLIER, document, line

OPEN_CODE = "K-9"  # a cost code that matches no name in the books until a person matches it
CLIENTS = (CLIENT, Code(id="c2", name="Hill Homes", create=Party(name="Hill Homes")))
SUPPLIERS = (SUPPLIER, Code(id="s2", name="Sea Timber", create=Party(name="Sea Timber")))
SALES = ("invoice", "credit_memo", "payment")
PAYMENTS = ("payment", "bill_payment")
# The documents of each group, in the order in which the source lists them.
GROUPS = {
    "payment": ("invoice", "payment"),
    "order": ("purchase_order", "bill"),
    "split": ("bill", "expense"),
    "credit": ("credit_memo", "payment", "invoice"),
    "paid": ("bill_payment", "bill", "vendor_credit"),
    "bill": ("bill",),
}
# What each kind pays, credits or bills, with the sign of the line.
LINKS = {
    "payment": (("invoice", 1), ("credit_memo", -1)),
    "bill": (("purchase_order", 1),),
    "bill_payment": (("bill", 1), ("vendor_credit", -1)),
}
# The values of each fact; a document begins with the first ones.
FACTS = {
    "amount": ("60.00", "75.00", "90.00"),
    "number": (1, 2),
    "party": (0, 1),
    "memo": (None, "Second note"),
    "stage": ("ready", "ready", "ready", "pending", "closed", "update_only"),
    "hold": (None, None, "The source is not sure."),
    "surplus": (0, 0, 1),  # by how much the total differs from the lines
    "cost": ("Fuel", "Fuel", OPEN_CODE),
    "places": (("1", "2"), ("1",), ("2", "1"), ("1", "2", "3"), ("3", "2")),
    "links": (True, True, False),
    "day": ("2026-03-02", "2026-03-09"),
    "files": ((), ("scan",), ("scan", "plan"), ("plan",), ("late",)),
}
FLAWLESS = {"stage": "ready", "hold": None, "surplus": 0, "cost": "Fuel"}


def build_file(name):
    """Return a file whose id is its name; the source does not have the one that is late."""
    return Attachment(id=name, name=f"{name}.pdf", mime="application/pdf")


class LinkedDocuments:
    """The documents of a group with the facts of their present versions, one of each kind.

    The numbers of its transactions begin with its name.
    """

    def __init__(self, name, group):
        self.name, self.group, self.kinds = name, group, GROUPS[group]
        first = {name: values[0] for name, values in FACTS.items()}
        self.facts = {kind: dict(first) for kind in self.kinds}
        self.earlier = {kind: [] for kind in self.kinds}

    def change(self, kind, **facts):
        self.earlier[kind].append(dict(self.facts[kind]))
        self.facts[kind] |= facts

    def revert(self, kind, place):
        """Give a document the facts of an earlier version, if there is one."""
        versions = self.earlier[kind]
        if versions:
            self.facts[kind] = dict(versions[place % len(versions)])

    def build(self, kind):
        """Return the document of a kind in its present version."""
        facts = self.facts[kind]
        lines = self._build_lines(kind, facts)
        # What a payment has beyond its lines is not applied, so that nothing is wrong with it.
        surplus = 0 if kind in PAYMENTS else facts["surplus"]
        codes = {}
        if kind != "expense":
            codes["client" if kind in SALES else "supplier"] = self.party_of(kind)
        if kind in ("expense", "bill_payment"):
            codes["payment_account"] = "41" if kind == "expense" else "35"
        return document(
            kind,
            self.source_id(kind),
            *lines,
            total=sum(row.amount for row in lines) + surplus,
            date=date.fromisoformat(facts["day"]),
            number=f"{self.name}-{facts['number']}",
            attachments=tuple(map(build_file, facts["files"])),
            **{name: facts[name] for name in ("memo", "hold", "stage")},
            **codes,
        )

    def source_id(self, kind):
        return f"{kind}:{self.name}"

    def party_of(self, kind):
        parties = CLIENTS if kind in SALES else SUPPLIERS
        return parties[self.facts[kind]["party"]]

    def _build_lines(self, kind, facts):
        amount = D(facts["amount"])
        linked = [(other, sign) for other, sign in LINKS.get(kind, ()) if other in self.kinds]
        if kind in PAYMENTS:
            return [
                line(f"pays {other}", amount if sign > 0 else D(-15), pays=self.source_id(other))
                for other, sign in linked
                if sign > 0 or facts["links"]
            ]
        codes = {"product": PRODUCT} if kind in SALES else {"cost": facts["cost"]}
        if self.group == "split":
            lines = []
            for number, place in enumerate(facts["places"], start=1):
                row = line(str(number), amount + number, **codes)
                lines.append(replace(row, codes={**row.codes, "place": place}))
            return lines
        lines = [line("1", amount, **codes)]
        if facts["links"]:
            lines += [
                line("2", "30.00", pays=self.source_id(other), of="1", **codes)
                for other, _ in linked
            ]
        return lines

    def describe(self, kind):
        """Return place, total, party and number of links of each transaction of a document."""
        amounts, links = defaultdict(D), Counter()
        for row in self.build(kind).lines:
            place = row.codes.get("place")
            amounts[place] += row.amount
            links[place] += bool(row.applied)
        party = None if kind == "expense" else self.party_of(kind).name
        return Counter((place, amounts[place], party, links[place]) for place in amounts)
