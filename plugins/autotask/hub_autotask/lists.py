"""What documents refer to: organisations, codes, terms and regions, each asked for once a run, as codes of the hub."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from typing import Any

from hub import Address, Code, Field, Item, MatchMethod, Party, Role, Row, Site
from hub_autotask.client import Autotask, where

EXPENSE, INTERNAL = "expense_use_type", "internal_use_type"
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
TILDE = "in Autotask its {} holds a tilde, which QuickBooks does not take for a separator. Rename it there."


def field(
    name: str, label: str, role: Role, match: tuple[MatchMethod, ...] = ("name",), **more: Any
) -> Field:
    """Return a code field; a tilde separates levels of a name in Autotask and nothing in QuickBooks."""
    return Field(name=name, label=label, role=role, match=match, separator="~", **more)


class Lists:
    """The lists of one run."""

    def __init__(self, site: Site, source: Autotask) -> None:
        self._site, self._source = site, source
        self._companies: dict[int, Row | None] = {}
        self._contacts: dict[int, Row] = {}
        self._whole: dict[str, dict[Any, Row]] = {}
        self._some: dict[str, dict[int, Row]] = {}

    def whole(self, entity: str) -> dict[Any, Row]:
        """All rows of a short list by their ids."""
        if entity not in self._whole:
            self._whole[entity] = {row["id"]: row for row in self._source.rows(entity)}
        return self._whole[entity]

    def fetch(self, entity: str, ids: Iterable[int]) -> None:
        """Asks for rows of a long list by their ids, those that are not known yet, at once."""
        known = self._some.setdefault(entity, {})
        known |= {
            row["id"]: row for row in self._source.among(entity, "id", set(ids) - known.keys())
        }

    def one(self, entity: str, id: int) -> Row:
        """One row of a long list; a ValueError says that Autotask shows none."""
        if id not in self._some.get(entity, {}):
            self.fetch(entity, [id])
        if id not in self._some[entity]:
            raise ValueError(f"{entity} {id}, which it names, is not shown to the API user")
        return self._some[entity][id]

    def load(self, companies: Iterable[int | None]) -> None:
        """Asks for organisations and their primary contacts, those that are not known yet, at once."""
        wanted = {id for id in companies if id is not None} - self._companies.keys()
        if not wanted:
            return
        self._companies |= dict.fromkeys(wanted)
        self._companies |= {row["id"]: row for row in self._source.among("Companies", "id", wanted)}
        for row in self._source.among("Contacts", "companyID", wanted):
            if row["primaryContact"]:
                self._contacts.setdefault(row["companyID"], row)

    def company(self, id: int) -> Row:
        """One organisation; a ValueError says that Autotask shows none."""
        self.load([id])
        company = self._companies[id]
        if company is None:
            raise ValueError(f"its organisation {id} is not shown to the API user")
        return company

    def contact(self, id: int) -> Row | None:
        """The primary contact of an organisation, or None."""
        self.load([id])
        return self._contacts.get(id)

    def currency(self, company_id: int) -> str:
        """The currency that Autotask has for an organisation."""
        row = self.whole("Currencies").get(self.company(company_id)["currencyID"])
        return row["name"] if row else self.home

    @cached_property
    def home(self) -> str:
        """The currency that Autotask itself is kept in."""
        found = [
            row["name"] for row in self.whole("Currencies").values() if row["isInternalCurrency"]
        ]
        return found[0] if found else self._site.company.currency

    def organisation(self, id: int) -> Code:
        """An organisation as customer or vendor."""
        return self.as_code(self.company(id))

    def as_code(self, row: Row) -> Code:
        """The code of an organisation's row."""
        name = clean(row["companyName"])
        return Code(
            id=f"company:{row['id']}", name=name, hold=tilde(name), create=self._party(row, name)
        )

    def _party(self, row: Row, name: str) -> Party | None:
        if ":" in name or not row.get("id"):
            return None
        contact = self._contacts.get(row["id"]) or {}
        country = self.whole("Countries").get(row["billToCountryID"] or row["countryID"]) or {}
        billed = bool(row["billingAddress1"])
        lines = ("billingAddress1", "billingAddress2") if billed else ("address1", "address2")
        place = (
            ("billToCity", "billToState", "billToZipCode")
            if billed
            else ("city", "state", "postalCode")
        )
        city, region, code = (row[part] or None for part in place)
        return Party(
            name=name,
            email=contact.get("emailAddress") or None,
            phone=contact.get("phone") or row["phone"] or None,
            contact=" ".join(filter(None, (contact.get("firstName"), contact.get("lastName")))) or None,
            currency=self.currency(row["id"]),
            address=Address(
                lines=tuple(row[line] for line in lines if row[line]),
                city=city, region=region, postal_code=code, country=country.get("countryCode"),
            ),
        )  # fmt: skip

    def term(self, id: int | None) -> Code | None:
        """The payment term with this id; its days, which a comparison shows as its number, are left out."""
        row = self.whole("PaymentTerms").get(id) if id is not None else None
        return replace(as_term(row), number=None) if row else None


def customers(source: Autotask, known: Lists, kind: str = "Customer") -> list[Code]:
    """The codes of all active organisations of a kind."""
    wanted = where("companyType", "eq", source.number("Companies", "companyType", kind))
    rows = list(source.rows("Companies", wanted, where("isActive", "eq", True)))
    known.load(row["id"] for row in rows)
    return [known.as_code(row) for row in rows if row["id"]]


def as_term(row: Row) -> Code:
    """The code of a payment term's row."""
    name, days = clean(row["name"]), row["paymentDueInDays"]
    number = None if days is None else str(days)
    return Code(id=f"term:{row['id']}", name=name, number=number, hold=tilde(name))


def as_tax_region(text: str) -> Code:
    """Return the code of a tax region, which invoices know by its name only."""
    name = clean(text)
    return Code(id=f"region:{name}", name=name, hold=tilde(name))


def as_tax_category(row: Row) -> Code:
    """Return the code of a tax category's row."""
    name = clean(row["name"])
    return Code(id=f"category:{row['id']}", name=name, hold=tilde(name))


def clean(text: str | None) -> str:
    """A name without spaces around it, and runs of them inside as one."""
    return " ".join((text or "").split())


def tilde(name: str | None, what: str = "name") -> str | None:
    """Why a name may not be used, if it holds a tilde."""
    return TILDE.format(what) if name and "~" in name else None


def use_type(site: Site, source: Autotask, setting: str) -> int | None:
    """Return the number of the use type that a setting names, None if nothing tells which one it is.

    An entry with that label comes first, whatever its case. Where there is none, the entry with the number that
    Autotask delivers the label with has been renamed, unless it bears another label that Autotask delivers.
    """
    wanted = site.settings[setting].casefold()
    labels = {
        number: label.casefold()
        for number, label in source.picklist("BillingCodes", "useType").items()
    }
    delivered = {number: label.casefold() for number, label in USE_TYPES.items()}
    for number, label in labels.items():
        if label == wanted:
            return int(number)
    for number, label in delivered.items():
        if label == wanted and labels.get(number, label) not in delivered.values():
            return int(number)
    return None


def as_item(row: Row, external: bool, income: str) -> Code:
    """The code of a billing code's row: by its External Number, which several may share, or by its name."""
    name, number = clean(row["name"]), clean(row["externalNumber"])
    hold = tilde(name) or tilde(number if external else "", "External Number")
    if not external:
        create = Item(name=name, codes={"income_account": income}) if ":" not in name else None
        return Code(id=f"billing_code:{row['id']}", name=name, hold=hold, create=create)
    if not number:
        said = "it has no External Number. Give it one in Autotask, or let the settings find items by name."
        return Code(id=f"billing_code:{row['id']}", name=name, hold=said)
    create = Item(name=number, sku=number, codes={"income_account": income})
    return Code(id=f"external_number:{number.casefold()}", name=number, hold=hold, create=create)


def rounding(income: str) -> Code:
    """The code of the line that closes the gap between four decimals and two."""
    name = "Rounding difference"
    return Code(id="rounding", name=name, create=Item(name=name, codes={"income_account": income}))
