"""Invoices with special cases: each case is a few events."""

from decimal import Decimal

from hub_costcertified.sandbox import company


def _get_invoice_id(index):
    """Return the id of the invoice at this position of the story."""
    return str(1001 + index)


def _case(case, via="costcertified", then=None, **changes):
    """Return the name of a case and a function that makes and sends its invoice.

    The function continues with `then`.
    """

    def make_acts(story, index, rng):
        fields = story.invoice(index, rng, case=case)
        for name, change in changes.items():
            fields[name] = change(fields) if callable(change) else change
        yield story.act("make", fields=fields)
        if via:
            yield story.act("send", invoice=_get_invoice_id(index), via=via)
        if then:
            yield from then(story, index, fields)

    return case, make_acts


def _fee(borne_by):
    """Return a function that makes the card fee of an invoice, paid by client or contractor."""

    def fees(fields):
        total = sum(Decimal(line["amount"]) for line in fields["lines"])
        amount = total * Decimal("0.029")
        fee = {
            "kind": "Transaction fee 2.9 %",
            "amount": f"{amount:.2f}",
            "borne_by": borne_by,
        }
        return [fee]

    return fees


def _without_tax_on_first_line(fields):
    """Take the tax from the first line."""
    first, *others = fields["lines"]
    return [{**first, "tax_name": None, "tax_rate": None}, *others]


def _pay(story, index, fields):
    """Pay with a card; the same party pays its fee as the fee on the invoice."""
    fee = fields["fees"][0]
    yield from story.pay(index, fields, bears=fee["borne_by"])


def _pay_in_full(story, index, fields):
    """Pay an invoice."""
    yield from story.pay(index, fields)


def _pay_in_part(story, index, fields):
    """Pay a part of an invoice."""
    yield from story.pay(index, fields, amount=Decimal("250.00"))


def _refund(story, index, fields):
    """Pay an invoice, and give back some of it."""
    yield from story.pay(index, fields)
    yield story.act(
        "refund",
        payment=f"p{story.payments}",
        amount="108.00",
        tax="8.00",
        reason="A door that was not fitted",
    )


def _return(story, index, fields):
    """Pay by a bank transfer that comes back."""
    yield from story.pay(index, fields, "ach")
    yield story.act("fail", payment=f"p{story.payments}")


def _fail(story, index, fields):
    """Pay by a bank transfer that fails."""
    yield from story.pay(index, fields, "ach", is_settled=False)
    yield story.act("fail", payment=f"p{story.payments}")


def _void(story, index, fields):
    """Void an invoice."""
    yield story.act("void", invoice=_get_invoice_id(index))


def _delete(story, index, fields):
    """Delete an invoice."""
    yield story.act("delete", things="invoices", id=_get_invoice_id(index))


def _edit(story, index, fields):
    """Change the first line of an invoice that was sent."""
    first, *others = fields["lines"]
    yield story.act(
        "edit",
        invoice=_get_invoice_id(index),
        fields={"lines": [{**first, "amount": "777.00"}, *others]},
    )


def _in_advance(case, used):
    """Return a case of a payment in advance, which is used on a later invoice or not."""

    def make_acts(story, index, rng):
        fields = story.invoice(index, rng, case=case)
        story.payments += 1
        payment = f"p{story.payments}"
        yield story.act(
            "pay",
            invoice=None,
            amount="1500.00",
            method="card",
            bears="contractor",
            client=fields["client"],
            project=fields["project"],
        )
        yield story.act("settle", payment=payment)
        yield story.act("make", fields=fields)
        yield story.act("send", invoice=_get_invoice_id(index), via="costcertified")
        if used:
            yield story.act(
                "allocate", payment=payment, invoice=_get_invoice_id(index), amount="200.00"
            )

    return case, make_acts


CASES = (
    _case("fee borne by the client", then=_pay, fees=_fee("client")),
    _case("fee borne by the contractor", then=_pay, fees=_fee("contractor")),
    _case("handed over by another way", via="other"),
    _case("percentage of the total", basis="percent_total", basis_value="30"),
    _case("percentage of what remained", basis="percent_remaining", basis_value="50"),
    _case("tax of one item changed", then=_pay_in_full, lines=_without_tax_on_first_line),
    _case("paid and given back in part", then=_refund),
    _case("a bank transfer that came back", then=_return),
    _case("a bank transfer that failed", then=_fail),
    _case("voided", then=_void),
    _case("deleted", then=_delete),
    _case("edited after it was sent", then=_edit),
    _in_advance("paid in advance and used", used=True),
    _case("paid in part", then=_pay_in_part),
    _case("a client with a namesake", client=company.NAMESAKES[0]),
    _case("the namesake", client=company.NAMESAKES[1]),
    _in_advance("paid in advance and not used yet", used=False),
    _case("a number longer than QuickBooks takes", number="CC-2026-RIDGELINE-RENOVATION-1035"),
    _case(
        "letters and quotes",
        client={
            **company.CLIENTS[6],
            "id": "k30",
            "lname": 'Vålé "B" & Søn',
            "email": None,
        },
    ),
    _case("a date that is none", invoice_date="2026-02-31"),
    _case("dated in a closed period", invoice_date="2024-11-05", due_date="2024-11-19"),
)


def _expense(case, **overrides):
    """Return a function that makes the fields of an expense of today."""
    line = {
        "id": "1",
        "description": "Lumber",
        "amount": "420.00",
        "tax_name": None,
        "tax_rate": None,
        "category": "5010",
    }
    plain = {
        "type": "bill",
        "vendor": company.VENDORS[0],
        "project": "j1",
        "lines": [line],
        "case": case,
    }

    def fields(today):
        day = today.isoformat()
        return {
            **plain,
            "number": f"X-{case[:12]}",
            "date": day,
            "due_date": day,
            **overrides,
        }

    return fields


EXPENSES = (
    _expense("unpaid bill"),
    _expense("receipt", type="receipt", vendor=company.VENDORS[1]),
    _expense("not pushed", push=False),
    _expense("no vendor", vendor=None),
)
# These need a person; of such invoices the demo has only the one to a client with a namesake.
LEFT_OUT_OF_DEMO = frozenset(
    {"paid and given back in part", "a bank transfer that came back", "a date that is none"}
)
