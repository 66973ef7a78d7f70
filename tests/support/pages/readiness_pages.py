"""The report of an app's readiness, as its page shows it."""

import re
from html import unescape

REPORT_PAGE = "/installations/1/readiness/"


def report_rows(visitor):
    """Return the cells of both tables of the report, as text."""
    cells = []
    for row in visitor.page(REPORT_PAGE).split("<tr")[1:]:
        texts = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        plain = [re.sub(r"<[^>]+>", " ", text) for text in texts]
        cells.append([" ".join(unescape(text).split()) for text in plain])
    return cells


def row_of(visitor, beginning):
    """Return the cells of the first row that begins with this text."""
    return next(row for row in report_rows(visitor) if row[0].startswith(beginning))
