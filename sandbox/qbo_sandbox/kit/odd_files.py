"""Files that a stand-in hands out, made from a line of text: small true PDFs, and the odd ones."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from qbo_sandbox.kit.paper import pdf

TOO_LARGE = 26 * 1024 * 1024
SPACES = b" " * 65536


def content(sort: str, text: str, html: str) -> bytes | None:
    """The bytes of a file; None for one that was lost."""
    return None if sort == "missing" else b"".join(_parts(sort, text, html))


@lru_cache(maxsize=512)
def described(sort: str, text: str, html: str) -> dict[str, object]:
    """Name, type, size and checksum of a file, as an API tells them; a large one is never whole in memory."""
    size, sums = 0, hashlib.sha256()
    for part in _parts(sort, text, html):
        size += len(part)
        sums.update(part)
    page = sort == "html"
    return {
        "name": f"{text}.{'html' if page else 'pdf'}",
        "mime": "text/html" if page else "application/pdf",
        "size": size,
        "sha256": sums.hexdigest(),
    }


def _parts(sort: str, text: str, html: str) -> Iterator[bytes]:
    whole = html.encode() if sort == "html" else pdf([text])
    yield whole
    for start in range(len(whole), TOO_LARGE if sort == "large" else 0, len(SPACES)):
        yield SPACES[: TOO_LARGE - start]


def handed_out(
    files: Iterable[tuple[str, str, str]], id: str, html: str
) -> tuple[str, bytes] | None:
    """(type, bytes) of the file of that id among (id, sort, text)s; None when it is not there, or was lost."""
    for known, sort, text in files:
        data = content(sort, text, html) if known == id else None
        if data is not None:
            return str(described(sort, text, html)["mime"]), data
    return None
