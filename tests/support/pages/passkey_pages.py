"""A person who adds a passkey."""

from typing import Any

from tests.support.pages.page_visitor import Visitor
from tests.support.pages.software_passkey import SoftwarePasskey


def passkey_options(visitor: Visitor, path: str) -> Any:
    """Return the options that the hub sends to the browser."""
    answer = visitor.post(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def add_passkey(visitor: Visitor, passkey: SoftwarePasskey) -> str:
    """Add a passkey on the page of the account; return the page after it."""
    credential = passkey.create(passkey_options(visitor, "/account/passkeys/options"))
    return visitor.press("/account/passkeys", name="Laptop", credential=credential)
