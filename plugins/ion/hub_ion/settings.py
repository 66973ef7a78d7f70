"""The settings of ION: the environment and its keys, accounts, and what happens to documents."""

from typing import Any

from marshmallow import Schema, ValidationError, validates_schema

from hub import Row, setting
from hub_ion.client import ENVIRONMENTS

CONNECTION, ORDERS, LINES, PARTS = "ION", "Purchase orders", "Lines and fees", "Parts"


class Settings(Schema):
    """What an admin enters and chooses; secrets are stored encrypted and never shown again."""

    environment = setting.choice(
        "Environment",
        CONNECTION,
        {name: label for name, (label, _, _) in ENVIRONMENTS.items()},
        "The one that the API key was made in; a key of one environment does not work in another.",
    )
    client_id = setting.text(
        "Client id",
        CONNECTION,
        "In ION: Settings → API Keys. A key of a service account outlives people.",
        required=True,
    )
    client_secret = setting.secret("Client secret", CONNECTION, "Shown once beside the client id.")
    api_url = setting.address("Address of the API", CONNECTION, only_if={"environment": "custom"})
    token_url = setting.address("Address for tokens", CONNECTION, only_if={"environment": "custom"})
    payable_account = setting.record(
        "payable_account",
        "Accounts payable",
        ORDERS,
        "For orders in your own currency. Choose it from the list, or type its id: open the account"
        " in QuickBooks; the id stands in the address after accountId=, 33 for instance. Orders in"
        " another currency take the account whose name ends with it.",
        required=True,
        typed=True,
    )
    send_at = setting.choice(
        "Send an order when it is",
        ORDERS,
        {"ordered": "Ordered", "approved": "Approved"},
        "Each time it gets there again, the same order is updated.",
    )
    received = setting.choice(
        "Orders received in full",
        ORDERS,
        {"leave": "leave open until billed", "close": "close"},
    )
    gone = setting.choice(
        "Orders canceled or deleted in ION",
        ORDERS,
        {"close": "close", "delete": "delete", "case": "ask in the inbox"},
        "One that was billed is never deleted.",
    )
    suppliers = setting.choice(
        "New suppliers",
        ORDERS,
        {"hold": "match by hand", "create": "create in QuickBooks"},
        "A supplier that QuickBooks does not have. One with a similar name is never created again.",
    )
    tax_code = setting.record(
        "tax_code",
        "Tax code",
        ORDERS,
        "ION knows no tax. Where QuickBooks wants a code on every line, choose it here.",
    )
    write_back = setting.choice(
        "The number in QuickBooks, in the order in ION,",
        ORDERS,
        {
            "no": "is not written",
            "reference": "is its External Reference",
            "attribute": "is a custom attribute",
        },
    )
    write_back_attribute = setting.text(
        "Attribute for that number",
        ORDERS,
        default="QuickBooks PO",
        only_if={"write_back": "attribute"},
    )
    import_orders = setting.switch(
        "Take over open orders that were made in QuickBooks",
        ORDERS,
        "Each becomes an order in ION once, every night or when the lists are put there; from"
        " then on ION leads.",
        default=False,
    )
    account_attribute = setting.text(
        "Attribute with the expense account",
        LINES,
        "Of a line: its account's number or name.",
        default="Expense Account",
    )
    class_attribute = setting.text(
        "Attribute with the class", LINES, "Of a line: the class by name.", default="Class"
    )
    version_attribute = setting.text(
        "Attribute with the version",
        LINES,
        "Of an order; it goes into the memo.",
        default="Version",
    )
    line_account = setting.record(
        "account",
        "Account of lines without part and account",
        LINES,
        "Without one such an order waits.",
    )
    fee_account = setting.record(
        "account", "Account of fees", LINES, "A fee named like an account takes that one."
    )
    units = setting.choice(
        "Quantities are in",
        LINES,
        {"supplier": "the supplier's unit", "stock": "the unit of the stock"},
        "Five rolls, or five hundred feet: the amount is the same.",
    )
    parts = setting.choice(
        "Items are made for",
        PARTS,
        {
            "all": "every part that is made or changed",
            "ordered": "those that an order needs",
            "none": "none",
        },
    )
    part_type = setting.choice(
        "They are made as",
        PARTS,
        {
            "inventory": "inventory",
            "purchase_type": "what their purchase type says",
            "non_inventory": "non-inventory",
        },
        "Inventory needs a company with quantity tracking.",
        only_if={"parts": ("all", "ordered")},
    )
    income_account = setting.record("income_account", "Income account", PARTS, required=True)
    asset_account = setting.record("asset_account", "Inventory asset account", PARTS, required=True)
    expense_account = setting.record("expense_account", "Expense account", PARTS, required=True)
    generic_item = setting.record(
        "item",
        "Item for parts that match none",
        PARTS,
        "Then no items are made; a part may still be matched to another.",
    )

    @validates_schema
    def _require_addresses(self, data: Row, **_: Any) -> None:
        """Raise ValidationError if the environment Custom has no addresses."""
        if data.get("environment") != "custom":
            return
        missing = [name for name in ("api_url", "token_url") if not data.get(name)]
        if missing:
            errors = {name: ["The environment Custom needs it."] for name in missing}
            raise ValidationError(errors)
