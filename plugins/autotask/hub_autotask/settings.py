"""What an admin sets for the Autotask apps: the way in, which all share, and what each does with its documents."""

from decimal import Decimal

from marshmallow import Schema, fields, validate

from hub_autotask.client import HOME

ACCESS, RUNNING = "Autotask", "Which documents"
FILL = "{fill_contacts}"  # the setting that a field of customers names


def about(label, section, help="", **more):
    """What the form, the command line and the docs say of a setting."""
    return {"label": label, "section": section, "help": help, **more}


def switch(default, label, section, help):
    """A setting that is on or off."""
    return fields.Boolean(load_default=default, metadata=about(label, section, help))


def choice(choices, label, section, help, default=None):
    """A setting with a few values; the first is assumed."""
    check = validate.OneOf(list(choices))
    said = about(label, section, help, choices=choices)
    return fields.String(load_default=default or next(iter(choices)), validate=check, metadata=said)


def record(role, label, section, help, required=False):
    """A setting that is a record of the company's own lists."""
    said = about(label, section, help, choices_from=role)
    if required:
        return fields.String(required=True, validate=validate.Length(min=1), metadata=said)
    return fields.String(load_default="", metadata=said)


def _needed(label, help, **more):
    return fields.String(
        required=True, validate=validate.Length(min=1), metadata=about(label, ACCESS, help, **more)
    )


class Access(Schema):
    """The way into Autotask, and how far back an app looks."""

    username = _needed(
        "User name of the API user",
        "In Autotask: Admin, Resources, New API User. The security level is API User (system) or a copy of it that you"
        " may edit. Such a user has no access to the pages, takes no paid seat and is exempt from password resets. Make"
        " one for each of the three apps.",
    )
    secret = _needed("Secret", "The password of the API user.", secret=True)
    integration_code = _needed(
        "Tracking identifier",
        "Of the API user: choose the integration vendor “Autotask - QuickBooks Online” and copy what it shows.",
    )
    address = fields.Url(
        load_default=HOME,
        require_tld=False,
        schemes={"http", "https"},
        metadata=about(
            "Address", ACCESS, "Where the hub asks for your zone. Leave it unless you test."
        ),
    )
    days_back = fields.Integer(
        load_default=14,
        validate=validate.Range(min=1, max=3650),
        metadata=about(
            "Days back", RUNNING, "Documents of that many days are looked at, today not counted."
        ),
    )
    mailbox = fields.Email(
        load_default="",
        metadata=about(
            "Mailbox",
            RUNNING,
            "Comparisons and errors of this app are mailed to this address, besides the people of the hub.",
        ),
    )
    mark_errors = switch(
        True,
        "Mark what failed",
        RUNNING,
        "Writes ERROR where the QuickBooks number would stand; clear it in Autotask to have the document tried again.",
    )
    create_parties = choice(
        {"create": "make it", "hold": "hold the document"},
        "When a name is not in QuickBooks",
        RUNNING,
        "Customers and vendors are matched by name; the primary contact goes with a new one. Its currency is the one"
        " that Autotask has for it, and QuickBooks never lets that be changed.",
    )
    fill_contacts = switch(
        True,
        "Contacts of matched customers",
        RUNNING,
        "Fills in the primary contact's name, phone and e-mail where a customer in QuickBooks has none. What stands"
        " there is never changed.",
    )


def use_type(default, label, section):
    """A setting that is the label of a use type of billing codes."""
    help = "As the picklist in Autotask calls it. Change it only if somebody renamed that entry."
    return fields.String(load_default=default, metadata=about(label, section, help))


class InvoiceSettings(Access):
    """What becomes of invoices."""

    numbering = choice(
        {
            "quickbooks": "QuickBooks gives the number, and Autotask is told",
            "autotask_number": "the invoice number of Autotask",
            "autotask_id": "the id in Autotask",
        },
        "Invoice numbers",
        "Invoices",
        "With QuickBooks' numbers, automatic numbering in Autotask and custom transaction numbers in QuickBooks must be"
        " off; with Autotask's, custom transaction numbers must be on.",
    )
    item_match = choice(
        {
            "external_number": "the External Number of the billing code",
            "name": "the name of the billing code",
        },
        "Items are found by",
        "Items",
        "Several billing codes may share one External Number, and so one item.",
    )
    item_missing = choice(
        {"create": "make it", "hold": "hold the invoice"},
        "When an item is not in QuickBooks",
        "Items",
        "",
    )
    income_account = record(
        "income_account", "Income account", "Items", "For items that the hub makes.", True
    )
    expense_use_type = use_type("Expense Code", "Use type of expense categories", "Items")
    internal_use_type = use_type("Internal Allocation Code", "Use type of internal codes", "Items")
    default_item = record(
        "item",
        "Item of lines without billing code",
        "Items",
        "Milestones and blocks of hours may have none; unset holds.",
    )
    term_missing = choice(
        {"warn": "post without term and warn", "hold": "hold the invoice"},
        "When a payment term is not in QuickBooks",
        "Invoices",
        "Terms are matched by name. To see them on the invoice, switch Terms on in QuickBooks under Account and"
        " settings, Sales, Sales form content. The term comes from the invoice template in Autotask.",
    )
    tax = choice(
        {
            "region": "the tax code with the name of the tax region",
            "category": "the tax code with the name of the tax category, line by line",
            "quickbooks": "QuickBooks works the tax out",
            "none": "no tax is passed",
        },
        "Sales tax",
        "Tax",
        "Automated sales tax in the United States: QuickBooks works it out. Outside the United States: line by line.",
    )
    untaxed_code = record(
        "tax_code", "Tax code of lines without tax", "Tax", "Needed outside the United States."
    )
    tolerance = fields.Decimal(
        as_string=True,
        load_default=Decimal("0.05"),
        validate=validate.Range(min=0, max=10),
        metadata=about(
            "Rounding difference",
            "Invoices",
            "Up to this much the totals may differ; above it is held.",
        ),
    )
    difference = choice(
        {"line": "add a line for it", "note": "say it in the memo"},
        "What to do with a rounding difference",
        "Invoices",
        "Autotask keeps four decimals, QuickBooks two.",
    )
    negative = choice(
        {"hold": "refuse it", "credit_memo": "post a credit memo"},
        "Invoices with a negative total",
        "Invoices",
        "",
    )
    voided = choice(
        {"case": "ask", "void": "void it in QuickBooks too", "leave": "leave QuickBooks as it is"},
        "When a posted invoice is voided in Autotask",
        "Invoices",
        "",
    )
    email_invoices = switch(
        False,
        "E-mail invoices",
        "Invoices",
        "QuickBooks mails each: to the customer's address there, else the contact's.",
    )
    order_field = fields.String(
        load_default="",
        metadata=about(
            "Custom field for the order number",
            "Invoices",
            "Its name in QuickBooks; the memo has it anyway.",
        ),
    )
    payment_sync = switch(
        True,
        "Tell Autotask of payments",
        "Payments",
        "Writes the paid date once an invoice is paid in full.",
    )
    attach_pdf = switch(False, "Attach the PDF", "Invoices", "As Autotask prints it.")


class ExpenseSettings(Access):
    """What becomes of expense reports."""

    payable_account = record(
        "payable_account", "Credit account", "Bills", "Accounts payable of the bills.", True
    )
    expense_use_type = use_type("Expense Code", "Use type of expense categories", "Bills")
    advance_account = record(
        "account",
        "Account of cash advances",
        "Bills",
        "What was advanced is taken off the bill here; unset holds.",
    )


class OrderSettings(Access):
    """What becomes of purchase orders."""

    post_as = choice(
        {
            "purchase_order": "a purchase order",
            "bill": "a bill",
            "bill_per_receipt": "a bill for each receipt",
        },
        "Post as",
        "Orders",
        "A purchase order owes nobody anything yet. A bill, as older versions posted it, is a liability before goods"
        " and invoice have come. A bill for each receipt follows the vendor's invoice numbers.",
    )
    own_number = switch(
        False,
        "Use Autotask's number",
        "Orders",
        "Where custom transaction numbers are on in QuickBooks it is used anyway.",
    )
    payable_account = record(
        "payable_account", "Credit account", "Orders", "Accounts payable of the orders.", True
    )
    item_missing = choice(
        {"create": "make it", "hold": "hold the order"},
        "When a product is not in QuickBooks",
        "Items",
        "",
    )
    expense_account = record(
        "expense_account", "Expense account", "Items", "For products that the hub makes.", True
    )
    income_account = record(
        "income_account", "Income account", "Items", "For products that the hub makes.", True
    )
    freight_account = record(
        "account", "Account of freight", "Items", "Unset: freight holds the order."
    )
    charge_account = record(
        "account",
        "Account of items without product",
        "Items",
        "Unset: such an item holds the order.",
    )
    term_missing = choice(
        {"warn": "post without term and warn", "hold": "hold the order"},
        "When a payment term is not in QuickBooks",
        "Orders",
        "",
    )
