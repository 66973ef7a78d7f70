"""Preflight checks find everything that QuickBooks would refuse before anything is sent."""

import json
from decimal import Decimal

import pytest
from marshmallow import Schema, fields
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import Case, ConnectedCompany, StoredRecord
from hub.posting.actions import manual, retries
from hub.qbo import record_download


def unchecked(bench, number="A-1", **more):
    id = bench.bill(number, **more)
    bench.clear_check(id)
    return id


def test_a_posting_that_passes_the_checks_is_sent(bench):
    id = unchecked(bench)
    assert (bench.drain().writes, bench.state(id)) == (1, "posted")


def test_a_checked_posting_in_review_is_reported_as_queued(bench):
    id = unchecked(bench)
    bench.review(id)
    result = bench.drain()
    assert (bench.state(id), result.writes, bench.receipts()) == ("review", 0, [("queued", "")])


def test_a_closed_period_is_one_case_for_all_it_stops(bench):
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    ids = [unchecked(bench, f"A-{n}") for n in range(3)]
    result = bench.drain()
    assert ([bench.state(id) for id in ids], result.writes) == (["held"] * 3, 0)
    assert bench.cases() == ["The books are closed up to 31 Mar 2026"]


def test_each_app_has_a_case_of_its_own_that_names_none_of_the_documents_of_another(bench):
    """People with a role for one app see its cases and nothing of another app."""
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    unchecked(bench, "A-1")
    apps = [bench.installation_id, bench.add_installation("office")]
    unchecked(bench, "B-1")
    bench.drain()
    with read_only_session() as session:
        cases = session.scalars(select(Case).order_by(Case.id)).all()
        assert [(case.installation_id, len(case.postings)) for case in cases] == [
            (app, 1) for app in apps
        ]
        assert ["A-1" in cases[0].reason, "B-1" in cases[1].reason] == [True, True]


def test_a_case_of_all_apps_of_an_earlier_version_becomes_one_of_each_app(bench):
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    apps = [bench.installation_id, bench.add_installation("office")]
    ids = []
    for app in apps:
        bench.installation_id = app
        ids.append(unchecked(bench, f"A-{app}"))
    bench.drain()
    with transaction() as session:
        former, other = session.scalars(select(Case).order_by(Case.id))
        former.cause = f"closed:{bench.company_id}"
        former.postings += other.postings
        other.postings = []
        session.delete(other)
    bench.clock.advance(60)
    for _ in range(2):
        bench.drain()
    with read_only_session() as session:
        open_cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
        found = [(row.installation_id, [one.id for one in row.postings]) for row in open_cases]
        assert session.get_one(Case, former.id).closed_by == "hub"
    assert found == [(app, [id]) for app, id in zip(apps, ids, strict=True)]


def test_after_a_period_was_opened_again_retry_posts_what_it_stopped(bench):
    """Preferences are read once a day; the retry of one posting reads them again for all."""
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    ids = [unchecked(bench, f"A-{n}") for n in range(3)]
    bench.drain()
    bench.quickbooks.act("close_books", date=None)
    retries.retry(ids[0], "kari")
    bench.drain()
    assert [bench.state(id) for id in ids] == ["posted"] * 3
    assert bench.cases() == []


def test_retry_works_while_quickbooks_cannot_be_asked(bench):
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    id = unchecked(bench)
    bench.drain()
    bench.quickbooks.add_fault("status", "preferences.read", status=503, count=0)
    retries.retry(id, "kari")
    bench.drain()
    assert bench.state(id) == "held"


def test_an_inactive_vendor_holds_it_until_it_is_active_again(bench):
    with transaction() as session:
        session.get_one(StoredRecord, (bench.company_id, "vendor", "1")).active = False
    id = unchecked(bench)
    bench.drain()
    assert (bench.state(id), bench.posting(id).held_by, bench.cases()[0][-25:]) == (
        "held",
        "preflight",
        "is inactive in QuickBooks",
    )
    with transaction() as session:
        session.get_one(StoredRecord, (bench.company_id, "vendor", "1")).active = True
    retries.retry(id, "kari")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("posted", [])


def test_everything_is_reported_at_once(bench):
    bench.quickbooks.act("close_books", date="2026-03-31")
    record_download.refresh(bench.company_id)
    id = unchecked(bench, vendor="99999")
    bench.drain()
    assert bench.cases() == [
        "The books are closed up to 31 Mar 2026",
        "Supplier with id 99999 does not exist in QuickBooks",
    ]
    assert "closed" in bench.posting(id).reason
    assert "99999" in bench.posting(id).reason


@pytest.mark.row("CT-B12")
def test_a_bill_in_another_currency_than_its_vendors_is_held(bench):
    with transaction() as session:
        session.get_one(StoredRecord, (bench.company_id, "vendor", "1")).currency = "EUR"
    id = unchecked(bench)
    bench.drain()
    assert (bench.state(id), "is in USD" in bench.posting(id).reason) == ("held", True)


@pytest.mark.row("CT-B9")
def test_a_number_that_the_vendor_has_already_needs_a_decision(bench):
    bench.quickbooks.ask("POST", "bill", {**bench.body("A-1"), "PrivateNote": "typed in"})
    bench.index_all_bills()
    id = unchecked(bench)
    result = bench.drain()
    assert (bench.state(id), result.writes, bench.cases()) == ("held", 0, ["Number already used"])


@pytest.mark.row("CT-B9")
def test_a_transaction_of_the_same_day_and_total_needs_a_decision_and_may_be_posted(bench):
    bench.quickbooks.ask("POST", "bill", {**bench.body("B-9"), "PrivateNote": "typed in"})
    bench.index_all_bills()
    id = unchecked(bench)
    bench.drain()
    assert bench.cases() == ["Perhaps in QuickBooks already"]
    manual.reject_match(id, bench.bills()[0]["Id"], "kari")
    bench.drain()
    assert (bench.state(id), len(bench.bills()), bench.cases()) == ("posted", 2, [])


def test_another_document_of_the_hub_with_the_same_day_and_total_is_no_duplicate(bench):
    first, second = unchecked(bench, "A-1"), unchecked(bench, "A-2")
    bench.drain()
    assert (bench.state(first), bench.state(second)) == ("posted", "posted")
    third = unchecked(bench, "A-3")
    bench.drain()
    assert bench.state(third) == "posted"


@pytest.mark.row("CT-B2")
def test_lines_that_do_not_add_up_to_the_cent_are_held(bench):
    id = unchecked(bench)
    bench.change_document(id, total="100.01")
    bench.drain()
    assert "its lines add up to 100.00 USD; the total is 100.01 USD" in bench.posting(id).reason


def test_a_difference_within_the_tolerance_is_sent(bench):
    id = unchecked(bench)
    bench.change_document(id, total="100.01", tolerance="0.01")
    bench.drain()
    assert bench.state(id) == "posted"


def test_more_decimals_than_the_currency_has_are_held(bench):
    id = unchecked(bench, total="100.005")
    bench.drain()
    assert "100.005, which is not possible in USD" in bench.posting(id).reason


def test_a_line_without_a_tax_code_is_held_where_every_line_needs_one(bench):
    with transaction() as session:
        session.get_one(ConnectedCompany, bench.company_id).country = "NO"
    id = unchecked(bench)
    bench.drain()
    assert "no tax code on line 1" in bench.posting(id).reason


def test_a_change_of_a_paid_bill_is_held(bench):
    bill = bench.bill()
    bench.drain()
    bench.quickbooks.act("pay", kind="Bill", id=bench.posting(bill).quickbooks_id, amount=40)
    bench.index_all_bills()
    id = bench.change(bill, total="120.00")
    bench.clear_check(id)
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("held", ["Changed after it was paid"])


def test_postings_in_review_are_checked_too(bench):
    id = unchecked(bench, vendor="99999")
    bench.review(id)
    bench.drain()
    assert bench.state(id) == "held"


def test_a_marked_transaction_in_the_books_is_adopted_not_posted(bench):
    bench.quickbooks.ask("POST", "bill", json.loads(json.dumps(bench.body("A-1"), default=str)))
    bench.index_all_bills()
    id = unchecked(bench)
    result = bench.drain()
    assert (bench.state(id), result.writes, bench.posting(id).posted_total) == (
        "posted",
        0,
        Decimal(100),
    )


class WithAccount(Schema):
    account = fields.String(metadata={"choices_from": "payable_account"})


@pytest.mark.row("CT-S22")
def test_nothing_is_sent_until_the_credit_account_is_chosen(bench):
    object.__setattr__(bench.app.extensions["hub"].plugins.apps["bench"], "settings", WithAccount)
    id = unchecked(bench)
    result = bench.drain()
    assert (bench.state(id), result.writes, bench.cases()) == (
        "held",
        0,
        ["No accounts payable account for supplier bills"],
    )
    bench.set_settings(account="33")
    retries.retry(id, "kari")
    bench.drain()
    assert (bench.state(id), bench.cases()) == ("posted", [])
