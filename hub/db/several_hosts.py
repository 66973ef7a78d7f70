"""Addresses that name several servers of PostgreSQL, for the time after a failover."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_HOST = r"(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?"
# The form of libpq, "postgresql://hub:password@a:5432,b:5432/hub". SQLAlchemy cannot read it if two
# servers have a port, and uses the port of the last one for all of them if only that has one.
_ADDRESS = re.compile(
    r"(?P<scheme>postgres(?:ql)?)(?:\+\w+)?://"
    r"(?:(?P<user>[^:/@?]*)(?P<password>:[^@]*)?@)?"
    rf"(?P<hosts>{_HOST}(?:,{_HOST})+)"
    r"(?P<database>/[^?@]*)?(?:\?(?P<query>[^@]*))?"
)
_HOST_AND_PORT = re.compile(r"[^:]+:\d+")
EXAMPLE = "postgresql://hub:password@/hub?host=a.example.com:5432&host=b.example.com:5432"


def find_problem(url: str) -> str:
    """Return what is wrong with the servers of an address, as the end of a sentence; "" if nothing.

    Only addresses of PostgreSQL are looked at.
    """
    readable_form = write_hosts_as_options(url)
    if readable_form:
        return f"names several servers; write it as {readable_form}"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        return ""
    if address.get_backend_name() in ("postgresql", "postgres") and _is_unclear(address):
        return f"does not say clearly which server has which port; write it as in {EXAMPLE}"
    return ""


def write_hosts_as_options(url: str) -> str:
    """Return an address of several servers in the form that the hub reads, without its password.

    Return "" for an address of another form, and for one without ports, which can be read.
    """
    address = _ADDRESS.fullmatch(url)
    if address is None or ":" not in address["hosts"]:
        return ""
    user = address["user"] or ""
    if address["password"]:
        user += ":password"
    options = _list_host_options(address["hosts"].split(","))
    for name, value in parse_qsl(address["query"] or ""):
        if "password" not in name.lower():
            options.append((name, value))
    place = f"{user}@" if user else ""
    database = address["database"] or "/"
    return f"{address['scheme']}://{place}{database}?{urlencode(options, safe=':,')}"


def _is_unclear(address: URL) -> bool:
    """Return whether the options of an address do not say clearly which server has which port.

    A connection would then be made with other ports or servers than libpq would use, or with a part
    of them only, which would be noticed after a failover.
    """
    values = address.normalized_query.get("host", ())
    names = [name for value in values for name in value.split(",")]
    if len(names) > 1:
        has_other_place = bool(address.host) or address.port is not None
        if has_other_place or not _is_list_of_servers(values):
            return True
    dialect = address.set(drivername="postgresql+psycopg").get_dialect()()
    try:
        dialect.create_connect_args(address)
    except ArgumentError:
        return True
    return False


def _is_list_of_servers(values: Sequence[str]) -> bool:
    """Return whether the options named host are of one of the forms that SQLAlchemy reads.

    One option has names without ports, separated by commas; several have one name each.
    """
    if len(values) == 1:
        return not any(_HOST_AND_PORT.fullmatch(name) for name in values[0].split(","))
    return not any("," in value or value.count(":") > 1 for value in values)


def _list_host_options(hosts: list[str]) -> list[tuple[str, str]]:
    """Return the options for servers, each with a port or not."""
    if not any(host.startswith("[") for host in hosts):
        return [("host", host) for host in hosts]
    names = []
    ports = []
    for host in hosts:
        name, _, port = host.rpartition(":") if re.search(r":\d+$", host) else (host, "", "")
        names.append(name.strip("[]"))
        ports.append(port)
    return [("host", ",".join(names)), ("port", ",".join(ports))]
