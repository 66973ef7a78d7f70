"""The events before the start: plain invoices, and cases until all of them are used."""

import datetime as dt
import random
from decimal import ROUND_HALF_UP, Decimal

from hub_costcertified.sandbox import company
from hub_costcertified.sandbox.cases import CASES, EXPENSES, LEFT_OUT_OF_DEMO

EVENT_INTERVAL = dt.timedelta(minutes=20)
CENT = Decimal("0.01")
PLAIN_CASES = ("sent", "paid by card", "processing", "paid by bank transfer", "draft")


def make_story(documents, seed, now, demo=False):
    """Return the events before the start, the oldest first; they depend on seed and time only."""
    return list(_Story(documents, seed, now, demo).acts())


class _Story:
    """The events before the start, with the time and the number of payments so far."""

    def __init__(self, documents, seed, now, demo):
        self.demo = demo
        self.documents = documents
        self.seed = seed
        self.at = now - EVENT_INTERVAL * (documents * 5 + 60)
        self.today = now.date()
        self.payments = 0
        self.payouts = 0

    def acts(self):
        """Yield all acts, the oldest first."""
        cases = _list_cases(self.demo)
        for index in range(self.documents):
            rng = random.Random(f"{self.seed}/{index}")  # noqa: S311  (a story)
            if index % 3 == 0:
                project_index = index // 3
                yield self.act(
                    "project", id=f"j{project_index + 1}", fields=_build_project(project_index, rng)
                )
            if index % 2 and cases:
                _, make_acts = cases.pop(0)
                yield from make_acts(self, index, rng)
            else:
                yield from self.plain(index, rng)
            if index % 8 == 7:
                yield from self.paid_out()
        if not self.documents:
            rng = random.Random(self.seed)  # noqa: S311  (a story)
            yield self.act("project", id="j1", fields=_build_project(0, rng))
        for fields in EXPENSES:
            yield self.act("spend", fields=fields(self.today))

    def act(self, event_type, **event):
        """Return an act with the next moment."""
        self.at += EVENT_INTERVAL
        return {"do": event_type, **event, "at": self.at}

    def plain(self, index, rng):
        """Yield the events of a usual invoice."""
        case = PLAIN_CASES[(index // 2) % len(PLAIN_CASES)]
        fields = self.invoice(index, rng, case=case)
        yield self.act("make", fields=fields)
        if case == "draft":
            return
        yield self.act("send", invoice=build_invoice_id(index), via="costcertified")
        if case != "sent":
            method = "ach" if "transfer" in case else "card"
            yield from self.pay(index, fields, method, is_settled=case != "processing")

    def invoice(self, index, rng, **overrides):
        """Return an invoice of two or three lines, never dated in a year that may be closed."""
        project = f"j{index // 3 + 1}"
        day = self.today - dt.timedelta(days=rng.randrange(40))
        date = max(day, self.today.replace(month=1, day=1))
        lines = []
        for position in range(1, rng.randrange(2, 4) + 1):
            lines.append({**_build_task(rng), "id": f"{build_invoice_id(index)}-{position}"})
        due = date + dt.timedelta(days=rng.choice((7, 14)))
        return {
            "invoice_date": date.isoformat(),
            "due_date": due.isoformat(),
            "lines": lines,
            "project": project,
            "client": company.CLIENTS[index // 3 % len(company.CLIENTS)],
            **overrides,
        }

    def pay(self, index, fields, method="card", is_settled=True, amount=None, bears="contractor"):
        """Yield a payment of an invoice, and its settlement."""
        self.payments += 1
        yield self.act(
            "pay",
            invoice=build_invoice_id(index),
            client=fields["client"],
            project=fields["project"],
            amount=str(amount or sum_amount_due(fields)),
            method=method,
            bears=bears,
        )
        if is_settled:
            yield self.act("settle", payment=f"p{self.payments}")

    def paid_out(self):
        """Yield a payout and its arrival."""
        self.payouts += 1
        yield self.act("payout")
        yield self.act("arrive", payout=f"t{self.payouts}")


def _list_cases(demo):
    """Return all cases, or those that a newcomer meets."""
    if not demo:
        return list(CASES)
    return [case for case in CASES if case[0] not in LEFT_OUT_OF_DEMO]


def build_invoice_id(index):
    """Return the id of the invoice with this place in the story."""
    return str(1001 + index)


def sum_amount_due(fields):
    """Return what a client owes of an invoice."""
    total = Decimal(0)
    for line in fields["lines"]:
        total += Decimal(line["amount"]) + _compute_tax(line)
    for fee in fields.get("fees", ()):
        if fee["borne_by"] == "client":
            total += Decimal(fee["amount"])
    return total


def _compute_tax(line):
    """Return the tax of a line, rounded by itself."""
    rate = Decimal(line["tax_rate"] or 0)
    tax = Decimal(line["amount"]) * rate / 100
    return tax.quantize(CENT, ROUND_HALF_UP)


def _build_project(index, rng):
    """Return a project of one of the clients."""
    client = company.CLIENTS[index % len(company.CLIENTS)]
    work = company.PROJECT_NAMES[index % len(company.PROJECT_NAMES)]
    return {
        "name": f"{work} {index + 1}",
        "address": client["address"],
        "total": f"{rng.randrange(40, 90)}000.00",
    }


def _build_task(rng):
    """Return a line of an invoice without its id."""
    name, rate = company.SALES_TAX
    amount = Decimal(rng.randrange(20_000, 400_000)) / 100
    return {
        "description": rng.choice(company.LINE_DESCRIPTIONS),
        "amount": f"{amount:.2f}",
        "tax_name": name,
        "tax_rate": rate,
    }
