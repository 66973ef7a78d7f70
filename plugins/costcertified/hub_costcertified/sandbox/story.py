"""The past of the account: plain invoices, and every fourth a case until all cases are used."""

import datetime as dt
import random
from decimal import Decimal

from hub_costcertified.sandbox import company
from hub_costcertified.sandbox.cases import CASES, EXPENSES, LEFT_OUT_OF_DEMO

STEP = dt.timedelta(minutes=20)
PLAIN = ("sent", "paid by card", "processing", "paid by bank transfer", "draft")


def make_story(documents, seed, now, demo=False):
    """Return the acts of the past, oldest first; the same for the same seed and moment."""
    return list(_Story(documents, seed, now, demo).acts())


class _Story:
    """One telling."""

    def __init__(self, documents, seed, now, demo):
        self.demo = demo
        self.documents = documents
        self.seed = seed
        self.at = now - STEP * (documents * 5 + 60)
        self.today = now.date()
        self.payments = 0
        self.payouts = 0

    def acts(self):
        cases = [case for case in CASES if not (self.demo and case[0] in LEFT_OUT_OF_DEMO)]
        for index in range(self.documents):
            chance = random.Random(f"{self.seed}/{index}")  # noqa: S311  (a story)
            if index % 3 == 0:
                yield self.act(
                    "project",
                    id=f"j{index // 3 + 1}",
                    fields=_project(index // 3, chance),
                )
            if index % 2 and cases:
                _, tell = cases.pop(0)
                yield from tell(self, index, chance)
            else:
                yield from self.plain(index, chance)
            if index % 8 == 7:
                yield from self.paid_out()
        if not self.documents:
            chance = random.Random(self.seed)  # noqa: S311  (a story)
            yield self.act("project", id="j1", fields=_project(0, chance))
        for fields in EXPENSES:
            yield self.act("spend", fields=fields(self.today))

    def act(self, what, **event):
        self.at += STEP
        return {"do": what, **event, "at": self.at}

    def plain(self, index, chance):
        case = PLAIN[(index // 2) % len(PLAIN)]
        fields = self.invoice(index, chance, case=case)
        yield self.act("make", fields=fields)
        if case == "draft":
            return
        yield self.act("send", invoice=number(index), via="costcertified")
        if case != "sent":
            yield from self.pay(
                index, fields, "ach" if "transfer" in case else "card", settled=case != "processing"
            )

    def invoice(self, index, chance, **more):
        """Return an invoice of two or three lines, never dated in a year that may be closed."""
        project = f"j{index // 3 + 1}"
        date = max(
            self.today - dt.timedelta(days=chance.randrange(40)), self.today.replace(month=1, day=1)
        )
        lines = [
            {**_task(chance), "id": f"{number(index)}-{place}"}
            for place in range(1, chance.randrange(2, 4) + 1)
        ]
        due = date + dt.timedelta(days=chance.choice((7, 14)))
        whole = {
            "invoice_date": date.isoformat(),
            "due_date": due.isoformat(),
            "lines": lines,
            "project": project,
        }
        return {
            **whole,
            "client": company.CLIENTS[index // 3 % len(company.CLIENTS)],
            **more,
        }

    def pay(self, index, fields, method="card", settled=True, amount=None, bears="contractor"):
        self.payments += 1
        yield self.act(
            "pay",
            invoice=number(index),
            client=fields["client"],
            project=fields["project"],
            amount=str(amount or amount_due(fields)),
            method=method,
            bears=bears,
        )
        if settled:
            yield self.act("settle", payment=f"p{self.payments}")

    def paid_out(self):
        self.payouts += 1
        yield self.act("payout")
        yield self.act("arrive", payout=f"t{self.payouts}")


def number(index):
    """Return the id of the invoice with this place in the story."""
    return str(1001 + index)


def amount_due(fields):
    """Return what a client owes of an invoice."""
    total = Decimal(0)
    for line in fields["lines"]:
        total += Decimal(line["amount"]) + _tax(line)
    for fee in fields.get("fees", ()):
        if fee["borne_by"] == "client":
            total += Decimal(fee["amount"])
    return total


def _tax(line):
    return (Decimal(line["amount"]) * Decimal(line["tax_rate"] or 0) / 100).quantize(
        Decimal("0.01"), "ROUND_HALF_UP"
    )


def _project(index, chance):
    client = company.CLIENTS[index % len(company.CLIENTS)]
    work = company.WORK[index % len(company.WORK)]
    return {
        "name": f"{work} {index + 1}",
        "address": client["address"],
        "total": f"{chance.randrange(40, 90)}000.00",
    }


def _task(chance):
    name, rate = company.TAX
    amount = Decimal(chance.randrange(20_000, 400_000)) / 100
    return {
        "description": chance.choice(company.TASKS),
        "amount": f"{amount:.2f}",
        "tax_name": name,
        "tax_rate": rate,
    }
