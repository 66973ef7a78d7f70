"""The first owner, who sets up a hub."""

import re
from typing import Any

from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD

EMAIL = "anna@example.com"


def become_owner(visitor: Visitor, code: str, email: str = EMAIL, password: str = PASSWORD) -> Any:
    """Send the form of the first owner."""
    form = visitor.client.get("/setup").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert token, form
    visitor._token = token[1]
    return visitor.post("/setup", code=code, email=email, password=password)


def read_problems(page: str) -> dict[str, str]:
    """Return what a page says beside each field that was not accepted, in their order.

    Each of these fields refers to its problem, and the first one has the focus.
    """
    problems = {}
    for tag in re.findall(r"<(?:input|select)\s[^>]*>", page):
        if 'aria-invalid="true"' not in tag:
            continue
        [name] = re.findall(r' name="([^"]*)"', tag)
        assert re.search(rf'aria-describedby="{name}-wrong\b', tag)
        assert ("autofocus" in tag) == (not problems), tag
        [problems[name]] = re.findall(rf'id="{name}-wrong">([^<]*)<', page)
    assert 'class="note bad"' not in page, "the problems are beside their fields"
    return problems
