"""Rows as the API shows them: what depends on other rows is worked out again each time."""

from decimal import ROUND_HALF_UP, Decimal

from hub_costcertified.sandbox import company

CENT, ZERO = Decimal("0.01"), Decimal(0)


def _invoice(books, raw):
    lines = [_line(line) for line in raw["lines"]]
    fees = [{**fee, "amount": Decimal(fee["amount"])} for fee in raw["fees"]]
    names = (
        "id",
        "version",
        "number",
        "sent_via",
        "basis",
        "invoice_date",
        "due_date",
        "sent_at",
        "updated_at",
    )
    return {
        **{name: raw[name] for name in names},
        "status": _status(books, raw),
        "project": _project(books, raw["project"]),
        "client": raw["client"],
        "basis_value": raw["basis_value"] and Decimal(raw["basis_value"]),
        "lines": lines,
        "fees": fees,
        "currency": company.CURRENCY,
        "tax_total": _sum(line["tax"] for line in lines),
        "total": total(raw),
        "paid_total": _list_payments(books, raw["id"]),
        "paid_at": raw["paid_at"],
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _status(books, raw):
    if raw["state"] != "sent":
        return raw["state"]
    payments = [books.rows["payments"][id]["state"] for id in books.payments_of.get(raw["id"], ())]
    if is_paid(books, raw["id"]):
        return "paid"
    return "processing" if "processing" in payments else "sent"


def total(raw):
    """Return what the client owes: lines, tax, and the client's fees."""
    lines = [_line(line) for line in raw["lines"]]
    borne = (Decimal(fee["amount"]) for fee in raw["fees"] if fee["borne_by"] == "client")
    return _sum(line["amount"] + line["tax"] for line in lines) + _sum(borne)


def is_paid(books, id):
    """Return whether an invoice is paid in full."""
    return _list_payments(books, id) >= total(books.rows["invoices"][id])


def open_of(books, id):
    """Return what is still to be paid of an invoice."""
    return total(books.rows["invoices"][id]) - _list_payments(books, id)


def _list_payments(books, id):
    amounts = []
    for payment_id in books.payments_of.get(id, ()):
        payment = books.rows["payments"][payment_id]
        if payment["deleted"] or payment["state"] not in ("paid", "refunded"):
            continue
        for allocation in payment["allocations"]:
            if allocation["invoice"] == id:
                amounts.append(Decimal(allocation["amount"]))
    return _sum(amounts)


def _line(line):
    amount = Decimal(line["amount"])
    tax = (amount * Decimal(line["tax_rate"] or 0) / 100).quantize(CENT, ROUND_HALF_UP)
    return {
        "id": line["id"],
        "description": line["description"],
        "amount": amount,
        "tax_name": line["tax_name"],
        "tax": tax,
    }


def _project(books, id):
    """Return a project with the amount invoiced so far, before tax and fees."""
    project = books.projects[id]
    rows = [books.rows["invoices"][invoice_id] for invoice_id in books.invoices_of.get(id, ())]
    sent_rows = [row for row in rows if row["state"] == "sent" and not row["deleted"]]
    invoiced = _sum(Decimal(line["amount"]) for row in sent_rows for line in row["lines"])
    return {
        **project,
        "total": Decimal(project["total"]),
        "invoiced_total": invoiced,
    }


def _project_of(books, id):
    return {"id": id, "name": books.projects[id]["name"]} if id else None


def _payment(books, raw):
    names = (
        "id",
        "version",
        "reference",
        "method",
        "client",
        "created_at",
        "paid_at",
        "updated_at",
    )
    return {
        **{name: raw[name] for name in names},
        "status": raw["state"],
        "project": _project_of(books, raw["project"]),
        "amount": Decimal(raw["amount"]),
        "currency": company.CURRENCY,
        "allocations": [
            {
                "invoice_id": allocation["invoice"],
                "number": books.rows["invoices"][allocation["invoice"]]["number"],
                "amount": Decimal(allocation["amount"]),
            }
            for allocation in raw["allocations"]
        ],
        "fees": [{**fee, "amount": Decimal(fee["amount"])} for fee in raw["fees"]],
        "payout_id": raw["payout"],
        "refunds": [_refund(refund) for refund in raw["refunds"]],
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _refund(raw):
    tax = Decimal(raw["tax"])
    return {
        "id": raw["id"],
        "amount": Decimal(raw["amount"]),
        "tax": tax,
        "tax_name": company.TAX[0] if tax else None,
        "reason": raw["reason"],
        "refunded_at": raw["at"],
        "payout_id": raw["payout"],
    }


def tax_within(books, payment, amount):
    """Return the share of tax in a refund, by the invoice."""
    invoices = [
        books.rows["invoices"][allocation["invoice"]] for allocation in payment["allocations"]
    ]
    taxes = _sum(_line(line)["tax"] for raw in invoices for line in raw["lines"])
    totals = _sum(total(raw) for raw in invoices)
    share = amount * taxes / (totals or 1)
    return share.quantize(CENT, ROUND_HALF_UP)


def movements(payment):
    """Return the lines of a payment that no payout contains yet."""
    if _is_paid_out(payment):
        return []
    of = {
        "payment_id": payment["id"],
        "refund_id": None,
        "reference": payment["reference"],
        "fee": "0",
    }
    fee = str(_sum(Decimal(paid_fee["amount"]) for paid_fee in payment["fees"]))
    lines = []
    if (
        payment["paid_at"]
        and not payment["payout"]
        and payment["state"] != "failed"
        and not payment["deleted"]
    ):
        lines.append(
            {
                **of,
                "id": payment["id"],
                "kind": "payment",
                "amount": payment["amount"],
                "fee": fee,
            }
        )
    if not lines and not payment["payout"]:
        return []
    for refund in payment["refunds"]:
        if not refund["payout"]:
            about = {
                "refund_id": refund["id"],
                "reference": refund["id"],
                "amount": refund["amount"],
            }
            lines.append({**of, **about, "id": refund["id"], "kind": "refund"})
    if payment["state"] == "failed" and not payment["returned_in"]:
        lines.append(
            {
                **of,
                "id": f"{payment['id']}-back",
                "kind": "return",
                "amount": payment["amount"],
            }
        )
    return lines


def _is_paid_out(payment):
    """Return whether payouts contain the whole payment, so that no line of it is left."""
    if not payment["payout"]:
        return False
    if payment["state"] == "failed" and not payment["returned_in"]:
        return False
    return not payment["refunds"] or all(refund["payout"] for refund in payment["refunds"])


def gross(lines):
    """Return the sum of movements before fees."""
    return _sum(
        Decimal(line["amount"]) * (1 if line["kind"] == "payment" else -1) for line in lines
    )


def _payout(books, raw):
    lines = [
        {
            **line,
            "amount": Decimal(line["amount"]),
            "fee": Decimal(line["fee"]),
        }
        for line in raw["lines"]
    ]
    names = ("id", "version", "arrival_date", "updated_at")
    return {
        **{name: raw[name] for name in names},
        "status": raw["state"],
        "currency": company.CURRENCY,
        "amount": gross(lines) - _sum(line["fee"] for line in lines),
        "lines": lines,
    }


def _expense(books, raw):
    lines = [{**_line(line), "category": line["category"]} for line in raw["lines"]]
    names = ("id", "version", "type", "push", "vendor", "number", "date", "due_date", "updated_at")
    return {
        **{name: raw[name] for name in names},
        "project": _project_of(books, raw["project"]),
        "currency": company.CURRENCY,
        "lines": lines,
        "total": _sum(line["amount"] + line["tax"] for line in lines),
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _sum(amounts):
    return sum(amounts, ZERO)


VIEWS = {
    "invoices": _invoice,
    "payments": _payment,
    "payouts": _payout,
    "expenses": _expense,
}
