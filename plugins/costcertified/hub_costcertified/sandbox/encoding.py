"""Convert rows to and from the names in the API, which are in `hub_costcertified.names`."""

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
PAGE_PATHS = {
    "invoices": "/invoices/{id}",
    "payments": "/payments",
    "payouts": "/payments",
    "expenses": "/expenses",
}


def account(row):
    """Return the account."""
    return encode_row(row, ACCOUNT)


def _invoice(row):
    """Return an invoice."""
    return {
        **encode_row(row, INVOICE),
        names.Invoice.PROJECT: encode_row(row["project"], PROJECT),
        names.Invoice.CLIENT: encode_row(row["client"], CLIENT),
        names.Invoice.LINES: _encode_all(row["lines"], LINE),
        names.Invoice.FEES: _encode_all(row["fees"], FEE),
    }


def _payment(row):
    """Return a payment."""
    return {
        **encode_row(row, PAYMENT),
        names.Payment.CLIENT: encode_row(row["client"], CLIENT),
        names.Payment.PROJECT: row["project"] and encode_row(row["project"], PROJECT),
        names.Payment.ALLOCATIONS: _encode_all(row["allocations"], ALLOCATION),
        names.Payment.FEES: _encode_all(row["fees"], FEE),
        names.Payment.REFUNDS: _encode_all(row["refunds"], REFUND),
    }


def _payout(row):
    """Return a payout."""
    return {
        **encode_row(row, PAYOUT),
        names.Payout.LINES: _encode_all(row["lines"], MOVEMENT),
    }


def _expense(row):
    """Return an expense."""
    return {
        **encode_row(row, EXPENSE),
        names.Expense.VENDOR: row["vendor"] and encode_row(row["vendor"], VENDOR),
        names.Expense.PROJECT: row["project"] and encode_row(row["project"], PROJECT),
        names.Expense.LINES: _encode_all(row["lines"], LINE),
    }


def _encode_all(rows, fields):
    """Return rows with the API's names."""
    return [encode_row(row, fields) for row in rows]


def encode(list_name, row, site):
    """Return a row of a list; its page is one of the stand-in's at the address `site`."""
    page = PAGE_PATHS[list_name].format(id=row["id"])
    return {**ENCODERS[list_name](row), names.Row.WEB_URL: f"{site}{page}"}


ENCODERS = {
    "invoices": _invoice,
    "payments": _payment,
    "payouts": _payout,
    "expenses": _expense,
}
