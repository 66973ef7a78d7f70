"""Which addresses an app may call: those it declares, on the open internet unless the operator allows otherwise."""

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

PORTS = {"https": 443, "http": 80}
WRAPPED = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 addresses as an IPv6 network translates them


class Hosts:
    """The hosts of one app; `allowed` are private or plain ones the operator lists, `mounts` those in this process."""

    def __init__(
        self,
        declared: Iterable[str],
        settings: Mapping[str, Any],
        allowed: Collection[str],
        mounts: Iterable[str],
    ) -> None:
        self._patterns = tuple(filter(None, (_pattern(text, settings) for text in declared)))
        self._allowed, self._mounts = allowed, tuple(mounts)

    def permit(self, url: str) -> bool:
        """Return whether the app declares the host, and it is called by https unless that is not needed."""
        parsed = parse(url)
        place = _place(parsed)
        safe = parsed.scheme == "https" or url.startswith(self._mounts) or self._is_allowed(*place)
        return (
            safe and not parsed.auth and any(_matches(pattern, place) for pattern in self._patterns)
        )

    def permit_address(self, host: str, port: int, address: str) -> bool:
        """Return whether a host may be called at the address that its name leads to."""
        return self._is_allowed(host.lower().rstrip("."), port) or is_public(address)

    def _is_allowed(self, host: str, port: int) -> bool:
        return not {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"}.isdisjoint(
            self._allowed
        )


def parse(url: str) -> Url:
    """The parts of an address as the connection will read them; empty when it cannot be read."""
    try:
        return parse_url(url)
    except (LocationParseError, ValueError):
        return Url()


def addresses(declared: Iterable[str], settings: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses that an app may call with these settings, each as scheme://host:port."""
    parsed = (_declared_url(text, settings) for text in declared)
    return frozenset(_normalized(url) for url in parsed if url)


def _normalized(url: Url) -> str:
    host, port = _place(url)
    return f"{url.scheme}://[{host}]:{port}" if ":" in host else f"{url.scheme}://{host}:{port}"


def is_public(address: str) -> bool:
    """Return whether an address belongs to the open internet, also where one is wrapped in another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _inner(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in WRAPPED:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _place(url: Url) -> tuple[str, int]:
    return (url.host or "").lower().strip("[]").rstrip("."), url.port or PORTS.get(
        url.scheme or "", 0
    )


def _pattern(declared: str, settings: Mapping[str, Any]) -> tuple[str, int] | None:
    url = _declared_url(declared, settings)
    return _place(url) if url else None


def _declared_url(declared: str, settings: Mapping[str, Any]) -> Url | None:
    """Return a declared host with the settings filled in, or None if it names no host."""
    text = re.sub(r"\{(\w+)\}", lambda found: str(settings.get(found[1]) or ""), declared).strip()
    url = parse(text if "://" in text else f"https://{text}")
    return url if url.host else None


def _matches(pattern: tuple[str, int], place: tuple[str, int]) -> bool:
    name, host = pattern[0], place[0]
    fits = host.endswith(name[1:]) if name.startswith("*.") else host == name
    return fits and pattern[1] == place[1]
