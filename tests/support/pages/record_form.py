"""The form that creates a record in QuickBooks, as a browser sends it."""

import re
from html import unescape

INPUT = re.compile(r'<input\s[^>]*?name="(\w+)"\s+value="([^"]*)"', re.DOTALL)


def form_of(page: str) -> dict[str, str]:
    """Return the fields of the form that creates a record, as a browser sends them."""
    form = page.partition('aria-label="Create in QuickBooks"')[2].partition("</form>")[0]
    assert form
    values = {name: unescape(value) for name, value in INPUT.findall(form)}
    for name, value in re.findall(r'name="(\w+)"[^>]*>([^<]*)</textarea>', form):
        values[name] = unescape(value)
    return values
