"""Files of a stand-in, made from a line of text: small PDFs, and files with a problem."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from qbo_sandbox.kit.pdf import pdf

TOO_LARGE_BYTES = 26 * 1024 * 1024
PADDING = b" " * 65536


def content(kind: str, text: str, html: str) -> bytes | None:
    """Return the bytes of a file; None for one that was lost."""
    if kind == "missing":
        return None
    return b"".join(_iter_file_parts(kind, text, html))


@lru_cache(maxsize=512)
def describe(kind: str, text: str, html: str) -> dict[str, object]:
    """Return name, type, size and checksum of a file without building it whole in memory."""
    size = 0
    digest = hashlib.sha256()
    for part in _iter_file_parts(kind, text, html):
        size += len(part)
        digest.update(part)
    is_page = kind == "html"
    return {
        "name": f"{text}.{'html' if is_page else 'pdf'}",
        "mime": "text/html" if is_page else "application/pdf",
        "size": size,
        "sha256": digest.hexdigest(),
    }


def _iter_file_parts(kind: str, text: str, html: str) -> Iterator[bytes]:
    """Yield the parts of a file; a large one is filled up with spaces."""
    content = html.encode() if kind == "html" else pdf([text])
    yield content
    for start in range(len(content), TOO_LARGE_BYTES if kind == "large" else 0, len(PADDING)):
        yield PADDING[: TOO_LARGE_BYTES - start]


def find_file(
    files: Iterable[tuple[str, str, str]], id: str, html: str
) -> tuple[str, bytes] | None:
    """Return (type, bytes) of a file among (id, kind, text) rows; None if missing or lost."""
    for file_id, kind, text in files:
        data = content(kind, text, html) if file_id == id else None
        if data is not None:
            return str(describe(kind, text, html)["mime"]), data
    return None
