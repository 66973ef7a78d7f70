"""Open the books of a new company: its info, preferences and lists, from the files in `books`."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib.resources import files

from qbo_sandbox.accounting import preferences
from qbo_sandbox.accounting.company import Company
from qbo_sandbox.accounting.references import add_reference_name
from qbo_sandbox.entities import currencies
from qbo_sandbox.entities.lists import write_entry
from qbo_sandbox.kit.json_object import JsonObject
from qbo_sandbox.seeding import sample

Writer = Callable[[Company, list[str]], None]
REQUIRED_KINDS = ("Account", "TaxAgency", "TaxRate", "TaxCode", "Term")
OPENING_AGE_SECONDS = 90 * 86400
COUNTRY_NAMES = {"US": "USA", "NO": "NOR", "CA": "CAN", "GB": "GBR", "AU": "AUS"}
COUNTRIES_WITH_TAXES = ("CA", "GB", "AU")  # with a file of taxes; other lists are American


def open_books(company: Company) -> None:
    """Write everything a company has before its first transaction, as if three months ago."""
    with company.clock.pretend(company.now() - OPENING_AGE_SECONDS):
        write_entry(company, "CompanyInfo", _write_info(company), "1")
        write_entry(company, "Preferences", preferences.build_sections(company.options), "1")
        foreign = company.options.currencies if company.options.multicurrency else ()
        for code in (*foreign, company.options.currency):
            write_entry(
                company,
                "CompanyCurrency",
                {"Code": code, "Name": currencies.CURRENCY_NAMES.get(code, code)},
            )
        for kind, fields in _read_rows(company):
            if not company.options.seeded and kind not in REQUIRED_KINDS:
                continue
            WRITERS[kind](company, fields)
        if not company.options.sample:  # there the first foreign customer or vendor brings them
            _create_foreign_accounts(company)
    if company.options.sample:
        sample.write_transactions(company)


def _read_rows(company: Company) -> Iterator[tuple[str, list[str]]]:
    """Yield (kind, fields) of each line of the file with the company's books.

    Accounts that state their id come first, so that no other account takes it. A company outside
    the United States has no tax codes before sales tax is set up.
    """
    options = company.options
    country = options.country
    name = "no.txt" if country == "NO" else "us.txt"
    if options.sample:
        name = "sample.txt"
    rows = _read_file(name)
    if options.tax == "off" and country != "US":
        rows = _leave_out_taxes(rows)
    elif country in COUNTRIES_WITH_TAXES:
        rows = _leave_out_taxes(rows) + _read_file(f"taxes_{country.lower()}.txt")
    rows.sort(key=_rank_row)
    for kind, *fields in rows:
        yield kind, [*fields, "", "", "", ""]


def _leave_out_taxes(rows: list[list[str]]) -> list[list[str]]:
    """Return the lines without those of tax agencies, rates and codes."""
    return [row for row in rows if not row[0].startswith("Tax")]


def _read_file(name: str) -> list[list[str]]:
    """Return the kind and the fields of each line of a file in `books`."""
    lines = (files(__package__) / "books" / name).read_text("utf-8").splitlines()
    return [line.split("|") for line in lines if line and not line.startswith("#")]


def _rank_row(row: list[str]) -> int:
    """Return the rank of a line: accounts without a parent come before other accounts."""
    if row[0] != "Account":
        return 2
    return 0 if row[1] else 1


def _write_account(company: Company, fields: list[str]) -> None:
    """Write an account, perhaps below another one."""
    id, name, number, kind, subtype, parent = fields[:6]
    data: JsonObject = {
        "Name": name,
        "AccountType": kind,
        "AccountSubType": subtype,
    }
    if parent:
        data["ParentRef"] = {"value": parent}
        data["SubAccount"] = True
    if company.options.account_numbers:
        data["AcctNum"] = number
    write_entry(company, "Account", data, id)


def _create_foreign_accounts(company: Company) -> None:
    """Create the accounts that foreign currencies need."""
    for account in currencies.list_needed_accounts(company):
        write_entry(company, "Account", account)


def _write_rate(company: Company, fields: list[str]) -> None:
    """Create a tax rate."""
    id, name, percent, agency = fields[:4]
    start = {"RateValue": Decimal(percent), "EffectiveDate": company.stamp(company.now())}
    data = {
        "Name": name,
        "Description": name,
        "RateValue": Decimal(percent),
        "AgencyRef": {"value": agency},
    }
    more = {
        "SpecialTaxType": "NONE",
        "DisplayType": "ReadOnly",
        "EffectiveTaxRate": [start],
    }
    write_entry(company, "TaxRate", data | more, id)


def _write_code(company: Company, fields: list[str]) -> None:
    """Create a tax code; create TAX and NON first where tax does not go by codes."""
    if company.options.tax != "codes" and "TAX" not in company.table("TaxCode").rows:
        for special, taxable in (("TAX", True), ("NON", False)):
            data = {
                "Name": special,
                "Description": special,
                "Taxable": taxable,
                "TaxGroup": False,
            }
            write_entry(company, "TaxCode", data, special)
    id, name, sale, purchase = fields[:4]
    lists_of = {"SalesTaxRateList": _build_rate_list(company, sale)}
    lists_of["PurchaseTaxRateList"] = _build_rate_list(company, purchase)
    write_entry(
        company,
        "TaxCode",
        {
            "Name": name,
            "Description": name,
            "Taxable": True,
            "TaxGroup": True,
            **lists_of,
        },
        id,
    )


def _build_rate_list(company: Company, rate: str) -> JsonObject:
    """Return the list of rates of a tax code that has one."""
    reference = add_reference_name(company, "TaxRate", {"value": rate})
    return {
        "TaxRateDetail": [
            {
                "TaxRateRef": reference,
                "TaxTypeApplicable": "TaxOnAmount",
                "TaxOrder": 0,
            }
        ]
    }


def _find_account_reference(company: Company, name: str) -> dict[str, str]:
    """Return a reference to the account with a name."""
    _, id = company.names["account", name.casefold()]
    return {"value": id}


def _write_item(company: Company, fields: list[str]) -> None:
    """Write an item."""
    name, kind, income, expense = fields[:4]
    data: JsonObject = {
        "Name": name,
        "Type": kind,
        "IncomeAccountRef": _find_account_reference(company, income),
    }
    if expense:
        data["ExpenseAccountRef"] = _find_account_reference(company, expense)
        data["PurchaseCost"] = Decimal(0)
    write_entry(company, "Item", data | {"UnitPrice": Decimal(0)})


def _write_vendor(company: Company, fields: list[str]) -> None:
    """Write a vendor, with its currency where there are several."""
    name, number, code = fields[:3]
    data: JsonObject = {"DisplayName": name, "CompanyName": name}
    if code and company.options.multicurrency:
        data["CurrencyRef"] = {"value": code}
    if number:
        data["AcctNum"] = number
    write_entry(company, "Vendor", data)


def _write_customer(company: Company, fields: list[str]) -> None:
    """Write a customer, or a project or job below another one."""
    if fields[0] not in ("Project", "Job"):
        name = fields[0]
        write_entry(company, "Customer", {"DisplayName": name, "CompanyName": name})
        return
    sort, parent, name = fields[:3]
    _, parent_id = company.names["people", parent.casefold()]
    data = {
        "DisplayName": name,
        "ParentRef": {"value": parent_id},
        "Job": True,
    }
    is_project = sort == "Project" and company.options.projects
    more = {"IsProject": True} if is_project else {}
    write_entry(company, "Customer", data, more=more)


def _create_plain_writer(kind: str, *names: str) -> Writer:
    """Return a function that writes list entries with just these fields."""

    def write(company: Company, fields: list[str]) -> None:
        data: JsonObject = dict(zip(names, fields, strict=False))
        id = data.pop("id", "")
        if "DueDays" in data:
            data["DueDays"] = int(data["DueDays"])
        write_entry(company, kind, data, id)

    return write


WRITERS: dict[str, Writer] = {
    "Account": _write_account,
    "TaxAgency": _create_plain_writer("TaxAgency", "id", "DisplayName"),
    "TaxRate": _write_rate,
    "TaxCode": _write_code,
    "Term": _create_plain_writer("Term", "id", "Name", "DueDays"),
    "PaymentMethod": _create_plain_writer("PaymentMethod", "id", "Name", "Type"),
    "Class": _create_plain_writer("Class", "Name"),
    "Department": _create_plain_writer("Department", "Name"),
    "Item": _write_item,
    "Vendor": _write_vendor,
    "Customer": _write_customer,
    "Employee": _create_plain_writer("Employee", "GivenName", "FamilyName"),
    "CustomerType": _create_plain_writer("CustomerType", "Name"),
    **sample.LIST_WRITERS,
}


def _write_info(company: Company) -> JsonObject:
    """Return the CompanyInfo of a company."""
    options = company.options
    address = {"Id": "1", "Line1": "1 Builder Street", "City": "Riverton", "PostalCode": "94001"}
    address["Country"] = COUNTRY_NAMES.get(options.country, options.country)
    offering = "QuickBooks Online Simple Start"
    if options.purchase_orders:
        offering = "QuickBooks Online Plus"
    values = {
        "NeoEnabled": "true",
        "IndustryType": "General Contractors",
        "IndustryCode": "236220",
        "SubscriptionStatus": "SUBSCRIBED" if options.subscribed else "EXPIRED",
        "OfferingSku": offering,
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
