"""A held change of a posted document that a person makes in QuickBooks by hand."""

import datetime as dt

import pytest
from sqlalchemy import select

from hub.db.engine import read_only_session, transaction
from hub.models import Case
from hub.posting.actions import put_back
from hub.scheduling import runner
from tests.support.pages.page_visitor import Visitor
from tests.support.rows.page_rows import Story, add_people
from tests.support.sources.every_kind_source import ShopSite, document, fuel_bill, line

BEFORE, AFTER = "10.00", "20.00"


def expense(amount=BEFORE):
    row = line("1", amount, cost="Fuel")
    return document("expense", "expense:1", row, total=amount, payment_account="41")


@pytest.fixture
def app(app_with_pages):
    return app_with_pages


@pytest.fixture
def shop(app, quickbooks, clock):
    """Return a shop with a posted bill and a posted expense."""
    shop = ShopSite(app, quickbooks, clock)
    shop.run(fuel_bill(), expense(), wait=True)
    return shop


def poll(shop):
    """Let the hub notice what others changed."""
    shop.quickbooks.clock.advance(4000)
    runner.run_company_job("changes", 1, requested_by="kari")


def reconcile(shop):
    shop.quickbooks.clock.advance(4000)
    runner.run_company_job("reconcile", 1, requested_by="kari")


def edit(shop, entity, amount, **fields):
    """Change the amount of the only transaction of a kind, as a person does in QuickBooks."""
    (stored,) = shop.ours(entity)
    row = {**stored["Line"][0], "Amount": amount}
    closed_to = shop.quickbooks.control.companies[shop.realm].options.closed
    close_books(shop, None)  # QuickBooks lets a person with the password edit closed books
    shop.quickbooks.act("edit", kind=entity, id=stored["Id"], set={"Line": [row], **fields})
    close_books(shop, closed_to)


def close_books(shop, date="2026-12-31"):
    shop.quickbooks.act("close_books", date=date)


def hold_for_closed_period(shop):
    close_books(shop)
    shop.run(fuel_bill(AFTER), wait=True)


def hold_for_payment(shop):
    (stored,) = shop.ours("Bill")
    shop.quickbooks.act("pay", id=stored["Id"])
    poll(shop)
    shop.run(fuel_bill(AFTER), wait=True)


def hold_for_edit(shop):
    edit(shop, "Bill", 15)
    shop.run(fuel_bill(AFTER), wait=True)


def hold_for_reconciliation(shop):
    (stored,) = shop.ours("Purchase")
    shop.quickbooks.act("reconcile", kind="Purchase", id=stored["Id"])
    shop.quickbooks.clock.advance(60)
    shop.run(expense(AFTER), wait=True)


HELD = {
    "bill:1": ("Bill", (hold_for_closed_period, hold_for_payment, hold_for_edit)),
    "expense:1": ("Purchase", (hold_for_reconciliation,)),
}
every_reason = pytest.mark.parametrize(
    ("source_id", "entity", "hold"),
    [(id, entity, hold) for id, (entity, holds) in HELD.items() for hold in holds],
)


@every_reason
@pytest.mark.parametrize("notice", [poll, reconcile])
def test_its_case_closes_once_quickbooks_agrees(shop, source_id, entity, hold, notice):
    hold(shop)
    assert (shop.posting(source_id).state, len(shop.cases())) == ("held", 1)
    edit(shop, entity, 20)
    writes = shop.writes()
    notice(shop)
    assert (shop.posting(source_id).state, shop.cases()) == ("posted", [])
    assert closed_cases(shop)[-1].decision == "agreed"
    shop.run(wait=True)
    poll(shop)
    (present,) = shop.ours(entity)
    assert (present["TotalAmt"], shop.cases(), shop.writes()) == (20, [], writes)


def closed_cases(shop):
    with read_only_session() as session:
        return session.scalars(
            select(Case).where(Case.closed_at.is_not(None)).order_by(Case.id)
        ).all()


def test_the_page_of_the_closed_case_says_why_it_closed(app, shop):
    with transaction() as session:
        add_people(session)
    hold_for_closed_period(shop)
    edit(shop, "Bill", 20)
    poll(shop)
    visitor = Visitor(app, Story(shop.company_id, shop.id))
    visitor.log_in("oda")
    case = closed_cases(shop)[-1]
    page = " ".join(visitor.page(f"/inbox/{case.id}").split())
    assert "automatically: QuickBooks has the change already" in page


def test_an_edit_before_the_change_was_held_is_found_by_the_next_reconciliation(shop):
    edit(shop, "Bill", 20)
    poll(shop)
    close_books(shop)
    runner.run_company_job("lists", 1, requested_by="kari")
    shop.run(fuel_bill(AFTER), wait=True)
    assert (shop.posting("bill:1").state, len(shop.cases())) == ("held", 2)
    reconcile(shop)
    assert (shop.posting("bill:1").state, shop.cases()) == ("posted", [])


@pytest.mark.parametrize("fields", [{"DueDate": "2026-05-01"}, {"TxnDate": "2026-03-20"}])
def test_an_edit_that_differs_from_the_change_leaves_its_case_open(shop, fields):
    """QuickBooks has the amount of the change, and something else that the source does not want."""
    due = dt.date(2026, 4, 1)
    shop.run(fuel_bill(due=due), wait=True)
    close_books(shop)
    shop.run(fuel_bill(AFTER, due=due), wait=True)
    edit(shop, "Bill", 20, **fields)
    poll(shop)
    assert shop.posting("bill:1").state == "held"


def test_a_change_of_the_memo_only_is_not_taken_for_made(shop):
    """The memo is not compared, because people may edit it; the new one is not in QuickBooks."""
    close_books(shop)
    shop.run(fuel_bill(memo="Fuel for the crane"), wait=True)
    edit(shop, "Bill", 10, SalesTermRef={"value": "3"})  # a field that the hub leaves to people
    reconcile(shop)
    assert shop.posting("bill:1").state == "held"


def test_a_poll_reads_no_document_that_has_no_such_case(shop):
    reconcile(shop)
    hold_for_closed_period(shop)
    before = count_bill_reads(shop)
    poll(shop)
    assert count_bill_reads(shop) == before


def count_bill_reads(shop):
    calls = [entry["call"] for entry in shop.quickbooks.log.entries()]
    return sum("bill" in call.lower() for call in calls)


@pytest.mark.parametrize("code", ["6210", "6000"])
@pytest.mark.parametrize("notice", [poll, reconcile])
def test_the_case_of_a_document_put_back_by_hand_closes(shop, notice, code):
    """QuickBooks refuses to put the bill back, and a person does it there."""
    edit(shop, "Bill", 15)
    poll(shop)
    (edited,) = shop.ours("Bill")
    put_back.put_back(shop.posting("bill:1").id, edited["SyncToken"], "kari")
    shop.quickbooks.add_fault("refusal", "bill.update", code=code)
    shop.run(wait=True)
    assert (shop.posting("bill:1").state, len(shop.cases())) == ("held", 1)
    notice(shop)
    assert shop.posting("bill:1").state == "held"
    writes = shop.writes()
    edit(shop, "Bill", 10)
    notice(shop)
    assert (shop.posting("bill:1").state, shop.cases()) == ("posted", [])
    shop.run(wait=True)
    poll(shop)
    (present,) = shop.ours("Bill")
    assert (present["TotalAmt"], shop.cases(), shop.writes()) == (10, [], writes)
