"""Harvest's invoices and payments, from its stand-in to QuickBooks."""

from collections import Counter
from decimal import Decimal as D
from urllib.parse import urlencode

import pytest
from hub_harvest import sample
from hub_harvest.sandbox import StandIn
from sqlalchemy import select, update

from hub.db.engine import read_only_session, transaction
from hub.installations import enable
from hub.models import Case, Cursor
from hub.scheduling import runner
from qbo_sandbox.kit import Fault, send_request
from qbo_sandbox.kit.wsgi import WSGIAdapter

pytestmark = pytest.mark.end_to_end

HARVEST = "http://harvest.test"
FIRST_ID = 13001
READY = {"open", "paid"}


class HarvestSite:
    """A Harvest stand-in, the installation that reads it, and its QuickBooks company."""

    def __init__(self, app, quickbooks, clock, **settings):
        self.quickbooks, self.clock = quickbooks, clock
        self.source = StandIn(None, sample.build_invoices(14))
        clock.followers.append(lambda now: self.source.clock.set(now.timestamp()))
        self.source.clock.set(clock.now().timestamp())
        mounts = app.extensions["hub"].mounts
        mounts[HARVEST] = WSGIAdapter(self.source.wsgi, HARVEST, sleep=clock.sleep)
        values = self.source.settings(HARVEST) | {"deposit_account": "35"} | settings
        self.id = enable.enable(1, "harvest", values, who="kari", mode="auto").id

    def sync(self):
        run = runner.sync(self.id, requested_by="kari")
        assert run.error == ""

    def books(self, kind):
        return self.quickbooks.books()[self.quickbooks.realm].get(kind, [])

    def posted(self, kind):
        """Return the amounts of our transactions of a kind by their numbers."""
        number = "DocNumber" if kind == "Invoice" else "PaymentRefNum"
        amounts = {}
        for row in self.books(kind):
            if "[hub:" in row.get("PrivateNote", ""):
                assert row[number] not in amounts, "posted twice"
                amounts[row[number]] = D(str(row["TotalAmt"]))
        return amounts

    def edit(self, id, **form):
        """Change an invoice as a person does in Harvest."""
        path = f"/invoices/{id}/edit"
        assert send_request(self.source.wsgi, "POST", path, urlencode(form)).status == 200

    def cases(self):
        with read_only_session() as session:
            cases = session.scalars(select(Case).where(Case.closed_at.is_(None)))
            return [case.title for case in cases]


@pytest.fixture
def site(app, quickbooks, clock):
    return HarvestSite(app, quickbooks, clock)


def amounts_of(site, kind):
    """Return what is to be in the books, as Harvest has it."""
    amounts = {}
    for row in site.source.rows.values():
        if kind == "Invoice" and (row["state"] in READY or row["payments"]):
            amounts[row["number"]] = D(str(row["amount"]))
        if kind == "Payment":
            for payment in row["payments"]:
                amounts[payment["transaction_id"]] = D(str(payment["amount"]))
    return amounts


def test_invoices_and_payments_are_posted_once_and_to_the_cent(site):
    site.quickbooks.add_fault("lose_answer", "invoice.create", commit=True)
    site.quickbooks.add_fault("lose_answer", "payment.create", commit=True)
    for _ in range(3):
        site.clock.advance(600)
        site.sync()
    assert site.posted("Invoice") == amounts_of(site, "Invoice")
    assert site.posted("Payment") == amounts_of(site, "Payment")
    assert site.cases() == []


def test_an_invoice_that_was_paid_in_part_and_written_off_is_posted_with_its_payment(site):
    written_off = site.source.rows[str(FIRST_ID + 7)]
    assert written_off["state"] == "closed"
    site.sync()
    (payment,) = written_off["payments"]
    assert site.posted("Payment")[payment["transaction_id"]] == D("50.00")
    (invoice,) = [row for row in site.books("Invoice") if row["DocNumber"] == written_off["number"]]
    assert D(str(invoice["Balance"])) == D(str(written_off["amount"])) - D("50.00")
    assert site.cases() == []


def test_a_deleted_payment_and_a_deleted_invoice_leave_the_books(site):
    site.sync()
    paid_twice = site.source.rows[str(FIRST_ID + 4)]
    deleted_payment = paid_twice["payments"][0]
    unpaid = site.source.rows[str(FIRST_ID)]
    site.edit(paid_twice["id"], delete_payment=str(deleted_payment["id"]))
    site.edit(unpaid["id"], delete="1")
    for _ in range(3):
        site.clock.advance(24 * 3600)
        site.sync()
    cases_text = " ".join(site.cases())
    assert unpaid["number"] in cases_text
    assert deleted_payment["transaction_id"] in cases_text
    assert len(site.cases()) == 2


def test_an_invoice_that_appears_with_an_earlier_time_is_posted_the_next_day(site):
    late = site.source.rows[str(FIRST_ID + 4)]
    site.source.rows.remove(late["id"])
    site.sync()
    site.source.rows.put(late)
    site.clock.advance(3600)
    site.sync()
    assert late["number"] not in site.posted("Invoice")
    site.clock.advance(24 * 3600)
    site.sync()
    assert late["number"] in site.posted("Invoice")
    assert late["payments"][0]["transaction_id"] in site.posted("Payment")


def test_a_deletion_is_noticed_of_what_was_posted_before_a_reading_failed(site):
    unpaid, paid = (site.source.rows[str(FIRST_ID + place)] for place in (6, 12))
    last_call = f"GET /v2/invoices/{FIRST_ID + 1}/payments"
    site.source.wsgi.faults.add(Fault(kind="throttled", call=last_call, count=0))
    for _ in range(2):
        runner.sync(site.id, requested_by="kari")
    assert site.posted("Invoice").keys() >= {unpaid["number"], paid["number"]}
    site.edit(unpaid["id"], delete="1")
    site.edit(paid["id"], delete_payment=str(paid["payments"][0]["id"]))
    site.source.wsgi.faults.clear()
    for _ in range(3):
        site.clock.advance(24 * 3600)
        site.sync()
    deleted = {unpaid["number"], paid["payments"][0]["transaction_id"]}
    assert len(site.cases()) == 2
    assert all(any(number in title for title in site.cases()) for number in deleted)


def test_a_deleted_payment_is_noticed_although_a_list_once_lacked_everything(site):
    site.sync()
    paid_twice = site.source.rows[str(FIRST_ID + 4)]
    rows = dict(site.source.rows.items())
    site.clock.advance(24 * 3600)
    site.source.rows.clear()
    site.sync()
    for row in rows.values():
        site.source.rows.put(row)
    site.clock.advance(3600)
    site.sync()
    deleted_payment = paid_twice["payments"][0]
    site.edit(paid_twice["id"], delete_payment=str(deleted_payment["id"]))
    for _ in range(3):
        site.clock.advance(24 * 3600)
        site.sync()
    (title,) = site.cases()
    assert deleted_payment["transaction_id"] in title


def test_a_deleted_payment_is_noticed_if_its_id_was_stored_under_the_former_name(site):
    site.sync()
    with transaction() as session:
        stored_ids = update(Cursor).where(Cursor.stream == "payment-deletions")
        session.execute(stored_ids.values(stream="payments"))
    paid_twice = site.source.rows[str(FIRST_ID + 4)]
    deleted_payment = paid_twice["payments"][0]
    site.edit(paid_twice["id"], delete_payment=str(deleted_payment["id"]))
    for _ in range(3):
        site.clock.advance(24 * 3600)
        site.sync()
    (title,) = site.cases()
    assert deleted_payment["transaction_id"] in title


def test_a_posted_invoice_gets_one_message_although_answers_are_lost(app, quickbooks, clock):
    site = HarvestSite(app, quickbooks, clock, receipt_address="books@example.com")
    messages = "POST /v2/invoices/*/messages"
    site.source.wsgi.faults.add(Fault(kind="lose_answer", call=messages, count=2, commit=True))
    for _ in range(6):
        site.sync()
        site.clock.advance(3600)
    subjects = Counter()
    for row in site.source.rows.values():
        subjects.update(message["subject"] for message in row["messages"])
    numbers = amounts_of(site, "Invoice")
    assert subjects == Counter(f"Invoice {number} is in QuickBooks" for number in numbers)
