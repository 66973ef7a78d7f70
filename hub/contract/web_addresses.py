"""Web addresses at which people see a document in its source."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 2000
# Printable ASCII without < > " \ and spaces.
PLAIN_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]-~]+")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def web_address(text: object) -> str | None:
    """Return the address that a source sent, for `url` of a document.

    Return None if a document may not have it, so that a wrong link does not make the document
    unreadable.
    """
    if isinstance(text, str) and _is_web_address(text):
        return text
    return None


def find_url_problems(owner: str, url: Any) -> Iterator[str]:
    """Yield a sentence if an address is none that a page may link to."""
    if url is None:
        return
    if not isinstance(url, str):
        yield f"url of {owner} must be a text, not {url!r}."
    elif not _is_web_address(url):
        yield f"url of {owner} must be an https address of at most {MAX_LENGTH} characters."


def _is_web_address(text: str) -> bool:
    """Return whether a text is an address that the pages may link to."""
    if len(text) > MAX_LENGTH or not PLAIN_ADDRESS.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return port != 0 and _is_https_or_local(parts)


def _is_https_or_local(parts: SplitResult) -> bool:
    """Return whether an address is https, or http on this machine, and has no user name."""
    if not parts.hostname or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS
