"""People who use the pages of a hub all the time, also while its database is away."""

import re
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import requests

from hub.web.readiness import FRESH_SECONDS
from tests.support.pages.patient_owner import SENTENCE, PatientOwner, hidden_value

READINESS = "/readyz"  # an answer for machines, without the sentence
PATHS = ("/", "/inbox/", "/documents", "/installations/1/", "/runs/", "/metrics", READINESS)
CASE = re.compile(r'href="(/inbox/\d+)[?"]')
RETRY = re.compile(r'action="(/inbox/\d+/(?:\d+/)?retry[^"]*)"')
PAUSE_SECONDS = 0.5  # between two pages


class Absence(NamedTuple):
    """When the database was away, on the monotonic clock."""

    began_at: float
    ended_at: float


class Answer(NamedTuple):
    """The answer to a request of a person."""

    path: str
    began_at: float
    ended_at: float
    status: int
    location: str
    text: str

    def is_during(self, absence: Absence) -> bool:
        """Return whether the answer may be that of a hub without its database.

        What a process knows of its database may be a little old.
        """
        ends_at = absence.ended_at + FRESH_SECONDS
        return self.began_at <= ends_at and absence.began_at <= self.ended_at


class PageUser(threading.Thread):
    """An owner who looks at pages, and retries the documents of cases."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[Answer] = []
        self.retries = 0
        self.failure = ""  # of a request that got no answer
        self._person = PatientOwner(address)
        self._has_ended = threading.Event()
        self._person.log_in()

    def run(self) -> None:
        """Use the pages until the end."""
        try:
            while not self._has_ended.is_set():
                for path in PATHS:
                    self._call("GET", path)
                self._retry_first_case()
        except requests.RequestException as error:
            self.failure = f"{type(error).__name__}: {error}"

    def end(self) -> None:
        """End after the request under way."""
        self._has_ended.set()
        self.join()

    def was_refused_since(self, moment: float) -> bool:
        """Return whether a page said since then that the database is away."""
        answers = self.answers[-len(PATHS) :]
        return any(answer.status == 503 and answer.began_at > moment for answer in answers)

    def assert_served(self, absences: Sequence[Absence]) -> None:
        """Check that the pages failed only while the database was away, and kept the log-in."""
        assert self.failure == ""
        for answer in self.answers:
            assert not answer.location.startswith("/login"), answer
            if answer.status >= 500:
                assert any(answer.is_during(absence) for absence in absences), answer
                assert SENTENCE in answer.text or answer.path == READINESS, answer
            else:
                assert answer.status in (200, 302), answer
        for path in PATHS:
            assert [answer.status for answer in self.answers if answer.path == path][-1] == 200

    def _retry_first_case(self) -> None:
        """Retry the documents of the first case that offers it."""
        for path in dict.fromkeys(CASE.findall(self._call("GET", "/inbox/").text)):
            page = self._call("GET", path)
            form = RETRY.search(page.text)
            if form is not None and page.status_code == 200:
                token = hidden_value(page, "csrf_token")
                answer = self._call("POST", form[1], data={"csrf_token": token})
                self.retries += answer.status_code == 302
                return

    def _call(self, method: str, path: str, **options: object) -> requests.Response:
        """Send a request and record its answer."""
        self._has_ended.wait(PAUSE_SECONDS)
        began_at = time.monotonic()
        answer = self._person.call(method, path, **options)
        text = answer.text if answer.status_code >= 400 else ""
        location = answer.headers.get("Location", "")
        ended_at = time.monotonic()
        status = answer.status_code
        self.answers.append(Answer(path, began_at, ended_at, status, location, text))
        return answer
