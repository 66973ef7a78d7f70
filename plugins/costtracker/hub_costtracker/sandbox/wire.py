"""Converts rows to and from the API's names, which `hub_costtracker.names` holds."""

from hub_costtracker import names

RECORD = {
    names.Record.EXTERNAL_ID: "external_id",
    names.Record.NAME: "name",
    names.Record.NUMBER: "number",
    names.Record.PARENT_EXTERNAL_ID: "parent_external_id",
    names.Record.ACTIVE: "active",
    names.Record.HIDDEN: "hidden",
    names.Record.TYPE: "type",
    names.Record.CURRENCY: "currency",
    names.Record.RATE: "rate",
}
STATUS = {
    names.Status.STATE: "state",
    names.Status.SYSTEM: "system",
    names.Status.EXTERNAL_ID: "external_id",
    names.Status.EXTERNAL_NUMBER: "external_number",
    names.Status.EXTERNAL_URL: "external_url",
    names.Status.AMOUNT_PAID: "amount_paid",
    names.Status.MESSAGE: "message",
    names.Status.AT: "at",
    names.Status.VERSION: "version",
}


def account(row):
    return {
        names.Account.ID: row["id"],
        names.Account.NAME: row["name"],
        names.Account.PLAN: row["plan"],
        names.Account.INTEGRATIONS_ENABLED: row["integrations_enabled"],
        names.Account.USERS: [_user(user) for user in row["users"]],
    }


def invoice(row, site):
    """Return an invoice; its page is one of the stand-in's at the address `site`."""
    sent = {
        names.Invoice.ID: row["id"],
        names.Invoice.VERSION: row["version"],
        names.Invoice.STATUS: row["status"],
        names.Invoice.KIND: row["kind"],
        names.Invoice.NUMBER: row["invoice_number"],
        names.Invoice.REFERENCE: row["reference"],
        names.Invoice.DATE: row["invoice_date"],
        names.Invoice.DUE_DATE: row["due_date"],
        names.Invoice.SUPPLIER: _supplier(row["supplier"]),
        names.Invoice.CURRENCY: row["currency"],
        names.Invoice.NET_TOTAL: row["net_total"],
        names.Invoice.TAX_TOTAL: row["tax_total"],
        names.Invoice.GROSS_TOTAL: row["gross_total"],
        names.Invoice.ORDER_NUMBERS: row["po_numbers"],
        names.Invoice.APPROVALS: [_approval(approval) for approval in row["approvals"]],
        names.Invoice.LINES: [_line(line) for line in row["lines"]],
        names.Invoice.ATTACHMENTS: [_attachment(file) for file in row["attachments"]],
        names.Invoice.UPDATED_AT: row["updated_at"],
        names.Invoice.DELETED_AT: row["deleted_at"],
        names.Invoice.WEB_URL: f"{site}/invoices/{row['id']}",
    }
    if "ocr" in row:
        sent[names.Invoice.OCR] = row["ocr"]
    return sent


def supplier_edit(row):
    return {
        **_supplier(row),
        names.SupplierEdit.VERSION: row["version"],
        names.SupplierEdit.USER: row["user"],
        names.SupplierEdit.MAY_UPDATE_SUPPLIERS: row["can_update_accounting_suppliers"],
        names.SupplierEdit.EMAIL: row["email"],
        names.SupplierEdit.PHONE: row["phone"],
        names.SupplierEdit.ADDRESS: row["address"] and _address(row["address"]),
        names.SupplierEdit.UPDATED_AT: row["updated_at"],
    }


def imported(rows):
    """Return the answer to a push: the ids of the entries that were taken."""
    return {
        names.Record.IMPORTED: [
            {names.Record.EXTERNAL_ID: row["external_id"], names.Record.ID: row["id"]}
            for row in rows
        ]
    }


def _user(row):
    return {
        names.User.NAME: row["name"],
        names.User.ROLE: row["role"],
        names.User.MAY_UPDATE_SUPPLIERS: row["can_update_accounting_suppliers"],
    }


def _supplier(row):
    return {
        names.Supplier.ID: row["id"],
        names.Supplier.EXTERNAL_ID: row["external_id"],
        names.Supplier.NAME: row["name"],
        names.Supplier.ORG_NUMBER: row["org_number"],
    }


def _approval(row):
    sent = {
        names.Approval.USER: row["user"],
        names.Approval.DECISION: row["decision"],
        names.Approval.AT: row["at"],
    }
    return sent | ({names.Approval.ROLE: row["role"]} if "role" in row else {})


def _line(row):
    return {
        names.Line.ID: row["id"],
        names.Line.DESCRIPTION: row["description"],
        names.Line.NET: row["net"],
        names.Line.TAX: row["tax"],
        names.Line.TAX_CODE: row["tax_code"],
        names.Line.ACCOUNT: row["account"],
        names.Line.LOCATION: row["location"],
        names.Line.CLASS: row["class"],
        names.Line.CUSTOMER: row["customer"],
        names.Line.ORDER: row["po"] and _order_line(row["po"]),
    }


def _order_line(row):
    return {
        names.OrderLine.NUMBER: row["number"],
        names.OrderLine.LINE: row["line"],
        names.OrderLine.ORDERED: row["ordered"],
        names.OrderLine.RECEIVED: row["received"],
    }


def _attachment(row):
    return {
        names.Attachment.ID: row["id"],
        names.Attachment.NAME: row["name"],
        names.Attachment.MIME: row["mime"],
        names.Attachment.SIZE: row["size"],
        names.Attachment.SHA256: row["sha256"],
    }


def _address(row):
    return {
        names.Address.LINES: row["lines"],
        names.Address.CITY: row["city"],
        names.Address.POSTAL_CODE: row["postal_code"],
        names.Address.COUNTRY: row["country"],
    }
