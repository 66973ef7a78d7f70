"""Ontraccr on the pages: settings, and payables that a person approves."""

import re

import pytest
from hub_ontraccr import Settings

from hub.models import Installation
from hub.scheduling import runner
from hub.testing.clock import FakeClock
from tests.support.pages.page_visitor import Visitor
from tests.support.sources.ontraccr_site import ONTRACCR, OntraccrSite

CONFIGURE = "/apps/ontraccr/1/configure"
REVIEW = "/installations/1/review/"
PLAN = {"mode": "review", "schedule": "15m", "zone": "UTC", "start_date": ""}


@pytest.fixture
def owner(connected_visitor: Visitor) -> Visitor:
    """Provide Olga, whose QuickBooks company is connected."""
    return connected_visitor


@pytest.fixture
def site(owner: Visitor, clock: FakeClock) -> OntraccrSite:
    """Provide an Ontraccr stand-in that can be reached."""
    return OntraccrSite(owner.app, owner.quickbooks, clock)


@pytest.mark.row("ON-S6")
def test_every_setting_is_on_the_one_page_with_the_default_purchase_account(
    owner: Visitor, site: OntraccrSite
) -> None:
    page = owner.page(CONFIGURE)
    assert [name for name in Settings().fields if f'name="{name}"' not in page] == []
    settings = {**site.source.settings(ONTRACCR, "div-1"), "purchase_account": "35"}
    owner.press(CONFIGURE, **PLAN, **settings)
    assert owner.row(Installation, 1).settings["purchase_account"] == "35"


@pytest.mark.row("ON-B15")
@pytest.mark.end_to_end
def test_while_auto_sync_is_off_a_person_pushes_one_payable_and_then_the_others(
    owner: Visitor, site: OntraccrSite
) -> None:
    with owner.app.app_context():
        site.enable(auto_sync=False)
        ids = [site.upload() for _ in range(3)]
        site.sync()
    posting_id = re.findall(r'name="selected"\s+value="([^"]+)"', owner.page(REVIEW))[0]
    assert posted_after(owner, site, ids) == 0
    assert "Approved 1 bill" in owner.approve(1, which="selected", selected=posting_id)
    assert posted_after(owner, site, ids) == 1
    assert "Approved 2 bills" in owner.approve(1)
    assert posted_after(owner, site, ids) == 3


@pytest.mark.end_to_end
def test_a_code_that_ontraccr_links_to_quickbooks_is_shown_as_matched(
    owner: Visitor, site: OntraccrSite
) -> None:
    with owner.app.app_context():
        site.enable()
        site.upload(type="expense", account="35")
        site.sync()
    page = owner.page("/installations/1/matching/?field=purchase_account")
    rows = page[page.index("<tbody>") : page.index("</tbody>")]
    assert "Checking" in rows
    assert "Not matched" not in rows


def posted_after(owner: Visitor, site: OntraccrSite, ids: list[str]) -> int:
    """Return how many of the payables are in QuickBooks after the next posting run."""
    with owner.app.app_context():
        assert runner.post(1, requested_by="clock").error == ""
    return sum(len(site.posted(id)) for id in ids)
