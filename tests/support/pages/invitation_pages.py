"""A person who accepts an invitation."""

import re
from typing import Any

from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import PASSWORD

ADDRESS = "kari@example.com"
CODE = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}\b")


def code_in(text: str) -> str:
    """Return the only code in a mail or on a page."""
    (code,) = set(CODE.findall(text))
    return str(code)


def accept_invitation(
    visitor: Visitor, code: str, address: str = ADDRESS, password: str = PASSWORD
) -> Any:
    """Enter address, code and password in a new browser; return the browser and the answer."""
    person = Visitor(visitor.app, visitor.story)
    token = re.search(r'name="csrf_token" value="([^"]+)"', person.page("/invitation"))
    assert token
    form = {"address": address, "code": code, "password": password, "password_again": password}
    answer = person.client.post("/invitation", data={"csrf_token": token[1], **form})
    person._token = token[1]
    return person, answer
