"""The settings of CostCertified: the connection, how invoices are posted, and accounts."""

from typing import Any

from marshmallow import Schema, ValidationError, validates_schema

from hub import Row, setting

CONNECTION, INVOICES, MONEY, EXPENSES = "CostCertified", "Invoices", "Payments", "Expenses"


class Settings(Schema):
    """What an admin enters and chooses; secrets are stored encrypted and never shown again."""

    base_url = setting.address(
        "Address", CONNECTION, "The address of CostCertified's API, without /v1.", required=True
    )
    client_id = setting.text(
        "Client id",
        CONNECTION,
        "CostCertified does not document how to get API credentials; ask CostCertified support,"
        " in its chat or by a ticket.",
        required=True,
    )
    client_secret = setting.secret("Client secret", CONNECTION, "Belongs to the client id.")
    refresh_token = setting.secret(
        "Refresh token",
        CONNECTION,
        "Belongs to the same credentials; the hub renews it automatically.",
    )
    webhook_secret = setting.secret(
        "Webhook secret",
        CONNECTION,
        "Optional: with it CostCertified notifies the hub of changes immediately.",
        required=False,
    )
    post_when = setting.choice(
        "Post an invoice",
        INVOICES,
        {"sent": "once it was sent", "paid": "once something of it was paid"},
        "An invoice that was not sent through CostCertified is never posted.",
    )
    item_mode = setting.choice(
        "Product/Service of an invoice",
        INVOICES,
        {
            "item_per_invoice": "a service of its own, named by the invoice number",
            "fixed_item": "always the same",
        },
        "A service for each invoice shows its number in the Product/Service box, and fills the"
        " list of services.",
    )
    item = setting.record(
        "item",
        "The one product or service",
        INVOICES,
        "Used on every invoice.",
        only_if={"item_mode": "fixed_item"},
    )
    lines = setting.choice(
        "Show",
        INVOICES,
        {"one": "one line, or one for each tax rate", "each": "each line as in CostCertified"},
    )
    income_account = setting.record(
        "income_account",
        "Income account",
        INVOICES,
        "For services that the hub makes.",
        required=True,
    )
    fee_item = setting.record(
        "item",
        "Product or service of fees",
        INVOICES,
        "For fees that clients bear; made if left out.",
    )
    parties = setting.choice(
        "Clients and vendors not in QuickBooks",
        INVOICES,
        {"create": "make them", "hold": "hold the document"},
    )
    voided = setting.choice(
        "When an invoice is voided or a payment fails after posting",
        INVOICES,
        {"void": "void it in QuickBooks too", "case": "ask", "leave": "leave QuickBooks as it is"},
    )
    payouts = setting.choice(
        "Money arrives in the bank as",
        MONEY,
        {
            "deposit": "one bank deposit for each payout",
            "payment": "every payment by itself, its fee as an expense",
        },
        "A payout brings several payments at once, less the fees.",
    )
    bank_account = setting.record(
        "deposit_account", "Bank account", MONEY, "Where CostCertified pays out to.", required=True
    )
    fee_account = setting.record(
        "expense_account",
        "Account for fees",
        MONEY,
        "What CostCertified keeps back.",
        required=True,
    )
    holding_account = setting.record(
        "deposit_account",
        "Account for money on its way",
        MONEY,
        "A clearing account of its own between payment and payout. Left out, payments wait in"
        " Undeposited Funds: then QuickBooks freezes what was paid out, and refunds wait until an"
        " account is chosen here.",
    )
    expenses = setting.switch(
        "Post expenses",
        EXPENSES,
        "Bills and receipts of projects become bills; receipts are paid ones.",
        default=False,
    )
    payable_account = setting.record(
        "payable_account",
        "Credit account",
        EXPENSES,
        "Accounts payable of the bills.",
        only_if={"expenses": True},
    )
    paid_from = setting.record(
        "payment_account",
        "Receipts are paid from",
        EXPENSES,
        "The bank account or card.",
        only_if={"expenses": True},
    )

    @validates_schema
    def check_item(self, values: Row, **_: Any) -> None:
        """Raise ValidationError if all invoices use one item and none is chosen."""
        if values["item_mode"] == "fixed_item" and not values["item"]:
            raise ValidationError("Choose the product or service that every invoice gets.", "item")
