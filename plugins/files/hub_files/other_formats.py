"""Recognize files that only their name makes a table: web pages and XML for spreadsheets."""

import re

from hub import Refused

SAMPLE_SIZE = 4_000  # bytes
# A web page, or a part of one with a table, as many old systems export it for Excel. A CSV file may
# have a column whose name is in angle brackets.
WEB_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?"
    rb"<(?:!doctype html|html|head|meta|title|style|body|div|table|tr)\b",
    re.IGNORECASE | re.DOTALL,
)
SPREADSHEET_XML = re.compile(
    rb"\s*<\?xml\b.*urn:schemas-microsoft-com:office:spreadsheet", re.DOTALL
)
WEB_ARCHIVE = re.compile(rb"\s*MIME-Version:", re.IGNORECASE)


def require_table(name: str, content: bytes) -> None:
    """Raise Refused for a file in a format that would be read as CSV, and is none."""
    sample = content[:SAMPLE_SIZE].removeprefix(b"\xef\xbb\xbf")
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: the markup itself is ASCII
        sample = sample[2:].replace(b"\0", b"")
    formats = (WEB_PAGE, SPREADSHEET_XML, WEB_ARCHIVE)
    if any(pattern.match(sample) for pattern in formats):
        raise Refused(
            "%(name)s is a web page or XML inside, which only a spreadsheet program shows as a"
            " table. Open it in Excel, save it as “Excel workbook (.xlsx)” and try again.",
            name=name,
        )
