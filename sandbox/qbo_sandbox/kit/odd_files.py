"""Files that a stand-in hands out, made from a line of text: small true PDFs, and the odd ones."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from qbo_sandbox.kit.pdf import pdf

TOO_LARGE = 26 * 1024 * 1024
SPACES = b" " * 65536


def content(sort: str, text: str, html: str) -> bytes | None:
    """Return the bytes of a file; None for one that was lost."""
    if sort == "missing":
        return None
    return b"".join(_file_parts(sort, text, html))


@lru_cache(maxsize=512)
def describe(sort: str, text: str, html: str) -> dict[str, object]:
    """Return name, type, size and checksum of a file without building it whole in memory."""
    size = 0
    sums = hashlib.sha256()
    for part in _file_parts(sort, text, html):
        size += len(part)
        sums.update(part)
    page = sort == "html"
    return {
        "name": f"{text}.{'html' if page else 'pdf'}",
        "mime": "text/html" if page else "application/pdf",
        "size": size,
        "sha256": sums.hexdigest(),
    }


def _file_parts(sort: str, text: str, html: str) -> Iterator[bytes]:
    """Yield the parts of a file; a large one is filled up with spaces."""
    whole = html.encode() if sort == "html" else pdf([text])
    yield whole
    for start in range(len(whole), TOO_LARGE if sort == "large" else 0, len(SPACES)):
        yield SPACES[: TOO_LARGE - start]


def find_file(
    files: Iterable[tuple[str, str, str]], id: str, html: str
) -> tuple[str, bytes] | None:
    """Return (type, bytes) of a file among (id, sort, text) rows; None if missing or lost."""
    for file_id, sort, text in files:
        data = content(sort, text, html) if file_id == id else None
        if data is not None:
            return str(describe(sort, text, html)["mime"]), data
    return None
