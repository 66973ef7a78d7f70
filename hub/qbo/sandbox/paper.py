"""A document as a PDF: one plain page after the other, written by hand."""

from decimal import Decimal
from textwrap import wrap
from typing import Any

from hub.qbo.sandbox.company import Company
from hub.qbo.sandbox.kinds import TXN_KINDS
from hub.qbo.sandbox.operations import existing
from hub.qbo.sandbox.refusals import unsupported

PRINTED = ("Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt", "Payment", "PurchaseOrder")
ROWS, WIDTH, LEADING = 46, 84, 15
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>"


def printed(company: Company, kind: str, id: str) -> bytes:
    """The document with this id, as QuickBooks prints it for a customer or vendor."""
    if kind not in PRINTED:
        raise unsupported(f"pdf {kind.lower()}")
    return pdf(_rows(company, kind, existing(company, kind, id).read()))


def _rows(company: Company, kind: str, data: dict[str, Any]) -> list[str]:
    rule, currency = TXN_KINDS[kind], data["CurrencyRef"]["value"]
    rows = [company.options.name, "", f"{rule.label} {data.get('DocNumber', '')}".rstrip(), f"Date {data['TxnDate']}"]
    if data.get("DueDate"):
        rows.append(f"Due {data['DueDate']}")
    party = data.get(rule.party) or {}
    rows += [str(party.get("name", "")), ""]
    for line in data.get("Line", ()):
        rows += _line(line)
    return [*rows, "", _amounted(f"Total {currency}", data[rule.total])]


def _line(line: dict[str, Any]) -> list[str]:
    text = str(line.get("Description") or "")
    detail = line.get(line.get("DetailType", ""))
    item = (detail.get("ItemRef") or detail.get("AccountRef") or {}) if isinstance(detail, dict) else {}
    first, *more = wrap(" – ".join(part for part in (item.get("name"), text) if part), WIDTH - 18) or [""]
    return [_amounted(first, line["Amount"]) if "Amount" in line else first, *more]


def _amounted(text: str, amount: Decimal) -> str:
    return f"{text:<{WIDTH - 16}}{Decimal(amount):>16,.2f}"


def pdf(rows: list[str]) -> bytes:
    """A well-formed PDF of these rows of text."""
    pages = [rows[place : place + ROWS] for place in range(0, len(rows), ROWS)] or [[]]
    numbers = [4 + 2 * place for place in range(len(pages))]
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        FONT,
    ]
    for number, page in zip(numbers, pages, strict=True):
        objects += [_page(number + 1), _stream(page)]
    return _file(objects)


def _page(content: int) -> bytes:
    place = b"/Parent 2 0 R /MediaBox [0 0 595 842]"
    return b"<< /Type /Page %s /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (place, content)


def _stream(rows: list[str]) -> bytes:
    shown = b"\n".join(b"(%s) Tj T*" % _escaped(row) for row in rows)
    content = b"BT /F1 10 Tf %d TL 45 780 Td\n%s\nET" % (LEADING, shown)
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _escaped(text: str) -> bytes:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode("cp1252", "replace")


def _file(objects: list[bytes]) -> bytes:
    """Head, objects, the table of where they stand, and where that table stands."""
    body, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end
