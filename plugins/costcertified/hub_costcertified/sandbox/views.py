"""Rows as the API shows them; fields that depend on other rows are computed each time."""

from decimal import ROUND_HALF_UP, Decimal

from hub_costcertified.sandbox import company

CENT, ZERO = Decimal("0.01"), Decimal(0)


def _view_invoice(books, raw):
    """Return an invoice with its status, totals and payments."""
    lines = [_view_line(line) for line in raw["lines"]]
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
        "status": _get_status(books, raw),
        "project": _view_project(books, raw["project"]),
        "client": raw["client"],
        "basis_value": raw["basis_value"] and Decimal(raw["basis_value"]),
        "lines": lines,
        "fees": fees,
        "currency": company.CURRENCY,
        "tax_total": _sum(line["tax"] for line in lines),
        "total": total(raw),
        "paid_total": _sum_paid(books, raw["id"]),
        "paid_at": raw["paid_at"],
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _get_status(books, raw):
    """Return the status of an invoice; for a sent one, its payments decide."""
    if raw["state"] != "sent":
        return raw["state"]
    if is_paid(books, raw["id"]):
        return "paid"
    for id in books.payments_of.get(raw["id"], ()):
        if books.rows["payments"][id]["state"] == "processing":
            return "processing"
    return "sent"


def total(raw):
    """Return the amount that the client owes: lines, tax, and the fees of the client."""
    total = ZERO
    for line in map(_view_line, raw["lines"]):
        total += line["amount"] + line["tax"]
    for fee in raw["fees"]:
        if fee["borne_by"] == "client":
            total += Decimal(fee["amount"])
    return total


def is_paid(books, id):
    """Return whether an invoice is paid in full."""
    return compute_balance(books, id) <= 0


def compute_balance(books, id):
    """Return the open balance of an invoice."""
    invoice = books.rows["invoices"][id]
    return total(invoice) - _sum_paid(books, id)


def _sum_paid(books, id):
    """Return the paid amount of an invoice."""
    amounts = []
    for payment_id in books.payments_of.get(id, ()):
        payment = books.rows["payments"][payment_id]
        if payment["deleted"] or payment["state"] not in ("paid", "refunded"):
            continue
        for allocation in payment["allocations"]:
            if allocation["invoice"] == id:
                amounts.append(Decimal(allocation["amount"]))
    return _sum(amounts)


def _view_line(line):
    """Return a line with its tax, rounded by itself."""
    amount = Decimal(line["amount"])
    tax = amount * Decimal(line["tax_rate"] or 0) / 100
    return {
        "id": line["id"],
        "description": line["description"],
        "amount": amount,
        "tax_name": line["tax_name"],
        "tax": tax.quantize(CENT, ROUND_HALF_UP),
    }


def _view_project(books, id):
    """Return a project with the amount invoiced so far, before tax and fees."""
    project = books.projects[id]
    invoiced_total = ZERO
    for invoice_id in books.invoices_of.get(id, ()):
        row = books.rows["invoices"][invoice_id]
        if row["state"] == "sent" and not row["deleted"]:
            invoiced_total += _sum(Decimal(line["amount"]) for line in row["lines"])
    return {
        **project,
        "total": Decimal(project["total"]),
        "invoiced_total": invoiced_total,
    }


def _view_project_reference(books, id):
    """Return id and name of a project, or None without an id."""
    if not id:
        return None
    return {"id": id, "name": books.projects[id]["name"]}


def _view_payment(books, raw):
    """Return a payment with its allocations, fees and refunds."""
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
        "project": _view_project_reference(books, raw["project"]),
        "amount": Decimal(raw["amount"]),
        "currency": company.CURRENCY,
        "allocations": [_view_allocation(books, allocation) for allocation in raw["allocations"]],
        "fees": [{**fee, "amount": Decimal(fee["amount"])} for fee in raw["fees"]],
        "payout_id": raw["payout"],
        "refunds": [_view_refund(refund) for refund in raw["refunds"]],
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _view_allocation(books, raw):
    """Return the part of a payment that an invoice used."""
    invoice = books.rows["invoices"][raw["invoice"]]
    return {
        "invoice_id": raw["invoice"],
        "number": invoice["number"],
        "amount": Decimal(raw["amount"]),
    }


def _view_refund(raw):
    """Return a refund of a payment."""
    tax = Decimal(raw["tax"])
    return {
        "id": raw["id"],
        "amount": Decimal(raw["amount"]),
        "tax": tax,
        "tax_name": company.SALES_TAX[0] if tax else None,
        "reason": raw["reason"],
        "refunded_at": raw["at"],
        "payout_id": raw["payout"],
    }


def compute_refunded_tax(books, payment, amount):
    """Return the share of tax in a refund, by the invoice."""
    tax_total = ZERO
    invoice_total = ZERO
    for allocation in payment["allocations"]:
        invoice = books.rows["invoices"][allocation["invoice"]]
        invoice_total += total(invoice)
        tax_total += _sum(_view_line(line)["tax"] for line in invoice["lines"])
    share = amount * tax_total / (invoice_total or 1)
    return share.quantize(CENT, ROUND_HALF_UP)


def list_movements(payment):
    """Return the lines of a payment that no payout contains yet."""
    if _is_paid_out(payment):
        return []
    lines = []
    if not payment["payout"]:
        if not _is_to_pay_out(payment):
            return []
        fee = _sum(Decimal(fee["amount"]) for fee in payment["fees"])
        lines.append(_build_movement(payment, "payment", payment["id"], fee=str(fee)))
    for refund in payment["refunds"]:
        if not refund["payout"]:
            fields = {
                "refund_id": refund["id"],
                "reference": refund["id"],
                "amount": refund["amount"],
            }
            lines.append(_build_movement(payment, "refund", refund["id"], **fields))
    if payment["state"] == "failed" and not payment["returned_in"]:
        lines.append(_build_movement(payment, "return", f"{payment['id']}-back"))
    return lines


def _build_movement(payment, kind, id, **fields):
    """Return a line of a payout that concerns a payment; by default of its whole amount."""
    return {
        "id": id,
        "kind": kind,
        "payment_id": payment["id"],
        "refund_id": None,
        "reference": payment["reference"],
        "amount": payment["amount"],
        "fee": "0",
        **fields,
    }


def _is_to_pay_out(payment):
    """Return whether a payment belongs into the next payout."""
    if not payment["paid_at"] or payment["deleted"]:
        return False
    return payment["state"] != "failed"


def _is_paid_out(payment):
    """Return whether payouts contain all movements of a payment."""
    if not payment["payout"]:
        return False
    if payment["state"] == "failed" and not payment["returned_in"]:
        return False
    return not payment["refunds"] or all(refund["payout"] for refund in payment["refunds"])


def sum_gross(lines):
    """Return the sum of movements before fees."""
    total = ZERO
    for line in lines:
        amount = Decimal(line["amount"])
        total += amount if line["kind"] == "payment" else -amount
    return total


def _view_payout(books, raw):
    """Return a payout; its amount is the sum of its lines, less their fees."""
    lines = []
    for line in raw["lines"]:
        amounts = {"amount": Decimal(line["amount"]), "fee": Decimal(line["fee"])}
        lines.append(line | amounts)
    names = ("id", "version", "arrival_date", "updated_at")
    return {
        **{name: raw[name] for name in names},
        "status": raw["state"],
        "currency": company.CURRENCY,
        "amount": sum_gross(lines) - _sum(line["fee"] for line in lines),
        "lines": lines,
    }


def _view_expense(books, raw):
    """Return an expense with its total."""
    lines = [{**_view_line(line), "category": line["category"]} for line in raw["lines"]]
    names = ("id", "version", "type", "push", "vendor", "number", "date", "due_date", "updated_at")
    return {
        **{name: raw[name] for name in names},
        "project": _view_project_reference(books, raw["project"]),
        "currency": company.CURRENCY,
        "lines": lines,
        "total": _sum(line["amount"] + line["tax"] for line in lines),
        "deleted_at": raw["updated_at"] if raw["deleted"] else None,
    }


def _sum(amounts):
    """Return the sum of amounts."""
    return sum(amounts, ZERO)


VIEWS = {
    "invoices": _view_invoice,
    "payments": _view_payment,
    "payouts": _view_payout,
    "expenses": _view_expense,
}
