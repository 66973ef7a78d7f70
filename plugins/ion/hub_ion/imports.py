"""Open purchase orders that people made in QuickBooks, taken over into ION, each once."""

from hub import Code, money, to_cents
from hub_ion import orders, parts, queries

LACKING = "orders not taken over"
STEPS = ("DRAFT", "IN_REVIEW", "APPROVED", "ORDERED")


def take_over(site, ion, records):
    """Makes orders of those that are not there yet; returns their codes, what ION lacks for others is a warning."""
    lists, made, lacking = None, [], []
    for record in records:
        if record.code:
            continue
        lists = lists or Lists(ion)
        if missing := lists.missing(record.order):
            lacking.append(
                f"Purchase order {record.name} of QuickBooks is not in ION, which has no {missing}."
            )
        else:
            id = _made(site, ion, lists, record)
            made.append(Code(id=f"{orders.PREFIX}{id}", name=record.name, quickbooks_id=record.id))
    site.secrets[LACKING] = "\n".join(lacking)
    return made


class Lists:
    """What ION has, by the names that QuickBooks knows it by."""

    def __init__(self, ion):
        self.suppliers = {_plain(row["name"]): row["id"] for row in ion.rows(queries.SUPPLIERS)}
        self.parts = {}
        for row in ion.rows(queries.PART_NAMES):
            self.parts |= {
                _plain(name): row["id"]
                for name in (parts.safe(parts.name(row), row["id"]), parts.name(row))
            }
        self.currencies = {
            row["code"]: row["id"] for row in ion.ask(queries.CURRENCIES)["rows"] or ()
        }
        self.references = {
            row["reference"]: row["id"] for row in ion.rows(queries.REFERENCES) if row["reference"]
        }

    def missing(self, order):
        """What ION lacks to take an order over, as the end of a sentence; "" when nothing."""
        supplier, items = (
            order.codes.get("vendor"),
            [line.codes["item"] for line in order.lines if "item" in line.codes],
        )
        wanted = [
            ("supplier", supplier, self.suppliers),
            *(("part", item, self.parts) for item in items),
        ]
        lacks = [
            f"{what} “{one.name}”"
            for what, one, there in wanted
            if one and _plain(one.name) not in there
        ]
        if order.currency and order.currency not in self.currencies:
            lacks.append(f"currency {order.currency}")
        return " and no ".join(dict.fromkeys(lacks))


def _plain(name):
    return " ".join((name or "").split()).casefold()


def _made(site, ion, lists, record):
    """The order's id; one that an earlier attempt left unfinished is finished."""
    order, reference = record.order, f"QuickBooks {record.id}: {record.number or ''}"
    id = lists.references.get(reference)
    if id is None:
        said = {
            "supplier": lists.suppliers[_plain(order.codes["vendor"].name)],
            "reference": reference,
        }
        said |= {"currency": lists.currencies.get(order.currency), "notes": order.message}
        id = ion.ask(queries.ADD_ORDER, **said)["made"]["row"]["id"]
    row = ion.ask(queries.UNFINISHED, id=id)["row"]
    if row["status"] == "DRAFT":
        there = sorted(row["lines"], key=lambda line: line["number"])
        for place, line in enumerate(order.lines):
            known = there[place] if place < len(there) else _line(ion, lists, id, order, line)
            _describe(site, ion, known, line)
    for status in STEPS[STEPS.index(row["status"]) + 1 :] if row["status"] in STEPS else ():
        etag = ion.ask(queries.ETAG, id=id)["order"]["etag"]
        ion.ask(queries.MOVE, id=id, etag=etag, status=status)
    return id


def _line(ion, lists, id, order, line):
    item = line.codes.get("item")
    quantity, cost = _measured(line, order.currency)
    said = {
        "order": id,
        "part": lists.parts[_plain(item.name)] if item else None,
        "needed": _text(order.due),
    }
    said |= {"text": line.description, "quantity": f"{quantity:f}", "cost": f"{cost:f}"}
    return ion.ask(queries.ADD_LINE, **said)["made"]["row"]


def _describe(site, ion, row, line):
    """The account and the class of a line stand in its attributes."""
    account, section = line.codes.get("account"), line.codes.get("class")
    wanted = {
        site.settings["account_attribute"]: account and (account.number or account.name),
        site.settings["class_attribute"]: section and section.name,
    }
    etag = row["etag"]
    for key, value in wanted.items():
        if value and orders.attribute(row, key) != value:
            said = ion.ask(queries.SET_LINE_ATTRIBUTE, id=row["id"], etag=etag, key=key, text=value)
            etag = said["made"]["row"]["etag"]


def _measured(line, currency):
    """(quantity, unit cost) that come to the amount."""
    quantity, price = line.quantity, line.unit_price
    if (
        quantity
        and price is not None
        and to_cents(quantity * price, currency or "USD") == line.amount
    ):
        return quantity, price
    return money(1), line.amount or money(0)


def _text(day):
    return day.isoformat() if day else None
