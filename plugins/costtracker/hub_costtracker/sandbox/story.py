"""The invoices at the start: plain ones, and each fourth one a case until all are used."""

import datetime as dt
import random
from decimal import Decimal

from hub_costtracker.sandbox.cases import CASES, LEFT_OUT_OF_DEMO, LOST_RESPONSE
from hub_costtracker.sandbox.company import ACCOUNTANT, HOME_SUPPLIERS, LISTS
from qbo_sandbox.kit.journaled_books import stamp

FIRST_ID = 1001
DESCRIPTIONS = {
    "cost": (
        "Betong C35",
        "Trelast 48x198",
        "Armering Ø12",
        "Kranleie uke {n}",
        "Graving byggetrinn {n}",
        "Stillas",
    ),
    "expense": (
        "Rekvisita",
        "Strøm brakkerigg",
        "Diesel",
        "Verneutstyr",
        "Husleie lager",
        "Reise byggemøte {n}",
    ),
}
ORDER_CASES = (
    "without an order",
    "matched with an order",
    "partly matched with an order",
    "orders, budget and neither",
)


def make_story(documents, seed, now, demo=False):
    """Return `documents` invoices by the seed, the oldest change first."""
    cases = _list_demo_cases() if demo else list(CASES)
    today = now.date()
    invoices = []
    for index in range(documents):
        changed_at = now - dt.timedelta(minutes=3 * (documents - index))
        rng = random.Random(f"{seed}/{index}")  # noqa: S311  (a story)
        invoice = _build_plain_invoice(index, rng, changed_at, today)
        if index % 4 == 3 and cases:
            name, change = cases.pop(0)
            changes = change(invoice, invoices, today)
            invoice = {**invoice, "case": name, **changes}
        invoices.append(invoice)
    return invoices


def _list_demo_cases():
    """Return the cases that a newcomer meets."""
    cases = [case for case in CASES if case[0] not in LEFT_OUT_OF_DEMO]
    return [LOST_RESPONSE, *cases]


def _build_plain_invoice(index, rng, changed_at, today):
    """Return a usual invoice: approved, and with each of the order cases in turn."""
    order_case = ORDER_CASES[index % len(ORDER_CASES)]
    date = _get_day(today, rng.randrange(60))
    number = f"{date:%y}{rng.choice('ABFKM')}-{48000 + index * 7 + rng.randrange(7)}"
    orders = []
    for _ in range(1 if index % 4 < 3 else 2):
        orders.append(f"{date:%Y}-{rng.randrange(100, 900):04d}")
    return {
        "id": str(FIRST_ID + index),
        "version": 1,
        "status": "approved",
        "kind": "invoice",
        "case": order_case,
        "supplier": f"s{index % len(HOME_SUPPLIERS) + 1}",
        "invoice_number": number,
        "reference": (
            f"Prosjekt {rng.randrange(20, 40)} / {rng.choice(('Kari', 'Ola', 'Ingrid'))}"
        ),
        "invoice_date": date.isoformat(),
        "due_date": (date + dt.timedelta(days=rng.choice((14, 30)))).isoformat(),
        "po_numbers": [] if order_case == ORDER_CASES[0] else orders,
        "approvals": _build_approvals(rng, changed_at),
        "lines": _build_lines(index, rng, order_case, orders),
        "files": ["pdf"] if index % 5 == 0 else [],
        "updated_at": stamp(changed_at),
    }


def _get_day(today, back):
    """Return a day some days ago, but in this year, because the last year may be closed."""
    day = today - dt.timedelta(days=back)
    first_of_year = today.replace(month=1, day=1)
    return max(day, first_of_year)


def _build_approvals(rng, changed_at):
    """Return the decisions of two approvers in parallel, or of Accounting alone."""
    if rng.randrange(4) == 0:
        return [
            _build_approval(ACCOUNTANT, changed_at - dt.timedelta(minutes=30), role="Accounting")
        ]
    approved_at = changed_at - dt.timedelta(hours=rng.randrange(3, 60))
    return [
        _build_approval("Kari Nordmann", approved_at),
        _build_approval("Ingrid Øverås", approved_at + dt.timedelta(minutes=45)),
    ]


def _build_approval(user, at, **more):
    """Return an approval by a person."""
    return {"user": user, "decision": "approved", "at": stamp(at), **more}


def _build_lines(index, rng, order_case, orders):
    """Return the lines of an invoice: up to three, and one more if they have several orders."""
    project = f"p{index % 5 + 1}"
    location = f"l{index % 3 + 1}"
    count = rng.randrange(1, 4)
    if order_case in ORDER_CASES[2:]:
        count += 1
    lines = []
    for number in range(1, count + 1):
        line = {
            "id": f"{FIRST_ID + index}-{number}",
            **_build_cost(rng),
            "location": location,
            "class": f"c{(index + number) % 4 + 1}",
            "customer": project if rng.randrange(4) else None,
            "po": _build_order(rng, order_case, orders, number),
        }
        lines.append(line)
    return lines


def _build_cost(rng):
    """Return the description, amount, account and tax code of a line."""
    category = rng.choice(("cost", "cost", "expense"))
    slots = [
        slot for slot in LISTS["accounts"] if slot.category == category and slot.is_replaceable
    ]
    account = rng.choice(slots).id
    net = Decimal(rng.randrange(1_000, 200_000)) / 5
    tax_code = rng.choice(("standard", "standard", "standard", "standard", "reduced", "zero"))
    description = rng.choice(DESCRIPTIONS[category]).format(n=rng.randrange(1, 50))
    return {
        "description": description,
        "net": f"{net:.2f}",
        "account": account,
        "tax_code": tax_code,
    }


def _build_order(rng, order_case, orders, number):
    """Return the order of a line: received completely, in part, or none at all."""
    if order_case == ORDER_CASES[0] or (order_case == ORDER_CASES[3] and number > 2):
        return None
    if order_case == ORDER_CASES[2] and number > 1:
        return None
    ordered_quantity = rng.randrange(4, 60)
    received_quantity = (
        ordered_quantity if order_case == ORDER_CASES[1] else rng.randrange(1, ordered_quantity)
    )
    return {
        "number": orders[(number - 1) % len(orders)],
        "line": number,
        "ordered": ordered_quantity,
        "received": received_quantity,
    }
