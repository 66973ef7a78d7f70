"""The documents of the three Autotask apps, from the stand-in to QuickBooks and back."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import outbox
from hub.cli.sync_runs import sync_all
from hub.collect.run import collect
from hub.db.engine import read_only_session, transaction
from hub.errors import NotNow
from hub.installations import enable, full_reading
from hub.mapping import NEW
from hub.models import Case, Posting
from hub.posting.actions import retries, undo
from hub.posting.send import run as send_run
from hub.qbo import record_download
from hub.qbo.oauth import connect as oauth_connect
from hub.scheduling import dry_run, runner
from qbo_sandbox.kit import Fault
from tests.support.sources.autotask_site import prefer
from tests.support.sources.small_source import postings

pytestmark = pytest.mark.end_to_end


# -- invoices --------------------------------------------------------------------------------------


@pytest.mark.row("AT-I2", "AT-I3")
def test_numbers_from_both_sides_stop_the_run_with_what_to_change(open_site):
    site = (
        open_site("invoices").keep("labour and a licence", "four decimals", "zero total").enable()
    )
    run = runner.sync(site.row.id, requested_by="kari")
    assert "Custom transaction numbers must be off" in run.error
    for id in site.books.rows("Invoices"):
        site.books.do("put", entity="Invoices", id=id, fields={"invoiceNumber": str(id)})
    enable.change(1, site.slug, {"days_back": 30}, who="kari")
    with read_only_session() as session:
        warnings = session.scalars(select(Case).where(Case.cause.startswith("warning:")))
        reasons = [case.reason for case in warnings]
    assert any("numbers them itself" in reason for reason in reasons)


@pytest.mark.row("AT-I4")
def test_a_refused_invoice_is_marked_and_posted_once_its_number_is_cleared(invoices, quickbooks):
    words = "fourteen days old"
    quickbooks.add_fault(
        "refusal", call="invoice.create", code="6000", detail="Something is wrong."
    )
    invoices.keep(words).enable().confirm()
    assert (invoices.of(words).state, invoices.row_of(words)["invoiceNumber"]) == ("held", "ERROR")
    assert "Something is wrong" in invoices.of(words).reason
    for _ in range(2):
        assert invoices.sync()["requests"]["writes"] == 0
    invoices.put(words, invoiceNumber="")
    assert invoices.sync()["posted"] == 1
    assert invoices.row_of(words)["invoiceNumber"] == invoices.transaction(words)["DocNumber"]


@pytest.mark.row("AT-I1")
def test_an_invoice_that_is_numbered_by_hand_while_it_is_in_review_is_not_posted(
    invoices, quickbooks
):
    words = "labour and a licence"
    invoices.keep(words).enable(mode="review").confirm()
    posting = invoices.of(words)
    assert posting.state == "review"
    invoices.put(words, invoiceNumber="77")
    invoices.sync()
    with transaction() as session:
        outbox.approve(session, [posting.id], "kari")
    invoices.sync()
    assert invoices.of(words).state == "withdrawn"
    assert quickbooks.select("select * from Invoice") == {}
    assert invoices.row_of(words)["invoiceNumber"] == "77"


@pytest.mark.row("AT-I1")
def test_an_invoice_that_is_numbered_before_everything_is_read_again_is_not_posted(
    invoices, quickbooks
):
    words = "labour and a licence"
    invoices.keep(words).enable(mode="review").confirm()
    invoices.put(words, invoiceNumber="77")
    full_reading.start_over(invoices.row.id, "kari")
    with transaction() as session:
        outbox.approve_all(session, invoices.row.id, "kari")
    invoices.sync()
    assert quickbooks.select("select * from Invoice") == {}
    assert invoices.of(words).state == "withdrawn"


@pytest.mark.row("AT-I1", "AT-C12")
def test_an_invoice_that_is_numbered_after_it_has_left_the_window_is_not_posted(
    invoices, quickbooks, clock
):
    words = "labour and a licence"
    invoices.keep(words).enable(mode="review").confirm()
    for _ in range(2):
        clock.advance(20 * 86_400)
        invoices.sync()
    invoices.put(words, invoiceNumber="77")
    invoices.sync()
    assert invoices.of(words).state == "withdrawn"
    assert quickbooks.select("select * from Invoice") == {}


@pytest.mark.row("AT-I1")
def test_an_invoice_in_review_that_autotask_shows_no_more_is_not_posted(
    invoices, quickbooks, clock
):
    words = "labour and a licence"
    invoices.keep(words).enable(mode="review").confirm()
    posting = invoices.of(words)
    del invoices.books.rows("Invoices")[invoices.id(words)]
    invoices.sync()
    with transaction() as session:
        outbox.approve(session, [posting.id], "kari")
    invoices.sync()
    assert quickbooks.select("select * from Invoice") == {}
    clock.advance(3600)
    invoices.sync()
    assert invoices.of(words).state == "withdrawn"
    assert "does not show it to the API user any more" in invoices.of(words).reason
    assert quickbooks.select("select * from Invoice") == {}


@pytest.mark.row("AT-I1", "AT-I5", "AT-I12")
@pytest.mark.parametrize("words", ["billing code without external number", "negative total"])
def test_an_invoice_that_is_held_is_withdrawn_once_it_is_numbered_by_hand(invoices, words):
    invoices.keep(words).enable().confirm()
    assert invoices.of(words).state == "held"
    invoices.put(words, invoiceNumber="77")
    invoices.sync()
    assert (invoices.of(words).state, invoices.cases("posting:")) == ("withdrawn", [])
    assert invoices.cases("match:") == []


@pytest.mark.row("AT-I17")
def test_only_the_invoice_with_the_chosen_id_is_posted_at_any_age(invoices, quickbooks):
    invoices.keep("fifteen days old", "fourteen days old").enable()
    invoices.match("billing_code", "external_number:labor", "2")
    invoices.sync(ids=[f"invoice:{invoices.id('fifteen days old')}"])
    records = quickbooks.select("select * from Invoice")["Invoice"]
    assert [record["DocNumber"] for record in records] == [
        invoices.row_of("fifteen days old")["invoiceNumber"]
    ]
    assert invoices.row_of("fourteen days old")["invoiceNumber"] is None


def pay(quickbooks, *amounts):
    """Enter a payment of several invoices of one customer in QuickBooks."""
    lines = [
        {"Amount": amount, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        for invoice, amount in amounts
    ]
    paid = {
        "CustomerRef": amounts[0][0]["CustomerRef"],
        "TotalAmt": sum(amount for _, amount in amounts),
        "Line": lines,
        "TxnDate": "2026-03-02",
    }
    assert quickbooks.ask("POST", "payment", paid, content_type="application/json").status == 200


@pytest.mark.row("AT-I13")
@pytest.mark.parametrize("tells", [True, False])
def test_a_fully_paid_invoice_gets_the_paid_date_unless_it_has_one(
    invoices, quickbooks, clock, tells
):
    full, other, partly, dated = words = (
        "labour and a licence",
        "fourteen days old",
        "taxed in California",
        "a term with other days",
    )
    invoices.keep(*words).enable(payment_sync=tells).confirm()
    transactions = {case: invoices.transaction(case) for case in words}
    invoices.put(dated, paidDate="2026-02-27T00:00:00.000Z")
    pay(
        quickbooks,
        (transactions[full], 425),
        (transactions[other], 300),
        (transactions[partly], 100),
        (transactions[dated], 300),
    )
    clock.advance(7200)
    runner.run_company_job("changes", 1, requested_by="clock")
    invoices.sync()
    date = "2026-03-02T00:00:00Z" if tells else None
    assert {case: invoices.row_of(case)["paidDate"] for case in words} == {
        full: date,
        other: date,
        partly: None,
        dated: "2026-02-27T00:00:00.000Z",
    }
    pay(quickbooks, (transactions[partly], 524))
    clock.advance(7200)
    runner.run_company_job("changes", 1, requested_by="clock")
    assert invoices.row_of(partly)["paidDate"] == date


@pytest.mark.row("AT-I14")
@pytest.mark.parametrize(
    ("voided", "total", "opens_case"),
    [("void", 0, False), ("leave", 425, False), ("case", 425, True)],
)
def test_an_invoice_voided_in_autotask_follows_the_setting(invoices, voided, total, opens_case):
    invoices.keep("labour and a licence").enable(voided=voided).confirm()
    invoices.put("labour and a licence", isVoided=True, voidedDate="2026-03-02T08:00:00Z")
    invoices.sync()
    assert invoices.transaction("labour and a licence")["TotalAmt"] == total
    reasons = [case.reason for case in invoices.cases()]
    in_case = any("was voided in Autotask on 2026-03-02" in reason for reason in reasons)
    assert in_case is opens_case


@pytest.mark.row("AT-I14")
def test_the_number_stays_in_autotask_if_quickbooks_refuses_to_void_the_invoice(
    invoices, quickbooks
):
    words = "labour and a licence"
    invoices.keep(words).enable(voided="void").confirm()
    number = invoices.row_of(words)["invoiceNumber"]
    quickbooks.add_fault("refusal", call="invoice.void", code="6000", detail="It is reconciled.")
    invoices.put(words, isVoided=True, voidedDate="2026-03-02T08:00:00Z")
    invoices.sync()
    assert "It is reconciled" in " ".join(case.reason for case in invoices.cases())
    assert invoices.row_of(words)["invoiceNumber"] == number


@pytest.mark.row("AT-I4")
def test_a_mark_that_is_cleared_before_the_next_run_is_a_request_to_try_again(invoices, quickbooks):
    words = "fourteen days old"
    quickbooks.add_fault(
        "refusal", call="invoice.create", code="6000", detail="Something is wrong."
    )
    invoices.keep(words).enable().confirm()
    assert invoices.row_of(words)["invoiceNumber"] == "ERROR"
    invoices.put(words, invoiceNumber="")
    assert invoices.sync()["posted"] == 1


@pytest.mark.row("AT-I19")
@pytest.mark.parametrize("trouble", ["refused", "answer lost", "crash"])
def test_a_failure_while_marking_repeats_only_the_mark(invoices, quickbooks, clock, trouble):
    words = "fourteen days old"
    invoices.keep(words).enable()
    if trouble == "refused":
        invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.change", status=503))
    if trouble == "answer lost":
        invoices.stand_in.faults.add(Fault(kind="lose_answer", call="Invoices.change"))
    if trouble == "crash":
        collect(invoices.row.id)
        send_run.drain(1, installation_ids=[invoices.row.id])  # the process ends before it reports
    else:
        invoices.sync()
    (record,) = quickbooks.select("select * from Invoice")["Invoice"]
    assert invoices.of(words).state == "posted"
    clock.advance(3600)
    assert invoices.sync()["requests"]["writes"] == 0
    assert invoices.row_of(words)["invoiceNumber"] == record["DocNumber"]
    assert len(quickbooks.select("select * from Invoice")["Invoice"]) == 1


@pytest.mark.row("AT-I1", "AT-I13")
@pytest.mark.parametrize("tells", [True, False])
def test_an_invoice_that_is_paid_before_its_number_could_be_written_gets_it_too(
    invoices, quickbooks, clock, tells
):
    words = "fourteen days old"
    invoices.keep(words).enable(payment_sync=tells)
    invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.change", status=503))
    invoices.sync()
    record = invoices.transaction(words)
    assert not invoices.row_of(words)["invoiceNumber"]
    pay(quickbooks, (record, record["TotalAmt"]))
    invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.change", status=503))
    for _ in range(2):
        clock.advance(7200)
        runner.run_company_job("changes", 1, requested_by="clock")
        invoices.sync()
    row = invoices.row_of(words)
    assert (row["invoiceNumber"], bool(row["paidDate"])) == (record["DocNumber"], tells)


@pytest.mark.row("AT-C6")
def test_a_company_without_lists_skips_the_matching(open_site, quickbooks):
    realm = quickbooks.open("empty", custom_numbers=False)
    clean = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    site = open_site("invoices").keep("labour and a licence")
    site.enable(company_id=clean.id, income_account="Services", tax="none")
    assert site.sync()["posted"] == 1
    assert site.cases("match:") == []


@pytest.mark.row("AT-I17")
def test_a_rehearsal_says_what_would_stop_an_invoice_and_sends_nothing(invoices, quickbooks):
    words = "labour and a licence"
    invoices.keep(words).enable(mode="review").confirm()
    before = postings()
    assert dry_run.check(invoices.of(words).document_id) == ()
    assert [(row.id, row.state) for row in postings()] == [(row.id, row.state) for row in before]
    assert quickbooks.select("select * from Invoice") == {}
    assert invoices.row_of(words)["invoiceNumber"] is None
    invoices.match("customer", "company:177", "")
    (warning,) = dry_run.check(invoices.of(words).document_id)
    assert "names no supplier or customer" in warning


@pytest.mark.row("AT-C15")
@pytest.mark.end_to_end(False)
def test_the_currency_of_a_customer_cannot_be_changed_in_quickbooks(quickbooks):
    realm = quickbooks.open("us", multicurrency=True, currencies=("EUR",))
    fields = {"DisplayName": "Rhein Logistik GmbH", "CurrencyRef": {"value": "EUR"}}
    answer = quickbooks.ask("POST", "customer", fields, realm, content_type="application/json")
    record = answer.json()["Customer"]
    change = {name: record[name] for name in ("Id", "SyncToken", "DisplayName")}
    change |= {"sparse": True, "CurrencyRef": {"value": "USD"}}
    answer = quickbooks.ask("POST", "customer", change, realm, content_type="application/json")
    assert (answer.status, "cannot be changed" in answer.text) == (400, True)


@pytest.mark.row("AT-C15", "AT-I9")
def test_an_organisation_that_got_another_currency_holds_its_invoices(open_site, quickbooks):
    realm = quickbooks.open("us", multicurrency=True, currencies=("EUR",), custom_numbers=False)
    company = oauth_connect.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    site = open_site("invoices").use_company(realm).keep("foreign currency")
    site.enable(company_id=company.id).confirm()
    assert site.transaction("foreign currency")["CurrencyRef"]["value"] == "EUR"
    site.books.do("put", entity="Companies", id=183, fields={"currencyID": 1})
    copy = {**site.row_of("foreign currency"), "invoiceNumber": None, "id": 4999}
    site.books.do("put", entity="Invoices", id=4999, fields=copy)
    line = next(row for row in site.books.rows("BillingItems").values() if row["companyID"] == 183)
    copy = {**line, "id": 99_999, "invoiceID": 4999}
    site.books.do("put", entity="BillingItems", id=99_999, fields=copy)
    site.sync()
    held_posting = postings(state="held", kind="invoice", operation="create")
    assert ["is kept in EUR in QuickBooks" in posting.reason for posting in held_posting] == [True]
    assert site.books.rows("Invoices")[4999]["invoiceNumber"] == "ERROR"
    query = "select * from Customer where DisplayName = 'Rhein Logistik GmbH'"
    (record,) = quickbooks.select(query, realm)["Customer"]
    assert record["CurrencyRef"]["value"] == "EUR"


# -- expenses and orders ---------------------------------------------------------------------------


@pytest.mark.row("AT-E10", "AT-C11")
def test_the_app_posts_nothing_or_only_the_chosen_reports(open_site, quickbooks):
    chosen, other = "card and cash", "one person with one name"
    fields = {"DisplayName": "v-O'Brien, Tom"}
    quickbooks.ask("POST", "vendor", fields, content_type="application/json")
    record_download.refresh(1, ["vendor"])
    site = open_site("expenses").keep(chosen, other).enable(mode="paused")
    assert "is paused" in expect_refusal(site)
    assert site.count_calls("ExpenseReports.query") == 0
    enable.change(1, site.slug, {}, who="kari", mode="manual")
    site.sync()
    assert quickbooks.select("select * from Bill") == {}
    with transaction() as session:
        outbox.approve(session, [site.of(chosen).id], "kari")
    runner.post(site.row.id, requested_by="kari")
    assert (site.of(chosen).state, site.of(other).state) == ("posted", "review")
    assert site.row_of(chosen)["quickBooksReferenceNumber"] == f"ER-{site.id(chosen)}"
    assert site.row_of(other)["quickBooksReferenceNumber"] is None


@pytest.mark.row("AT-E1")
def test_a_report_that_is_paid_while_it_is_in_review_is_held_until_it_has_a_number(open_site):
    words = "card and cash"
    site = open_site("expenses").keep(words).enable(mode="review")
    site.sync()
    site.put(words, status=16)
    site.sync()
    assert site.of(words).state == "held"
    assert "is Paid in Autotask and has no QuickBooks reference number" in site.of(words).reason
    site.put(words, quickBooksReferenceNumber="by hand")
    site.sync()
    assert (site.of(words).state, site.cases("posting:")) == ("withdrawn", [])
    assert site.row_of(words)["quickBooksReferenceNumber"] == "by hand"


@pytest.mark.row("AT-P1", "AT-P5")
def test_an_order_that_is_changed_while_it_is_in_review_is_posted_as_it_is_then(
    open_site, quickbooks
):
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    words = "two products for a customer"
    site = open_site("purchase-orders").keep(words).enable(mode="review")
    site.sync()
    assert site.of(words).state == "review"
    item = next(
        row
        for row in site.books.rows("PurchaseOrderItems").values()
        if row["orderID"] == site.id(words)
    )
    quantity = item["quantity"] + 3
    fields = {"quantity": quantity}
    site.books.do("put", entity="PurchaseOrderItems", id=item["id"], fields=fields)
    site.sync()
    with transaction() as session:
        in_review = session.scalars(select(Posting.id).where(Posting.state == "review")).all()
        outbox.approve(session, in_review, "kari")
    site.sync()
    site.sync()
    line, *_ = site.transaction(words, "PurchaseOrder")["Line"]
    assert line[line["DetailType"]]["Qty"] == quantity


@pytest.mark.row("AT-E1")
def test_a_posted_report_that_is_rejected_is_a_case_until_it_is_approved_again(open_site):
    words = "card and cash"
    site = open_site("expenses").keep(words).enable()
    site.sync()
    site.sync()
    before = site.transaction(words, "Bill")
    approved = site.row_of(words)["status"]
    site.put(words, status=15)
    item = next(
        row
        for row in site.books.rows("ExpenseItems").values()
        if row["expenseReportID"] == site.id(words) and row["isReimbursable"]
    )
    amount = item["internalCurrencyReimbursementAmount"] + 5
    fields = {"internalCurrencyReimbursementAmount": amount}
    site.books.do("put", entity="ExpenseItems", id=item["id"], fields=fields)
    site.sync()
    assert site.transaction(words, "Bill") == before
    (case,) = site.cases("posting:")
    assert "is Rejected in Autotask, although it has a QuickBooks reference number" in case.reason
    assert site.row_of(words)["quickBooksReferenceNumber"] == before["DocNumber"]
    due = site.row_of(words)["amountDue"] + 5
    site.put(words, status=approved, amountDue=due, approvedDate="2026-03-02T09:00:00Z")
    site.sync()
    assert (site.transaction(words, "Bill")["TotalAmt"], site.cases("posting:")) == (due, [])


def expect_refusal(site):
    with pytest.raises(NotNow) as refusal:
        runner.sync(site.row.id, requested_by="kari")
    return refusal.value.text


@pytest.mark.row("AT-P10")
def test_each_receipt_of_an_order_is_a_bill_under_the_vendors_number(open_site, quickbooks):
    site = (
        open_site("purchase-orders")
        .keep("partly received, two invoices")
        .enable(post_as="bill_per_receipt")
    )
    assert site.sync()["posted"] == 2
    bills = {
        bill["DocNumber"]: (bill["TxnDate"], bill["TotalAmt"])
        for bill in quickbooks.select("select * from Bill")["Bill"]
    }
    received_on = "2026-03-01"  # days after the order
    assert bills == {
        "ING-501": (received_on, Decimal("490.50")),
        "ING-502": (received_on, Decimal("499.00")),
    }
    assert site.row_of("partly received, two invoices")["externalPONumber"] in bills


# -- all three -------------------------------------------------------------------------------------


@pytest.fixture
def apps_with_one_new_customer(open_site, invoices):
    """Provide two apps, each about to create the one new customer of its documents."""
    invoices.keep("four decimals").enable().sync()
    for case in invoices.cases("match:"):
        invoices.match(case.details["field"], case.details["code"], NEW)
    expenses = open_site("expenses").keep("a customer that QuickBooks has not").enable()
    for site in (invoices, expenses):
        collect(site.row.id)
    return invoices, expenses


def customer(quickbooks, site):
    """Return the states of a site's customer postings, their cases, and the number of customers."""
    rows = postings(kind="customer", installation_id=site.row.id)
    records = quickbooks.select("select * from Customer where DisplayName = 'Alder Dental Group'")[
        "Customer"
    ]
    return (
        [row.state for row in rows],
        [case.title for case in site.cases("posting:")],
        len(records),
    )


@pytest.mark.row("AT-C8")
def test_two_apps_create_a_shared_new_customer_once(apps_with_one_new_customer, quickbooks):
    first, second = apps_with_one_new_customer
    runner.post(first.row.id, requested_by="kari")
    runner.post(second.row.id, requested_by="kari")
    assert customer(quickbooks, second) == (["withdrawn"], [], 1)
    assert second.of("a customer that QuickBooks has not").state == "posted"


@pytest.mark.row("AT-C8")
def test_a_customer_in_doubt_with_one_app_and_refused_to_another_holds_neither_up(
    apps_with_one_new_customer, quickbooks, clock
):
    first, second = apps_with_one_new_customer
    quickbooks.add_fault("lose_answer", "customer.create")
    runner.post(first.row.id, requested_by="kari")
    runner.post(second.row.id, requested_by="kari")
    assert customer(quickbooks, second) == (["held"], ["Name already used"], 1)
    clock.advance(400)
    runs = sync_all([second.row, first.row])
    assert [done.counts["posted"] for done in runs] == [0, 1, 1]
    assert customer(quickbooks, second) == (["withdrawn"], [], 1)


def test_a_posted_order_is_reported_once(open_site):
    site = open_site("purchase-orders", documents=3).enable()
    site.sync()
    assert [posting.state for posting in postings(kind="purchase_order", operation="create")].count(
        "posted"
    ) == 1
    changes = len(site.stand_in.wsgi.log.entries("PurchaseOrders.change"))
    site.sync()
    assert len(site.stand_in.wsgi.log.entries("PurchaseOrders.change")) == changes == 1
    assert dt.date(2026, 3, 2) == site.of("two products for a customer").document.seen_at.date()


@pytest.mark.row("AT-I1")
def test_an_invoice_that_was_removed_with_the_hub_is_posted_again_if_a_person_wants_it(
    invoices, quickbooks
):
    words = "labour and a licence"
    invoices.keep(words).enable().confirm()
    invoices.sync()  # reads it with its number
    posting = invoices.of(words)
    assert posting.state == "posted"
    undo.undo(undo.plan_posting(posting.id), "kari")
    runner.post(invoices.row.id, requested_by="kari")
    assert quickbooks.select("select * from Invoice") == {}
    retries.post_again(posting.id, "kari")
    invoices.sync()
    (record,) = quickbooks.select("select * from Invoice")["Invoice"]
    assert invoices.row_of(words)["invoiceNumber"] == record["DocNumber"]
