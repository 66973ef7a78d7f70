"""Converts rows to and from the API's names, which `hub_costcertified.names` holds."""

from hub_costcertified import names
from qbo_sandbox.kit import encode_row

INVOICE = {
    names.Invoice.ID: "id",
    names.Invoice.VERSION: "version",
    names.Invoice.NUMBER: "number",
    names.Invoice.STATUS: "status",
    names.Invoice.SENT_VIA: "sent_via",
    names.Invoice.SENT_AT: "sent_at",
    names.Invoice.BASIS: "basis",
    names.Invoice.BASIS_VALUE: "basis_value",
    names.Invoice.DATE: "invoice_date",
    names.Invoice.DUE_DATE: "due_date",
    names.Invoice.CURRENCY: "currency",
    names.Invoice.TAX_TOTAL: "tax_total",
    names.Invoice.TOTAL: "total",
    names.Invoice.PAID_TOTAL: "paid_total",
    names.Invoice.PAID_AT: "paid_at",
    names.Invoice.UPDATED_AT: "updated_at",
    names.Invoice.DELETED_AT: "deleted_at",
}
LINE = {
    names.Line.ID: "id",
    names.Line.DESCRIPTION: "description",
    names.Line.AMOUNT: "amount",
    names.Line.TAX: "tax",
    names.Line.TAX_NAME: "tax_name",
    names.Line.CATEGORY: "category",
}
FEE = {
    names.Fee.KIND: "kind",
    names.Fee.AMOUNT: "amount",
    names.Fee.BORNE_BY: "borne_by",
}
PROJECT = {
    names.Project.ID: "id",
    names.Project.NAME: "name",
    names.Project.ADDRESS: "address",
    names.Project.TOTAL: "total",
    names.Project.INVOICED_TOTAL: "invoiced_total",
}
CLIENT = {
    names.Client.ID: "id",
    names.Client.FIRST_NAME: "fname",
    names.Client.LAST_NAME: "lname",
    names.Client.COMPANY: "company",
    names.Client.EMAIL: "email",
    names.Client.PHONE: "phone",
    names.Client.ADDRESS: "address",
    names.Client.SUITE: "suite",
    names.Client.CITY: "city",
    names.Client.POSTAL: "postal",
}
VENDOR = {
    names.Vendor.ID: "id",
    names.Vendor.NAME: "name",
    names.Vendor.EMAIL: "email",
}
PAYMENT = {
    names.Payment.ID: "id",
    names.Payment.VERSION: "version",
    names.Payment.REFERENCE: "reference",
    names.Payment.STATUS: "status",
    names.Payment.METHOD: "method",
    names.Payment.AMOUNT: "amount",
    names.Payment.CURRENCY: "currency",
    names.Payment.PAYOUT_ID: "payout_id",
    names.Payment.CREATED_AT: "created_at",
    names.Payment.PAID_AT: "paid_at",
    names.Payment.UPDATED_AT: "updated_at",
    names.Payment.DELETED_AT: "deleted_at",
}
ALLOCATION = {
    names.Allocation.INVOICE_ID: "invoice_id",
    names.Allocation.NUMBER: "number",
    names.Allocation.AMOUNT: "amount",
}
REFUND = {
    names.Refund.ID: "id",
    names.Refund.AMOUNT: "amount",
    names.Refund.TAX: "tax",
    names.Refund.TAX_NAME: "tax_name",
    names.Refund.REASON: "reason",
    names.Refund.REFUNDED_AT: "refunded_at",
    names.Refund.PAYOUT_ID: "payout_id",
}
PAYOUT = {
    names.Payout.ID: "id",
    names.Payout.VERSION: "version",
    names.Payout.STATUS: "status",
    names.Payout.ARRIVAL_DATE: "arrival_date",
    names.Payout.CURRENCY: "currency",
    names.Payout.AMOUNT: "amount",
    names.Payout.UPDATED_AT: "updated_at",
}
MOVEMENT = {
    names.Movement.ID: "id",
    names.Movement.KIND: "kind",
    names.Movement.PAYMENT_ID: "payment_id",
    names.Movement.REFUND_ID: "refund_id",
    names.Movement.REFERENCE: "reference",
    names.Movement.AMOUNT: "amount",
    names.Movement.FEE: "fee",
}
EXPENSE = {
    names.Expense.ID: "id",
    names.Expense.VERSION: "version",
    names.Expense.TYPE: "type",
    names.Expense.PUSH: "push",
    names.Expense.NUMBER: "number",
    names.Expense.DATE: "date",
    names.Expense.DUE_DATE: "due_date",
    names.Expense.CURRENCY: "currency",
    names.Expense.TOTAL: "total",
    names.Expense.UPDATED_AT: "updated_at",
    names.Expense.DELETED_AT: "deleted_at",
}
STATUS = {
    names.Status.STATE: "state",
    names.Status.SYSTEM: "system",
    names.Status.EXTERNAL_ID: "external_id",
    names.Status.EXTERNAL_NUMBER: "external_number",
    names.Status.EXTERNAL_URL: "external_url",
    names.Status.MESSAGE: "message",
    names.Status.AT: "at",
    names.Status.VERSION: "version",
}

PAGES = {
    "invoices": "/invoices/{id}",
    "payments": "/payments",
    "payouts": "/payments",
    "expenses": "/expenses",
}


def account(row):
    return {
        names.Account.ID: row["id"],
        names.Account.NAME: row["name"],
        names.Account.PAYMENTS_ENABLED: row["payments_enabled"],
        names.Account.REGION: row["region"],
        names.Account.CURRENCY: row["currency"],
    }


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
