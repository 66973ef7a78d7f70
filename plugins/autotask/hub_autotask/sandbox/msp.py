"""The service provider of the stand-in: its people, organisations, codes and other lists."""

from decimal import Decimal

from hub_autotask.sandbox.picklists import COMPANY_TYPES, USE_TYPES, get_number
from hub_autotask.sandbox.schema import ENTITIES

NAME = "Brightwater Managed IT"
DATABASE_ID, ZONE_NAME = 70115, "America East 2"
USER, SECRET, INTEGRATION_CODE = (
    "qbo-api@brightwater.example",
    "stand-in-secret-7c1e",
    "STANDINCODE0000000000000001",
)
CALLS_PER_HOUR = 10_000
HOME_CURRENCY, EURO = 1, 2
CUSTOMER, VENDOR = get_number(COMPANY_TYPES, "Customer"), get_number(COMPANY_TYPES, "Vendor")
CALIFORNIA, TUCSON, TEXAS = 501, 502, 503
SERVICES, GOODS = 701, 702
NET30, NET30DAYS, RECEIPT, NET45, TILDE_TERM = 901, 902, 903, 904, 905
REGIONS = {CALIFORNIA: "California", TUCSON: "Tucson", TEXAS: "Texas"}

COMPANIES = (
    (0, NAME, CUSTOMER, {}),
    (176, "Alder Dental Group", CUSTOMER, {}),
    (177, "Bayview Apartments", CUSTOMER, {"taxRegionID": CALIFORNIA}),
    (178, " oak street llc ", CUSTOMER, {}),
    (179, "Harbor Freight Insurance", CUSTOMER, {}),
    (180, "Apex Roofing Supply", CUSTOMER, {}),
    (181, "Cedar Grove School~Gym", CUSTOMER, {}),
    (182, "Old Mill Bakery", CUSTOMER, {"isActive": False}),
    (183, "Rhein Logistik GmbH", CUSTOMER, {"currencyID": EURO}),
    (184, "Lakeshore HOA Clubhouse", CUSTOMER, {"parentCompanyID": 185}),
    (185, "Lakeshore HOA", CUSTOMER, {}),
    (186, "Walker Residences", CUSTOMER, {}),
    (187, "O'Neill & Søn", CUSTOMER, {"taxRegionID": TUCSON}),
    (188, "Eastman Clinic", CUSTOMER, {"taxRegionID": TUCSON}),
    (201, "Ingram Distribution", VENDOR, {}),
    (202, "Summit Scaffolding", VENDOR, {}),
    (203, "Riverton County", VENDOR, {}),
    (204, "Kobold Hardware AG", VENDOR, {"currencyID": EURO}),
)
COMPANIES_WITHOUT_CONTACT = {0, 179, 201}
CONTACTS = {
    176: ("Mary", "Alder"),
    183: ("Jürgen", "Weiß"),
    187: ("Siobhan", "O'Neill"),
}
BILLING_CODES = (
    (801, "Remote Support", "Labor", "General Allocation Code"),
    (802, "Onsite Support", "Labor", "General Allocation Code"),
    (803, "After Hours Support", "Labor", "General Allocation Code"),
    (804, "Project Work", "Services", "General Allocation Code"),
    (805, "Travel Time", None, "General Allocation Code"),
    (806, "Equipment Rental", "Equipment Rental", "Material Cost Code"),
    (807, "Hardware", "Hardware Sales", "Material Cost Code"),
    (808, "Software Licence", "Software", "Material Cost Code"),
    (809, "Managed Workstation", "MSP Workstation", "Recurring Contract Service Code"),
    (810, "Managed Server", "MSP Server", "Recurring Contract Service Code"),
    (811, "Backup~Cloud", "Backup~Cloud", "Recurring Contract Service Code"),
    (812, "Phase Milestone", "Milestones", "Milestone Code"),
    (813, "Networking", "Networking", "Material Cost Code"),
    (814, "Prepaid Hours", "Prepaid Hours", "Material Cost Code"),
    (831, "Mileage", "6110", "Expense Code"),
    (832, "Meals", "6300", "Expense Code"),
    (833, "Lodging", "6500", "Expense Code"),
    (834, "Parking", "6100", "Expense Code"),
    (835, "Client Gifts", None, "Expense Code"),
    (851, "Vacation", None, "Internal Allocation Code"),
)
TERMS = (
    (NET30, "Net 30", 30),
    (NET30DAYS, "Net 30 Days", 30),
    (RECEIPT, "Due on receipt", 0),
    (NET45, "Net 60", 45),
    (TILDE_TERM, "Net 15~Special", 15),
)
TAXES = (
    (CALIFORNIA, SERVICES, "California services", "0", False),
    (CALIFORNIA, GOODS, "California goods", "0.08", False),
    (TUCSON, SERVICES, "Tucson services", "0.02", False),
    (TUCSON, GOODS, "Tucson goods", "0.03", False),
    (TEXAS, GOODS, "Texas state", "0.0625", False),
    (TEXAS, GOODS, "Texas city", "0.02", True),
)
PASSWORD = "stand-in-password-41"  # noqa: S105 (of everybody who may log in to the stand-in)
PEOPLE = (
    (41, "Tom", "O'Brien", "tom@brightwater.example"),
    (42, "", "Cher", "cher@brightwater.example"),
    (43, "Priya", "Shah", "priya@brightwater.example"),
)
DEPARTMENTS = (
    (51, "Field Service", "Service"),
    (52, "Sales~East", "Sales~East"),
    (53, "Projects", "Commercial"),
)
PRODUCTS = (
    (601, "Firewall FX-20", "FX-20", 807, "249.5000"),
    (602, "Patch Panel 24", "PP-24", 813, "48.2000"),
    (603, "Rack~Deep 42U", "RD-42", 807, "899.0000"),
)


def has_tilde(row):
    """Return whether a value of a row contains a tilde, which the hub warns of."""
    return any("~" in value for value in row.values() if isinstance(value, str))


def iter_all_rows():
    """Yield (entity, row) of all lists."""
    yield from _iter_organisations()
    yield from _iter_codes()
    yield from _iter_terms()
    yield from _iter_taxes()
    yield from _iter_currencies()
    yield from _iter_countries()
    yield from _iter_resources()
    yield from _iter_departments()
    yield from _iter_products()


def _iter_organisations():
    for id, name, kind, more in COMPANIES:
        yield "Companies", _build_company(id, name, kind, more)
        if id not in COMPANIES_WITHOUT_CONTACT:
            yield "Contacts", _build_contact(id)
    yield (
        "Contacts",
        _build_row(
            "Contacts",
            id=2176,
            companyID=176,
            firstName="Zoe",
            lastName="Reception",
            emailAddress="front.desk@client.example",
            phone="555-0000",
            isActive=1,
            primaryContact=False,
        ),
    )


def _iter_codes():
    for id, name, external, use in BILLING_CODES:
        yield (
            "BillingCodes",
            _build_row(
                "BillingCodes",
                id=id,
                name=name,
                externalNumber=external,
                isActive=True,
                billingCodeType=0,
                useType=get_number(USE_TYPES, use),
            ),
        )


def _iter_terms():
    for id, name, days in TERMS:
        yield (
            "PaymentTerms",
            _build_row("PaymentTerms", id=id, name=name, isActive=True, paymentDueInDays=days),
        )


def _iter_currencies():
    for id, code, home in ((HOME_CURRENCY, "USD", True), (EURO, "EUR", False)):
        yield (
            "Currencies",
            _build_row(
                "Currencies",
                id=id,
                name=code,
                isInternalCurrency=home,
                isActive=True,
                exchangeRate=Decimal("1.0000") if home else Decimal("0.9200"),
            ),
        )


def _iter_countries():
    for id, code, name in ((1, "US", "United States"), (2, "DE", "Germany")):
        yield (
            "Countries",
            _build_row("Countries", id=id, countryCode=code, name=name, isActive=True),
        )


def _iter_resources():
    for id, first, last, email in PEOPLE:
        yield (
            "Resources",
            _build_row(
                "Resources",
                id=id,
                firstName=first,
                lastName=last,
                email=email,
                userName=email.partition("@")[0],
                isActive=True,
            ),
        )


def _iter_departments():
    for id, name, text in DEPARTMENTS:
        yield "Departments", _build_row("Departments", id=id, name=name, number=text)


def _iter_products():
    for id, name, sku, code, cost in PRODUCTS:
        yield (
            "Products",
            _build_row(
                "Products",
                id=id,
                name=name,
                sku=sku,
                description=f"{name}, in stock",
                isActive=True,
                productBillingCodeID=code,
                unitCost=Decimal(cost),
                unitPrice=2 * Decimal(cost),
            ),
        )


def _iter_taxes():
    for id, name in REGIONS.items():
        yield "TaxRegions", _build_row("TaxRegions", id=id, name=name, isActive=True)
    for id, name in ((SERVICES, "Services"), (GOODS, "Goods")):
        yield "TaxCategories", _build_row("TaxCategories", id=id, name=name, isActive=True)
    for id, (region, category, name, rate, compound) in enumerate(TAXES, 551):
        yield (
            "Taxes",
            _build_row(
                "Taxes",
                id=id,
                taxRegionID=region,
                taxCategoryID=category,
                taxName=name,
                taxRate=Decimal(rate),
                isCompounded=compound,
            ),
        )


def _build_row(entity, **values):
    return ENTITIES[entity].row(**values)


def _build_company(id, name, kind, more):
    address = {
        "address1": f"{id} Elm Street",
        "city": "Riverton",
        "state": "CA",
        "postalCode": "95363",
        "countryID": 1,
    }
    billing = {
        "billingAddress1": f"{id} Elm Street",
        "billToCity": "Riverton",
        "billToState": "CA",
        "billToZipCode": "95363",
        "billToCountryID": 1,
    }
    about = {
        "id": id,
        "companyName": name,
        "companyType": kind,
        "isActive": True,
        "currencyID": HOME_CURRENCY,
        "phone": f"555-0{id:03}",
    }
    return _build_row("Companies", **{**about, **address, **billing, **more})


def _build_contact(company):
    first, last = CONTACTS.get(company, ("Sam", f"Lee {company}"))
    email = f"{first}.{company}@client.example".lower().replace("ü", "u")
    return _build_row(
        "Contacts",
        id=3000 + company,
        companyID=company,
        firstName=first,
        lastName=last,
        emailAddress=email,
        phone=f"555-1{company:03}",
        isActive=1,
        primaryContact=True,
    )
