"""The data at the start: suppliers, parts and orders, the special cases first."""

import datetime as dt
import random

from hub_ion.sandbox.cases import (
    CASES,
    LEFT_OUT_OF_DEMO,
    LOCATIONS,
    ODD_PARTS,
    SUPPLIERS,
    case,
    line,
)
from qbo_sandbox.kit.journaled_books import stamp

DOCUMENT_COUNT = 112
PART_COUNT = 24
FIRST_IDS = {"orders": 1000, "parts": 0, "lines": 0, "fees": 0}
ORDER_INTERVAL = dt.timedelta(minutes=30)
PART_NOUNS = ("Bracket", "Panel", "Harness", "Valve", "Fitting", "Housing", "Spacer", "Manifold")


def make_story(documents, seed, end, demo=False):
    """Yield (moment, table, row) of everything, oldest first; 0 documents: no orders, no parts."""
    at = dt.datetime.fromisoformat(end)
    rng = random.Random(seed)  # noqa: S311  (a story, the same for the same seed)
    orders = _list_orders(DOCUMENT_COUNT if documents is None else documents, rng, demo)
    first = at - ORDER_INTERVAL * (len(orders) + 1)
    yield from _iter_lists(first)
    yield from _iter_parts(first, rng) if orders else ()
    ids = {"lines": 0, "fees": 0}
    for number, order in enumerate(orders, 1):
        yield from _iter_order_rows(number, order, first + ORDER_INTERVAL * number, ids)


def _iter_lists(first):
    """Yield suppliers, currencies and locations."""
    at = stamp(first)
    currencies = (("USD", "US dollar"), ("EUR", "Euro"), ("GBP", "Pound sterling"))
    for id, name in enumerate(SUPPLIERS, 1):
        yield at, "suppliers", {"id": id, "name": name, "attributes": {}}
    for id, (code, name) in enumerate(currencies, 1):
        yield at, "currencies", {"id": id, "code": code, "name": name}
    for id, location in enumerate(LOCATIONS, 1):
        yield at, "locations", {"id": id, **location}


def _iter_parts(first, rng):
    """Yield the parts, the special ones first."""
    plain = []
    for n in range(1, PART_COUNT - len(ODD_PARTS) + 1):
        plain.append((f"OW-{1000 + n}", "A", f"{rng.choice(PART_NOUNS)} {n}", "INVENTORY"))
    for id, (number, revision, description, purchase_type) in enumerate((*ODD_PARTS, *plain), 1):
        at = first - dt.timedelta(days=30) + dt.timedelta(minutes=id)
        cost = f"{rng.randint(100, 9000) / 100:.2f}"
        values = {
            "partNumber": number,
            "revision": revision,
            "description": description,
            "cost": cost,
        }
        extra = {
            "purchaseType": purchase_type,
            "attributes": {},
            "unitOfMeasure": {"id": 1, "type": "each"},
        }
        yield stamp(at), "parts", {"id": id, **values, **extra}


def _list_orders(documents, rng, demo):
    """Return the orders: the cases, then usual ones up to a number."""
    cases = [item for item in CASES if not (demo and item["case"] in LEFT_OUT_OF_DEMO)]
    orders = cases[:documents]
    while len(orders) < documents:
        lines = [_build_line(rng) for _ in range(rng.choice((1, 1, 2)))]
        orders.append(case("usual", *lines, supplierId=rng.randint(1, 4)))
    return orders


def _build_line(rng):
    """Return a usual line: of a part, or now and then of an expense."""
    quantity = str(rng.randint(1, 40))
    cost = f"{rng.randint(150, 25_000) / 100:.2f}"
    if rng.random() < 0.2:
        account = rng.choice(("6300", "6400"))
        return line(None, quantity, cost, account=account, description="By the order")
    part = rng.randint(len(ODD_PARTS) + 1, PART_COUNT)
    days = rng.randint(5, 60)
    return line(part, quantity, cost, needDate=f"+{days}")


def _iter_order_rows(number, order, at, ids):
    """Yield the rows of an order: its head, lines and fees."""
    day = at.date()
    moment = stamp(at)
    head = {name: value for name, value in order.items() if name not in ("lines", "fees")}
    head["id"] = FIRST_IDS["orders"] + number
    if head["phase"] == "ORDERED":
        head |= {
            "orderedDate": day.isoformat(),
            "attributes": {**head["attributes"], "Version": "1"},
        }
    yield moment, "orders", head
    for position, fields in enumerate(order["lines"], 1):
        ids["lines"] += 1
        row = {
            "id": ids["lines"],
            "purchaseOrderId": head["id"],
            "lineNumber": position,
            **fields,
        }
        yield moment, "lines", {**row, **_plan_needed(fields, day)}
    for name, value in order["fees"]:
        ids["fees"] += 1
        row = {
            "id": ids["fees"],
            "purchaseOrderId": head["id"],
            "name": name,
            "value": value,
        }
        yield moment, "fees", row


def _plan_needed(fields, day):
    """Return the day on which a line is needed, given in days after the order; {} without one."""
    days = fields.get("needDate")
    if not days:
        return {}
    need_date = day + dt.timedelta(days=int(days))
    return {"needDate": need_date.isoformat()}
