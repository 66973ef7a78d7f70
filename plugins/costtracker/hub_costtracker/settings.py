"""What an admin sets for CostTracker: the account, the credit account, what is transferred, and how."""

from marshmallow import Schema, fields, validate


def _about(label, section, help="", **more):
    return {"label": label, "section": section, "help": help, **more}


def _switch(default, label, section, help):
    return fields.Boolean(load_default=default, metadata=_about(label, section, help))


def _choice(choices, label, section, help):
    default = next(iter(choices))
    check = validate.OneOf(list(choices))
    return fields.String(
        load_default=default, validate=check, metadata=_about(label, section, help, choices=choices)
    )


def _hidden(role, label, help):
    about = _about(label, "Lists in CostTracker", help, choices_from=role)
    return fields.List(fields.String(), load_default=list, metadata=about)


class Settings(Schema):
    """One field a question; `secret` ones are kept encrypted and never shown again."""

    base_url = fields.Url(
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        metadata=_about("Address", "CostTracker", "The address of CostTracker's API, without /v1."),
    )
    client_id = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata=_about(
            "Client id",
            "CostTracker",
            "CostTracker does not document how to get API credentials; ask CostTracker for them.",
        ),
    )
    client_secret = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata=_about("Client secret", "CostTracker", "Belongs to the client id.", secret=True),
    )
    webhook_secret = fields.String(
        load_default="",
        metadata=_about(
            "Webhook secret",
            "CostTracker",
            "Optional: with it CostTracker tells the hub of a change at once instead of being asked.",
            secret=True,
        ),
    )
    payable_account = fields.String(
        required=True,
        validate=validate.Length(min=1),
        metadata=_about(
            "Credit account",
            "Bills",
            "The account that supplier invoices are credited to, often named creditors or accounts payable.",
            choices_from="payable_account",
        ),
    )
    reference_to = _choice(
        {
            "private_note": "the memo",
            "number": "the bill number",
            "line_description": "each line's description",
        },
        "Put the Reference into",
        "Bills",
        "As bill number it takes the invoice number's place; that one then stands in the memo.",
    )
    locations_differ = _choice(
        {
            "hold": "hold the bill",
            "first": "use the first line's",
            "split": "make one bill per location",
        },
        "When the lines' locations differ",
        "Bills",
        "A bill in QuickBooks has one location.",
    )
    attach_files = _switch(
        True, "Attach files", "Bills", "The invoice's files are attached to the bill."
    )
    transfer_locations = _switch(
        True, "Locations", "Dimensions", "Offer them in CostTracker and use them on bills."
    )
    transfer_classes = _switch(
        True, "Classes", "Dimensions", "Offer them in CostTracker and use them on bills."
    )
    transfer_customers = _switch(
        True,
        "Customers and projects",
        "Dimensions",
        "Offer them in CostTracker and use them on bills.",
    )
    hidden_accounts = _hidden(
        "account", "Hidden accounts", "Not offered in CostTracker; invoices that use one post."
    )
    hidden_tax_codes = _hidden("tax_code", "Hidden tax codes", "Not offered in CostTracker.")
    update_suppliers = _switch(
        False,
        "Update suppliers",
        "Suppliers",
        "Changes made to a supplier in CostTracker, by a user who has that right there, are made in QuickBooks too.",
    )
