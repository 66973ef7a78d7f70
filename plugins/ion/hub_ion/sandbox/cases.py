"""Orders and parts with special cases, each order with the name of its case."""

EURO_ID = 2
GERMAN_SUPPLIER_ID, UNKNOWN_SUPPLIER_ID = 7, 8
SUPPLIERS = (
    "Canyon Steel Works",
    "copper  state SUPPLY",
    "Cascade Glass",
    "Bright Line Electric",
    "Sandnes Stål",
    "Kranservice Nord",
    "Orbital Fasteners GmbH",
    "Nowhere Machining",
)
LOCATIONS = (
    {
        "name": "Hangar 3",
        "address": {
            "name": "Orbital Works",
            "street": "3 Launch Road\nHangar 3",
            "city": "Mojave",
            "region": "CA",
            "postalCode": "93501",
            "country": "US",
        },
    },
    {"name": "Site without an address", "address": None},
)
LONG_PART_NUMBER = "OW-" + "7" * 110
ODD_PARTS = (
    ("820412-001", "B", "Bracket, port", "INVENTORY"),
    ("820412-001", "BA", "Bracket, port, long", "INVENTORY"),
    ("1820412-001", "B", "Bracket, starboard", "INVENTORY"),
    ("AN:960\\416\t2", "A", "Washer with a name that QuickBooks does not take", "INVENTORY"),
    ("part 7a", "A", "Seal, hand made", "INVENTORY"),
    ("PART 7A", "A", "Seal, from stock", "INVENTORY"),
    (LONG_PART_NUMBER, "A", "A part number beyond every limit", "INVENTORY"),
    ("GLOVES-M", "A", "Nitrile gloves", "NON_INVENTORY"),
    ("CAD-SEAT", "A", "Licence, a seat and year", "DIGITAL"),
)
# The ids of these parts, in their order.
BRACKET, BRACKET_BA, BRACKET_1, WASHER = range(1, 5)
LOWER_CASE, UPPER_CASE, LONG_NUMBER, GLOVES, CAD_SEAT = range(5, 10)
SUPPLIER_ROLL = {
    "id": 1,
    "number": "ROLL-100",
    "unitOfMeasure": {"id": 2, "type": "roll"},
    "stockUnitsPerUnit": "100",
}


def line(part=None, quantity="1", cost="10.00", **fields):
    """Return a line of an order; `account` and `section` are custom attributes."""
    values = {
        "Expense Account": fields.pop("account", None),
        "Class": fields.pop("section", None),
    }
    attributes = {key: value for key, value in values.items() if value}
    return {
        "partId": part,
        "quantity": quantity,
        "cost": cost,
        "attributes": attributes,
        **fields,
    }


def case(name, *lines, fees=(), **overrides):
    """Return an order of the case with this name; other fields are as in most orders."""
    usual = {
        "supplierId": 1,
        "currencyId": None,
        "shipToLocationId": 1,
        "phase": "ORDERED",
        "attributes": {},
    }
    return {**usual, "case": name, "lines": lines, "fees": fees, **overrides}


CASES = (
    case("a part", line(BRACKET, "4", "25.50", needDate="+14")),
    case(
        "every field",
        line(BRACKET, "2.5", "12.40", section="Service", description="Port side", needDate="+21"),
        line(
            None,
            "1",
            "310.00",
            account="6300",
            section="Service",
            description="Crating",
            needDate="+7",
        ),
        fees=(("Freight", "45.00"), ("Rebate", "-15.00")),
        terms="Net 30",
        notes="Deliver before noon",
    ),
    case(
        "an account by number",
        line(None, "3", "19.99", account="6400", description="Hoist, by the day"),
    ),
    case("a part with an account", line(GLOVES, "12", "6.25", account="6300")),
    case("neither part nor account", line(None, "1", "75.00", description="Cleaning")),
    case(
        "an account that is missing",
        line(None, "1", "88.00", account="9876", description="Test stand"),
    ),
    case("a class that is missing", line(BRACKET, "1", "25.50", section="Skunk Works")),
    case("a supplier that is missing", line(BRACKET, "1", "26.00"), supplierId=UNKNOWN_SUPPLIER_ID),
    case("a supplier written otherwise", line(BRACKET, "2", "25.50"), supplierId=2),
    case("euro", line(BRACKET, "10", "9.90"), currencyId=EURO_ID, supplierId=GERMAN_SUPPLIER_ID),
    case("a negative fee", line(BRACKET, "4", "25.00"), fees=(("Early payment", "-10.00"),)),
    case("costs below a cent", line(BRACKET, "10000", "0.0042"), line(BRACKET, "3", "0.3333")),
    case("a total of its own", line(BRACKET, "3", "0.3333", totalCost="0.99")),
    case("two and a half", line(BRACKET, "2.5", "80.00")),
    case(
        "five rolls",
        line(BRACKET, "5", "80.00", supplierPart=SUPPLIER_ROLL, description="Harness wire"),
    ),
    case("no address", line(BRACKET, "1", "25.50"), shipToLocationId=2),
    case(
        "a canceled line", line(BRACKET, "2", "25.50"), line(BRACKET, "1", "99.00", canceled=True)
    ),
    case("all canceled", line(BRACKET, "2", "25.50", canceled=True)),
    case("received in part", line(BRACKET, "4", "25.50", receivedQuantity="1")),
    case("received", line(BRACKET, "4", "25.50", receivedQuantity="4")),
    case("a draft", line(BRACKET, "1", "25.50"), phase="DRAFT"),
    case("in review", line(BRACKET, "1", "25.50"), phase="IN_REVIEW"),
    case("approved", line(BRACKET, "1", "25.50"), phase="APPROVED"),
    case("no lines"),
    case("names that look alike", line(BRACKET_BA, "1", "31.00"), line(BRACKET_1, "1", "32.00")),
    case("a name with a colon", line(WASHER, "100", "0.12")),
    case("case alone differs", line(LOWER_CASE, "1", "4.00"), line(UPPER_CASE, "1", "5.00")),
    case("a name beyond every limit", line(LONG_NUMBER, "1", "7.00")),
    case("no stock", line(GLOVES, "20", "6.25"), line(CAD_SEAT, "1", "1200.00")),
)
# These need a person; of such orders the demo has only the one with a missing supplier.
LEFT_OUT_OF_DEMO = frozenset(
    {
        "neither part nor account",
        "an account that is missing",
        "a class that is missing",
        "euro",
        "no lines",
    }
)
