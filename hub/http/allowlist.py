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
# The third quarter of an ISATAP address, whose last quarter is an IPv4 address (RFC 5214).
ISATAP_IDENTIFIERS = (0x00005EFE, 0x02005EFE)
# Networks that are not public. `ipaddress` knows the registries of IANA of the time of its Python
# release: releases differ about some of these, and none has what a cloud serves to its machines.
INTERNAL_NETWORKS = (
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's platform: DHCP, DNS, guest agent
    ipaddress.ip_network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata: 192.0.0.192
    ipaddress.ip_network("192.88.99.0/24"),  # relays of 6to4, deprecated by RFC 7526
    ipaddress.ip_network("64:ff9b:1::/48"),  # translation within a site, RFC 8215
    ipaddress.ip_network("3fff::/20"),  # documentation, RFC 9637
    ipaddress.ip_network("5f00::/16"),  # segment routing, RFC 9602
    ipaddress.ip_network("fec0::/10"),  # site-local addresses, deprecated by RFC 3879
)
# Addresses within these networks that IANA lists as globally reachable.
PUBLIC_EXCEPTIONS = frozenset({"192.0.0.9", "192.0.0.10"})


class Hosts:
    """The hosts of one app.

    `allowed_hosts` are those that the operator allows although they are private or without https.
    """

    __slots__ = ("_allowed", "_patterns")

    def __init__(
        self,
        declared_hosts: Iterable[str],
        settings: Mapping[str, Any],
        allowed_hosts: Collection[str],
    ) -> None:
        urls = _list_declared_urls(declared_hosts, settings)
        self._patterns = [_parse_host_and_port(url) for url in urls]
        self._allowed = allowed_hosts

    def permit(self, url: str, *, is_stand_in: bool = False) -> bool:
        """Return whether the app declares the host and calls it by https, if that is required.

        A stand-in in this process needs no https.
        """
        parsed_url = parse(url)
        host, port = _parse_host_and_port(parsed_url)
        is_encrypted = parsed_url.scheme == "https"
        if not is_encrypted and not is_stand_in and not self._is_allowed(host, port):
            return False
        return self.declares(url)

    def declares(self, url: str) -> bool:
        """Return whether the app declares the host of an address without a user name."""
        parsed_url = parse(url)
        if parsed_url.auth:
            return False
        host, port = _parse_host_and_port(parsed_url)
        return any(_matches(pattern, host, port) for pattern in self._patterns)

    def declares_host(self, url: str) -> bool:
        """Return whether the app declares the host of an address, with any port."""
        host, _ = _parse_host_and_port(parse(url))
        return any(_matches(pattern, host, pattern[1]) for pattern in self._patterns)

    def permit_address(self, host: str, port: int, address: str) -> bool:
        """Return whether a host may be called at the address that its name leads to."""
        plain_host = host.lower().rstrip(".")
        return self._is_allowed(plain_host, port) or is_public(address)

    def _is_allowed(self, host: str, port: int) -> bool:
        """Return whether the operator allows a host.

        HUB_ALLOW_HOSTS_FILE may have it with or without its port, and with or without brackets.
        """
        with_port = f"{host}:{port}"
        in_brackets = f"[{host}]"
        spellings = {host, with_port, in_brackets, f"{in_brackets}:{port}"}
        return not spellings.isdisjoint(self._allowed)


def parse(url: str) -> Url:
    """Split an address as the connection will; return an empty one if it cannot be read."""
    try:
        return parse_url(url)
    except (LocationParseError, ValueError):
        return Url()


def list_addresses(declared_hosts: Iterable[str], settings: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses that an app may call with these settings.

    Each is written as scheme://host:port, to compare those of two versions of the settings.
    """
    urls = _list_declared_urls(declared_hosts, settings)
    return frozenset(_normalize(url) for url in urls)


def _normalize(url: Url) -> str:
    """Write the address of a host in one way, with its port; an IPv6 address gets brackets."""
    host, port = _parse_host_and_port(url)
    if ":" in host:
        host = f"[{host}]"
    return f"{url.scheme}://{host}:{port}"


def is_public(address: str) -> bool:
    """Return whether an address is public, also if an IPv6 address contains an IPv4 address."""
    without_zone = address.partition("%")[0]
    ip = ipaddress.ip_address(without_zone)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _get_inner_address(ip)
        if inner is not None:
            return is_public(str(inner))
    if str(ip) in PUBLIC_EXCEPTIONS:
        return True
    if _is_internal(ip):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _is_internal(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address belongs to one of INTERNAL_NETWORKS."""
    return any(ip in network for network in INTERNAL_NETWORKS)


def _get_inner_address(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address to which an IPv6 address leads; None if to none."""
    last_32_bits = int(ip) & 0xFFFFFFFF
    third_quarter = (int(ip) >> 32) & 0xFFFFFFFF
    if ip in NAT64_NETWORK or third_quarter in ISATAP_IDENTIFIERS:
        return ipaddress.IPv4Address(last_32_bits)
    teredo_client = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or teredo_client


def _parse_host_and_port(url: Url) -> tuple[str, int]:
    """Return the host, without brackets and a final full stop, and the port that is called."""
    host = (url.host or "").lower()
    host = host.strip("[]").rstrip(".")
    port = url.port or DEFAULT_PORTS.get(url.scheme or "", 0)
    return host, port


def _list_declared_urls(declared_hosts: Iterable[str], settings: Mapping[str, Any]) -> list[Url]:
    """Return the declared hosts with the settings filled in, without those that name no host."""
    urls = []
    for text in declared_hosts:
        url = _parse_declared_url(text, settings)
        if url.host:
            urls.append(url)
    return urls


def _parse_declared_url(host: str, settings: Mapping[str, Any]) -> Url:
    """Return a declared host with the settings filled in; it has no host if they name none."""
    text = SETTING_REFERENCE.sub(lambda match: str(settings.get(match[1]) or ""), host).strip()
    if "://" not in text:
        text = f"https://{text}"
    return parse(text)


def _matches(pattern: tuple[str, int], host: str, port: int) -> bool:
    """Return whether a declared host is this one; one that begins with `*.` is all below it."""
    pattern_host, pattern_port = pattern
    if port != pattern_port:
        return False
    if pattern_host.startswith("*."):
        return host.endswith(pattern_host.removeprefix("*"))
    return host == pattern_host
