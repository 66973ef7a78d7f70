"""What an admin sets for Ontraccr: the division, when payables go, and what becomes of each part of them."""

from marshmallow import Schema, fields, validate

ACCESS, SYNC, PAYABLES, LINES, PROFILES = "Ontraccr", "Sync", "Payables", "Lines", "Profiles"


def _about(label, section, help="", **more):
    return {"label": label, "section": section, "help": help, **more}


def _text(label, section, help="", **more):
    return fields.String(load_default="", metadata=_about(label, section, help, **more))


def _needed(label, section, help="", **more):
    about = _about(label, section, help, **more)
    return fields.String(required=True, validate=validate.Length(min=1), metadata=about)


def _switch(default, label, section, help=""):
    return fields.Boolean(load_default=default, metadata=_about(label, section, help))


def _choice(choices, label, section, help=""):
    check = validate.OneOf(list(choices))
    about = _about(label, section, help, choices=choices)
    return fields.String(load_default=next(iter(choices)), validate=check, metadata=about)


class Settings(Schema):
    """One field a question; `secret` ones are kept encrypted and never shown again."""

    base_url = fields.Url(
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        metadata=_about("Address", ACCESS, "The address of Ontraccr's API, without /v1."),
    )
    client_id = _needed(
        "Client id",
        ACCESS,
        "Ontraccr does not document how to get API credentials; ask Ontraccr for them.",
    )
    client_secret = _needed("Client secret", ACCESS, "Belongs to the client id.", secret=True)
    division = _text(
        "Division", ACCESS, "Each division is connected on its own. Blank where the company has only one.",
        choices_from="code:division",
    )  # fmt: skip
    auto_sync = _switch(
        True, "Auto-Sync from Ontraccr to QuickBooks", SYNC,
        "On: every payable goes by itself once nothing holds it. Off: nothing is sent; payables wait under Review,"
        " where a person pushes one or many.",
    )  # fmt: skip
    purchase_account = _needed(
        "Default purchase account", PAYABLES,
        "A bank or credit card account. It is preselected when somebody uploads a payable and may be changed there;"
        " expenses are paid from it, on bills it stands in the memo.",
        choices_from="payment_account",
    )  # fmt: skip
    bank_payments = _choice(
        {"cash": "cash", "check": "check"}, "Expenses from a bank account are paid by", PAYABLES,
        "Those from a credit card account are always paid by card.",
    )  # fmt: skip
    tax_code = _text(
        "Default tax code",
        PAYABLES,
        "For payables that name none of their own.",
        choices_from="tax_code",
    )
    attach_files = _switch(
        True, "Attach files", PAYABLES, "The files of a payable are attached in QuickBooks."
    )
    deleted = _choice(
        {"case": "wait for a person", "delete": "be deleted"},
        "What is in QuickBooks when its payable is deleted shall", PAYABLES,
        "What was paid, or lies in a closed period, is never deleted.",
    )  # fmt: skip
    line_account = _text(
        "Account of lines without a cost code",
        LINES,
        "Without one such a payable waits.",
        choices_from="account",
    )
    project_class = _switch(
        False, "Class of the project", LINES,
        "Offers the classes in Ontraccr and puts the one that a project names on its lines.",
    )  # fmt: skip
    retainage_account = _text(
        "Account of retainage", LINES,
        "Retainage (holdback) that a total is already net of is booked there, and taken from there when released.",
        choices_from="account",
    )  # fmt: skip
    vendors = _choice(
        {"create": "be made there", "hold": "wait until it is linked"},
        "A vendor that QuickBooks does not have shall", PROFILES, "One with a near name is never made anew.",
    )  # fmt: skip
    unlinked_items = _choice(
        {"hold": "wait until it is linked", "create": "be made there as an item"}, "A cost code without a link shall",
        PROFILES,
    )  # fmt: skip
    item_account = _text(
        "Expense account of items that are made", PROFILES, "Needed where cost codes are made as items.",
        choices_from="expense_account",
    )  # fmt: skip
    import_projects = _switch(
        True, "Bring new projects into Ontraccr", PROFILES, "Projects flow that way only."
    )
    import_cost_codes = _switch(
        True, "Bring items into Ontraccr as cost codes", PROFILES, "Those that can be bought."
    )
    import_vendors = _switch(True, "Bring vendors into Ontraccr", PROFILES)
