"""The arguments of connections to PostgreSQL: those of the hub, and those of its address."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import URL

OPTIONS = "options"  # settings of the server for the session, such as "-c lock_timeout=30s"
APPLICATION_NAME = "application_name"  # by which the sessions of a process are found
ENCODING = {"client_encoding": "utf8"}
# The defaults of a database or role may be others: the hub stores every character, its driver reads
# times in this style only, and transactions are written for this isolation.
SESSION_SETTINGS = "-c datestyle=ISO -c default_transaction_isolation=read\\ committed"


def join(address: URL, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without those that the address gives itself, and those of every session.

    Of two options for the same setting the server uses the last one, so those of the address follow
    the others.
    """
    joined_arguments = {}
    for name, value in (ENCODING | dict(arguments)).items():
        if name not in address.query or name in (OPTIONS, APPLICATION_NAME):
            joined_arguments[name] = value
    address_options = address.normalized_query.get(OPTIONS, ())
    joined_arguments[OPTIONS] = " ".join(
        (SESSION_SETTINGS, joined_arguments[OPTIONS], *address_options)
    )
    return joined_arguments
