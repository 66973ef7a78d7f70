"""Tests of PostgreSQL away for longer than the leases last, with workers and pages in use.

In each test every invoice is in the books once, to the cent, and nobody has to press anything.
"""

import os
import signal
import time

import pytest
import requests

from hub.web.readiness import FRESH_SECONDS
from tests.support.pages.patient_owner import SENTENCE, PatientOwner
from tests.support.runs.tiers import by_form
from tests.support.servers.cluster import LEASE, MAX_WAIT_SECONDS, web_processes

ABSENCE = by_form(small=LEASE + 1, full=LEASE + 2, long=60.0)  # seconds
PAGES = ("/", "/documents", "/installations/1/")


def status_of(url):
    """Return the status of an address."""
    return requests.get(url, timeout=MAX_WAIT_SECONDS).status_code


@pytest.mark.proof(small=0)
def test_work_and_pages_return_by_themselves_after_postgresql_was_away(
    make_cluster, own_server, figure
):
    cluster = make_cluster(own_server.url)
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    assert [person.call("GET", path).status_code for path in (*PAGES, "/readyz")] == [200] * 4
    cluster.slow_down()
    watched, health = cluster.start_watched_worker()
    workers = [watched, cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, *workers)
    cluster.wait(lambda: status_of(f"{health}/readyz") == 200, *workers)

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
            assert status_of(f"{health}/readyz") == 503
        assert person.call("GET", "/healthz").status_code == 200
        assert status_of(f"{health}/healthz") == 200
        time.sleep(0.5)

    assert not killed & web_processes(served)

    own_server.start()
    cluster.wait(lambda: status_of(f"{health}/readyz") == 200, *workers)
    documents = cluster.assert_recovery(person, PAGES, served, workers)
    figure(
        f"documents in the books once although PostgreSQL was away for {ABSENCE:g} s meanwhile",
        documents,
        1,
    )
