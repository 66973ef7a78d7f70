"""A person at the pages of a hub that runs as processes."""

import re
import time
from typing import Any

import requests

from tests.support.servers.cluster import MAX_WAIT_SECONDS, OWNER, PASSWORD

APPROVED_TOGETHER = 8
SENTENCE = "The database cannot be used now."  # shown on a page while the database is away


class PatientOwner:
    """An owner of the hub who presses a button again if there was no answer."""

    def __init__(self, address: str, patience: float = MAX_WAIT_SECONDS) -> None:
        self.address = address
        self.patience = patience  # seconds
        self.browser = requests.Session()
        self.tries = 0

    def log_in(self) -> None:
        form = self.press("GET", "/login")
        values = {
            "email": OWNER,
            "password": PASSWORD,
            "csrf_token": hidden_value(form, "csrf_token"),
        }
        self.press("POST", "/login", data=values)

    def approve_some(self) -> bool:
        """Approve the first documents of the review; return whether there were any."""
        review = self.press("GET", "/installations/1/review/")
        rows = re.findall(r'name="selected"\s+value="([^"]+)"', review.text)[:APPROVED_TOGETHER]
        if not rows:
            return False
        chosen = {"which": "selected", "selected": rows}
        confirmation = self.press("GET", "/installations/1/review/approve", params=chosen)
        form = {name: hidden_value(confirmation, name) for name in ("csrf_token", "listed")}
        self.press("POST", "/installations/1/review/approve", data=form)
        return True

    def approve_all(self) -> None:
        """Approve until nothing is left to review, despite errors that end within the patience."""
        last_approval = time.monotonic()
        while True:
            self.tries += 1
            try:
                if not self.approve_some():
                    return
                last_approval = time.monotonic()
            except (requests.RequestException, AssertionError):
                if time.monotonic() > last_approval + self.patience:
                    raise

    def press(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request and return the answer, which must be a page."""
        answer = self.call(method, path, **options)
        assert answer.status_code < 400, answer.text
        return answer

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options |= {"timeout": self.patience, "allow_redirects": False}
        return self.browser.request(method, f"{self.address}{path}", **options)


def hidden_value(page: requests.Response, name: str) -> str:
    """Return the value of a hidden field."""
    match = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page.text)
    assert match, page.text
    return match[1]
