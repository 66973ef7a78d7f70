"""The events of the account; each function applies an event to the books."""

from decimal import ROUND_HALF_UP, Decimal

from hub_costcertified.sandbox import company, views

CENT = Decimal("0.01")


def _project(books, event):
    """Book a project."""
    books.projects[event["id"]] = event["fields"] | {"id": event["id"]}


def _make(books, event):
    """Create a draft with a number."""
    rows = books.rows["invoices"]
    id = str(1001 + len(rows))
    fields = {
        "number": f"CC-{id}",
        "basis": "amount",
        "basis_value": None,
        "fees": [],
        "case": "",
        **event["fields"],
    }
    state = {"state": "draft", "sent_via": None, "sent_at": None, "paid_at": None}
    books.put("invoices", event, id, **state, **fields)
    books.invoices_of[fields["project"]].append(id)
    return id


def _edit(books, event):
    """Change fields of an invoice."""
    books.put("invoices", event, event["invoice"], **event["fields"])


def _send(books, event):
    """Send an invoice, through CostCertified or by another way."""
    books.put(
        "invoices",
        event,
        event["invoice"],
        state="sent",
        sent_via=event["via"],
        sent_at=event["at"],
    )


def _void(books, event):
    """Void an invoice."""
    books.put("invoices", event, event["invoice"], state="void")


def _delete(books, event):
    """Mark a row as deleted."""
    books.put(event["things"], event, event["id"], deleted=True)


def _pay(books, event):
    """Pay an invoice, or in advance; the payment processes until it settles."""
    id = f"p{1 + len(books.rows['payments'])}"
    kind, percent = company.FEES_BY_METHOD[event["method"]]
    amount = Decimal(event["amount"])
    fee = {
        "kind": f"{kind} {percent} %",
        "amount": _format_cents(amount * Decimal(percent) / 100),
        "borne_by": event["bears"],
    }
    allocations = []
    if event["invoice"]:
        allocations.append({"invoice": event["invoice"], "amount": str(amount)})
    books.put(
        "payments",
        event,
        id,
        state="processing",
        reference=f"P-{id[1:]:0>4}",
        method=event["method"],
        client=event["client"],
        project=event["project"],
        amount=str(amount),
        allocations=allocations,
        fees=[fee],
        payout=None,
        created_at=event["at"],
        paid_at=None,
        refunds=[],
        returned_in=None,
    )
    _update_paid_invoices(books, event, id)
    return id


def _update_paid_invoices(books, event, id):
    """Mark the invoices of a payment as changed."""
    for allocation in books.rows["payments"][id]["allocations"]:
        invoice_id = allocation["invoice"]
        if id not in books.payments_of[invoice_id]:
            books.payments_of[invoice_id].append(id)
        paid_at = books.rows["invoices"][invoice_id]["paid_at"]
        if not paid_at and views.is_paid(books, invoice_id):
            paid_at = event["at"]
        books.put("invoices", event, invoice_id, paid_at=paid_at)


def _settle(books, event):
    """Settle a payment that was processing."""
    books.put("payments", event, event["payment"], state="paid", paid_at=event["at"])
    _update_paid_invoices(books, event, event["payment"])


def _fail(books, event):
    """Let a payment fail, even after it settled."""
    books.put("payments", event, event["payment"], state="failed")
    _update_paid_invoices(books, event, event["payment"])


def _allocate(books, event):
    """Use an advance payment on an invoice."""
    payment = books.rows["payments"][event["payment"]]
    allocations = [
        *payment["allocations"],
        {"invoice": event["invoice"], "amount": event["amount"]},
    ]
    books.put("payments", event, event["payment"], allocations=allocations)
    _update_paid_invoices(books, event, event["payment"])


def _refund(books, event):
    """Give back some of a payment, or all."""
    payment = books.rows["payments"][event["payment"]]
    id = f"R-{event['payment'][1:]}-{1 + len(payment['refunds'])}"
    refund = {
        "id": id,
        "amount": event["amount"],
        "tax": event["tax"],
        "reason": event["reason"],
        "at": event["at"],
    }
    refunds = [*payment["refunds"], refund | {"payout": None}]
    total = sum(Decimal(row["amount"]) for row in refunds)
    state = "refunded" if total >= Decimal(payment["amount"]) else "paid"
    books.put("payments", event, event["payment"], state=state, refunds=refunds)
    return id


def _build_payout_fields(row, id):
    """Return the fields of a payment once a payout contains its movements."""
    refunds = [{**refund, "payout": refund["payout"] or id} for refund in row["refunds"]]
    returned_in = row["returned_in"]
    if row["state"] == "failed":
        returned_in = returned_in or id
    return {
        "payout": row["payout"] or id,
        "refunds": refunds,
        "returned_in": returned_in or None,
    }


def _payout(books, event):
    """Pay out all payments, refunds and returns since the last payout as one transfer."""
    id = f"t{1 + len(books.rows['payouts'])}"
    rows = []
    lines = []
    for row in books.rows["payments"].values():
        movements = views.list_movements(row)
        if movements:
            rows.append(row)
            lines += movements
    if views.sum_gross(lines) <= 0:
        return None
    for row in rows:
        changes = _build_payout_fields(row, id)
        books.put("payments", event, row["id"], **changes)
    books.put(
        "payouts",
        event,
        id,
        state="in_transit",
        lines=lines,
        arrival_date=event["at"][:10],
    )
    return id


def _arrive(books, event):
    """Let a payout reach the bank."""
    books.put(
        "payouts",
        event,
        event["payout"],
        state="paid",
        arrival_date=event["at"][:10],
    )


def _spend(books, event):
    """Add an expense."""
    id = f"e{1 + len(books.rows['expenses'])}"
    fields = {"push": True, "case": "", **event["fields"]}
    books.put("expenses", event, id, **fields)
    return id


def _edit_expense(books, event):
    """Change fields of an expense."""
    books.put("expenses", event, event["expense"], **event["fields"])


def _push(books, event):
    """Mark an expense as one for QuickBooks, or not."""
    books.put("expenses", event, event["expense"], push=event["on"])


def _enable(books, event):
    """Switch payments of clients on or off."""
    books.enabled = event["on"]


def _call(books, event):
    """Store the address to call."""
    books.hub = event["address"]


def _rotate(books, event):
    """Issue a new refresh token; the previous one stays valid."""
    newest, _ = books.refresh
    books.refresh = event["token"], newest


def _status(books, event):
    """Store a status that the hub reported to a row."""
    key = f"{event['things']}/{event['id']}"
    books.statuses.setdefault(key, []).append(event["status"])


def _format_cents(amount):
    """Return an amount in cents as text."""
    return str(amount.quantize(CENT, ROUND_HALF_UP))


ACTS = {
    "project": _project,
    "make": _make,
    "edit": _edit,
    "edit_expense": _edit_expense,
    "send": _send,
    "void": _void,
    "delete": _delete,
    "pay": _pay,
    "settle": _settle,
    "fail": _fail,
    "allocate": _allocate,
    "refund": _refund,
    "payout": _payout,
    "arrive": _arrive,
    "spend": _spend,
    "push": _push,
    "enable": _enable,
    "call": _call,
    "rotate": _rotate,
    "status": _status,
}
