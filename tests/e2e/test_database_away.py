"""Tests of PostgreSQL away for longer than the leases last, with workers and pages in use.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import os
import signal
import time

import pytest

from hub.web.readiness import FRESH_SECONDS
from tests.support.office import LEASE, web_processes
from tests.support.office_person import SENTENCE, Person
from tests.support.tiers import by_form

ABSENCE = by_form(small=LEASE + 1, full=LEASE + 2, long=60.0)  # seconds
PAGES = ("/", "/documents", "/installations/1/")


@pytest.mark.proof(small=0)
def test_work_and_pages_return_by_themselves_after_postgresql_was_away(
    make_office, own_server, figure
):
    office = make_office(own_server.url)
    served, address = office.serve(1)
    person = Person(address)
    person.log_in()
    assert [person.call("GET", path).status_code for path in (*PAGES, "/readyz")] == [200] * 4
    office.slow_down()
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, *workers)

    own_server.stop()
    killed = web_processes(served)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    person.browser.close()  # its connections to them
    began = time.monotonic()
    while time.monotonic() < began + ABSENCE:
        for path in PAGES:
            page = person.call("GET", path)
            assert (page.status_code, SENTENCE in page.text) == (503, True), page.text
        if time.monotonic() > began + 2 * FRESH_SECONDS:
            ready = person.call("GET", "/readyz")
            assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert person.call("GET", "/healthz").status_code == 200
        time.sleep(0.5)

    assert not killed & web_processes(served)

    own_server.start()
    documents = office.assert_all_goes_on(person, PAGES, served, workers)
    figure(
        f"documents in the books once although PostgreSQL was away for {ABSENCE:g} s meanwhile",
        documents,
        1,
    )
