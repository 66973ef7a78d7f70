"""The fields of the schema of settings: texts, addresses, numbers and switches."""

import ipaddress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate

from hub.crypto.hash_list import HashList

MIN_TOKEN_LENGTH = 20
# Beyond these, times that are computed with them do not exist.
MAX_SECONDS = 1_000_000
MAX_DAYS = 36_500


def _has_host(value: str, *schemes: str) -> bool:
    """Return whether an address has one of these schemes, a host, and a valid port if any."""
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def check_url(value: str) -> None:
    """Accept an http or https address."""
    if not _has_host(value, "http", "https") or value != "".join(value.split()):
        raise ValidationError("is not an address such as https://hub.example.com")


def check_site(value: str) -> None:
    """Accept the address of a site: links of pages, cookies and forms begin at its root."""
    check_url(value)
    parts = urlsplit(value)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValidationError(
            "must be an address without a path, such as https://hub.example.com: the hub needs a"
            " name of its own"
        )


def normalize_site(value: str) -> str:
    """Return the address of a site as browsers write it: in small letters, without a usual port.

    Otherwise an address that begins with HTTPS: would not count as one that is encrypted, and forms
    of a page would seem to come from another site.
    """
    scheme, _, place = value.rstrip("/").lower().partition("://")
    usual_port = {"https": ":443", "http": ":80"}[scheme]
    return f"{scheme}://{place.removesuffix(usual_port)}"


def check_proxies(value: str) -> None:
    """Accept addresses and networks of reverse proxies, or "*" for any."""
    for entry in value.replace(",", " ").split():
        if entry == "*":
            continue
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            raise ValidationError(
                "is not a list of IP addresses or networks from which reverse proxies call, such"
                " as 127.0.0.1 or 10.0.0.0/24"
            ) from None


def check_mail_url(value: str) -> None:
    """Accept the address of a mail server."""
    if not _has_host(value, "smtp", "smtps"):
        raise ValidationError(
            "is not the address of a mail server such as smtp://name:password@mail.example.com:587"
        )


def check_token(value: str) -> None:
    """Accept a token that nobody guesses and that fits into a header."""
    if len(value) < MIN_TOKEN_LENGTH or not value.isascii() or not value.isprintable():
        raise ValidationError(
            f"must have at least {MIN_TOKEN_LENGTH} plain characters, such as the output of"
            " `openssl rand -hex 32`"
        )


def check_copy_target(value: str) -> None:
    """Accept an absolute path, or the address of a syslog server."""
    parts = urlsplit(value)
    is_path = not parts.scheme and Path(value).is_absolute()
    is_socket = parts.scheme == "syslog" and not parts.netloc and len(parts.path) > 1
    if not (is_path or is_socket or _has_host(value, "syslog", "syslog+tcp")):
        raise ValidationError(
            "is neither an absolute path nor an address such as syslog://logs.example.com:514,"
            " syslog+tcp://logs.example.com:601 or syslog:///dev/log"
        )


def check_hash_list(value: str) -> None:
    """Refuse a list of leaked passwords that no password would be found in."""
    try:
        HashList(Path(value)).check()
    except OSError as error:
        raise ValidationError(f"names {value}, which cannot be read: {error}") from None
    except ValueError as error:
        raise ValidationError(f"names {value}, {error}") from None


def text(**options: Any) -> fields.String:
    """Return a field for a text; the `options` are those of marshmallow's field."""
    messages: dict[str, Any] = {"invalid": "must be one text in quotes"}  # in a TOML file
    return fields.String(error_messages=messages, **options)


def address() -> fields.String:
    """Return a field for an http or https address."""
    return text(validate=check_url)


def site() -> fields.String:
    """Return a field for the address of a site, which has no path."""
    return text(validate=check_site)


def seconds() -> fields.Float:
    """Return a field for a positive number of seconds."""
    above = validate.Range(min=0, min_inclusive=False, error="must be a number of seconds above 0")
    below = validate.Range(max=MAX_SECONDS, error=f"must be at most {MAX_SECONDS} seconds")
    problem = "must be a number of seconds"
    return fields.Float(
        validate=[above, below],
        allow_nan=False,
        error_messages={"invalid": problem, "special": problem},
    )


def count(least: int = 1, *more: validate.Validator) -> fields.Integer:
    """Return a field for a whole number, positive unless `least` is 0, with `more` checks."""
    problem = f"must be a whole number above {least - 1}" if least else "must be 0 or more"
    above = validate.Range(min=least, error=problem)
    return fields.Integer(
        validate=[above, *more],
        error_messages={"invalid": problem, "too_large": problem},
    )


def days() -> fields.Integer:
    """Return a field for a number of days: none, or at most a hundred years of them."""
    below = validate.Range(max=MAX_DAYS, error=f"must be at most {MAX_DAYS} days, a hundred years")
    return count(0, below)


def one_of(*choices: str) -> fields.String:
    """Return a field for one of some choices."""
    is_choice = validate.OneOf(choices, error="must be one of: {choices}")
    return text(validate=is_choice)


def switch() -> fields.Boolean:
    """Return a field for a switch."""
    return fields.Boolean(error_messages={"invalid": "must be 1 or 0"})
