"""The currency of an amount: the stated one, or else the home currency of the company."""

from typing import Any

from sqlalchemy import ColumnElement, func

from hub.models import ConnectedCompany


def currency_or_home(*currencies: Any) -> ColumnElement[str]:
    """Return the first of these currencies that is not empty, or else that of the company.

    Sources that have only one currency do not state it. The query must join `ConnectedCompany`.
    """
    filled_currencies = [func.nullif(currency, "") for currency in currencies]
    return func.coalesce(*filled_currencies, ConnectedCompany.currency)
