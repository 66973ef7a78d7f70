"""The company of the stand-in: divisions, people, and its profiles before any were linked."""

from dataclasses import dataclass

NAME = "Maple & Granite Builders Ltd."
CLIENT, SECRET = "ontraccr-stand-in", "stand-in-secret-7d2e"
WEST, EAST = "div-1", "div-2"
DIVISIONS = ({"id": WEST, "name": "West Coast"}, {"id": EAST, "name": "Prairies"})
PEOPLE = ("Priya Nair", "Tom Beauchamp", "Élodie Côté")
KINDS = {"projects": "Project", "cost-codes": "Item", "vendors": "Vendor"}
LISTS = ("purchase-accounts", "classes", "tax-codes")
LOST = "990001"  # an id that no record of QuickBooks has


@dataclass(frozen=True)
class Own:
    """A profile of the company's own; an imported record replaces it only if it is `free`."""

    id: str
    name: str
    number: str | None = None
    free: bool = True
    link: tuple[str, str] | None = None
    alike: str | None = None


def _free_profiles(letter, names):
    """Return profiles with the ids a1, a2, ... for the letter a, each free to be replaced."""
    profiles = []
    for number, name in enumerate(names, 1):
        profiles.append(Own(f"{letter}{number}", name))
    return profiles


PROFILES = {
    "projects": (
        *_free_profiles(
            "p",
            ("Harbour View", "Mill Lane School", "Depot Refit", "Orchard Townhomes", "Clinic Wing"),
        ),
        Own("p8", "Cedar Heights, Lot 12", free=False),
        Own("p9", "Old Mill Renovation", free=False, link=(LOST, "Project")),
    ),
    "cost-codes": (
        *(
            Own(f"c{n}", name, number)
            for n, (number, name) in enumerate(
                (
                    ("03-300", "Cast-in-place concrete"),
                    ("06-100", "Rough carpentry"),
                    ("07-300", "Roofing"),
                    ("22-000", "Plumbing"),
                    ("26-000", "Electrical"),
                    ("01-540", "Equipment rental"),
                ),
                1,
            )
        ),
        Own("c8", "Painting", "09-900", free=False),
        Own("c9", "Temporary works", "01-500", free=False, link=("7", "Vendor")),
    ),
    "vendors": (
        *_free_profiles(
            "v",
            (
                "Coast Lumber",
                "Granite Concrete",
                "Northline Electric",
                "Pacific Drywall",
                "Summit Cranes",
                "Tidewater Plumbing",
                "Redwood Rentals",
                "Harbour Roofing",
            ),
        ),
        Own("v10", "Great Northern Glazing Ltd.", free=False),
        Own("v11", "Coast Lumber", free=False, alike="v1"),
    ),
}
EASTERN = {
    "projects": (Own("p21", "Grain Terminal"), Own("p22", "Rail Yard Office")),
    "cost-codes": (Own("c21", "Earthworks", "31-000"), Own("c22", "Site concrete", "03-310")),
    "vendors": (Own("v21", "Prairie Aggregates"), Own("v22", "Wheatland Steel")),
}
