"""CostTracker on the hub's pages, as an administrator meets it before its first invoice is read."""

import pytest

from hub.models import Access, Installation
from hub.qbo import oauth, records
from tests.conftest import COSTTRACKER
from tests.costtracker_site import Purchasing

pytestmark = pytest.mark.end_to_end

APP = "/apps/costtracker"
FORM = {"mode": "review", "schedule": "15m", "zone": "Europe/Oslo", "start_date": ""}
CONTACT = "support@costtracker.no"


@pytest.fixture
def purchasing(outside, clock):
    """A CostTracker without invoices, in front of a hub that has one company."""
    books = outside.quickbooks
    with outside.app.app_context():
        company = oauth.connect_with_refresh_token(books.realm, books.refresh_tokens[books.realm])
        records.refresh(company.id)
        return Purchasing(outside.app, books, clock)


@pytest.fixture
def form(purchasing):
    """The settings as an administrator fills them in."""
    settings = {**purchasing.source.settings(COSTTRACKER), "payable_account": "33"}
    return {**FORM, **{name: str(value) for name, value in settings.items()}}


@pytest.mark.row("CT-S14")
def test_a_trial_account_is_told_on_its_page_how_to_request_access(outside, purchasing, form):
    purchasing.press("/integrations", on="no")
    page = outside.page(APP)
    assert CONTACT in page
    assert "integration section in CostTracker" in page
    for button in ({"test": "1"}, {}):
        answer = outside.post(f"{APP}/1/configure", **form, **button)
        assert answer.status_code == 400
        assert CONTACT in answer.text
    assert outside.get("/installations/1/").status_code == 404

    page = outside.press(f"{APP}/1/ask")
    assert f"Now ask CostTracker support ({CONTACT}" in page
    assert "Asked by olga" in page
    assert outside.row(Access, ("costtracker", 1)).asked_by == "olga"

    purchasing.press("/integrations", on="yes")
    assert "is enabled" in outside.press(f"{APP}/1/configure", **form)
    assert outside.row(Installation, 1).slug == "costtracker"


@pytest.mark.row("CT-S14")
def test_an_account_that_has_integrations_needs_no_access(outside, purchasing, form):
    assert "Configure" in outside.page(APP)
    assert "is enabled" in outside.press(f"{APP}/1/configure", **form)
