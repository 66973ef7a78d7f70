"""What an admin sets for ION: the environment and its keys, the accounts, and what becomes of orders and parts."""

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from hub_ion.client import ENVIRONMENTS

KEYS, ORDERS, LINES, PARTS = "ION", "Purchase orders", "Lines and fees", "Parts"


def _about(label, section, help="", **more):
    return {"label": label, "section": section, "help": help, **more}


def _text(label, section, help="", default="", **more):
    return fields.String(load_default=default, metadata=_about(label, section, help, **more))


def _needed(label, section, help="", **more):
    about = _about(label, section, help, **more)
    return fields.String(required=True, validate=validate.Length(min=1), metadata=about)


def _choice(choices, label, section, help=""):
    check = validate.OneOf(list(choices))
    about = _about(label, section, help, choices=choices)
    return fields.String(load_default=next(iter(choices)), validate=check, metadata=about)


def _url(label, help):
    about = _about(label, KEYS, help)
    return fields.Url(load_default="", require_tld=False, schemes={"http", "https"}, metadata=about)


class Settings(Schema):
    """One field a question; `secret` ones are kept encrypted and never shown again."""

    environment = _choice(
        {name: label for name, (label, _, _) in ENVIRONMENTS.items()},
        "Environment",
        KEYS,
        "The one that the API key was made in; a key of one environment does not work in another.",
    )
    client_id = _needed(
        "Client id",
        KEYS,
        "In ION: Settings → API Keys. A key of a service account outlives people.",
    )
    client_secret = _needed("Client secret", KEYS, "Shown once beside the client id.", secret=True)
    api_url = _url("Address of the API", "For the environment Custom only.")
    token_url = _url("Address for tokens", "For the environment Custom only.")
    payable_account = _needed(
        "Accounts payable", ORDERS,
        "For orders in your own currency. Choose it from the list, or type its id: open the account in QuickBooks; the"
        " id stands in the address after accountId=, 33 for instance. Orders in another currency take the account whose"
        " name ends with it.",
        choices_from="payable_account", typed=True,
    )  # fmt: skip
    send_at = _choice(
        {"ordered": "Ordered", "approved": "Approved"},
        "Send an order when it is",
        ORDERS,
        "Each time it gets there again, the same order is updated.",
    )
    received = _choice(
        {"leave": "stay open until it is billed", "close": "be closed"},
        "An order that is received in full shall",
        ORDERS,
    )
    gone = _choice(
        {"close": "be closed", "delete": "be deleted", "case": "wait for a person"},
        "An order that is canceled or deleted in ION shall",
        ORDERS,
        "One that was billed is never deleted.",
    )
    suppliers = _choice(
        {"hold": "wait until it is there or matched", "create": "be made there"},
        "A supplier that QuickBooks does not have shall",
        ORDERS,
        "Suppliers are kept in step by hand. One with a near name is never made anew.",
    )
    tax_code = _text(
        "Tax code", ORDERS, "ION knows no tax. Where QuickBooks wants a code on every line, choose it here.",
        choices_from="tax_code",
    )  # fmt: skip
    write_back = _choice(
        {
            "no": "is not written",
            "reference": "is its External Reference",
            "attribute": "is a custom attribute",
        },
        "The number in QuickBooks, in the order in ION,",
        ORDERS,
    )
    write_back_attribute = _text("Attribute for that number", ORDERS, default="QuickBooks PO")
    import_orders = fields.Boolean(
        load_default=False,
        metadata=_about(
            "Take over open orders that were made in QuickBooks", ORDERS,
            "Each becomes an order in ION once, every night or when the lists are put there; from then on ION leads.",
        ),
    )  # fmt: skip
    account_attribute = _text(
        "Attribute with the expense account",
        LINES,
        "Of a line: its account's number or name.",
        "Expense Account",
    )
    class_attribute = _text(
        "Attribute with the class", LINES, "Of a line: the class by name.", "Class"
    )
    version_attribute = _text(
        "Attribute with the version", LINES, "Of an order; it stands in the memo.", "Version"
    )
    line_account = _text(
        "Account of lines without part and account",
        LINES,
        "Without one such an order waits.",
        choices_from="account",
    )
    fee_account = _text(
        "Account of fees",
        LINES,
        "A fee named like an account takes that one.",
        choices_from="account",
    )
    units = _choice(
        {"supplier": "the supplier's unit", "stock": "the unit of the stock"}, "Quantities are in", LINES,
        "Five rolls, or five hundred feet: the amount is the same.",
    )  # fmt: skip
    parts = _choice(
        {
            "all": "every part that is made or changed",
            "ordered": "those that an order needs",
            "none": "none",
        },
        "Items are made for",
        PARTS,
    )
    part_type = _choice(
        {
            "inventory": "inventory",
            "purchase_type": "what their purchase type says",
            "non_inventory": "non-inventory",
        },
        "They are made as",
        PARTS,
        "Inventory needs a company with quantity tracking.",
    )
    income_account = _needed("Income account", PARTS, choices_from="income_account")
    asset_account = _needed("Inventory asset account", PARTS, choices_from="asset_account")
    expense_account = _needed("Expense account", PARTS, choices_from="expense_account")
    generic_item = _text(
        "Item for parts that match none", PARTS, "Then no items are made; a part may still be matched to another.",
        choices_from="item",
    )  # fmt: skip

    @validates_schema
    def _addresses(self, given, **_):
        if given.get("environment") == "custom":
            missing = {
                name: ["The environment Custom needs it."]
                for name in ("api_url", "token_url")
                if not given.get(name)
            }
            if missing:
                raise ValidationError(missing)
