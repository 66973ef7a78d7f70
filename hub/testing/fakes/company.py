"""The company of a bench whose test names none."""

from babel.numbers import get_territory_currencies

from hub.contract.types import Company

DEFAULT_COUNTRY = "US"  # where it makes no difference to the stand-in


def company_in(country: str) -> Company:
    """Return a company in a country, with the currency of that country."""
    country = country or DEFAULT_COUNTRY
    currencies = get_territory_currencies(country) or ["USD"]
    return Company(country=country, currency=currencies[0])
