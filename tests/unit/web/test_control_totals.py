"""The control totals on the overview of an app: each kind of document for itself."""

import re
from html import unescape

from tests.support.pages.costcertified_pages import Pages
from tests.support.pages.page_visitor import Visitor

ONE_COLUMN = re.compile(
    r"@media \(max-width: 79\.99rem\) \{ \.wide-left:has\(\.control-totals\)"
    r" \{ grid-template-columns: minmax\(0, 1fr\)"
)


def totals(pages: Pages) -> list[list[str]]:
    """Return the cells of the control totals, as text."""
    page = pages.visitor.page(f"/installations/{pages.site.row.id}/")
    table = page.partition("by kind and currency</caption>")[2].partition("</table>")[0]
    cells = []
    for row in table.partition("<tbody>")[2].split("<tr")[1:]:
        texts = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        cells.append([unescape(re.sub(r"<[^>]+>", "", text)) for text in texts])
    return cells


def test_a_payment_is_not_added_to_the_invoice_that_it_pays(
    visitor_with_stand_ins: Visitor,
) -> None:
    pages = Pages(visitor_with_stand_ins)
    pages.enable()
    with pages.app.app_context():
        first = pages.site.invoice("100.00")
        pages.site.invoice("50.00")
        pages.site.pay(first)
    pages.sync()
    rows = totals(pages)
    assert [row[:2] for row in rows] == [["Invoice", "USD"], ["Payment", "USD"]]
    invoices, payments = rows
    assert invoices[2:] == ["162.00", "162.00", "162.00", "To the cent"]
    assert payments[2:] == ["108.00", "108.00", "108.00", "To the cent"]


def test_the_control_totals_have_the_width_of_a_small_window(visitor: Visitor) -> None:
    visitor.log_in("vera")
    page = visitor.page(f"/installations/{visitor.story.installation}/")
    assert 'class="grid dense stack control-totals"' in page
    with visitor.get("/assets/hub.css") as style:
        assert ONE_COLUMN.search(style.text)
