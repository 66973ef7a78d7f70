"""The account of the stand-in: its people, and its own lists before any list is pushed."""

from dataclasses import dataclass

NAME = "Fjord & Fjell Bygg AS"
ACCOUNT_ID = "ct-70115"
CLIENT_ID, CLIENT_SECRET = "costtracker-stand-in", "stand-in-secret-1f0c"
WEBHOOK_SECRET = "stand-in-webhook-9a2e"  # noqa: S105  (of the stand-in, known to all)
SUPPLIER_RIGHT = "can_update_accounting_suppliers"
ACCOUNTANT = "Åse Lund"
USERS = (
    {"name": "Kari Nordmann", "role": "Purchasing", SUPPLIER_RIGHT: True},
    {"name": "Ola Hansen", "role": "Site manager", SUPPLIER_RIGHT: False},
    {"name": "Ingrid Øverås", "role": "Project manager", SUPPLIER_RIGHT: False},
    {"name": ACCOUNTANT, "role": "Accounting", SUPPLIER_RIGHT: True},
)


@dataclass(frozen=True)
class Slot:
    """An entry of one of the account's own lists; a pushed record may replace it.

    `category` says which records fit: home or foreign suppliers, cost or expense accounts.
    """

    id: str
    name: str
    number: str | None = None
    category: str = ""
    rate: str | None = None
    is_replaceable: bool = True


HOME_SUPPLIERS = (
    "Aas Trelast AS",
    "Betong Øst AS",
    "Brødrene Dahle Rør",
    "Bygg & Bolig Proff",
    "Elektro Vest AS",
    "Fjordkraft Maskin",
    "Franzefoss Deponi",
    "Gravco Entreprenør AS",
    'Hansen "Malern" Maleri',
    "Haugen Stillas",
    "Jøtul Ventilasjon",
    "Kranservice Nord",
    "Mur & Puss Oslo",
    "Sandnes Stål",
    "Telefonselskapet",
    "Ulvik Vinduer",
    "Ørland Transport",
    "Ålesund Asfalt",
)


def _build_slots(letter, names, category=""):
    """Return entries with the ids a1, a2, ... for the letter a."""
    slots = []
    for number, name in enumerate(names, 1):
        slots.append(Slot(f"{letter}{number}", name, category=category))
    return slots


def _build_account(number, name, category, is_replaceable=True):
    """Return an account of the account's own chart."""
    return Slot(f"a{number}", name, number, category, is_replaceable=is_replaceable)


LISTS = {
    "suppliers": [
        *_build_slots("s", HOME_SUPPLIERS, "home"),
        Slot("s21", "Hamburg Hebetechnik GmbH", category="foreign"),
        Slot("s22", "Malmö Trähus AB", category="foreign"),
        Slot("s29", "Helt Ny Leverandør ENK", category="home", is_replaceable=False),
    ],
    "accounts": [
        _build_account("4000", "Materialkjøp", "cost"),
        _build_account("4010", "Trelast", "cost"),
        _build_account("4020", "Betong og mur", "cost"),
        _build_account("4500", "Underentreprenører", "cost"),
        _build_account("6300", "Husleie", "expense"),
        _build_account("6340", "Strøm", "expense"),
        _build_account("6540", "Verktøy", "expense"),
        _build_account("6800", "Kontorrekvisita", "expense"),
        _build_account("7000", "Drivstoff", "expense"),
        _build_account("7140", "Reisekostnader", "expense"),
        _build_account("6810", "Programvare", "hidden"),
        _build_account("1999", "Gammel interimskonto", "expense", is_replaceable=False),
    ],
    "tax-codes": [
        Slot("standard", "25 % mva", rate="25"),
        Slot("reduced", "15 % mva", rate="15"),
        Slot("zero", "Uten mva", rate="0"),
    ],
    "locations": _build_slots("l", ("Oslo", "Bergen", "Trondheim")),
    "classes": _build_slots("c", ("Nybygg", "Rehabilitering", "Service", "Anlegg")),
    "customers": _build_slots(
        "p", ("Fasade blokk A", "Kjøkken og bad", "Gymsal", "Hyttefelt trinn 1", "Nye lokaler")
    ),
}
ADDRESSES = {
    "s3": {
        "lines": ["Rørgata 12"],
        "city": "Kristiansand",
        "postal_code": "4611",
        "country": "NO",
    },
    "s4": {
        "lines": ["Sementveien 3"],
        "city": "Ål",
        "postal_code": "3570",
        "country": "NO",
    },
}
SUPPLIER_EDITS = (
    {
        "id": "s3",
        "user": "Kari Nordmann",
        "email": "faktura@dahleror.example",
        "phone": "+47 38 00 00 01",
    },
    {
        "id": "s4",
        "user": "Ola Hansen",
        "email": "post@byggogbolig.example",
        "phone": "+47 32 00 00 02",
    },
)


def may_update(user):
    """Return whether a person may update suppliers in the accounting system."""
    names = {person["name"] for person in USERS if person[SUPPLIER_RIGHT]}
    return user in names
