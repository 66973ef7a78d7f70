"""The settings of the Autotask apps: the connection, which all share, and what each app does."""

from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from hub import setting
from hub_autotask.client import DEFAULT_ADDRESS

CONNECTION, DOCUMENTS = "Autotask", "Which documents"


class ConnectionSettings(Schema):
    """The settings that all apps share: the connection, and which documents are read."""

    username = setting.text(
        "User name of the API user",
        CONNECTION,
        "In Autotask: Admin, Resources, New API User. The security level is API User (system) or a"
        " copy of it that you may edit. Such a user has no access to the pages, takes no paid seat"
        " and is exempt from password resets. Make one for each of the three apps.",
        required=True,
    )
    secret = setting.secret("Secret", CONNECTION, "The password of the API user.")
    integration_code = setting.text(
        "Tracking identifier",
        CONNECTION,
        "Of the API user: choose the integration vendor “Autotask - QuickBooks Online” and copy"
        " what it shows.",
        required=True,
    )
    address = setting.address(
        "Address",
        CONNECTION,
        "Where the hub asks for your zone. Leave it unless you test.",
        default=DEFAULT_ADDRESS,
    )
    days_back = fields.Integer(
        load_default=14,
        validate=validate.Range(min=1, max=3650),
        metadata=setting.metadata(
            "Days back", DOCUMENTS, "The number of days before today from which documents are read."
        ),
    )
    mailbox = fields.Email(
        load_default="",
        metadata=setting.metadata(
            "Mailbox",
            DOCUMENTS,
            "Comparisons and errors of this app are mailed to this address, besides the people"
            " of the hub.",
        ),
    )
    mark_errors = setting.switch(
        "Mark what failed",
        DOCUMENTS,
        "Writes ERROR where the QuickBooks number would stand; clear it in Autotask to have the"
        " document tried again.",
        default=True,
    )
    create_parties = setting.choice(
        "When a name is not in QuickBooks",
        DOCUMENTS,
        {"create": "make it", "hold": "hold the document"},
        "Customers and vendors are matched by name; the primary contact goes with a new one. Its"
        " currency is the one that Autotask has for it, and QuickBooks never lets that be changed.",
    )
    fill_contacts = setting.switch(
        "Contacts of matched customers",
        DOCUMENTS,
        "Adds the primary contact's name, phone and e-mail where a customer in QuickBooks has"
        " none. Existing values are never changed.",
        default=True,
    )


def _use_type(default: str, label: str, section: str) -> Any:
    """Return a setting that is the label of a use type of billing codes."""
    help = "As the picklist in Autotask calls it. Change it only if somebody renamed that entry."
    return setting.text(label, section, help, default=default)


class InvoiceSettings(ConnectionSettings):
    """The settings of the invoice app."""

    numbering = setting.choice(
        "Invoice numbers",
        "Invoices",
        {
            "quickbooks": "QuickBooks gives the number, and it is written to Autotask",
            "autotask_number": "the invoice number of Autotask",
            "autotask_id": "the id in Autotask",
        },
        "With QuickBooks' numbers, automatic numbering in Autotask and custom transaction numbers"
        " in QuickBooks must be off; with Autotask's, custom transaction numbers must be on.",
    )
    item_match = setting.choice(
        "Items are found by",
        "Items",
        {
            "external_number": "the External Number of the billing code",
            "name": "the name of the billing code",
        },
        "Several billing codes may share one External Number, and so one item.",
    )
    item_missing = setting.choice(
        "When an item is not in QuickBooks",
        "Items",
        {"create": "make it", "hold": "hold the invoice"},
    )
    income_account = setting.record(
        "income_account", "Income account", "Items", "For items that the hub makes.", required=True
    )
    expense_use_type = _use_type("Expense Code", "Use type of expense categories", "Items")
    internal_use_type = _use_type("Internal Allocation Code", "Use type of internal codes", "Items")
    default_item = setting.record(
        "item",
        "Item of lines without billing code",
        "Items",
        "For milestones and blocks of hours without a billing code. Without one such an invoice"
        " is held.",
    )
    term_missing = setting.choice(
        "When a payment term is not in QuickBooks",
        "Invoices",
        {"warn": "post without term and warn", "hold": "hold the invoice"},
        "Terms are matched by name. To see them on the invoice, switch Terms on in QuickBooks"
        " (Settings, Sales, Sales form content). The term comes from the invoice template in"
        " Autotask.",
    )
    tax = setting.choice(
        "Sales tax",
        "Tax",
        {
            "region": "the tax code with the name of the tax region",
            "category": "the tax code with the name of the tax category, line by line",
            "quickbooks": "QuickBooks works the tax out",
            "none": "no tax is passed",
        },
        "Automated sales tax in the United States: QuickBooks works it out, for the lines that are"
        " taxed in Autotask, or for all lines if none is. Outside the United States: line by line.",
    )
    untaxed_code = setting.record(
        "tax_code", "Tax code of lines without tax", "Tax", "Needed outside the United States."
    )
    tolerance = setting.amount(
        "Rounding difference",
        "Invoices",
        "The largest difference of the totals that is accepted; with a larger one the document is"
        " held.",
        default=Decimal("0.05"),
        maximum=Decimal(10),
    )
    difference = setting.choice(
        "What to do with a rounding difference",
        "Invoices",
        {"line": "add a line for it", "note": "say it in the memo"},
        "Autotask keeps four decimals, QuickBooks two.",
    )
    negative = setting.choice(
        "Invoices with a negative total",
        "Invoices",
        {"hold": "refuse it", "credit_memo": "post a credit memo"},
    )
    voided = setting.choice(
        "When a posted invoice is voided in Autotask",
        "Invoices",
        {"case": "ask", "void": "void it in QuickBooks too", "leave": "leave QuickBooks as it is"},
    )
    email_invoices = setting.switch(
        "E-mail invoices",
        "Invoices",
        "QuickBooks mails each invoice to the customer's address there, otherwise to the"
        " contact's.",
        default=False,
    )
    order_field = setting.text(
        "Custom field for the order number",
        "Invoices",
        "Its name in QuickBooks; the memo has it anyway.",
    )
    payment_sync = setting.switch(
        "Tell Autotask of payments",
        "Payments",
        "Writes the paid date once an invoice is paid in full.",
        default=True,
    )
    attach_pdf = setting.switch(
        "Attach the PDF", "Invoices", "As Autotask prints it.", default=False
    )


class ExpenseSettings(ConnectionSettings):
    """The settings of the expense app."""

    payable_account = setting.record(
        "payable_account",
        "Credit account",
        "Bills",
        "Accounts payable of the bills.",
        required=True,
    )
    expense_use_type = _use_type("Expense Code", "Use type of expense categories", "Bills")
    advance_account = setting.record(
        "account",
        "Account of cash advances",
        "Bills",
        "The account from which an advance is deducted on the bill. Without one such a report"
        " is held.",
    )


class OrderSettings(ConnectionSettings):
    """The settings of the purchase order app."""

    post_as = setting.choice(
        "Post as",
        "Orders",
        {
            "purchase_order": "a purchase order",
            "bill": "a bill",
            "bill_per_receipt": "a bill for each receipt",
        },
        "A purchase order is no liability yet. A bill, as older versions posted it, is a"
        " liability before goods and invoice have arrived. A bill for each receipt follows the"
        " vendor's invoice numbers.",
    )
    own_number = setting.switch(
        "Use Autotask's number",
        "Orders",
        "Where custom transaction numbers are on in QuickBooks it is used anyway.",
        default=False,
    )
    payable_account = setting.record(
        "payable_account",
        "Credit account",
        "Orders",
        "Accounts payable of the orders.",
        required=True,
    )
    item_missing = setting.choice(
        "When a product is not in QuickBooks",
        "Items",
        {"create": "make it", "hold": "hold the order"},
    )
    expense_account = setting.record(
        "expense_account",
        "Expense account",
        "Items",
        "For products that the hub makes.",
        required=True,
    )
    income_account = setting.record(
        "income_account",
        "Income account",
        "Items",
        "For products that the hub makes.",
        required=True,
    )
    freight_account = setting.record(
        "account", "Account of freight", "Items", "Unset: freight holds the order."
    )
    charge_account = setting.record(
        "account",
        "Account of items without product",
        "Items",
        "Without one such an order is held.",
    )
    term_missing = setting.choice(
        "When a payment term is not in QuickBooks",
        "Orders",
        {"warn": "post without term and warn", "hold": "hold the order"},
    )
