"""The addresses that an app may call: those it declares, public or allowed by the operator."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from hub.contract.types import SETTING_REFERENCE

DEFAULT_PORTS = {"https": 443, "http": 80}
# IPv6 addresses of this network translate IPv4 addresses.
NAT64_NETWORK = ipaddress.IPv6Network("64:ff9b::/96")


class Hosts:
    """The hosts of one app.

    `allowed` are hosts that the operator allows although they are private or without https.
    `mounts` are the addresses of stand-ins in this process.
    """

    def __init__(
        self,
        declared: Iterable[str],
        settings: Mapping[str, Any],
        allowed: Collection[str],
        mounts: Iterable[str],
    ) -> None:
        patterns = (_pattern(text, settings) for text in declared)
        self._patterns = tuple(filter(None, patterns))
        self._allowed = allowed
        self._mounts = tuple(mounts)

    def permit(self, url: str) -> bool:
        """Return whether the app declares the host and calls it by https, if that is required."""
        parsed = parse(url)
        if parsed.auth:
            return False
        host, port = _host_and_port(parsed)
        is_mounted = url.startswith(self._mounts)
        if parsed.scheme != "https" and not is_mounted and not self._is_allowed(host, port):
            return False
        return any(_matches(pattern, host, port) for pattern in self._patterns)

    def permit_address(self, host: str, port: int, address: str) -> bool:
        """Return whether a host may be called at the address that its name leads to."""
        return self._is_allowed(host.lower().rstrip("."), port) or is_public(address)

    def _is_allowed(self, host: str, port: int) -> bool:
        spellings = {host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}"}
        return not spellings.isdisjoint(self._allowed)


def parse(url: str) -> Url:
    """Split an address as the connection will; return an empty one if it cannot be read."""
    try:
        return parse_url(url)
    except (LocationParseError, ValueError):
        return Url()


def addresses(declared: Iterable[str], settings: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses that an app may call with these settings, each as scheme://host:port."""
    parsed = (_declared_url(text, settings) for text in declared)
    return frozenset(_normalized(url) for url in parsed if url)


def _normalized(url: Url) -> str:
    host, port = _host_and_port(url)
    return f"{url.scheme}://[{host}]:{port}" if ":" in host else f"{url.scheme}://{host}:{port}"


def is_public(address: str) -> bool:
    """Return whether an address is public, also if an IPv6 address contains an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner_address(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _inner_address(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip in NAT64_NETWORK:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    teredo_client = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or teredo_client


def _host_and_port(url: Url) -> tuple[str, int]:
    host = (url.host or "").lower().strip("[]").rstrip(".")
    return host, url.port or DEFAULT_PORTS.get(url.scheme or "", 0)


def _pattern(declared: str, settings: Mapping[str, Any]) -> tuple[str, int] | None:
    url = _declared_url(declared, settings)
    return _host_and_port(url) if url else None


def _declared_url(declared: str, settings: Mapping[str, Any]) -> Url | None:
    """Return a declared host with the settings filled in, or None if it names no host."""
    text = SETTING_REFERENCE.sub(lambda match: str(settings.get(match[1]) or ""), declared).strip()
    url = parse(text if "://" in text else f"https://{text}")
    return url if url.host else None


def _matches(pattern: tuple[str, int], host: str, port: int) -> bool:
    pattern_host, pattern_port = pattern
    if port != pattern_port:
        return False
    if pattern_host.startswith("*."):
        return host.endswith(pattern_host.removeprefix("*"))
    return host == pattern_host
