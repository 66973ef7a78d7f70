"""Read the lists that documents refer to, each row once a run, and build their codes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hub import (
    Address,
    Code,
    Item,
    NeedsAttention,
    Party,
    Refused,
    Row,
    Sentence,
    Site,
    money,
)
from hub_autotask.client import Autotask, where

EXPENSE_SETTING = "expense_use_type"
INTERNAL_SETTING = "internal_use_type"
# The labels of billing codes' use types as Autotask delivers them, by their numbers.
USE_TYPES = {
    "1": "General Allocation Code",
    "2": "Expense Code",
    "3": "Internal Allocation Code",
    "4": "Material Cost Code",
    "5": "Recurring Contract Service Code",
    "6": "Milestone Code",
    "7": "Product Code",
}
# Fields with the two lines, city, region and postal code of an organisation.
BILLING_ADDRESS = (
    "billingAddress1",
    "billingAddress2",
    "billToCity",
    "billToState",
    "billToZipCode",
)
OWN_ADDRESS = ("address1", "address2", "city", "state", "postalCode")
NAME_LABEL = Sentence("name")
NUMBER_LABEL = Sentence("number")
EXTERNAL_NUMBER_LABEL = Sentence("External Number")


class Lists:
    """The lists of one run."""

    def __init__(self, site: Site, source: Autotask) -> None:
        self._site = site
        self._source = source
        self._companies: dict[int, Row | None] = {}
        self._contacts: dict[int, Row] = {}
        self._all_rows: dict[str, dict[Any, Row]] = {}
        self._rows_by_id: dict[str, dict[int, Row]] = {}

    def all_rows(self, entity: str) -> dict[Any, Row]:
        """Return all rows of a short list by their ids; one without an id cannot be looked up."""
        if entity not in self._all_rows:
            rows = self._source.rows(entity)
            self._all_rows[entity] = {row["id"] or object(): row for row in rows}
        return self._all_rows[entity]

    def active_rows(self, entity: str) -> list[Row]:
        """Return the active rows of a short list that have an id."""
        rows = self.all_rows(entity).values()
        return [row for row in rows if row["isActive"] and row["id"]]

    def fetch_rows(self, entity: str, ids: Iterable[int]) -> None:
        """Request rows of a long list by their ids, except those that were read before."""
        rows_by_id = self._rows_by_id.setdefault(entity, {})
        new_ids = set(ids) - rows_by_id.keys()
        for row in self._source.rows_with(entity, "id", new_ids):
            rows_by_id[row["id"]] = row

    def row(self, entity: str, id: int) -> Row:
        """Return one row of a long list; raise ValueError if Autotask does not show it."""
        if id not in self._rows_by_id.get(entity, {}):
            self.fetch_rows(entity, [id])
        if id not in self._rows_by_id[entity]:
            raise build_hidden_row_error(entity, id)
        return self._rows_by_id[entity][id]

    def load_companies(self, companies: Iterable[int | None]) -> None:
        """Request organisations and their primary contacts, except those that were read before."""
        new_ids = {id for id in companies if id is not None} - self._companies.keys()
        if not new_ids:
            return
        self._companies |= dict.fromkeys(new_ids)
        rows = self._source.rows_with("Companies", "id", new_ids)
        self._companies |= {row["id"]: row for row in rows}
        for row in self._source.rows_with("Contacts", "companyID", new_ids):
            if row["primaryContact"]:
                self._contacts.setdefault(row["companyID"], row)

    def company(self, id: int) -> Row:
        """Return one organisation; raise ValueError if Autotask does not show it."""
        self.load_companies([id])
        company = self._companies.get(id)
        if company is None:
            raise ValueError(
                Sentence("its organisation %(id)s is not shown to the API user", id=str(id))
            )
        return company

    def contact(self, id: int) -> Row | None:
        """Return the primary contact of an organisation, or None."""
        self.load_companies([id])
        return self._contacts.get(id)

    def currency(self, company_id: int) -> str:
        """Return the currency that Autotask has for an organisation."""
        return self.currency_with_id(self.company(company_id)["currencyID"])

    def currency_with_id(self, id: int | None) -> str:
        """Return a currency, Autotask's own without an id; raise ValueError if it is not shown."""
        currency = self._find_currency(id)
        if id and currency is None:
            raise build_hidden_row_error("Currencies", id)
        return currency or self.home_currency

    def _find_currency(self, id: int | None) -> str | None:
        """Return the currency with an id; None if Autotask does not show it."""
        rows = self.all_rows("Currencies")
        if not id or not rows:
            return self.home_currency
        if id not in rows:
            return None
        name: str = rows[id]["name"]
        return name

    @property
    def home_currency(self) -> str:
        """Return Autotask's own currency."""
        for row in self.all_rows("Currencies").values():
            if row["isInternalCurrency"]:
                name: str = row["name"]
                return name
        return self._site.company.currency

    def company_code(self, id: int) -> Code:
        """Return an organisation as the code of a customer or vendor."""
        return self.code_of_row(self.company(id))

    def code_of_row(self, row: Row) -> Code:
        """Return the code of an organisation's row."""
        name = normalize_name(row["companyName"])
        return Code(
            id=f"company:{row['id']}",
            name=name,
            hold=find_tilde_problem(name),
            create=self._build_party(row, name),
        )

    def _build_party(self, row: Row, name: str) -> Party | None:
        """Return the party to create for an organisation.

        Return None if its currency, which is final, is not known.
        """
        currency = self._find_currency(row["currencyID"])
        if not row.get("id") or currency is None:
            return None
        contact = self._contacts.get(row["id"]) or {}
        person = filter(None, (contact.get("firstName"), contact.get("lastName")))
        return Party(
            name=name,
            email=contact.get("emailAddress") or None,
            phone=contact.get("phone") or row["phone"] or None,
            contact=" ".join(person) or None,
            currency=currency,
            address=self._build_address(row),
        )

    def _build_address(self, row: Row) -> Address:
        """Return the billing address of an organisation, or its own if it has none."""
        has_billing_address = bool(row["billingAddress1"])
        fields = BILLING_ADDRESS if has_billing_address else OWN_ADDRESS
        billing_country = row["billToCountryID"] if has_billing_address else None
        first_line, second_line, city, region, postal_code = (row[name] or None for name in fields)
        return Address(
            lines=tuple(filter(None, (first_line, second_line))),
            city=city,
            region=region,
            postal_code=postal_code,
            country=self._find_country_code(billing_country or row["countryID"]),
        )

    def _find_country_code(self, id: int | None) -> str | None:
        """Return the code of a country; None if Autotask has no list of countries."""
        if not id:
            return None
        try:
            country = self.all_rows("Countries").get(id) or {}
        except Refused:
            self._all_rows["Countries"] = {}
            return None
        return country.get("countryCode")

    def term(self, id: int | None) -> Code | None:
        """Return the payment term with this id, without its days.

        A comparison of lists would show the days as its number. A term that Autotask does not show
        has its id as its name, so that it is missed like one that QuickBooks does not have.
        """
        row = self.all_rows("PaymentTerms").get(id)
        if row:
            return replace(build_term_code(row), number=None)
        return Code(id=f"term:{id}", name=str(id)) if id else None


def build_hidden_row_error(entity: str, id: int) -> ValueError:
    """Return the error for a row that Autotask does not show to the API user."""
    return ValueError(
        Sentence(
            "%(entity)s %(id)s, which it names, is not shown to the API user",
            entity=entity,
            id=str(id),
        )
    )


def list_customer_codes(
    source: Autotask, source_lists: Lists, kind: str = "Customer"
) -> list[Code]:
    """Return the codes of all active organisations of a kind."""
    type_number = source.picklist_number("Companies", "companyType", kind)
    is_of_kind = where("companyType", "eq", type_number)
    is_active = where("isActive", "eq", True)
    rows = list(source.rows("Companies", is_of_kind, is_active))
    source_lists.load_companies(row["id"] for row in rows)
    return [source_lists.code_of_row(row) for row in rows if row["id"]]


def list_term_codes(source_lists: Lists) -> list[Code]:
    """Return the codes of all active payment terms."""
    return [build_term_code(row) for row in source_lists.active_rows("PaymentTerms")]


def build_term_code(row: Row) -> Code:
    """Return the code of a payment term's row."""
    name = normalize_name(row["name"])
    days = row["paymentDueInDays"]
    number = None if days is None else str(days)
    return Code(
        id=f"term:{row['id']}",
        name=name,
        number=number,
        hold=find_tilde_problem(name),
    )


def build_tax_region_code(text: str) -> Code:
    """Return the code of a tax region, of which invoices have the name only."""
    name = normalize_name(text)
    return Code(id=f"region:{name}", name=name, hold=find_tilde_problem(name))


def build_tax_category_code(row: Row) -> Code:
    """Return the code of a tax category's row."""
    name = normalize_name(row["name"])
    return Code(id=f"category:{row['id']}", name=name, hold=find_tilde_problem(name))


def normalize_name(text: str | None) -> str:
    """Return a name without spaces around it or repeated spaces inside."""
    words = (text or "").split()
    return " ".join(words)


def find_tilde_problem(name: str | None, what: str = NAME_LABEL) -> str | None:
    """Return the reason why a name with a tilde may not be used, or None."""
    if not name or "~" not in name:
        return None
    return Sentence(
        "in Autotask its %(what)s contains a tilde, which is no separator in QuickBooks. Rename"
        " it there.",
        what=what,
    )


def use_type(site: Site, source: Autotask, setting: str) -> int:
    """Return the number of the use type that a setting names.

    Raise NeedsAttention if it is unclear, because expense and internal codes are not sold.
    """
    number = _find_use_type(site, source, setting)
    if number is not None:
        return number
    name = str(site.settings[setting])
    if setting == INTERNAL_SETTING:
        raise NeedsAttention(
            "Autotask has no use type of billing codes called “%(internal)s”. Enter the use type"
            " of internal codes in the settings of the app.",
            internal=name,
        )
    raise NeedsAttention(
        "Autotask has no use type of billing codes called “%(expense)s”. Enter the use type"
        " of expense categories in the settings of the app.",
        expense=name,
    )


def _find_use_type(site: Site, source: Autotask, setting: str) -> int | None:
    """Return the number of the use type that a setting names, or None if it is unclear.

    Prefer the entry with that label, ignoring case. Otherwise take the entry whose original label
    in Autotask it is, unless that entry now has the original label of another one.
    """
    name = site.settings[setting].casefold()
    labels = _fold(source.picklist("BillingCodes", "useType"))
    for number, label in labels.items():
        if label == name:
            return int(number)
    standard_types = _fold(USE_TYPES)
    for number, label in standard_types.items():
        if label == name and labels.get(number, label) not in standard_types.values():
            return int(number)
    return None


def _fold(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of a picklist in lower case, for comparisons."""
    return {number: label.casefold() for number, label in labels.items()}


def build_item_code(row: Row, external: bool, income: str) -> Code:
    """Return the code of a billing code's row.

    It is matched by its External Number, which several may share, or by its name.
    """
    name = normalize_name(row["name"])
    number = normalize_name(row["externalNumber"])
    hold = find_tilde_problem(name) or find_tilde_problem(
        number if external else "", EXTERNAL_NUMBER_LABEL
    )
    if not external:
        create = Item(name=name, codes={"income_account": income})
        return Code(id=f"billing_code:{row['id']}", name=name, hold=hold, create=create)
    if not number:
        hold = Sentence(
            "it has no External Number. Give it one in Autotask, or let the settings"
            " find items by name."
        )
        return Code(id=f"billing_code:{row['id']}", name=name, hold=hold)
    create = Item(name=number, sku=number, codes={"income_account": income})
    return Code(
        id=f"external_number:{number.casefold()}",
        name=number,
        hold=hold,
        create=create,
    )


def build_product_code(row: Row, settings: Mapping[str, Any]) -> Code:
    """Return the code of a product; a new item is a non-inventory item."""
    name = normalize_name(row["name"])
    create = Item(
        name=name,
        type="non_inventory",
        sku=row["sku"] or None,
        description=row["description"] or None,
        price=None if row["unitPrice"] is None else money(row["unitPrice"]),
        cost=None if row["unitCost"] is None else money(row["unitCost"]),
        codes={
            "income_account": settings["income_account"],
            "expense_account": settings["expense_account"],
        },
    )
    return Code(
        id=f"product:{row['id']}",
        name=name,
        number=row["sku"] or None,
        hold=find_tilde_problem(name),
        create=create,
    )


def build_rounding_code(income: str) -> Code:
    """Return the code of the line for rounding differences."""
    name = "Rounding difference"
    return Code(
        id="rounding",
        name=name,
        create=Item(name=name, codes={"income_account": income}),
    )
