"""The QuickBooks companies of the demo, which its stand-in serves."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qbo_sandbox import QuickBooks

# The second American company, to whose sales QuickBooks gives the numbers.
COUNTED = {"realm": "9341453172096413", "name": "Fjord & Sons Services", "custom_numbers": False}


def create_quickbooks(folder: Path) -> "QuickBooks":
    """Create a Norwegian company whose last year is closed, and two American ones."""
    from qbo_sandbox import NORWAY, US, create

    today = dt.date.today()  # noqa: DTZ011 (the stand-in's day is this machine's)
    last_day_of_closed_year = f"{today.year - 1}-12-31"
    norway = NORWAY.changed({"closed": last_day_of_closed_year})
    companies = (norway, US, US.changed(COUNTED))
    place = folder / "quickbooks"
    place.mkdir(exist_ok=True)
    return create(place, companies=companies)
