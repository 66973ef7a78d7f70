"""Files that only their name makes a table are refused; percentages are rates of tax."""

import pytest
from mapped_tables import bench, workbook

from hub import Refused

__all__ = ["bench"]

WEB_PAGE = (
    "<html><body><table><tr><td>No;Amount</td></tr><tr><td>1;2</td></tr></table></body></html>"
)


@pytest.mark.parametrize(
    "content",
    [
        WEB_PAGE.encode(),
        f"\ufeff\r\n<!DOCTYPE html>\n{WEB_PAGE}".encode(),
        WEB_PAGE.encode("utf-16"),
        b"<table border=1>\n<tr><th>A;B</th></tr>\n<tr><td>1;2</td></tr>\n</table>\n",
        b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
        b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">\n</Workbook>\n',
        b"MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related\n",
    ],
    ids=["page", "page with a type", "page in UTF-16", "table", "XML", "web archive"],
)
@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_a_web_page_with_the_name_of_a_table_is_refused_with_what_to_do(bench, name, content):
    with pytest.raises(Refused, match=f"{name} is a web page or XML .* save it as"):
        bench.receive(name, content)


def test_a_column_may_have_a_name_in_angle_brackets(bench):
    assert bench.receive("a.csv", b"<DATE>;<Total>\n1;2\n").table.columns == ("<DATE>", "<Total>")


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["VAT"], (None, "VAT")), (["VAT", "VAT code"], (None, "VAT code"))],
    ids=["rates alone", "rates beside codes"],
)
def test_percentages_are_not_suggested_as_amounts_of_tax(bench, names, expected):
    rows = [["Supplier", *names], ["Bygg AS", 0.25, *["3"] * (len(names) - 1)]]
    suggestions = bench.receive("a.xlsx", workbook(rows, [("B", "0%")])).table.suggestions
    assert (suggestions.get("tax"), suggestions["tax_code"]) == expected
