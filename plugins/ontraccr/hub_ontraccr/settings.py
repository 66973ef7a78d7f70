"""The settings of Ontraccr: the division, and how payables and their parts are posted."""

from marshmallow import Schema

from hub import setting

CONNECTION, SYNC, PAYABLES, LINES, PROFILES = "Ontraccr", "Sync", "Payables", "Lines", "Profiles"


class Settings(Schema):
    """What an admin enters and chooses; secrets are stored encrypted and never shown again."""

    base_url = setting.address(
        "Address", CONNECTION, "The address of Ontraccr's API, without /v1.", required=True
    )
    client_id = setting.text(
        "Client id",
        CONNECTION,
        "Ontraccr does not document how to get API credentials; ask Ontraccr for them.",
        required=True,
    )
    client_secret = setting.secret("Client secret", CONNECTION, "Belongs to the client id.")
    division = setting.record(
        "code:division",
        "Division",
        CONNECTION,
        "Each division is connected on its own. Blank where the company has only one.",
    )
    auto_sync = setting.switch(
        "Auto-Sync from Ontraccr to QuickBooks",
        SYNC,
        "On: every payable goes by itself once nothing holds it. Off: nothing is sent; payables"
        " wait under Review until a person approves them, one or many.",
        default=True,
    )
    purchase_account = setting.record(
        "payment_account",
        "Default purchase account",
        PAYABLES,
        "A bank or credit card account. It is preselected when somebody uploads a payable and may"
        " be changed there; expenses are paid from it, on bills it stands in the memo.",
        required=True,
    )
    bank_payments = setting.choice(
        "Expenses from a bank account are paid by",
        PAYABLES,
        {"cash": "cash", "check": "check"},
        "Those from a credit card account are always paid by card.",
    )
    tax_code = setting.record(
        "tax_code", "Default tax code", PAYABLES, "For payables that name none of their own."
    )
    attach_files = setting.switch(
        "Attach files", PAYABLES, "The files of a payable are attached in QuickBooks.", default=True
    )
    deleted = setting.choice(
        "Posted payables that are deleted in Ontraccr",
        PAYABLES,
        {"case": "ask in the inbox", "delete": "delete in QuickBooks"},
        "What was paid, or lies in a closed period, is never deleted.",
    )
    line_account = setting.record(
        "account",
        "Account of lines without a cost code",
        LINES,
        "Without one such a payable waits.",
    )
    project_class = setting.switch(
        "Class of the project",
        LINES,
        "Offers the classes in Ontraccr and puts the one that a project names on its lines.",
        default=False,
    )
    retainage_account = setting.record(
        "account",
        "Account of retainage",
        LINES,
        "Retainage (holdback) that a total is already net of is booked there, and taken from"
        " there when released.",
    )
    vendors = setting.choice(
        "New vendors",
        PROFILES,
        {"create": "create in QuickBooks", "hold": "link by hand"},
        "A vendor that QuickBooks does not have. If it has one with a similar name, a person"
        " decides.",
    )
    unlinked_items = setting.choice(
        "Cost codes without a link",
        PROFILES,
        {"hold": "link by hand", "create": "create as an item in QuickBooks"},
    )
    item_account = setting.record(
        "expense_account",
        "Expense account of new items",
        PROFILES,
        only_if={"unlinked_items": "create"},
    )
    import_projects = setting.switch(
        "Bring new projects into Ontraccr", PROFILES, "Projects flow that way only.", default=True
    )
    import_cost_codes = setting.switch(
        "Bring items into Ontraccr as cost codes",
        PROFILES,
        "Those that can be bought.",
        default=True,
    )
    import_vendors = setting.switch("Bring vendors into Ontraccr", PROFILES, default=True)
