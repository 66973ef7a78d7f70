"""Files that a stand-in hands out, made from a line of text: small true PDFs, and the odd ones."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from hub.sandboxing.paper import pdf

TOO_LARGE = 26 * 1024 * 1024


@lru_cache(maxsize=512)
def content(sort: str, text: str, html: str) -> bytes | None:
    """The bytes of a file; None for one that was lost."""
    if sort == "missing":
        return None
    if sort == "html":
        return html.encode()
    return pdf([text]).ljust(TOO_LARGE) if sort == "large" else pdf([text])


@lru_cache(maxsize=512)
def described(sort: str, text: str, html: str) -> dict[str, object]:
    """Name, type, size and checksum of a file, as an API tells them."""
    data = content(sort, text, html) or pdf([text])
    page = sort == "html"
    return {
        "name": f"{text}.{'html' if page else 'pdf'}",
        "mime": "text/html" if page else "application/pdf",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def handed_out(files: Iterable[tuple[str, str, str]], id: str, html: str) -> tuple[str, bytes] | None:
    """(type, bytes) of the file of that id among (id, sort, text)s; None when it is not there, or was lost."""
    for known, sort, text in files:
        data = content(sort, text, html)
        if known == id and data is not None:
            return str(described(sort, text, html)["mime"]), data
    return None
