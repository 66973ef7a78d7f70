"""The settings of CostTracker: the connection, bills, and the lists that are transferred."""

from marshmallow import Schema

from hub import setting


class Settings(Schema):
    """The settings of the app; secrets are stored encrypted and never shown again."""

    base_url = setting.address(
        "Address", "CostTracker", "The address of CostTracker's API, without /v1.", required=True
    )
    client_id = setting.text(
        "Client id",
        "CostTracker",
        "CostTracker does not document how to get API credentials; ask CostTracker for them.",
        required=True,
    )
    client_secret = setting.secret("Client secret", "CostTracker", "Belongs to the client id.")
    webhook_secret = setting.secret(
        "Webhook secret",
        "CostTracker",
        "Optional: with it CostTracker notifies the hub of changes immediately.",
        required=False,
    )
    payable_account = setting.record(
        "payable_account",
        "Credit account",
        "Bills",
        "Accounts payable account for supplier bills.",
        required=True,
    )
    reference_to = setting.choice(
        "Put the Reference into",
        "Bills",
        {
            "private_note": "the memo",
            "number": "the bill number",
            "line_description": "each line's description",
        },
        "As the bill number it replaces the invoice number, which then goes into the memo.",
    )
    locations_differ = setting.choice(
        "When the lines' locations differ",
        "Bills",
        {
            "hold": "hold the bill",
            "first": "use the first line's",
            "split": "make one bill per location",
        },
        "A bill in QuickBooks has one location.",
    )
    attach_files = setting.switch(
        "Attach files", "Bills", "The invoice's files are attached to the bill.", default=True
    )
    transfer_locations = setting.switch(
        "Locations", "Dimensions", "Offer them in CostTracker and use them on bills.", default=True
    )
    transfer_classes = setting.switch(
        "Classes", "Dimensions", "Offer them in CostTracker and use them on bills.", default=True
    )
    transfer_customers = setting.switch(
        "Customers and projects",
        "Dimensions",
        "Offer them in CostTracker and use them on bills.",
        default=True,
    )
    hidden_accounts = setting.records(
        "account",
        "Hidden accounts",
        "Lists in CostTracker",
        "Hidden in CostTracker. Invoices that already use these accounts still post.",
    )
    hidden_tax_codes = setting.records(
        "tax_code",
        "Hidden tax codes",
        "Lists in CostTracker",
        "Hidden in CostTracker. Invoices that already use these tax codes still post.",
    )
    update_suppliers = setting.switch(
        "Update suppliers",
        "Suppliers",
        "Changes made to a supplier in CostTracker, by a user who has that right there, are made"
        " in QuickBooks too. Those from before you switch this on are among them, and replace what"
        " QuickBooks has.",
        default=False,
    )
