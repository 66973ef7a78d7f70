"""Small valid PDFs of rows of text, for the files that a stand-in returns."""

from collections.abc import Sequence

LINES_PER_PAGE, LINE_HEIGHT = 46, 15
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"


def pdf(rows: Sequence[str]) -> bytes:
    """Return a valid PDF of these rows of text."""
    starts = range(0, len(rows), LINES_PER_PAGE)
    pages = [rows[index : index + LINES_PER_PAGE] for index in starts] or [[]]
    numbers = [4 + 2 * index for index in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        FONT,
    ]
    for number, page in zip(numbers, pages, strict=True):
        objects += [_build_page(number + 1), _build_stream(page)]
    return _build_file(objects)


def _build_page(content: int) -> bytes:
    """Return the object of a page with the number of its content."""
    parent = b"/Parent 2 0 R /MediaBox [0 0 595 842]"
    return b"<< /Type /Page %s /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (
        parent,
        content,
    )


def _build_stream(rows: Sequence[str]) -> bytes:
    """Return the rows of a page as a stream of text."""
    lines = b"\n".join(b"(%s) Tj T*" % _escape(row) for row in rows)
    content = b"BT /F1 10 Tf %d TL 45 780 Td\n%s\nET" % (LINE_HEIGHT, lines)
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _escape(text: str) -> bytes:
    """Return a text as it stands in a string of a PDF."""
    return (
        text.replace("\\", r"\\")
        .replace("(", r"\(")
        .replace(")", r"\)")
        .encode("cp1252", "replace")
    )


def _build_file(objects: list[bytes]) -> bytes:
    """Return head, objects, the table of their places, and its place."""
    body = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end
