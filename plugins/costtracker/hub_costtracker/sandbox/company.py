"""The account that the stand-in plays: its people and the lists it had before any were pushed into it."""

from dataclasses import dataclass

NAME = "Fjord & Fjell Bygg AS"
ACCOUNT = "ct-70115"
CLIENT, SECRET = "costtracker-stand-in", "stand-in-secret-1f0c"
WEBHOOK_SECRET = "stand-in-webhook-9a2e"  # noqa: S105  (of the stand-in, known to all)
RIGHT = "can_update_accounting_suppliers"
ACCOUNTANT = "Åse Lund"
USERS = (
    {"name": "Kari Nordmann", "role": "Purchasing", RIGHT: True},
    {"name": "Ola Hansen", "role": "Site manager", RIGHT: False},
    {"name": "Ingrid Øverås", "role": "Project manager", RIGHT: False},
    {"name": ACCOUNTANT, "role": "Accounting", RIGHT: True},
)


@dataclass(frozen=True)
class Slot:
    """An entry of one of the account's own lists; a pushed record takes its place, `bound=False`: none ever does.

    `sort` says what kind of record fits: home or foreign for suppliers, cost or expense for accounts.
    """

    id: str
    name: str
    number: str | None = None
    sort: str = ""
    rate: str | None = None
    bound: bool = True


HOME = (
    "Nordbygg Trelast AS",
    "Fjellheim Elektro AS",
    "Sørlandet Rør & Varme AS",
    "Østbetong AS",
    'Bakkens "Gamle" Snekkeri',
    "Åsen Kranutleie AS",
    "Ærfugl Maler og Tapet",
    "O'Brien Rigging Norge",
    "Glomma Graveservice AS",
    "Hallingdal Stillas AS",
    "Vestlandske Vinduer AS",
    "Kystlinjen Transport AS",
    "Dovre Verktøyutleie",
    "Setesdal Stein AS",
    "Lofoten Låssmed",
    "Mjøsa Kontor & IT AS",
    "Trollveggen Sikring AS",
    "Femunden Renhold AS",
)


def _slots(letter, names, sort=""):
    return [Slot(f"{letter}{number}", name, sort=sort) for number, name in enumerate(names, 1)]


def _account(number, name, sort, bound=True):
    return Slot(f"a{number}", name, number, sort, bound=bound)


LISTS = {
    "suppliers": [
        *_slots("s", HOME, "home"),
        Slot("s21", "Hamburger Stahlbau GmbH", sort="foreign"),
        Slot("s22", "Malmö Fasad AB", sort="foreign"),
        Slot("s29", "Helt Ny Leverandør ENK", sort="home", bound=False),
    ],
    "accounts": [
        _account("4000", "Innkjøp av materialer", "cost"),
        _account("4300", "Innkjøp av varer", "cost"),
        _account("4500", "Underentreprenører", "cost"),
        _account("4700", "Leie av maskiner", "cost"),
        _account("6300", "Leie av lokaler", "expense"),
        _account("6340", "Lys og varme", "expense"),
        _account("6540", "Inventar", "expense"),
        _account("6800", "Kontorrekvisita", "expense"),
        _account("7000", "Drivstoff", "expense"),
        _account("7140", "Reisekostnader", "expense"),
        _account("7770", "Gebyrer", "hidden"),
        _account("1999", "Gammel interimskonto", "expense", bound=False),
    ],
    "tax-codes": [
        Slot("standard", "MVA 25 %", rate="25"),
        Slot("reduced", "MVA 15 %", rate="15"),
        Slot("zero", "Ingen MVA", rate="0"),
    ],
    "locations": _slots("l", ("Oslo", "Bergen", "Tromsø")),
    "classes": _slots("c", ("Nybygg", "Rehabilitering", "Vedlikehold", "Administrasjon")),
    "customers": _slots("p", ("Skole Åsane", "Bryggen kontor", "Nordre Ål omsorg", "Tunnel E39", "Villa Bakke")),
}
ADDRESSES = {
    "s3": {"lines": ["Rørgata 12"], "city": "Kristiansand", "postal_code": "4611", "country": "NO"},
    "s4": {"lines": ["Sementveien 3"], "city": "Ål", "postal_code": "3570", "country": "NO"},
}
EDITS = (
    {"id": "s3", "user": "Kari Nordmann", "email": "faktura@rorogvarme.example", "phone": "+47 38 00 00 01"},
    {"id": "s4", "user": "Ola Hansen", "email": "post@ostbetong.example", "phone": "+47 32 00 00 02"},
)


def may_update(user):
    """Whether a person of the account may update suppliers in the accounting system."""
    return any(known[RIGHT] for known in USERS if known["name"] == user)
