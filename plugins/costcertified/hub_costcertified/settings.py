"""What an admin sets for CostCertified: the access, when and how invoices are posted, and where the money goes."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

ACCESS, INVOICES, MONEY, EXPENSES = "CostCertified", "Invoices", "Payments", "Expenses"


def _about(label, section, help="", **more):
    return {"label": label, "section": section, "help": help, **more}


def _needed(label, section, help, **more):
    check = validate.Length(min=1)
    return fields.String(
        required=True, validate=check, metadata=_about(label, section, help, **more)
    )


def _record(role, label, section, help):
    return fields.String(load_default="", metadata=_about(label, section, help, choices_from=role))


def _choice(choices, label, section, help=""):
    default = next(iter(choices))
    check = validate.OneOf(list(choices))
    return fields.String(
        load_default=default, validate=check, metadata=_about(label, section, help, choices=choices)
    )


class Settings(Schema):
    """One field a question; `secret` ones are kept encrypted and never shown again."""

    base_url = fields.Url(
        required=True,
        require_tld=False,
        schemes={"http", "https"},
        metadata=_about("Address", ACCESS, "The address of CostCertified's API, without /v1."),
    )
    client_id = _needed(
        "Client id",
        ACCESS,
        "CostCertified does not document how to get API credentials; ask CostCertified support,"
        " in its chat or by a ticket.",
    )
    client_secret = _needed("Client secret", ACCESS, "Belongs to the client id.", secret=True)
    refresh_token = _needed(
        "Refresh token", ACCESS, "Belongs to them too; the hub renews it by itself.", secret=True
    )
    webhook_secret = fields.String(
        load_default="",
        metadata=_about(
            "Webhook secret",
            ACCESS,
            "Optional: with it CostCertified tells the hub of a change at once instead of being asked.",
            secret=True,
        ),
    )
    post_when = _choice(
        {"sent": "once it was sent", "paid": "once something of it was paid"},
        "Post an invoice",
        INVOICES,
        "An invoice that was not sent through CostCertified is never posted.",
    )
    item_mode = _choice(
        {
            "item_per_invoice": "a service of its own, named by the invoice number",
            "fixed_item": "always the same",
        },
        "Product/Service of an invoice",
        INVOICES,
        "A service for each invoice shows its number in the Product/Service box, and fills the list of services.",
    )
    item = _record(
        "item",
        "The one product or service",
        INVOICES,
        "Used on every invoice where it is always the same.",
    )
    lines = _choice(
        {"one": "one line, or one for each tax rate", "each": "each line as in CostCertified"},
        "Show",
        INVOICES,
    )
    income_account = _needed(
        "Income account",
        INVOICES,
        "For services that the hub makes.",
        choices_from="income_account",
    )
    fee_item = _record(
        "item",
        "Product or service of fees",
        INVOICES,
        "For fees that clients bear; made if left out.",
    )
    parties = _choice(
        {"create": "make them", "hold": "hold the document"},
        "Clients and vendors not in QuickBooks",
        INVOICES,
    )
    voided = _choice(
        {"void": "void it in QuickBooks too", "case": "ask", "leave": "leave QuickBooks as it is"},
        "When an invoice is voided or a payment fails after posting",
        INVOICES,
    )
    payouts = _choice(
        {
            "deposit": "one bank deposit for each payout",
            "payment": "every payment by itself, its fee as an expense",
        },
        "Money arrives in the bank as",
        MONEY,
        "A payout brings several payments at once, less the fees.",
    )
    bank_account = _needed(
        "Bank account", MONEY, "Where CostCertified pays out to.", choices_from="deposit_account"
    )
    fee_account = _needed(
        "Account for fees", MONEY, "What CostCertified keeps back.", choices_from="expense_account"
    )
    holding_account = _record(
        "deposit_account",
        "Account for money on its way",
        MONEY,
        "A clearing account of its own between payment and payout. Left out, payments wait in Undeposited Funds: then"
        " QuickBooks freezes what was paid out, and refunds wait until an account is chosen here.",
    )
    expenses = fields.Boolean(
        load_default=False,
        metadata=_about(
            "Post expenses",
            EXPENSES,
            "Bills and receipts of projects become bills; receipts are paid ones.",
        ),
    )
    payable_account = _record(
        "payable_account", "Credit account", EXPENSES, "Accounts payable of the bills."
    )
    paid_from = _record(
        "payment_account", "Receipts are paid from", EXPENSES, "The bank account or card."
    )

    @validates_schema
    def check_item(self, values, **_):
        """A fixed item has to be chosen."""
        if values["item_mode"] == "fixed_item" and not values["item"]:
            raise ValidationError("Choose the product or service that every invoice gets.", "item")
