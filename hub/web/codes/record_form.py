"""The form with which a person creates a supplier, customer or item in QuickBooks for a code.

It has the fields that a payload has, filled in with the facts of the source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from werkzeug.datastructures import MultiDict

from hub.contract.document_kinds import PARTY_ROLES
from hub.contract.documents import Address, Item, ItemType, Party, Role
from hub.errors import Sentence
from hub.mapping import Entry, MatchIndex
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
from hub.translations.messages import gettext, gettext_noop
from hub.web.frame import forms
from hub.web.transactions.transaction_facts import find_page

# The kinds of records that can be created, and what they are called in a sentence.
KIND_NOUNS: Mapping[str, str] = {
    "vendor": gettext_noop("supplier"),
    "customer": gettext_noop("customer"),
    "item": gettext_noop("product or service"),
    "category": gettext_noop("category"),
}
EMPLOYEE_NOUN = gettext_noop("employee")
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
Errors = Mapping[str, Sequence[str]]
Accounts = Mapping[str, str]  # the QuickBooks id by role
Details = Party | Item


def _describe(label: str, help: str = "", **more: Any) -> dict[str, Any]:
    """Return the metadata with which a field is drawn."""
    return {"label": label, "help": help, "section": "", **more}


def _limit_length(max_length: int) -> validate.Length:
    """Return the check of the length of a text that QuickBooks allows."""
    error = Sentence("QuickBooks allows %(count)s characters.", count=max_length)
    return validate.Length(max=max_length, error=error)


def _build_text_field(label: str, max_length: int, **more: Any) -> fields.String:
    """Return an optional text of QuickBooks."""
    return fields.String(validate=[_limit_length(max_length)], metadata=_describe(label, **more))


def _name(max_length: int) -> fields.String:
    """Return the name of a record, which QuickBooks requires."""
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


class _PartyForm(Schema):
    """A supplier or customer."""

    name = _name(MAX_PARTY_LENGTH)
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


class _ForeignPartyForm(_PartyForm):
    """A supplier or customer of a company that keeps books in several currencies."""

    currency = fields.String(
        validate=[validate.Regexp(r"[A-Z]{3}\Z", error=NOT_A_CURRENCY)],
        metadata=_describe(
            gettext_noop("Currency"), gettext_noop("QuickBooks can never change it.")
        ),
    )


class _CategoryForm(Schema):
    """A category of items."""

    name = _name(MAX_ITEM_LENGTH)


class _ItemForm(Schema):
    """A product or service."""

    name = _name(MAX_ITEM_LENGTH)
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


@dataclass(frozen=True)
class Collision:
    """A record of QuickBooks that has the name already; `is_other_kind` if a code cannot be it."""

    noun: str
    entry: Entry
    role: str
    is_other_kind: bool

    @property
    def url(self) -> str | None:
        """Return the address of the record's page in QuickBooks."""
        return find_page(self.role, self.entry.id)

    @property
    def error(self) -> str:
        """Explain why the name cannot be used."""
        name = self.entry.qualified_name
        if self.noun == EMPLOYEE_NOUN:
            return gettext(
                "QuickBooks has an employee called %(name)s already. Enter another name.", name=name
            )
        return gettext(
            "QuickBooks has a %(noun)s called %(name)s already. Enter another name.",
            noun=gettext(self.noun),
            name=name,
        )


@dataclass(frozen=True)
class RecordForm:
    """The form of a record to create: its inputs, and the records that have its name."""

    noun: str
    inputs: Sequence[forms.Input]
    collisions: Sequence[Collision] = ()
    is_name_refused: bool = False  # QuickBooks has it, perhaps for an employee
    is_open: bool = False

    @property
    def open_inputs(self) -> Sequence[forms.Input]:
        """Return the inputs that are required, filled in or wrong; the others are folded."""
        return [form_input for form_input in self.inputs if _is_open(form_input)]

    @property
    def folded_inputs(self) -> Sequence[forms.Input]:
        """Return the inputs that may stay empty."""
        return [form_input for form_input in self.inputs if not _is_open(form_input)]


def _is_open(form_input: forms.Input) -> bool:
    """Return whether an input has to be seen: it is required, filled in or wrong."""
    return bool(form_input.required or form_input.value or form_input.errors)


class Invalid(Exception):
    """What was entered cannot be created; `errors` has the sentences by field."""

    def __init__(self, values: Mapping[str, Any], errors: Errors) -> None:
        """Remember what was entered, to show it again."""
        super().__init__("the entered record is not valid")
        self.values = values
        self.errors = errors


def find_collisions(match_index: MatchIndex, role: Role, name: str) -> list[Collision]:
    """Return the records because of which a name cannot be added."""
    return [
        Collision(KIND_NOUNS.get(other, EMPLOYEE_NOUN), entry, other, other != role)
        for other, entry in match_index.find_namesakes(role, name)
    ]


def find_free_name(
    match_index: MatchIndex, role: Role, name: str, *, is_taken: bool = False
) -> str:
    """Return a name that no record has: with the kind as its suffix, then with a number.

    `is_taken` says that QuickBooks has refused the name, such as that of an employee, or that
    another kind of record is planned under it.
    """
    if not is_taken and not find_collisions(match_index, role, name):
        return name
    noun = gettext(KIND_NOUNS[role])
    proposed = f"{name} ({noun})"
    number = 2
    while find_collisions(match_index, role, proposed):
        proposed = f"{name} ({noun} {number})"
        number += 1
    return proposed


def cut_name(role: str, name: str) -> str:
    """Return the beginning of a name, as long as QuickBooks takes one."""
    is_party = role in PARTY_ROLES
    return name[: MAX_PARTY_LENGTH if is_party else MAX_ITEM_LENGTH]


def build_schema(role: str, *, has_currencies: bool) -> Schema:
    """Return the fields of a record of a role."""
    if role == "item":
        return _ItemForm()
    if role == "category":
        return _CategoryForm()
    return _ForeignPartyForm() if has_currencies else _PartyForm()


def build_values(details: Details | None, name: str, accounts: Accounts) -> dict[str, Any]:
    """Return what the form is filled in with; without details only the name is known."""
    values: dict[str, Any] = {"name": name}
    if isinstance(details, Item):
        for field in ("type", "sku", "description", "price", "cost", "start", "on_hand"):
            values[field] = getattr(details, field)
        return _shorten_texts(values | dict(accounts))
    values |= {"type": "service"} | dict(accounts)
    if isinstance(details, Party):
        address = details.address or Address()
        values |= {
            "number": details.number,
            "contact": details.contact,
            "email": details.email,
            "phone": details.phone,
            "street": "\n".join(filter(None, (address.name, *address.lines))),
            "postal_code": address.postal_code,
            "city": address.city,
            "region": address.region,
            "country": address.country,
            "currency": details.currency,
        }
    return _shorten_texts(values)


def build_form_inputs(
    schema: Schema,
    values: Mapping[str, Any],
    load_choices: forms.LoadChoices,
    errors: Errors,
) -> list[forms.Input]:
    """Return the inputs of a form; `load_choices` returns the accounts that a role may take."""
    inputs = [
        replace(form_input, value=_display_value(values.get(form_input.name), form_input.value))
        for form_input in forms.build_inputs(schema, values, load_choices=load_choices)
    ]
    return forms.add_errors([_translate_types(form_input) for form_input in inputs], errors)


def _translate_types(form_input: forms.Input) -> forms.Input:
    """Translate the types of an item; other choices are names in QuickBooks."""
    if form_input.name != "type":
        return form_input
    return replace(form_input, choices=[(name, gettext(text)) for name, text in form_input.choices])


def _shorten_texts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values without the end of texts that are longer than any field of QuickBooks."""
    cut = {}
    for name, value in values.items():
        cut[name] = value[:MAX_SALES_TEXT_LENGTH] if isinstance(value, str) else value
    return cut


def read(schema: Schema, form: MultiDict[str, str], source: Details | None) -> Details:
    """Return what was entered, with what the form does not show as the source has it.

    Raise Invalid with the errors of each field.
    """
    entered = {}
    for name, text in forms.parse(schema, form).items():
        plain = "\n".join(" ".join(line.split()) for line in str(text).strip().splitlines())
        if plain:
            entered[name] = plain
    try:
        values: dict[str, Any] = schema.load(entered)
    except ValidationError as error:
        entries = {name: form.get(name, "") for name in schema.fields}
        raise Invalid(entries, cast(Errors, error.messages_dict)) from None
    if isinstance(schema, _PartyForm):
        return _build_party(values, source)
    return _build_item(values, source, is_category=isinstance(schema, _CategoryForm))


def _display_value(value: Any, drawn: Any) -> Any:
    """Return the value of an input: as it was drawn, except texts that could not be read."""
    return value if isinstance(value, str) else drawn


def _build_party(values: Mapping[str, Any], source: Details | None) -> Party:
    """Return the supplier or customer that was entered."""
    address = Address(
        lines=tuple(values.get("street", "").splitlines()),
        city=values.get("city"),
        region=values.get("region"),
        postal_code=values.get("postal_code"),
        country=values.get("country"),
    )
    currency = source.currency if isinstance(source, Party) else None
    return Party(
        name=values["name"],
        email=values.get("email"),
        phone=values.get("phone"),
        contact=values.get("contact"),
        number=values.get("number"),
        address=None if address == Address() else address,
        currency=values.get("currency", currency),
    )


def _build_item(values: Mapping[str, Any], source: Details | None, *, is_category: bool) -> Item:
    """Return the item that was entered, with the other codes that the source gives it."""
    codes = dict(source.codes) if isinstance(source, Item) else {}
    if is_category:
        return Item(name=values["name"], type="category", codes=codes)
    for role in ACCOUNT_ROLES:
        codes.pop(role, None)
        if values.get(role):
            codes[role] = values[role]
    return Item(
        name=values["name"],
        type=cast(ItemType, values["type"]),
        sku=values.get("sku"),
        description=values.get("description"),
        price=values.get("price"),
        cost=values.get("cost"),
        start=values.get("start"),
        on_hand=values.get("on_hand"),
        codes=codes,
    )
