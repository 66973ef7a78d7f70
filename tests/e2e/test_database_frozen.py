"""Tests of PostgreSQL frozen for longer than the leases last, with workers and pages in use.

Its machine still answers, so that no connection breaks. Every invoice is in the books once, to the
cent, and nobody has to press anything.
"""

import time

import pytest

from tests.support.office import LEASE
from tests.support.office_person import SENTENCE, Person
from tests.support.tiers import by_form

FREEZE = by_form(small=LEASE + 1, full=LEASE + 2, long=60.0)  # seconds
PAGE_SECONDS = 1.0  # seconds that a page waits for a statement
CONNECT_SECONDS = 2
MARGIN = 30.0  # seconds for a page on a busy machine
PAGES = ("/", "/documents", "/installations/1/")


@pytest.mark.proof(small=0)
def test_work_and_pages_go_on_by_themselves_after_postgresql_was_frozen(
    make_office, own_server, figure
):
    office = make_office(f"{own_server.url}&connect_timeout={CONNECT_SECONDS}")
    for machine in office.machines:
        machine.environ["HUB_PAGE_SECONDS"] = str(PAGE_SECONDS)
    served, address = office.serve(1)
    person = Person(address)
    person.log_in()
    assert [person.call("GET", path).status_code for path in (*PAGES, "/readyz")] == [200] * 4
    office.slow_down()
    workers = [office.work(0), office.work(1)]
    office.wait(office.is_posting, *workers)

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
    documents = office.assert_all_goes_on(person, PAGES, served, workers)
    figure(
        f"documents in the books once although PostgreSQL was frozen for {FREEZE:g} s meanwhile",
        documents,
        1,
    )
