"""The company of the stand-in: divisions, people, and its profiles before imports."""

from dataclasses import dataclass

NAME = "Maple & Granite Builders Ltd."
CLIENT_ID, CLIENT_SECRET = "ontraccr-stand-in", "stand-in-secret-7d2e"
WEST, EAST = "div-1", "div-2"
DIVISIONS = ({"id": WEST, "name": "West Coast"}, {"id": EAST, "name": "Prairies"})
PEOPLE = ("Priya Nair", "Tom Beauchamp", "Élodie Côté")
RECORD_TYPES_BY_KIND = {"projects": "Project", "cost-codes": "Item", "vendors": "Vendor"}
LISTS = ("purchase-accounts", "classes", "tax-codes")
LOST_RECORD_ID = "990001"  # an id that no record of QuickBooks has


@dataclass(frozen=True)
class OwnProfile:
    """A profile of the company's own; an imported record may take it over if `is_replaceable`."""

    id: str
    name: str
    number: str | None = None
    is_replaceable: bool = True
    link: tuple[str, str] | None = None
    similar_to: str | None = None


def _build_free_profiles(letter, names):
    """Return replaceable profiles with the ids a1, a2, ... for the letter a."""
    profiles = []
    for number, name in enumerate(names, 1):
        profiles.append(OwnProfile(f"{letter}{number}", name))
    return profiles


PROFILES = {
    "projects": (
        *_build_free_profiles(
            "p",
            ("Harbour View", "Mill Lane School", "Depot Refit", "Orchard Townhomes", "Clinic Wing"),
        ),
        OwnProfile("p8", "Cedar Heights, Lot 12", is_replaceable=False),
        OwnProfile(
            "p9", "Old Mill Renovation", is_replaceable=False, link=(LOST_RECORD_ID, "Project")
        ),
    ),
    "cost-codes": (
        *(
            OwnProfile(f"c{n}", name, number)
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
        OwnProfile("c8", "Painting", "09-900", is_replaceable=False),
        OwnProfile("c9", "Temporary works", "01-500", is_replaceable=False, link=("7", "Vendor")),
    ),
    "vendors": (
        *_build_free_profiles(
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
        OwnProfile("v10", "Great Northern Glazing Ltd.", is_replaceable=False),
        OwnProfile("v11", "Coast Lumber", is_replaceable=False, similar_to="v1"),
    ),
}
EASTERN_PROFILES = {
    "projects": (OwnProfile("p21", "Grain Terminal"), OwnProfile("p22", "Rail Yard Office")),
    "cost-codes": (
        OwnProfile("c21", "Earthworks", "31-000"),
        OwnProfile("c22", "Site concrete", "03-310"),
    ),
    "vendors": (OwnProfile("v21", "Prairie Aggregates"), OwnProfile("v22", "Wheatland Steel")),
}
