"""Converts rows to and from the API's names, which `hub_ontraccr.names` holds."""

from hub_ontraccr import names
from qbo_sandbox.kit import encode_row

LINK = {
    names.Link.EXTERNAL_ID: "external_id",
    names.Link.EXTERNAL_NAME: "external_name",
    names.Link.EXTERNAL_TYPE: "external_type",
}
IMPORTED = {
    names.ImportedProfile.EXTERNAL_ID: "external_id",
    names.ImportedProfile.EXTERNAL_NAME: "external_name",
    names.ImportedProfile.NAME: "name",
    names.ImportedProfile.NUMBER: "number",
    names.ImportedProfile.ACTIVE: "active",
    names.ImportedProfile.CURRENCY: "currency",
    names.ImportedProfile.EMAIL: "email",
}
CHOICE = {
    names.Choice.EXTERNAL_ID: "external_id",
    names.Choice.NAME: "name",
    names.Choice.TYPE: "type",
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
PAYABLE = {
    names.Payable.ID: "id",
    names.Payable.VERSION: "version",
    names.Payable.DIVISION_ID: "division_id",
    names.Payable.TYPE: "type",
    names.Payable.PURCHASE_ACCOUNT_EXTERNAL_ID: "purchase_account_external_id",
    names.Payable.PURCHASE_ACCOUNT_NAME: "purchase_account_name",
    names.Payable.TAX_CODE_EXTERNAL_ID: "tax_code_external_id",
    names.Payable.NUMBER: "number",
    names.Payable.DATE: "invoice_date",
    names.Payable.DUE_DATE: "due_date",
    names.Payable.DESCRIPTION: "description",
    names.Payable.CURRENCY: "currency",
    names.Payable.SUBTOTAL: "subtotal",
    names.Payable.TAX: "tax",
    names.Payable.RETAINAGE: "retainage",
    names.Payable.TOTAL: "total",
    names.Payable.IS_HELD: "hold_from_quickbooks",
    names.Payable.HELD_BY: "held_by",
    names.Payable.UPLOADED_BY: "uploaded_by",
    names.Payable.UPLOADED_AT: "uploaded_at",
    names.Payable.UPDATED_AT: "updated_at",
    names.Payable.DELETED_AT: "deleted_at",
}
LINE = {
    names.Line.ID: "id",
    names.Line.PROJECT_ID: "project_id",
    names.Line.COST_CODE_ID: "cost_code_id",
    names.Line.DESCRIPTION: "description",
    names.Line.QUANTITY: "quantity",
    names.Line.UNIT_COST: "unit_cost",
    names.Line.AMOUNT: "amount",
    names.Line.TAX: "tax",
    names.Line.RETAINAGE: "retainage",
    names.Line.IS_RETAINAGE_RELEASE: "is_retainage_release",
}
ATTACHMENT = {
    names.Attachment.ID: "id",
    names.Attachment.NAME: "name",
    names.Attachment.MIME: "mime",
    names.Attachment.SIZE: "size",
    names.Attachment.SHA256: "sha256",
}
PROFILE = {
    **LINK,
    names.Profile.ID: "id",
    names.Profile.DIVISION_ID: "division_id",
    names.Profile.NAME: "name",
    names.Profile.NUMBER: "number",
    names.Profile.EMAIL: "email",
    names.Profile.CURRENCY: "currency",
    names.Profile.ARCHIVED: "archived",
    names.Profile.LINKED_BY: "linked_by",
    names.Profile.LINKED_AT: "linked_at",
    names.Profile.CLASS_EXTERNAL_ID: "class_external_id",
    names.Profile.CLASS_NAME: "class_name",
    names.Profile.UPDATED_AT: "updated_at",
}


def integration(name, activated):
    return {
        names.Integration.NAME: name,
        names.Integration.SYSTEM: "quickbooks_online",
        names.Integration.ACTIVATED: activated,
    }


def division(row):
    return {
        names.Division.ID: row["id"],
        names.Division.NAME: row["name"],
        names.Division.UPDATED_AT: "",
    }


def webhook(url, secret):
    return {names.Webhook.URL: url, names.Webhook.SECRET: secret}


def payable(row, site):
    """Return a payable; its page is one of the stand-in's at the address `site`."""
    return {
        **encode_row(row, PAYABLE),
        names.Payable.VENDOR: row["vendor"] and profile(row["vendor"]),
        names.Payable.LINES: [encode_row(line, LINE) for line in row["lines"]],
        names.Payable.ATTACHMENTS: [encode_row(file, ATTACHMENT) for file in row["attachments"]],
        names.Payable.WEB_URL: f"{site}/payables/{row['id']}",
    }


def profile(row):
    return encode_row(row, PROFILE)


def imported(rows):
    """Return the answer to an import: the ids of the entries that were taken."""
    return {
        names.ImportedProfile.IMPORTED: [
            {
                names.ImportedProfile.EXTERNAL_ID: row["external_id"],
                names.ImportedProfile.ID: row["id"],
            }
            for row in rows
        ]
    }


def choices(rows):
    return {names.Choice.ITEMS: [encode_row(row, CHOICE) for row in rows]}
