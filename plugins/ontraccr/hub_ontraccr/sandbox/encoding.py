"""Convert rows to and from the names in the API, which are in `hub_ontraccr.names`."""

from hub_ontraccr import names
from qbo_sandbox.kit import encode_row, row_fields

LINK = row_fields(names.Link)
IMPORTED = row_fields(names.ImportedProfile)
CHOICE = row_fields(names.Choice)
PAYABLE = row_fields(names.Payable, date="invoice_date", is_held="hold_from_quickbooks")
LINE = row_fields(names.Line)
ATTACHMENT = row_fields(names.Attachment)
PROFILE = row_fields(names.Profile)


def integration(name, is_active):
    """Return the company with its integration."""
    return {
        names.Integration.NAME: name,
        names.Integration.SYSTEM: "quickbooks_online",
        names.Integration.ACTIVATED: is_active,
    }


def division(row):
    """Return a division."""
    return {
        names.Division.ID: row["id"],
        names.Division.NAME: row["name"],
        names.Division.UPDATED_AT: "",
    }


def webhook(url, secret):
    """Return an address to call, and the secret that signs the calls."""
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
    """Return a profile."""
    return encode_row(row, PROFILE)


def import_answer(rows):
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
    """Return a list of QuickBooks."""
    return {names.Choice.ITEMS: [encode_row(row, CHOICE) for row in rows]}
