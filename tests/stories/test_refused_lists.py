"""A list that documents cannot do without: one case says what a person can do about its refusal."""

import pytest

from hub.db.engine import transaction
from hub.models import ListState
from tests.support.sources.every_kind_source import invoice

HOUR = 3600


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


def test_runs_that_end_at_a_refused_list_have_one_case_that_closes_once_it_is_read(
    shop, quickbooks, clock
):
    quickbooks.add_fault("refusal", "query.vendor", code="5020", count=0)
    with transaction() as session:
        session.delete(session.get_one(ListState, (1, "vendor")))
    for _ in range(4):
        shop.run(invoice(number="A-1"))
        clock.advance(HOUR)
    assert shop.cases() == ["QuickBooks does not list records of the kind “supplier”"]
    assert shop.states() == {}
    quickbooks.faults.clear()
    shop.run()
    assert shop.cases() == []
    assert shop.states()["invoice:1"] == "posted"
