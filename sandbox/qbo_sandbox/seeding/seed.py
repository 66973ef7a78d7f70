"""Opens a new company's books: its info, preferences and lists, from the files in `books`."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.resources import files
from typing import Any

from qbo_sandbox.accounting import preferences
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.references import name_reference
from qbo_sandbox.entities import currencies
from qbo_sandbox.entities.lists import place
from qbo_sandbox.seeding import sample

Writer = Callable[[Company, list[str]], None]
BARE = ("Account", "TaxAgency", "TaxRate", "TaxCode", "Term")
AGE = 90 * 86400
COUNTRY_NAMES = {"US": "USA", "NO": "NOR"}


def open_books(company: Company) -> None:
    """Write everything a company has before its first transaction, as if three months ago."""
    with company.clock.pretend(company.now() - AGE):
        place(company, "CompanyInfo", _info(company), "1")
        place(company, "Preferences", preferences.sections(company.options), "1")
        for code in (*company.options.currencies, company.options.currency):
            place(
                company, "CompanyCurrency", {"Code": code, "Name": currencies.NAMES.get(code, code)}
            )
        for kind, fields in _rows(company):
            if not company.options.seeded and kind not in BARE:
                continue
            WRITERS[kind](company, fields)
        if not company.options.sample:  # there the first foreign customer or vendor brings them
            _foreign_accounts(company)
    if company.options.sample:
        sample.write_transactions(company)


def _rows(company: Company) -> Iterator[tuple[str, list[str]]]:
    """Yield (kind, fields) of each line of the file with the company's books.

    Accounts that state their id come first, so that no other account takes it.
    """
    name = "no.txt" if company.options.country == "NO" else "us.txt"
    if company.options.sample:
        name = "sample.txt"
    lines = (files(__package__) / "books" / name).read_text("utf-8").splitlines()
    rows = [line.split("|") for line in lines if line and not line.startswith("#")]
    rows.sort(key=_seeding_order)
    for kind, *fields in rows:
        yield kind, [*fields, "", "", "", ""]


def _seeding_order(row: list[str]) -> int:
    if row[0] != "Account":
        return 2
    return 0 if row[1] else 1


def _account(company: Company, fields: list[str]) -> None:
    id, name, number, kind, subtype, parent = fields[:6]
    data: dict[str, Any] = {"Name": name, "AccountType": kind, "AccountSubType": subtype}
    if parent:
        data |= {"ParentRef": {"value": parent}, "SubAccount": True}
    if company.options.account_numbers:
        data["AcctNum"] = number
    place(company, "Account", data, id)


def _foreign_accounts(company: Company) -> None:
    """Create the accounts that foreign currencies need."""
    for account in currencies.needed_accounts(company):
        place(company, "Account", account)


def _rate(company: Company, fields: list[str]) -> None:
    id, name, percent, agency = fields[:4]
    start = {"RateValue": Decimal(percent), "EffectiveDate": company.stamp(company.now())}
    data = {
        "Name": name,
        "Description": name,
        "RateValue": Decimal(percent),
        "AgencyRef": {"value": agency},
    }
    more = {"SpecialTaxType": "NONE", "DisplayType": "ReadOnly", "EffectiveTaxRate": [start]}
    place(company, "TaxRate", data | more, id)


def _code(company: Company, fields: list[str]) -> None:
    if company.options.tax != "codes" and "TAX" not in company.table("TaxCode").rows:
        for special, taxable in (("TAX", True), ("NON", False)):
            data = {"Name": special, "Description": special, "Taxable": taxable, "TaxGroup": False}
            place(company, "TaxCode", data, special)
    id, name, sale, purchase = fields[:4]
    lists_of = {"SalesTaxRateList": _rate_list(company, sale)}
    lists_of["PurchaseTaxRateList"] = _rate_list(company, purchase)
    place(
        company,
        "TaxCode",
        {"Name": name, "Description": name, "Taxable": True, "TaxGroup": True, **lists_of},
        id,
    )


def _rate_list(company: Company, rate: str) -> dict[str, Any]:
    reference = name_reference(company, "TaxRate", {"value": rate})
    return {
        "TaxRateDetail": [
            {"TaxRateRef": reference, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}
        ]
    }


def _named_account(company: Company, name: str) -> dict[str, str]:
    return {"value": company.names["account", name.casefold()][1]}


def _item(company: Company, fields: list[str]) -> None:
    name, kind, income, expense = fields[:4]
    data: dict[str, Any] = {
        "Name": name,
        "Type": kind,
        "IncomeAccountRef": _named_account(company, income),
    }
    if expense:
        data["ExpenseAccountRef"] = _named_account(company, expense)
        data["PurchaseCost"] = Decimal(0)
    place(company, "Item", data | {"UnitPrice": Decimal(0)})


def _vendor(company: Company, fields: list[str]) -> None:
    name, number, code = fields[:3]
    data: dict[str, Any] = {"DisplayName": name, "CompanyName": name}
    if code and company.options.multicurrency:
        data["CurrencyRef"] = {"value": code}
    place(company, "Vendor", data | ({"AcctNum": number} if number else {}))


def _customer(company: Company, fields: list[str]) -> None:
    if fields[0] not in ("Project", "Job"):
        place(company, "Customer", {"DisplayName": fields[0], "CompanyName": fields[0]})
        return
    sort, parent, name = fields[:3]
    reference = {"value": company.names["people", parent.casefold()][1]}
    more = {"IsProject": True} if sort == "Project" and company.options.projects else {}
    place(
        company, "Customer", {"DisplayName": name, "ParentRef": reference, "Job": True}, more=more
    )


def _plain(kind: str, *names: str) -> Writer:
    """Return a function that writes list entries with just these fields."""

    def write(company: Company, fields: list[str]) -> None:
        data: dict[str, Any] = dict(zip(names, fields, strict=False))
        id = data.pop("id", "")
        if "DueDays" in data:
            data["DueDays"] = int(data["DueDays"])
        place(company, kind, data, id)

    return write


WRITERS: dict[str, Writer] = {
    "Account": _account,
    "TaxAgency": _plain("TaxAgency", "id", "DisplayName"),
    "TaxRate": _rate,
    "TaxCode": _code,
    "Term": _plain("Term", "id", "Name", "DueDays"),
    "PaymentMethod": _plain("PaymentMethod", "id", "Name", "Type"),
    "Class": _plain("Class", "Name"),
    "Department": _plain("Department", "Name"),
    "Item": _item,
    "Vendor": _vendor,
    "Customer": _customer,
    "Employee": _plain("Employee", "GivenName", "FamilyName"),
    "CustomerType": _plain("CustomerType", "Name"),
    **sample.LIST_WRITERS,
}


def _info(company: Company) -> dict[str, Any]:
    options = company.options
    address = {"Id": "1", "Line1": "1 Builder Street", "City": "Riverton", "PostalCode": "94001"}
    address["Country"] = COUNTRY_NAMES.get(options.country, options.country)
    values = {
        "NeoEnabled": "true",
        "IndustryType": "General Contractors",
        "IndustryCode": "236220",
        "SubscriptionStatus": "SUBSCRIBED" if options.subscribed else "EXPIRED",
        "OfferingSku": "QuickBooks Online Plus"
        if options.purchase_orders
        else "QuickBooks Online Simple Start",
        "CompanyType": "Other",
        "ItemCategoriesFeature": "true",
    }
    return {
        "CompanyName": options.name,
        "LegalName": options.name,
        "CompanyAddr": address,
        "CustomerCommunicationAddr": address,
        "LegalAddr": address,
        "CompanyStartDate": company.today(),
        "FiscalYearStartMonth": "January",
        "Country": options.country,
        "Email": {"Address": "office@example.com"},
        "WebAddr": {},
        "SupportedLanguages": "en",
        "DefaultTimeZone": options.zone,
        "NameValue": [{"Name": name, "Value": value} for name, value in values.items()],
    }
