"""Files of payables: small true PDFs made from a line of text, and the odd ones."""

import hashlib
from functools import lru_cache

TOO_LARGE = 26 * 1024 * 1024
HTML = "<!doctype html><title>Invoice</title><p>See the invoice attached.</p>"


def pdf(text):
    """A one-page PDF that shows the text."""
    shown = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252", "replace")
    content = b"BT /F1 18 Tf 60 760 Td (" + shown + b") Tj ET"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        font,
    ]
    return _assembled(parts)


def _assembled(parts):
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
    return bytes(out)


@lru_cache(maxsize=512)
def content(sort, text):
    """The bytes of a file; None for one that was lost."""
    if sort == "missing":
        return None
    if sort == "html":
        return HTML.encode()
    return pdf(text).ljust(TOO_LARGE) if sort == "large" else pdf(text)


@lru_cache(maxsize=512)
def described(sort, text):
    """Name, type, size and checksum of a file, as the API tells them."""
    data = content(sort, text) or pdf(text)
    page = sort == "html"
    return {
        "name": f"{text}.{'html' if page else 'pdf'}",
        "mime": "text/html" if page else "application/pdf",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
