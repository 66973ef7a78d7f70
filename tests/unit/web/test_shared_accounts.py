"""Enabling an app warns if its account is enabled for another company, too."""

import pytest

from hub.db.engine import transaction
from hub.models import ConnectedCompany, Installation
from hub.testing.clock import START
from tests.support.pages.costtracker_pages import ENABLE_PAGE, settings_form
from tests.support.pages.page_visitor import Visitor

WARNING = "This account is enabled for another company, too."


def enable_elsewhere(visitor: Visitor, **values: object) -> None:
    """Enable CostTracker for another company, with the account of the stand-in."""
    tenant = {"tenant": "", "enabled": True, **values}
    with visitor.app.app_context(), transaction() as session:
        company = ConnectedCompany(realm="77", connected_at=START)
        session.add(
            Installation(
                company=company, slug="costtracker", mode="auto", created_at=START, **tenant
            )
        )


def account_of(visitor: Visitor) -> str:
    """Return the id of the stand-in's account, by enabling the app once."""
    visitor.press(ENABLE_PAGE, **settings_form(visitor))
    tenant = visitor.row(Installation, 1).tenant
    visitor.press("/installations/1/disable", sure="1")
    return str(tenant)


@pytest.mark.parametrize(
    ("values", "is_warned"),
    [({}, True), ({"enabled": False}, False), ({"tenant": "other"}, False)],
    ids=["enabled", "disabled", "another account"],
)
def test_the_warning_needs_another_enabled_company_with_the_account(
    connected_visitor: Visitor,
    values: dict[str, object],
    is_warned: bool,
) -> None:
    enable_elsewhere(connected_visitor, **{"tenant": account_of(connected_visitor), **values})
    page = connected_visitor.press(ENABLE_PAGE, **settings_form(connected_visitor))
    assert "CostTracker is" in page
    assert (WARNING in page) is is_warned
