"""Addresses that name several servers of PostgreSQL, for the time after a failover."""

import re
from urllib.parse import parse_qsl, urlencode

_HOST = r"[\w.-]+(?::\d+)?"
# The form of libpq, "postgresql://hub:password@a:5432,b:5432/hub", which SQLAlchemy cannot read.
_ADDRESS = re.compile(
    r"(?P<scheme>postgres(?:ql)?)(?:\+\w+)?://"
    r"(?:(?P<user>[^:/@?]*)(?P<password>:[^@]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})+)"
    r"(?P<database>/[^?@]*)?(?:\?(?P<query>[^@]*))?"
)


def write_hosts_as_options(url: str) -> str:
    """Return an address of several servers in the form that the hub reads, without its password.

    Return "" for an address of another form.
    """
    address = _ADDRESS.fullmatch(url)
    if address is None:
        return ""
    user = address["user"] or ""
    if address["password"]:
        user += ":password"
    options = [("host", host) for host in address["hosts"].split(",")]
    for name, value in parse_qsl(address["query"] or ""):
        if "password" not in name.lower():
            options.append((name, value))
    place = f"{user}@" if user else ""
    database = address["database"] or "/"
    return f"{address['scheme']}://{place}{database}?{urlencode(options, safe=':')}"
