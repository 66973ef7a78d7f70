"""The currency of an amount: where neither posting nor document states one, that of the company."""

from typing import Any

from sqlalchemy import ColumnElement, func

from hub.models import ConnectedCompany


def currency_or_home(*stated: Any) -> ColumnElement[str]:
    """Return the first of these currencies that is not empty, or else that of the company.

    Sources that keep books in one currency state none. The query must join `ConnectedCompany`.
    """
    filled = [func.nullif(currency, "") for currency in stated]
    return func.coalesce(*filled, ConnectedCompany.currency)
