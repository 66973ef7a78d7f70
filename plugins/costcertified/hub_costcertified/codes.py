"""Build the codes of clients, vendors, services, fees, taxes and payment methods."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from hub import (
    Address,
    Code,
    Codes,
    Field,
    FromSetting,
    Gone,
    Item,
    Party,
    Row,
    Sentence,
    Site,
    money,
    parse_date,
    require_id,
)
from hub_costcertified import names

FIELDS = (
    Field(
        name="client",
        label="Client",
        role="customer",
        match=("email", "name"),
        missing=FromSetting("parties"),
    ),
    Field(name="service", label="Service", role="item", missing="create"),
    Field(name="fee", label="Fee", role="item", match=("name",), missing="create"),
    Field(name="tax", label="Tax code", role="tax_code", match=("name",)),
    Field(
        name="method", label="Way to pay", role="payment_method", match=("name",), missing="warn"
    ),
    Field(
        name="vendor",
        label="Vendor",
        role="vendor",
        match=("email", "name"),
        missing=FromSetting("parties"),
    ),
    Field(name="category", label="Category", role="account", match=("number", "name")),
)
HOLDING_ACCOUNT_MISSING = Sentence(
    "Choose the account for money on its way in the settings of CostCertified; what is"
    " given back goes through it."
)
METHOD_NAMES = {"card": "Credit Card", "ach": "ACH"}


def build_client_code(row: Row) -> Code:
    """Return the code of a client, with the details of a new customer."""
    first_name = row.get(names.Client.FIRST_NAME)
    last_name = row.get(names.Client.LAST_NAME)
    person = " ".join(filter(None, (first_name, last_name)))
    company = (row.get(names.Client.COMPANY) or "").strip()
    email = row.get(names.Client.EMAIL)
    name = company or person or str(email or "")
    if not name.strip():
        raise ValueError(Sentence("its client has no name, company or e-mail address"))
    create = Party(
        name=name,
        email=email,
        phone=row.get(names.Client.PHONE),
        contact=person if company and person else None,
        address=_build_address(row),
    )
    return Code(id=f"client:{require_id(row, names.Client.ID)}", name=name, create=create)


def _build_address(row: Row) -> Address | None:
    """Return the address of a client, or None if CostCertified has nothing of it."""
    street = tuple(filter(None, (row.get(names.Client.ADDRESS), row.get(names.Client.SUITE))))
    city = row.get(names.Client.CITY)
    postal_code = row.get(names.Client.POSTAL)
    if not street and not city and not postal_code:
        return None
    return Address(lines=street, city=city, postal_code=postal_code)


def build_vendor_code(row: Row | None) -> Code:
    """Return the code of the vendor of an expense; a code with a hold if it has none."""
    if not row:
        return Code(
            id="no vendor",
            name="none",
            hold=Sentence("choose the vendor of the expense in CostCertified."),
        )
    name = row[names.Vendor.NAME]
    return Code(
        id=f"vendor:{require_id(row, names.Vendor.ID)}",
        name=name,
        create=Party(name=name, email=row.get(names.Vendor.EMAIL)),
    )


def build_service_code(site: Site, number: str) -> Codes:
    """Return the product or service with the number of the invoice, or the one in the settings."""
    if site.settings["item_mode"] == "fixed_item":
        return {"item": site.settings["item"]}
    item = _build_new_item(site, number)
    return {"service": Code(id=f"number:{number}", name=number, create=item)}


def build_fee_code(site: Site) -> Codes:
    """Return the product or service of a fee that the client pays."""
    if site.settings["fee_item"]:
        return {"item": site.settings["fee_item"]}
    item = _build_new_item(site, "Transaction fee")
    return {"fee": Code(id="transaction fee", name=item.name, create=item)}


def _build_new_item(site: Site, name: str) -> Item:
    """Return an item to create, with the income account of the settings."""
    income_account = site.settings["income_account"]
    return Item(name=name, codes={"income_account": income_account})


def build_tax_code(site: Site, name: str | None) -> Codes:
    """Return the tax code of a line; in the United States a line is only taxable or not."""
    if site.company.country == "US":
        return {}
    if not name:
        return {"tax": Code(id="no tax", name="No tax")}
    return {"tax": Code(id=f"tax:{name}", name=name)}


def build_method_code(raw: str | None) -> Code | None:
    """Return the code of a payment method, or None without one."""
    if not raw:
        return None
    return Code(id=raw, name=METHOD_NAMES.get(get_fixed_word(raw), raw))


def get_fixed_word(value: Any) -> str:
    """Return a fixed word of CostCertified, such as a status, in lower case."""
    return str(value).strip().lower()


def parse_amount(value: Any) -> Decimal | None:
    """Return an amount of money that only people read, or None without one."""
    return None if value in (None, "") else money(value)


def parse_deletion(site: Site, row: Row) -> dt.date | None:
    """Return the day on which a row was deleted; None if it was not.

    Another value than a moment proves no deletion: it raises ValueError.
    """
    return parse_date(row.get(names.Row.DELETED_AT), site.zone)


def build_gone(source_id: str, deleted_on: dt.date) -> Gone:
    """Return the Gone of a document that was deleted in CostCertified."""
    reason = Sentence("Deleted in CostCertified on %(deleted_at)s.", deleted_at=str(deleted_on))
    return Gone(source_id=source_id, reason=reason)


def sum_amounts(amounts: Iterable[Any]) -> Decimal:
    """Return the sum of amounts as CostCertified sends them."""
    return sum(map(money, amounts), money(0))
