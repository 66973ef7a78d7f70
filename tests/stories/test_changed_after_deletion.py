"""A document that its source changes after somebody deleted it in QuickBooks unnoticed."""

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session
from hub.models import Case, Posting
from hub.posting.actions import manual, retries
from hub.scheduling import runner
from tests.support.sources.every_kind_source import SUPPLIER, ShopSite, document, line


def bill(total: str, cost="Fuel", **more):
    lines = line("1", total, cost=cost)
    return document("bill", "bill:1", lines, total=total, supplier=SUPPLIER, number="B-1", **more)


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop whose changed bill is held, because QuickBooks no longer has it."""
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("42.00"))
    assert shop.book("Bill", "bill:1")["Id"] == "1"
    quickbooks.act("delete", kind="Bill", id="1")
    assert shop.run(bill("50.00"))["bill:1"] == "held"
    [case] = open_cases()
    assert case.title == "Deleted in QuickBooks"
    assert "“Not this one” to post it again" in case.instruction
    return shop


def open_cases():
    with read_only_session() as session:
        return session.scalars(select(Case).where(Case.closed_at.is_(None))).all()


def posting_of_bill(operation):
    with read_only_session() as session:
        query = select(Posting.id).where(Posting.kind == "bill", Posting.operation == operation)
        return session.scalars(query).one()


def assert_posted_anew(shop):
    assert shop.run(wait=True)["bill:1"] == "posted"
    [posted] = shop.ours("Bill")
    assert posted["TotalAmt"] == 50
    assert open_cases() == []


def test_the_answer_not_this_one_posts_the_bill_again_without_another_question(shop):
    manual.reject_match(posting_of_bill("update"), "1", "kari")
    assert_posted_anew(shop)


def test_the_case_of_the_missing_bill_posts_it_again_too(shop):
    runner.run_company_job("changes", shop.company_id, requested_by="kari")
    assert {case.title for case in open_cases()} == {
        "Deleted in QuickBooks",
        "Missing in QuickBooks",
    }
    retries.post_again(posting_of_bill("create"), "kari")
    assert_posted_anew(shop)


@pytest.mark.parametrize("hold", [None, "It is being settled."])
@pytest.mark.parametrize("is_skip_taken_back", [False, True])
def test_a_change_ends_if_its_source_wants_no_new_transaction(
    app, quickbooks, clock, is_skip_taken_back, hold
):
    shop = ShopSite(app, quickbooks, clock)
    shop.run(bill("42.00"))
    shop.run(bill("50.00", cost="Nosuch"))
    if is_skip_taken_back:
        manual.skip(posting_of_bill("update"), "Not ours", "kari")
        retries.take_back_skip(posting_of_bill("update"), "kari")
    quickbooks.act("delete", kind="Bill", id="1")
    runner.run_company_job("changes", shop.company_id, requested_by="kari")
    state = shop.run(bill("60.00", stage="update_only", hold=hold))["bill:1"]
    assert (state, [case.title for case in open_cases()]) == (
        "withdrawn",
        ["Missing in QuickBooks"],
    )
    retries.post_again(posting_of_bill("create"), "kari")
    assert shop.run()["bill:1"] == ("held" if hold else "posted")
