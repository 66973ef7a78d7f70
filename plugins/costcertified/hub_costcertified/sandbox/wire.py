"""Converts rows to and from the API's names, which `hub_costcertified.names` holds."""

from hub_costcertified import names
from qbo_sandbox.kit import encode_row, row_fields

ACCOUNT = row_fields(names.Account)
INVOICE = row_fields(names.Invoice, date="invoice_date")
LINE = row_fields(names.Line)
FEE = row_fields(names.Fee)
PROJECT = row_fields(names.Project)
CLIENT = row_fields(names.Client, first_name="fname", last_name="lname")
VENDOR = row_fields(names.Vendor)
PAYMENT = row_fields(names.Payment)
ALLOCATION = row_fields(names.Allocation)
REFUND = row_fields(names.Refund)
PAYOUT = row_fields(names.Payout)
MOVEMENT = row_fields(names.Movement)
EXPENSE = row_fields(names.Expense)
PAGES = {
    "invoices": "/invoices/{id}",
    "payments": "/payments",
    "payouts": "/payments",
    "expenses": "/expenses",
}


def account(row):
    return encode_row(row, ACCOUNT)


def _invoice(row):
    return {
        **encode_row(row, INVOICE),
        names.Invoice.PROJECT: encode_row(row["project"], PROJECT),
        names.Invoice.CLIENT: encode_row(row["client"], CLIENT),
        names.Invoice.LINES: [encode_row(line, LINE) for line in row["lines"]],
        names.Invoice.FEES: [encode_row(fee, FEE) for fee in row["fees"]],
    }


def _payment(row):
    return {
        **encode_row(row, PAYMENT),
        names.Payment.CLIENT: encode_row(row["client"], CLIENT),
        names.Payment.PROJECT: row["project"] and encode_row(row["project"], PROJECT),
        names.Payment.ALLOCATIONS: [
            encode_row(allocation, ALLOCATION) for allocation in row["allocations"]
        ],
        names.Payment.FEES: [encode_row(fee, FEE) for fee in row["fees"]],
        names.Payment.REFUNDS: [encode_row(refund, REFUND) for refund in row["refunds"]],
    }


def _payout(row):
    return {
        **encode_row(row, PAYOUT),
        names.Payout.LINES: [encode_row(line, MOVEMENT) for line in row["lines"]],
    }


def _expense(row):
    return {
        **encode_row(row, EXPENSE),
        names.Expense.VENDOR: row["vendor"] and encode_row(row["vendor"], VENDOR),
        names.Expense.PROJECT: row["project"] and encode_row(row["project"], PROJECT),
        names.Expense.LINES: [encode_row(line, LINE) for line in row["lines"]],
    }


def encode(things, row, site):
    """Return a row of a list; its page is one of the stand-in's at the address `site`."""
    page = PAGES[things].format(id=row["id"])
    return {**ROWS[things](row), names.Row.WEB_URL: f"{site}{page}"}


ROWS = {
    "invoices": _invoice,
    "payments": _payment,
    "payouts": _payout,
    "expenses": _expense,
}
