"""Files of payables: small true PDFs made from a line of text, and the odd ones."""

import hashlib
from functools import lru_cache

from hub.sandboxing import pdf

TOO_LARGE = 26 * 1024 * 1024
HTML = "<!doctype html><title>Invoice</title><p>See the invoice attached.</p>"


@lru_cache(maxsize=512)
def content(sort, text):
    """The bytes of a file; None for one that was lost."""
    if sort == "missing":
        return None
    if sort == "html":
        return HTML.encode()
    return pdf([text]).ljust(TOO_LARGE) if sort == "large" else pdf([text])


@lru_cache(maxsize=512)
def described(sort, text):
    """Name, type, size and checksum of a file, as the API tells them."""
    data = content(sort, text) or pdf([text])
    page = sort == "html"
    return {
        "name": f"{text}.{'html' if page else 'pdf'}",
        "mime": "text/html" if page else "application/pdf",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
