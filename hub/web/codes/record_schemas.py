"""The fields of a supplier, customer or item that a person creates in QuickBooks.

Each has the label that pages show and the checks of what QuickBooks requires.
"""

from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from hub.errors import Sentence
from hub.payloads.item import ACCOUNT_ROLES, MAX_SALES_TEXT_LENGTH, MAX_SKU_LENGTH
from hub.payloads.names import (
    MAX_ITEM_LENGTH,
    MAX_PARTY_LENGTH,
    MAX_PHONE_LENGTH,
    MAX_TAX_NUMBER_LENGTH,
)
from hub.payloads.shared_fields import (
    MAX_POSTAL_CODE_LENGTH,
    MAX_STREET_LENGTH,
    MAX_STREET_LINES,
)
from hub.translations.messages import gettext_noop

MAX_EMAIL_LENGTH = 100
MAX_TEXT_LENGTH = 255
MAX_CONTACT_LENGTH = 200
ITEM_TYPES = {
    "service": gettext_noop("Service"),
    "non_inventory": gettext_noop("Product that is not kept in stock"),
    "inventory": gettext_noop("Product that is kept in stock"),
}
STOCK_ONLY = gettext_noop("Only for a product that is kept in stock.")
NOT_A_CURRENCY = Sentence("Enter three letters, such as EUR.")


def _describe(label: str, help: str = "", **more: Any) -> dict[str, Any]:
    """Return the metadata with which a field is drawn."""
    return {"label": label, "help": help, "section": "", **more}


def _limit_length(max_length: int) -> validate.Length:
    """Return the check of the length of a text that QuickBooks allows."""
    error = Sentence("QuickBooks allows %(count)s characters.", count=max_length)
    return validate.Length(max=max_length, error=error)


def _build_text_field(label: str, max_length: int, **more: Any) -> fields.String:
    """Return the field of an optional text of QuickBooks."""
    return fields.String(validate=[_limit_length(max_length)], metadata=_describe(label, **more))


def _build_name_field(max_length: int) -> fields.String:
    """Return the field of a record's name, which QuickBooks requires."""
    no_colon = validate.ContainsNoneOf(":", error=Sentence("QuickBooks allows no colon in a name."))
    return fields.String(
        required=True,
        validate=[_limit_length(max_length), no_colon],
        metadata=_describe(gettext_noop("Name")),
        error_messages={"required": Sentence("Enter a name.")},
    )


def _build_account_field(label: str, role: str, help: str = "") -> fields.String:
    """Return a choice among the accounts that a role may take."""
    return fields.String(metadata=_describe(label, help, choices_from=role))


class PartySchema(Schema):
    """A supplier or customer."""

    name = _build_name_field(MAX_PARTY_LENGTH)
    number = _build_text_field(gettext_noop("Organisation number"), MAX_TAX_NUMBER_LENGTH)
    contact = _build_text_field(gettext_noop("Contact person"), MAX_CONTACT_LENGTH)
    email = fields.Email(
        validate=[_limit_length(MAX_EMAIL_LENGTH)],
        metadata=_describe(gettext_noop("E-mail")),
        error_messages={"invalid": Sentence("Enter one e-mail address.")},
    )
    phone = _build_text_field(gettext_noop("Phone"), MAX_PHONE_LENGTH)
    street = fields.String(
        metadata=_describe(
            gettext_noop("Street"),
            gettext_noop("Each line of the address on a line of its own."),
            long=True,
        )
    )
    postal_code = _build_text_field(gettext_noop("Postal code"), MAX_POSTAL_CODE_LENGTH)
    city = _build_text_field(gettext_noop("City"), MAX_TEXT_LENGTH)
    region = _build_text_field(gettext_noop("State or region"), MAX_TEXT_LENGTH)
    country = _build_text_field(gettext_noop("Country"), MAX_TEXT_LENGTH)

    @validates_schema
    def check_street(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse more or longer lines than QuickBooks has room for."""
        lines = data.get("street", "").splitlines()
        if len(lines) > MAX_STREET_LINES:
            problem = Sentence("QuickBooks allows %(count)s lines.", count=MAX_STREET_LINES)
            raise ValidationError(problem, "street")
        if any(len(line) > MAX_STREET_LENGTH for line in lines):
            raise ValidationError(str(_limit_length(MAX_STREET_LENGTH).error), "street")


class ForeignPartySchema(PartySchema):
    """A supplier or customer of a company that keeps books in several currencies."""

    currency = fields.String(
        validate=[validate.Regexp(r"[A-Z]{3}\Z", error=NOT_A_CURRENCY)],
        metadata=_describe(
            gettext_noop("Currency"), gettext_noop("QuickBooks can never change it.")
        ),
    )


class CategorySchema(Schema):
    """A category of items."""

    name = _build_name_field(MAX_ITEM_LENGTH)


class ItemSchema(Schema):
    """A product or service."""

    name = _build_name_field(MAX_ITEM_LENGTH)
    type = fields.String(
        required=True,
        validate=[validate.OneOf(list(ITEM_TYPES), list(ITEM_TYPES.values()))],
        metadata=_describe(gettext_noop("Type")),
    )
    sku = _build_text_field(gettext_noop("SKU"), MAX_SKU_LENGTH)
    description = _build_text_field(gettext_noop("Description"), MAX_SALES_TEXT_LENGTH, long=True)
    price = fields.Decimal(metadata=_describe(gettext_noop("Sales price")))
    cost = fields.Decimal(metadata=_describe(gettext_noop("Purchase cost")))
    income_account = _build_account_field(gettext_noop("Income account"), "income_account")
    expense_account = _build_account_field(gettext_noop("Expense account"), "expense_account")
    asset_account = _build_account_field(gettext_noop("Stock account"), "asset_account", STOCK_ONLY)
    start = fields.Date(metadata=_describe(gettext_noop("In stock from"), STOCK_ONLY))
    on_hand = fields.Decimal(metadata=_describe(gettext_noop("Quantity on that day"), STOCK_ONLY))

    @validates_schema
    def check_accounts(self, data: dict[str, Any], **_: Any) -> None:
        """Require the accounts and the day without which QuickBooks refuses an item."""
        missing: dict[str, list[str]] = {}
        if data.get("type") == "inventory":
            for name in (*ACCOUNT_ROLES, "start"):
                if not data.get(name):
                    missing[name] = [Sentence("A product that is kept in stock needs it.")]
        elif not (data.get("income_account") or data.get("expense_account")):
            problem = Sentence("Choose an income account or an expense account.")
            missing["income_account"] = [problem]
        if missing:
            raise ValidationError(cast(Any, missing))


def build_schema(role: str, *, has_currencies: bool) -> Schema:
    """Return the fields of a record of a role."""
    if role == "item":
        return ItemSchema()
    if role == "category":
        return CategorySchema()
    return ForeignPartySchema() if has_currencies else PartySchema()
