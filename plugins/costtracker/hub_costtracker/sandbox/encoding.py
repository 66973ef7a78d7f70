"""Convert rows to and from the names in the API, which are in `hub_costtracker.names`."""

from hub_costtracker import names
from qbo_sandbox.kit import encode_row, row_fields

RIGHT_FIELD = {"may_update_suppliers": "can_update_accounting_suppliers"}
RECORD = row_fields(names.Record)
ACCOUNT = row_fields(names.Account)
USER = row_fields(names.User, **RIGHT_FIELD)
INVOICE = row_fields(
    names.Invoice, number="invoice_number", date="invoice_date", order_numbers="po_numbers"
)
SUPPLIER = row_fields(names.Supplier)
APPROVAL = row_fields(names.Approval)
LINE = row_fields(names.Line, order="po")
ORDER_LINE = row_fields(names.OrderLine)
ATTACHMENT = row_fields(names.Attachment)
EDIT = row_fields(names.SupplierEdit, **RIGHT_FIELD)
ADDRESS = row_fields(names.Address)


def account(row):
    """Return the account with its users."""
    return {
        **encode_row(row, ACCOUNT),
        names.Account.USERS: [encode_row(user, USER) for user in row["users"]],
    }


def invoice(row, site):
    """Return an invoice; its page is one of the stand-in's at the address `site`."""
    return {
        **encode_row(row, INVOICE),
        names.Invoice.SUPPLIER: encode_row(row["supplier"], SUPPLIER),
        names.Invoice.APPROVALS: [encode_row(approval, APPROVAL) for approval in row["approvals"]],
        names.Invoice.LINES: [_line(line) for line in row["lines"]],
        names.Invoice.ATTACHMENTS: [encode_row(file, ATTACHMENT) for file in row["attachments"]],
        names.Invoice.WEB_URL: f"{site}/invoices/{row['id']}",
    }


def supplier_edit(row):
    """Return the edit of a supplier."""
    return {
        **encode_row(row, EDIT),
        names.SupplierEdit.ADDRESS: row["address"] and encode_row(row["address"], ADDRESS),
    }


def import_answer(rows):
    """Return the answer to a push: the ids of the entries that were taken."""
    return {
        names.Record.IMPORTED: [
            {names.Record.EXTERNAL_ID: row["external_id"], names.Record.ID: row["id"]}
            for row in rows
        ]
    }


def _line(row):
    """Return a line with its order."""
    return {
        **encode_row(row, LINE),
        names.Line.ORDER: row["po"] and encode_row(row["po"], ORDER_LINE),
    }
