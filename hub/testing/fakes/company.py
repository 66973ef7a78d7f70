"""The company of a bench whose test names none."""

from hub.contract.types import Company
from hub.money import find_currency_of_country

DEFAULT_COUNTRY = "US"  # where it makes no difference to the stand-in


def company_in(country: str) -> Company:
    """Return a company in a country, with the currency of that country."""
    country = country or DEFAULT_COUNTRY
    return Company(country=country, currency=find_currency_of_country(country) or "USD")
