"""Tests of PostgreSQL frozen for longer than the leases last, with workers and pages in use.

Its machine still answers, so that no connection breaks. Every invoice is in the books once, to the
cent, and nobody has to press anything.
"""

import time

import pytest

from tests.support.pages.patient_owner import SENTENCE, PatientOwner
from tests.support.runs.tiers import by_form
from tests.support.servers.cluster import LEASE

FREEZE = by_form(small=LEASE + 1, full=LEASE + 2, long=60.0)  # seconds
PAGE_SECONDS = 1.0  # seconds that a page waits for a statement
CONNECT_SECONDS = 2
MARGIN = 30.0  # seconds for a page on a busy machine
PAGES = ("/", "/documents", "/installations/1/")


@pytest.mark.proof(small=0)
def test_work_and_pages_go_on_by_themselves_after_postgresql_was_frozen(
    make_cluster, own_server, figure
):
    cluster = make_cluster(f"{own_server.url}&connect_timeout={CONNECT_SECONDS}")
    for machine in cluster.machines:
        machine.environ["HUB_PAGE_SECONDS"] = str(PAGE_SECONDS)
    served, address = cluster.start_pages(1)
    person = PatientOwner(address)
    person.log_in()
    assert [person.call("GET", path).status_code for path in (*PAGES, "/readyz")] == [200] * 4
    cluster.slow_down()
    workers = [cluster.start_worker(0), cluster.start_worker(1)]
    cluster.wait(cluster.is_sending, *workers)

    own_server.freeze()
    began = time.monotonic()
    page_count = 0
    while time.monotonic() < began + FREEZE or page_count < len(PAGES):
        path = PAGES[page_count % len(PAGES)]
        page_count += 1
        start = time.monotonic()
        page = person.call("GET", path)
        assert (page.status_code, SENTENCE in page.text) == (503, True), page.text
        assert time.monotonic() - start < PAGE_SECONDS + CONNECT_SECONDS + MARGIN
        assert person.call("GET", "/healthz").status_code == 200

    own_server.thaw()
    documents = cluster.assert_recovery(person, PAGES, served, workers)
    figure(
        f"documents in the books once although PostgreSQL was frozen for {FREEZE:g} s meanwhile",
        documents,
        1,
    )
