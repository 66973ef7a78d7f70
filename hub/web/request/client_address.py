"""The address of the client that a request comes from, also behind declared reverse proxies."""

import ipaddress
from collections.abc import Iterable, Sequence
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
ANY_CALLER = "*"
IPV6_PREFIX = 64  # one customer of a provider has at least so many addresses
# Where the environment of WSGI says whether a request came from the client without a proxy.
IS_DIRECT = "hub.is_direct"
MAX_HOPS = 16  # entries of X-Forwarded-For that are read, from the right
MAX_FORWARDED_LENGTH = 2000  # characters of X-Forwarded-For that are read, from the right
# A proxy may set these headers or pass on what a client sent; the hub does not need them.
PROXY_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_BY",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PREFIX",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
)


class Proxies:
    """The declared reverse proxies: addresses and networks, or any direct caller."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        """Take the entries of HUB_TRUSTED_PROXY."""
        self._any_caller = ANY_CALLER in entries
        self._networks = [
            ipaddress.ip_network(entry, strict=False) for entry in entries if entry != ANY_CALLER
        ]

    def is_proxy(self, address: str) -> bool:
        """Return whether a direct caller is a declared proxy."""
        ip_address = parse(address)
        if ip_address is None:
            return False
        return self._any_caller or self._is_in_network(ip_address)

    def client(self, caller: str, forwarded_for: str) -> str:
        """Return the address of the client of a request.

        Each proxy adds the address of its own caller at the right of `forwarded_for`. An entry
        counts only if the next one at its right is a declared proxy, because the client could have
        written everything else. If any direct caller is trusted, only the last entry counts.
        """
        ip_address = parse(caller)
        if ip_address is None:
            return caller
        client = str(ip_address)
        if not self.is_proxy(caller):
            return client
        for entry in _iter_entries_from_right(forwarded_for):
            hop = parse(entry)
            if hop is None:
                break
            client = str(hop)
            if not self._is_in_network(hop):
                break
        return client

    def _is_in_network(self, address: Address) -> bool:
        """Return whether an address is one of the declared addresses and networks."""
        return any(address in network for network in self._networks)


class ClientAddress:
    """Set REMOTE_ADDR to the address of the client, and drop what proxies say beyond that."""

    def __init__(self, wsgi: WSGIApplication, proxies: Proxies) -> None:
        """Wrap an application."""
        self._wsgi = wsgi
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Replace the address of the direct caller by that of the client."""
        caller = environ.get("REMOTE_ADDR") or ""
        forwarded_for = environ.get("HTTP_X_FORWARDED_FOR", "")
        is_forwarded = any(name in environ for name in (*PROXY_HEADERS, "HTTP_VIA"))
        environ[IS_DIRECT] = not is_forwarded and not self._proxies.is_proxy(caller)
        environ["REMOTE_ADDR"] = self._proxies.client(caller, forwarded_for)
        for name in PROXY_HEADERS:
            environ.pop(name, None)
        return self._wsgi(environ, start)


def parse(text: str) -> Address | None:
    """Return an address without its port or zone; None if the text is no address.

    An IPv4 address that is written as an IPv6 address counts as IPv4.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    ipv4_address = getattr(address, "ipv4_mapped", None)
    return ipv4_address or address


def group(address: str) -> str:
    """Return the key of limits: an IPv4 address, or the /64 network of an IPv6 address."""
    ip_address = parse(address)
    if isinstance(ip_address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((ip_address, IPV6_PREFIX), strict=False))
    return str(ip_address or address)


def _iter_entries_from_right(forwarded_for: str) -> list[str]:
    """Return the last entries of an X-Forwarded-For header, the last one first."""
    end = forwarded_for[-MAX_FORWARDED_LENGTH:]
    entries = end.split(",")
    if len(end) < len(forwarded_for):
        del entries[0]  # it may have been cut
    return entries[::-1][:MAX_HOPS]
