"""Preflight checks find everything that QuickBooks would refuse before anything is sent."""

import json
from decimal import Decimal

import pytest
from marshmallow import Schema, fields

from hub.db.engine import transaction
from hub.models import ConnectedCompany, StoredRecord
from hub.posting.actions import manual, retries
from hub.qbo import record_download


def unchecked(desk, number="A-1", **more):
    id = desk.bill(number, **more)
    desk.uncheck(id)
    return id


def test_a_posting_that_passes_the_checks_is_sent(desk):
    id = unchecked(desk)
    assert (desk.drain().writes, desk.state(id)) == (1, "posted")


def test_a_checked_posting_in_review_is_reported_as_queued(desk):
    id = unchecked(desk)
    desk.review(id)
    result = desk.drain()
    assert (desk.state(id), result.writes, desk.receipts()) == ("review", 0, [("queued", "")])


def test_a_closed_period_is_one_case_for_all_it_stops(desk):
    desk.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(desk.company_id)
    ids = [unchecked(desk, f"A-{n}") for n in range(3)]
    result = desk.drain()
    assert ([desk.state(id) for id in ids], result.writes) == (["held"] * 3, 0)
    assert desk.cases() == ["The books are closed up to 31 Mar 2026"]


def test_after_a_period_was_opened_again_retry_posts_what_it_stopped(desk):
    """Preferences are read once a day; the retry of one posting reads them again for all."""
    desk.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(desk.company_id)
    ids = [unchecked(desk, f"A-{n}") for n in range(3)]
    desk.drain()
    desk.quickbooks.act("close_books", date=None)
    retries.retry(ids[0], "kari")
    desk.drain()
    assert [desk.state(id) for id in ids] == ["posted"] * 3
    assert desk.cases() == []


def test_retry_works_while_quickbooks_cannot_be_asked(desk):
    desk.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(desk.company_id)
    id = unchecked(desk)
    desk.drain()
    desk.quickbooks.add_fault("status", "preferences.read", status=503, count=0)
    retries.retry(id, "kari")
    desk.drain()
    assert desk.state(id) == "held"


def test_an_inactive_vendor_holds_it_until_it_is_active_again(desk):
    with transaction() as session:
        session.get_one(StoredRecord, (desk.company_id, "vendor", "1")).active = False
    id = unchecked(desk)
    desk.drain()
    assert (desk.state(id), desk.posting(id).held_by, desk.cases()[0][-25:]) == (
        "held",
        "preflight",
        "is inactive in QuickBooks",
    )
    with transaction() as session:
        session.get_one(StoredRecord, (desk.company_id, "vendor", "1")).active = True
    retries.retry(id, "kari")
    desk.drain()
    assert (desk.state(id), desk.cases()) == ("posted", [])


def test_everything_is_reported_at_once(desk):
    desk.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(desk.company_id)
    id = unchecked(desk, vendor="99999")
    desk.drain()
    assert desk.cases() == [
        "The books are closed up to 31 Mar 2026",
        "Supplier with id 99999 does not exist in QuickBooks",
    ]
    assert "closed" in desk.posting(id).reason
    assert "99999" in desk.posting(id).reason


@pytest.mark.row("CT-B12")
def test_a_bill_in_another_currency_than_its_vendors_is_held(desk):
    with transaction() as session:
        session.get_one(StoredRecord, (desk.company_id, "vendor", "1")).currency = "EUR"
    id = unchecked(desk)
    desk.drain()
    assert (desk.state(id), "is in USD" in desk.posting(id).reason) == ("held", True)


@pytest.mark.row("CT-B9")
def test_a_number_that_the_vendor_has_already_is_asked_about(desk):
    desk.quickbooks.ask("POST", "bill", {**desk.body("A-1"), "PrivateNote": "typed in"})
    desk.see_all()
    id = unchecked(desk)
    result = desk.drain()
    assert (desk.state(id), result.writes, desk.cases()) == ("held", 0, ["Number already used"])


@pytest.mark.row("CT-B9")
def test_one_of_the_same_day_and_total_is_asked_about_and_may_be_posted_anyway(desk):
    desk.quickbooks.ask("POST", "bill", {**desk.body("B-9"), "PrivateNote": "typed in"})
    desk.see_all()
    id = unchecked(desk)
    desk.drain()
    assert desk.cases() == ["Perhaps in QuickBooks already"]
    manual.reject_match(id, desk.bills()[0]["Id"], "kari")
    desk.drain()
    assert (desk.state(id), len(desk.bills()), desk.cases()) == ("posted", 2, [])


def test_the_same_day_and_total_of_another_document_of_ours_is_no_twin(desk):
    first, second = unchecked(desk, "A-1"), unchecked(desk, "A-2")
    desk.drain()
    assert (desk.state(first), desk.state(second)) == ("posted", "posted")
    third = unchecked(desk, "A-3")
    desk.drain()
    assert desk.state(third) == "posted"


@pytest.mark.row("CT-B2")
def test_lines_that_do_not_add_up_to_the_cent_are_held(desk):
    id = unchecked(desk)
    desk.say(id, total="100.01")
    desk.drain()
    assert "its lines add up to 100.00 USD; the total is 100.01 USD" in desk.posting(id).reason


def test_a_difference_within_the_tolerance_is_sent(desk):
    id = unchecked(desk)
    desk.say(id, total="100.01", tolerance="0.01")
    desk.drain()
    assert desk.state(id) == "posted"


def test_more_decimals_than_the_currency_has_are_held(desk):
    id = unchecked(desk, total="100.005")
    desk.drain()
    assert "100.005, which is not possible in USD" in desk.posting(id).reason


def test_a_line_without_a_tax_code_is_held_where_every_line_needs_one(desk):
    with transaction() as session:
        session.get_one(ConnectedCompany, desk.company_id).country = "NO"
    id = unchecked(desk)
    desk.drain()
    assert "no tax code on line 1" in desk.posting(id).reason


def test_a_change_of_a_paid_bill_is_held(desk):
    bill = desk.bill()
    desk.drain()
    desk.quickbooks.act("pay", kind="Bill", id=desk.posting(bill).quickbooks_id, amount=40)
    desk.see_all()
    id = desk.change(bill, total="120.00")
    desk.uncheck(id)
    desk.drain()
    assert (desk.state(id), desk.cases()) == ("held", ["Changed after it was paid"])


def test_postings_in_review_are_checked_too(desk):
    id = unchecked(desk, vendor="99999")
    desk.review(id)
    desk.drain()
    assert desk.state(id) == "held"


def test_a_marked_transaction_in_the_books_is_adopted_not_posted(desk):
    desk.quickbooks.ask("POST", "bill", json.loads(json.dumps(desk.body("A-1"), default=str)))
    desk.see_all()
    id = unchecked(desk)
    result = desk.drain()
    assert (desk.state(id), result.writes, desk.posting(id).posted_total) == (
        "posted",
        0,
        Decimal(100),
    )


class WithAccount(Schema):
    account = fields.String(metadata={"choices_from": "payable_account"})


@pytest.mark.row("CT-S22")
def test_nothing_is_sent_until_the_credit_account_is_chosen(desk):
    object.__setattr__(desk.app.extensions["hub"].plugins.apps["bench"], "settings", WithAccount)
    id = unchecked(desk)
    result = desk.drain()
    assert (desk.state(id), result.writes, desk.cases()) == (
        "held",
        0,
        ["No accounts payable account for supplier bills"],
    )
    desk.choose(account="33")
    retries.retry(id, "kari")
    desk.drain()
    assert (desk.state(id), desk.cases()) == ("posted", [])
