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
