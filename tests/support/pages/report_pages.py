"""The page of reports: its tables, drawings and rows, and companies with posted documents."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape

from hub.db.engine import transaction
from hub.models import ConnectedCompany
from tests.support.rows.page_rows import add_company, add_document, add_installation

REPORTS_PAGE = "/reports/"
ALL_MARCH = f"{REPORTS_PAGE}?month=2026-03"
EVERYTHING = "owner/every company/every app"
CELL = re.compile(
    r'<a href="(/reports/documents\?month[^"]+)">([\d,]+)</a></td>'
    r'\s*<td class="amount">([^<]+)</td>'
)


def report_table(visitor, title, path=REPORTS_PAGE):
    """Return the cells of the rows of a table, as text."""
    text = visitor.page(path).partition(f"{title}</caption>")[2].partition("</table>")[0]
    cells = []
    for row in text.partition("<tbody>")[2].split("<tr>")[1:]:
        texts = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        plain = [re.sub(r"<[^>]+>", " ", text) for text in texts]
        cells.append([" ".join(unescape(text).split()) for text in plain])
    return cells


def control_totals(visitor):
    """Return address, number and amount of each number of the control totals."""
    parts = []
    for address, count, amount in CELL.findall(visitor.page(REPORTS_PAGE)):
        parts.append((unescape(address), int(count), decimal(amount)))
    return parts


def decimal(text):
    return Decimal(text.split()[0].replace(",", "").replace("\N{MINUS SIGN}", "-"))


def name_of(two_companies, company):
    """Return the name of a company."""
    with two_companies.app.app_context(), transaction() as session:
        return session.get_one(ConnectedCompany, two_companies.rows.companies[company]).name


def add_companies(two_companies, count):
    """Add companies with one posted document each."""
    with two_companies.app.app_context(), transaction() as session:
        for number in range(count):
            company = add_company(session, f"77{number}", f"Company {number:02}")
            installation = add_installation(session, company)
            document, _ = add_document(session, installation, "posted", 1000 + number)
            document.date = dt.date(2026, 3, 6)


def drawing(visitor, title):
    """Return the bars of a chart: the heights of the first and of the second kind."""
    text = visitor.page(REPORTS_PAGE).partition(f">{title}</title>")[2].partition("</svg>")[0]
    heights = {}
    for kind in ("posted", "second"):
        matches = re.findall(rf'class="chart-{kind}"[^>]*height="([\d.]+)"', text)
        heights[kind] = [float(height) for height in matches]
    return heights
