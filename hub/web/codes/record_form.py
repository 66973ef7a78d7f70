"""The form with which a person creates a supplier, customer or item in QuickBooks for a code.

Its fields are those of a payload, filled in with the facts of the source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from marshmallow import Schema, ValidationError
from werkzeug.datastructures import MultiDict

from hub.contract.document_kinds import PARTY_ROLES
from hub.contract.documents import Address, Item, ItemType, Party, Role
from hub.mapping import Entry, MatchIndex
from hub.payloads.item import ACCOUNT_ROLES, MAX_SALES_TEXT_LENGTH
from hub.payloads.names import (
    MAX_ITEM_LENGTH,
    MAX_PARTY_LENGTH,
)
from hub.translations.messages import gettext, gettext_noop
from hub.web.codes.record_schemas import CategorySchema, PartySchema
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
Errors = Mapping[str, Sequence[str]]
Accounts = Mapping[str, str]  # the QuickBooks id by role
Details = Party | Item


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
    """The entered record cannot be created; `errors` has the sentences by field."""

    def __init__(self, values: Mapping[str, Any], errors: Errors) -> None:
        """Remember what was entered, to show it again."""
        super().__init__("the entered record is not valid")
        self.values = values
        self.errors = errors


def find_collisions(match_index: MatchIndex, role: Role, name: str) -> list[Collision]:
    """Return the records because of which a name cannot be added."""
    namesakes = []
    for other, entry in match_index.find_namesakes(role, name):
        noun = KIND_NOUNS.get(other, EMPLOYEE_NOUN)
        namesakes.append(Collision(noun, entry, other, other != role))
    return namesakes


def find_free_name(
    match_index: MatchIndex, role: Role, name: str, *, is_taken: bool = False
) -> str:
    """Return a name that no record has: with the kind as its suffix, then with a number.

    The suffix is only a number if a record of the same kind has the name.

    `is_taken` is whether the name itself is known to be used: QuickBooks has refused it, or another
    kind of record is planned under it.
    """
    collisions = find_collisions(match_index, role, name)
    if not is_taken and not collisions:
        return name
    number = 2
    noun = gettext(KIND_NOUNS[role])
    candidate = f"{name} ({noun})"
    beginning = f"{noun} "
    if any(not collision.is_other_kind for collision in collisions):
        candidate = f"{name} ({number})"
        beginning = ""
    while find_collisions(match_index, role, candidate):
        candidate = f"{name} ({beginning}{number})"
        number += 1
    return candidate


def cut_name(role: str, name: str) -> str:
    """Return the beginning of a name, as long as QuickBooks takes one."""
    is_party = role in PARTY_ROLES
    return name[: MAX_PARTY_LENGTH if is_party else MAX_ITEM_LENGTH]


def build_values(details: Details | None, name: str, accounts: Accounts) -> dict[str, Any]:
    """Return the values that the form is filled in with; without details, only the name."""
    values: dict[str, Any] = {"name": name}
    if isinstance(details, Item):
        for field in ("type", "sku", "description", "price", "cost", "start", "on_hand"):
            values[field] = getattr(details, field)
        return _shorten_texts(values | dict(accounts))
    values |= {"type": "service"} | dict(accounts)
    if isinstance(details, Party):
        address = details.address or Address()
        street = [line for line in (address.name, *address.lines) if line]
        values |= {
            "number": details.number,
            "contact": details.contact,
            "email": details.email,
            "phone": details.phone,
            "street": "\n".join(street),
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
        replace(form_input, value=_format_value(values.get(form_input.name), form_input.value))
        for form_input in forms.build_inputs(schema, values, load_choices=load_choices)
    ]
    translated = [_translate_types(form_input) for form_input in inputs]
    return forms.set_focus(forms.add_errors(translated, errors))


def _translate_types(form_input: forms.Input) -> forms.Input:
    """Translate the types of an item; other choices are names in QuickBooks."""
    if form_input.name != "type":
        return form_input
    choices = [(name, gettext(text)) for name, text in form_input.choices]
    return replace(form_input, choices=choices)


def _shorten_texts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values without the end of texts that are longer than any field of QuickBooks."""
    cut = {}
    for name, value in values.items():
        cut[name] = value[:MAX_SALES_TEXT_LENGTH] if isinstance(value, str) else value
    return cut


def read(schema: Schema, form: MultiDict[str, str], source: Details | None) -> Details:
    """Return the entered details; fields that the form does not show are those of the source.

    Raise Invalid with the errors of each field.
    """
    fields = {}
    for name, text in forms.parse(schema, form).items():
        plain = "\n".join(" ".join(line.split()) for line in str(text).strip().splitlines())
        if plain:
            fields[name] = plain
    try:
        values: dict[str, Any] = schema.load(fields)
    except ValidationError as error:
        entries = {name: form.get(name, "") for name in schema.fields}
        raise Invalid(entries, cast(Errors, error.messages_dict)) from None
    if isinstance(schema, PartySchema):
        return _build_party(values, source)
    return _build_item(values, source, is_category=isinstance(schema, CategorySchema))


def _format_value(value: Any, drawn_value: Any) -> Any:
    """Return the value of an input: as it was drawn, except texts that could not be read."""
    return value if isinstance(value, str) else drawn_value


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
