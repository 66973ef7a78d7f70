"""The invoices of a new stand-in: each state, with taxes, discounts and payments."""

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

FIRST_CHANGE = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
CHANGE_INTERVAL = dt.timedelta(minutes=10)
CLIENTS = ("Harbour Works", "North Supply", "Bolt and Sons")
ITEM_TYPES = ("Services", "Labor")
# The cases of the invoices, which repeat: state, number of payments, taxed, discounted.
CASES = (
    ("open", 0, False, False),
    ("paid", 1, False, False),
    ("draft", 0, False, False),
    ("open", 1, True, False),
    ("paid", 2, True, True),
    ("closed", 0, False, False),
    ("open", 0, False, True),
    ("closed", 1, False, False),
)
TAX_PERCENTAGE = Decimal("8.25")
TAX2_PERCENTAGE = Decimal("1.5")
DISCOUNT_PERCENTAGE = Decimal(10)


def build_invoices(count: int) -> list[dict[str, Any]]:
    """Return the first invoices."""
    return [build_invoice(number) for number in range(1, count + 1)]


def build_invoice(number: int) -> dict[str, Any]:
    """Return the invoice with this number."""
    state, payment_count, is_taxed, is_discounted = CASES[(number - 1) % len(CASES)]
    changed_at = f"{FIRST_CHANGE + number * CHANGE_INTERVAL:%Y-%m-%dT%H:%M:%SZ}"
    client = number % len(CLIENTS)
    lines = [_build_line(number, position, is_taxed=is_taxed) for position in (1, 2)]
    amounts = _compute_amounts(lines, is_taxed=is_taxed, is_discounted=is_discounted)
    payments = _build_payments(number, payment_count, state, amounts["amount"], changed_at)
    row = {
        "id": str(13000 + number),
        "number": f"HV-{number}",
        "client": {"id": 5735770 + client, "name": CLIENTS[client]},
        "subject": f"Work of week {number}",
        "notes": "",
        "purchase_order": f"PO-{number}" if number % 4 == 0 else "",
        "currency": "USD",
        "issue_date": "2026-01-05",
        "due_date": "2026-02-04",
        "retainer": None,
        "line_items": lines,
        "updated_at": changed_at,
        "payments": payments,
        "messages": [],
        **amounts,
        **compute_payment_state(amounts["amount"], payments),
    }
    if state in ("draft", "closed"):
        row["state"] = state
    return row


def compute_payment_state(amount: float, payments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the amount that is due of an invoice, and its state."""
    total = Decimal(str(amount))
    paid_amount = _sum_amounts(payments)
    due = total - paid_amount
    return {
        "due_amount": float(due),
        "state": "open" if due else "paid",
    }


def _build_line(number: int, position: int, *, is_taxed: bool) -> dict[str, Any]:
    """Return one line of an invoice."""
    hours = Decimal(number % 9 + position)
    price = Decimal("75.35")
    return {
        "id": number * 10 + position,
        "kind": ITEM_TYPES[position - 1],
        "description": f"Work of week {number}, part {position}",
        "quantity": float(hours),
        "unit_price": float(price),
        "amount": float(hours * price),
        "taxed": is_taxed,
        "taxed2": is_taxed and position == 1,
        "project": {"id": 14307913, "name": "Online store", "code": "OS1"},
    }


def _compute_amounts(
    lines: list[dict[str, Any]], *, is_taxed: bool, is_discounted: bool
) -> dict[str, Any]:
    """Return discount, taxes and total, rounded as Harvest rounds them: each of them once."""
    subtotal = _sum_amounts(lines)
    discount = _compute_percentage(subtotal, DISCOUNT_PERCENTAGE if is_discounted else Decimal(0))
    share = 1 - discount / subtotal
    tax = _compute_percentage(subtotal * share, TAX_PERCENTAGE if is_taxed else Decimal(0))
    taxed_twice = [line for line in lines if line["taxed2"]]
    tax2 = _compute_percentage(_sum_amounts(taxed_twice) * share, TAX2_PERCENTAGE)
    return {
        "discount": float(DISCOUNT_PERCENTAGE) if is_discounted else None,
        "discount_amount": float(discount),
        "tax": float(TAX_PERCENTAGE) if is_taxed else None,
        "tax_amount": float(tax),
        "tax2": float(TAX2_PERCENTAGE) if is_taxed else None,
        "tax2_amount": float(tax2),
        "amount": float(subtotal - discount + tax + tax2),
    }


def _build_payments(
    number: int, count: int, state: str, amount: float, paid_at: str
) -> list[dict[str, Any]]:
    """Return the payments of an invoice; if its state is paid, they add up to its amount."""
    remaining = Decimal(str(amount)) if state == "paid" else Decimal("50.00")
    payments = []
    for position in range(1, count + 1):
        part = remaining if position == count else _compute_percentage(remaining, Decimal(40))
        remaining -= part
        payments.append(
            {
                "id": number * 100 + position,
                "amount": float(part),
                "paid_date": "2026-01-20",
                "transaction_id": f"T-{number}-{position}",
                "notes": "",
                "updated_at": paid_at,
            }
        )
    return payments


def _sum_amounts(rows: list[dict[str, Any]]) -> Decimal:
    """Return the sum of the amounts of rows."""
    total = Decimal(0)
    for row in rows:
        total += Decimal(str(row["amount"]))
    return total


def _compute_percentage(amount: Decimal, rate: Decimal) -> Decimal:
    """Return a percentage of an amount, rounded to cents."""
    part = amount * rate / 100
    return part.quantize(Decimal("0.01"), ROUND_HALF_UP)
