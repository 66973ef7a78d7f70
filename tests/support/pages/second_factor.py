"""A person with an authenticator app, who sets it up and logs in with its codes."""

import re

from passlib.totp import TOTP

from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor

STEP_SECONDS = 30  # seconds for which a code is shown


def code_at(secret: str, clock: FakeClock) -> str:
    """Return the code that the authenticator app shows now."""
    return str(TOTP(key=secret, format="base32").generate(time=clock.now()).token)


def set_up_authenticator(visitor: Visitor, clock: FakeClock) -> tuple[str, list[str]]:
    """Set up an authenticator app; return its secret and the recovery codes."""
    page = visitor.press("/account/authenticator/new")
    match = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page)
    assert match
    secret = match[1].replace(" ", "")
    answer = visitor.post("/account/authenticator", code=code_at(secret, clock)).text
    return secret, re.findall(r"<li>([0-9A-Z-]{34})</li>", answer)


def enter_code(visitor: Visitor, code: str) -> tuple[int, str]:
    """Enter a code after the password; return the status and the destination."""
    answer = visitor.post("/login/second-factor", code=code)
    return answer.status_code, answer.location or ""


def log_in_again(visitor: Visitor, name: str = "olga") -> Visitor:
    """Give name and password in another browser."""
    other = Visitor(visitor.app, visitor.story)
    assert other.log_in(name).status_code == 302
    return other
