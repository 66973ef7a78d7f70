"""QuickBooks lists pushed to CostTracker by button, every night and on its request."""

import re

import pytest

from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import run_log, runner, schedule
from qbo_sandbox.kit import Server, send_request
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.costtracker_site import CostTrackerSite

pytestmark = pytest.mark.end_to_end

ADDED = {
    "suppliers": "Nye Byggevarer AS",
    "accounts": "Leie av brakker",
    "locations": "Drammen",
    "classes": "Vedlikehold",
    "customers": "Solbakken borettslag",
}


class Office:
    """A person at the hub's pages, with CostTracker enabled and its lists pushed once."""

    def __init__(self, visitor, clock):
        self.visitor, self.clock, self.app = visitor, clock, visitor.app
        with self.app.app_context():
            books = visitor.quickbooks
            company = oauth_connect.connect_with_refresh_token(
                books.realm, books.refresh_tokens[books.realm]
            )
            record_download.refresh(company.id)
            self.site = CostTrackerSite(self.app, books, clock)
            self.id = self.site.enable().id

    def add_records(self):
        """Add an entry to each list by hand in QuickBooks; CostTracker does not have them yet."""
        make = self.site.make
        make("Vendor", DisplayName=ADDED["suppliers"])
        make("Account", Name=ADDED["accounts"], AccountType="Expense", AcctNum="6395")
        make("Department", Name=ADDED["locations"])
        make("Class", Name=ADDED["classes"])
        make("Customer", DisplayName=ADDED["customers"])
        assert self.missing() == set(ADDED)

    def missing(self):
        """Return the lists whose new entry CostTracker does not have."""
        return {
            kind
            for kind, name in ADDED.items()
            if name not in [entry["name"] for entry in self.site.pushed(kind).values()]
        }

    def do_waiting_runs(self):
        """Execute the runs that the engine would start now; return their kinds."""
        with self.app.app_context():
            waiting = run_log.list_waiting_runs()
            for run in waiting:
                runner.execute(run.id)
            return [(run.kind, run.requested_by) for run in waiting]


@pytest.fixture
def office(visitor_with_stand_ins, clock):
    return Office(visitor_with_stand_ins, clock)


@pytest.mark.row("CT-S18", "CT-S20", "CT-S7")
def test_the_button_on_the_apps_page_pushes_every_list(office):
    office.add_records()
    page = office.visitor.page(f"/installations/{office.id}/")
    assert ("Refresh master data now" in page, "Webhook address" in page) == (True, True)
    office.visitor.press(f"/installations/{office.id}/lists")
    assert office.do_waiting_runs() == [("lists", "olga")]
    assert office.missing() == set()


def test_the_page_of_the_run_says_how_many_records_were_read_and_sent(office):
    page = office.visitor.press(f"/installations/{office.id}/lists")
    assert "Nothing has been written to the log yet." in page
    office.do_waiting_runs()
    [run_id] = re.findall(r'hx-get="/runs/(\d+)/', page)
    page = office.visitor.page(f"/runs/{run_id}")
    [read] = re.findall(r"Records read from QuickBooks: (\d+)\.", page)
    [sent] = re.findall(r"Records sent to CostTracker: (\d+)\.", page)
    assert (
        int(read)
        > int(sent)
        >= sum(len(office.site.pushed(kind)) for kind in ("suppliers", "accounts"))
    )


@pytest.mark.row("CT-S19")
def test_every_night_the_lists_are_pushed_and_the_page_shows_when(office):
    with office.app.app_context():
        schedule.tick(office.clock.now())
    office.add_records()
    office.clock.advance(24 * 3600)
    with office.app.app_context():
        schedule.tick(office.clock.now())
    assert ("lists", "schedule") in office.do_waiting_runs()
    assert office.missing() == set()
    visitor = Visitor(office.app, office.visitor.story)  # the former session has ended by now
    visitor.log_in("olga")
    page = visitor.page(f"/installations/{office.id}/")
    assert "by the schedule" in page[page.index("Master data") :]


@pytest.mark.row("CT-S21")
@pytest.mark.parametrize("page", ["/suppliers", "/lists"])
def test_the_refresh_symbol_of_costtracker_has_every_list_pushed(office, page):
    office.add_records()
    source = office.site.source
    with Server(office.app.wsgi_app) as server:
        office.site.press("/hub", address=f"{server.url}/webhooks/{office.id}")
        assert 'action="/refresh"' in send_request(source.wsgi, "GET", page).text
        office.site.press("/refresh")
        source.calls.settle()
    assert source.calls.last == "master-data.wanted: taken with 200"
    assert office.do_waiting_runs() == [("lists", "webhook")]
    assert office.missing() == set()
