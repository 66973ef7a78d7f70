"""The first invoices of the account: plain ones, and every fourth a case until all are used."""

import datetime as dt
import random
from decimal import Decimal

from hub_costtracker.sandbox.cases import CASES, LEFT_OUT_OF_DEMO, LOST_RESPONSE
from hub_costtracker.sandbox.company import ACCOUNTANT, HOME, LISTS
from qbo_sandbox.kit.journaled_books import stamp

FIRST_ID = 1001
WORDS = {
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
FORMS = (
    "without an order",
    "matched with an order",
    "partly matched with an order",
    "orders, budget and neither",
)


def make_story(documents, seed, now, demo=False):
    """Return `documents` invoices by the seed, the oldest change first."""
    cases = _cases_of_demo() if demo else list(CASES)
    today = now.date()
    invoices = []
    for index in range(documents):
        changed = now - dt.timedelta(minutes=3 * (documents - index))
        chance = random.Random(f"{seed}/{index}")  # noqa: S311  (a story)
        invoice = _plain(index, chance, changed, today)
        if index % 4 == 3 and cases:
            name, change = cases.pop(0)
            changes = change(invoice, invoices, today)
            invoice = {**invoice, "case": name, **changes}
        invoices.append(invoice)
    return invoices


def _cases_of_demo():
    """Return the cases that a newcomer meets."""
    cases = [case for case in CASES if case[0] not in LEFT_OUT_OF_DEMO]
    return [LOST_RESPONSE, *cases]


def _plain(index, chance, changed, today):
    """Return an invoice like most: approved, and matched with orders or not by turns."""
    form = FORMS[index % len(FORMS)]
    date = _day(today, chance.randrange(60))
    number = f"{date:%y}{chance.choice('ABFKM')}-{48000 + index * 7 + chance.randrange(7)}"
    orders = []
    for _ in range(1 if index % 4 < 3 else 2):
        orders.append(f"{date:%Y}-{chance.randrange(100, 900):04d}")
    return {
        "id": str(FIRST_ID + index),
        "version": 1,
        "status": "approved",
        "kind": "invoice",
        "case": form,
        "supplier": f"s{index % len(HOME) + 1}",
        "invoice_number": number,
        "reference": (
            f"Prosjekt {chance.randrange(20, 40)} / {chance.choice(('Kari', 'Ola', 'Ingrid'))}"
        ),
        "invoice_date": date.isoformat(),
        "due_date": (date + dt.timedelta(days=chance.choice((14, 30)))).isoformat(),
        "po_numbers": [] if form == FORMS[0] else orders,
        "approvals": _approvals(chance, changed),
        "lines": _lines(index, chance, form, orders),
        "files": ["pdf"] if index % 5 == 0 else [],
        "updated_at": stamp(changed),
    }


def _day(today, back):
    """Return a day of the last two months, but of this year, because the last one may be closed."""
    day = today - dt.timedelta(days=back)
    first_of_year = today.replace(month=1, day=1)
    return max(day, first_of_year)


def _approvals(chance, changed):
    """Return the decisions of two approvers in parallel, or of Accounting alone."""
    if chance.randrange(4) == 0:
        return [_approval(ACCOUNTANT, changed - dt.timedelta(minutes=30), role="Accounting")]
    approved_at = changed - dt.timedelta(hours=chance.randrange(3, 60))
    return [
        _approval("Kari Nordmann", approved_at),
        _approval("Ingrid Øverås", approved_at + dt.timedelta(minutes=45)),
    ]


def _approval(user, at, **more):
    """Return an approval by a person."""
    return {"user": user, "decision": "approved", "at": stamp(at), **more}


def _lines(index, chance, form, orders):
    """Return the lines of an invoice: up to three, and one more if they have several orders."""
    project = f"p{index % 5 + 1}"
    location = f"l{index % 3 + 1}"
    count = chance.randrange(1, 4)
    if form in FORMS[2:]:
        count += 1
    lines = []
    for number in range(1, count + 1):
        line = {
            "id": f"{FIRST_ID + index}-{number}",
            **_cost(chance),
            "location": location,
            "class": f"c{(index + number) % 4 + 1}",
            "customer": project if chance.randrange(4) else None,
            "po": _order(chance, form, orders, number),
        }
        lines.append(line)
    return lines


def _cost(chance):
    """Return what a line is for: a cost or expense with its account and tax code."""
    sort = chance.choice(("cost", "cost", "expense"))
    slots = [slot for slot in LISTS["accounts"] if slot.sort == sort and slot.bound]
    account = chance.choice(slots).id
    net = Decimal(chance.randrange(1_000, 200_000)) / 5
    tax_code = chance.choice(("standard", "standard", "standard", "standard", "reduced", "zero"))
    words = chance.choice(WORDS[sort]).format(n=chance.randrange(1, 50))
    return {
        "description": words,
        "net": f"{net:.2f}",
        "account": account,
        "tax_code": tax_code,
    }


def _order(chance, form, orders, number):
    """Return the order of a line: received completely, in part, or none at all."""
    if form == FORMS[0] or (form == FORMS[3] and number > 2):
        return None
    if form == FORMS[2] and number > 1:
        return None
    ordered = chance.randrange(4, 60)
    received = ordered if form == FORMS[1] else chance.randrange(1, ordered)
    return {
        "number": orders[(number - 1) % len(orders)],
        "line": number,
        "ordered": ordered,
        "received": received,
    }
