"""A person who gives consent at the stand-in of QuickBooks."""

import requests

from tests.support.pages.page_visitor import Visitor


def send_form(visitor: Visitor, url: str, form: dict[str, str]) -> str:
    """Send a form of the stand-in and return the address to which it leads."""
    session = requests.Session()
    for prefix, adapter in visitor.app.extensions["hub"].mounts.items():
        session.mount(prefix, adapter)
    with session, session.post(url, data=form, allow_redirects=False) as answer:
        return str(answer.headers["Location"])
