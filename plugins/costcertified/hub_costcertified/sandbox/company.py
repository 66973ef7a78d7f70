"""The account of the stand-in: credentials, clients, projects and vendors."""

NAME = "Ridgeline Renovations LLC"
ACCOUNT_ID = "cc-2047"
CLIENT_ID, CLIENT_SECRET = "costcertified-stand-in", "stand-in-secret-77b0"
REFRESH_TOKEN = "stand-in-refresh-0"  # noqa: S105  (of the stand-in, known to all)
WEBHOOK_SECRET = "stand-in-webhook-31d4"  # noqa: S105  (of the stand-in, known to all)
CURRENCY, REGION = "USD", "US"
SALES_TAX = ("Sales tax", "8")
FEES_BY_METHOD = {"card": ("Card fee", "2.9"), "ach": ("Transaction fee", "0.7")}


def _build_client(id, fname, lname, **overrides):
    """Return a client; the address and phone follow from the id."""
    email = f"{fname}.{lname}@example.com".lower().replace("'", "").replace(" ", "")
    return {
        "id": f"k{id}",
        "fname": fname,
        "lname": lname,
        "email": email,
        "address": f"{id} Pine Street",
        "company": None,
        "phone": f"555-01{id:02d}",
        "suite": None,
        "city": "Boulder",
        "postal": f"803{id:02d}",
        **overrides,
    }


CLIENTS = (
    _build_client(1, "Marta", "Ellison"),
    _build_client(2, "Tobias", "Grant", company="Grant & Daughters Bakery"),
    _build_client(3, "Ines", "Okafor"),
    _build_client(4, "Percy", "O'Neill"),
    _build_client(5, "Yuki", "Lindqvist", suite="Unit 4"),
    _build_client(6, "Aurelio", "Fontaine", company="Fontaine Dental"),
    _build_client(7, "Beatrix", "Vale"),
    _build_client(8, "Samir", "Haddad", email=None),
)
NAMESAKES = (
    _build_client(20, "Jordan", "Mercer"),
    _build_client(21, "Jordan", "Mercer", email="jm.architect@example.com"),
)
PROJECT_NAMES = (
    "Kitchen remodel",
    "Garage conversion",
    "Bathroom refresh",
    "Deck and pergola",
    "Basement finish",
    "Roof repair",
    "Shop front",
    "Sunroom",
)
LINE_DESCRIPTIONS = (
    "Demolition and disposal",
    "Framing",
    "Rough plumbing",
    "Electrical",
    "Drywall and paint",
    "Tile work",
    "Cabinets",
    "Permits",
)
VENDORS = (
    {"id": "v1", "name": "Front Range Lumber", "email": "billing@frontrange.example"},
    {"id": "v2", "name": "Summit Plumbing Supply", "email": "ar@summit.example"},
)
