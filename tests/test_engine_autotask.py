"""What the three Autotask apps make of their documents: through the stand-in, the hub and QuickBooks, and back."""

import datetime as dt
from decimal import Decimal

import pytest
from sqlalchemy import select

from hub import enabling, matching
from hub.cli.sync import sync_all
from hub.collect import collect
from hub.engine import rehearsal, run
from hub.mapping import NEW
from hub.models import Case
from hub.sandboxing import Fault
from hub.store import reading, transaction
from tests.autotask_desk import Desk, prefer
from tests.small_source import postings

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def open_desk(app, quickbooks, clock):
    """Opens the desk of an app."""
    return lambda name, documents=None: Desk(app, quickbooks, clock, name, documents)


@pytest.fixture
def invoices(open_desk, quickbooks):
    """The invoice app; QuickBooks gives the numbers itself."""
    prefer(quickbooks, "SalesFormsPrefs", CustomTxnNumbers=False)
    return open_desk("invoices")


# -- invoices --------------------------------------------------------------------------------------------------------


@pytest.mark.row("AT-C6", "AT-C7", "AT-C8", "AT-I9", "AT-I12", "AT-I18")
def test_nothing_is_posted_before_all_is_matched_and_what_cannot_be_says_why(invoices):
    invoices.enable()
    assert (invoices.sync()["posted"], len(invoices.cases("first:"))) == (0, 1)
    counts = invoices.confirm()
    assert (counts["posted"], counts["held"], invoices.cases("first:")) == (17, 8, [])
    reasons = {
        "tilde in the customer's name": "its name holds a tilde", "tilde in the billing code": "holds a tilde",
        "tilde in the term": "holds a tilde", "customer with the name of a vendor": "the name is taken in QuickBooks",
        "foreign currency": "Switch on several currencies", "negative total": "as a credit memo only",
        "billing code without external number": "it has no External Number",
        "a line without billing code": "choose an item for them in the settings",
    }  # fmt: skip
    assert {
        words: said for words, said in reasons.items() if said not in invoices.of(words).reason
    } == {}
    assert invoices.row_of("negative total")["invoiceNumber"] == "ERROR"


TOLD = (
    "four decimals", "two rates in one region", "order number and comments", "three codes with one external number",
    "a term that QuickBooks has not", "fifteen days old",
)  # fmt: skip


@pytest.mark.row(
    "AT-I1", "AT-I5", "AT-I6", "AT-I8", "AT-I10", "AT-I11", "AT-I16", "AT-C9", "AT-C12", "AT-I19"
)
def test_an_invoice_is_in_the_books_to_the_cent_and_autotask_knows_its_number(invoices, quickbooks):
    invoices.keep(*TOLD).enable(order_field="Crew").confirm()
    assert invoices.made("four decimals")["TotalAmt"] == Decimal("52.78")
    assert invoices.made("two rates in one region")["TxnTaxDetail"]["TotalTax"] == Decimal("5.00")
    made = invoices.made("order number and comments")
    assert made["PrivateNote"].startswith("Order number: PO-8812\nTax region: California")
    assert invoices.row_of("order number and comments")["invoiceNumber"] == made["DocNumber"]
    item = quickbooks.select("select * from Item where Name = 'Labor'")["Item"]
    lines = invoices.made("three codes with one external number")["Line"]
    used = {
        line["SalesItemLineDetail"]["ItemRef"]["value"]
        for line in lines
        if "SalesItemLineDetail" in line
    }
    assert (len(item), used) == (1, {item[0]["Id"]})
    customer = quickbooks.select("select * from Customer where DisplayName = 'Alder Dental Group'")[
        "Customer"
    ][0]
    assert customer["PrimaryEmailAddr"]["Address"] == "mary.176@client.example"
    assert "posted without it" in invoices.of("a term that QuickBooks has not").warnings[0]
    assert invoices.row_of("fifteen days old")["invoiceNumber"] is None
    assert invoices.sync()["requests"]["writes"] == 0


OTHERS = (
    "customer without a contact",
    "four decimals",
    "negative total",
    "a line without billing code",
)


@pytest.mark.row("AT-I2", "AT-I10", "AT-I12", "AT-I15", "AT-I18")
def test_other_settings_make_other_invoices(open_desk, quickbooks):
    desk = (
        open_desk("invoices")
        .keep(*OTHERS)
        .enable(
            numbering="autotask_id",
            negative="credit_memo",
            default_item="1",
            email_invoices=True,
            tax="quickbooks",
        )
    )
    desk.confirm()
    made = desk.made("customer without a contact")
    assert (made["DocNumber"], "BillEmail" in made) == (
        str(desk.id("customer without a contact")),
        False,
    )
    assert desk.made("four decimals")["BillEmail"]["Address"] == "mary.176@client.example"
    credit = desk.made("negative total", "CreditMemo")
    assert (credit["Line"][0]["Amount"], credit["TotalAmt"]) == (
        Decimal("100.00"),
        Decimal("108.00"),
    )
    assert desk.of("a line without billing code").state == "posted"
    assert desk.row_of("four decimals")["webServiceDate"] == "2026-03-02T00:00:00Z"


@pytest.mark.row("AT-I2", "AT-I3")
def test_numbers_from_both_sides_stop_the_run_with_what_to_change(open_desk):
    desk = (
        open_desk("invoices").keep("labour and a licence", "four decimals", "zero total").enable()
    )
    done = run.sync(desk.row.id, asked_by="kari")
    assert "Custom transaction numbers must be off" in done.error
    for id in desk.books.rows("Invoices"):
        desk.books.do("put", entity="Invoices", id=id, fields={"invoiceNumber": str(id)})
    enabling.change(1, desk.slug, {"days_back": 30}, who="kari")
    with reading() as session:
        reasons = list(
            session.scalars(select(Case.reason).where(Case.cause.startswith("warning:")))
        )
    assert any("numbers them by itself" in reason for reason in reasons)


@pytest.mark.row("AT-I4", "AT-I17")
def test_a_refused_invoice_is_marked_rests_and_posts_once_its_number_is_cleared(
    invoices, quickbooks
):
    invoices.keep("fifteen days old", "fourteen days old").enable().confirm()
    quickbooks.add_fault(
        "refusal", call="invoice.create", code="6000", detail="Something is wrong."
    )
    old = f"invoice:{invoices.id('fifteen days old')}"
    invoices.sync(ids=[old])
    assert (invoices.of("fifteen days old").state, invoices.row_of("fifteen days old")["invoiceNumber"]) == (
        "held", "ERROR",
    )  # fmt: skip
    assert invoices.sync()["requests"]["writes"] == 0
    invoices.put("fifteen days old", invoiceNumber="")
    enabling.change(1, invoices.slug, {"days_back": 15}, who="kari")
    assert invoices.sync()["requests"]["writes"] == 1
    assert (
        invoices.row_of("fifteen days old")["invoiceNumber"]
        == invoices.made("fifteen days old")["DocNumber"]
    )


@pytest.mark.row("AT-I13")
def test_a_payment_over_several_invoices_writes_the_paid_date_of_each(invoices, quickbooks, clock):
    words = ("labour and a licence", "fourteen days old")
    invoices.keep(*words).enable().confirm()
    made = [invoices.made(one) for one in words]
    lines = [
        {
            "Amount": float(one["TotalAmt"]),
            "LinkedTxn": [{"TxnId": one["Id"], "TxnType": "Invoice"}],
        }
        for one in made
    ]
    paid = {
        "CustomerRef": made[0]["CustomerRef"],
        "TotalAmt": 725,
        "Line": lines,
        "TxnDate": "2026-03-02",
    }
    assert quickbooks.ask("POST", "payment", paid, content_type="application/json").status == 200
    clock.advance(7200)
    run.company("changes", 1, asked_by="clock")
    invoices.sync()
    assert [invoices.row_of(one)["paidDate"] for one in words] == ["2026-03-02T00:00:00Z"] * 2


@pytest.mark.row("AT-I14")
@pytest.mark.parametrize(("voided", "total"), [("void", 0), ("leave", 425)])
def test_an_invoice_voided_in_autotask_follows_the_setting(invoices, voided, total):
    invoices.keep("labour and a licence").enable(voided=voided).confirm()
    invoices.put("labour and a licence", isVoided=True, voidedDate="2026-03-02T08:00:00Z")
    invoices.sync()
    assert invoices.made("labour and a licence")["TotalAmt"] == total


@pytest.mark.row("AT-I19", "AT-C14")
def test_a_number_that_could_not_be_written_is_written_later_and_nothing_is_posted_twice(
    invoices, quickbooks
):
    invoices.keep("fifteen days old", "fourteen days old").enable().confirm()
    count = len(quickbooks.select("select * from Invoice")["Invoice"])
    invoices.stand_in.faults.add(Fault(kind="status", call="Invoices.change", status=503))
    invoices.sync(ids=[f"invoice:{invoices.id('fifteen days old')}"])
    assert (invoices.of("fifteen days old").state, invoices.row_of("fifteen days old")["invoiceNumber"]) == (
        "posted", None,
    )  # fmt: skip
    invoices.books.do("credentials", values=[*invoices.books.credentials[:2], "renewed"])
    assert "refused the API user" in run.sync(invoices.row.id, asked_by="kari").error
    enabling.change(1, invoices.slug, {"secret": "renewed"}, who="kari")
    invoices.sync()
    assert len(quickbooks.select("select * from Invoice")["Invoice"]) == count + 1


@pytest.mark.row("AT-C6", "AT-C11", "AT-C13")
def test_a_company_without_lists_skips_the_matching_and_settings_outlive_a_rest(
    open_desk, quickbooks
):
    from hub.qbo import oauth

    realm = quickbooks.open("empty", custom_numbers=False)
    clean = oauth.connect_with_refresh_token(realm, quickbooks.refresh_tokens[realm])
    desk = (
        open_desk("invoices")
        .keep("labour and a licence")
        .enable(company_id=clean.id, mode="once", income_account="Services", tax="none")
    )
    assert (desk.row.schedule, desk.sync()["posted"]) == ("15m", 1)
    row = enabling.disable(clean.id, desk.slug, who="kari")
    assert (row.enabled, row.mode, row.settings["tax"]) == (False, "paused", "none")
    assert enabling.enable(clean.id, desk.slug, {}, who="kari").settings["tax"] == "none"


@pytest.mark.row("AT-I17", "AT-C15")
def test_a_rehearsal_sends_nothing_and_a_currency_stays_what_it_is(invoices, quickbooks):
    invoices.keep("labour and a licence").enable(mode="review").confirm()
    assert rehearsal.check(invoices.of("labour and a licence").document_id) == ()
    assert (quickbooks.select("select * from Invoice"), invoices.row_of("labour and a licence")["invoiceNumber"]) == (
        {}, None,
    )  # fmt: skip
    customer = quickbooks.select("select * from Customer where DisplayName = 'Bayview Apartments'")[
        "Customer"
    ][0]
    change = {name: customer[name] for name in ("Id", "SyncToken")} | {
        "sparse": True,
        "CurrencyRef": {"value": "EUR"},
    }
    assert quickbooks.ask("POST", "customer", change, content_type="application/json").status == 400


# -- expenses and orders ---------------------------------------------------------------------------------------------


@pytest.mark.row("AT-E1", "AT-E2", "AT-E3", "AT-E4", "AT-E5", "AT-E6", "AT-E7", "AT-E8", "AT-E9")
def test_expense_reports_are_bills_to_the_people_who_paid(open_desk):
    desk = open_desk("expenses").enable(advance_account="20")
    counts = desk.sync()
    assert (counts["posted"], counts["held"], counts["withdrawn"]) == (9, 4, 1)
    bill = desk.made("a trip to a customer", "Bill")
    first, second = (line["AccountBasedExpenseLineDetail"] for line in bill["Line"])
    assert (bill["VendorRef"]["name"], first["ClassRef"]["name"]) == ("v-O'Brien, Tom", "Service")
    assert (first["BillableStatus"], second["BillableStatus"]) == ("Billable", "NotBillable")
    assert first["CustomerRef"]["name"] == "Bayview Apartments"
    assert (
        desk.row_of("a trip to a customer")["quickBooksReferenceNumber"]
        == bill["DocNumber"]
        == "ER-7001"
    )
    assert desk.made("with a cash advance", "Bill")["TotalAmt"] == Decimal("70.00")
    assert "posted without it" in desk.of("a department that QuickBooks has not").warnings[0]
    assert "nothing in QuickBooks fits it" in desk.of("a category that nobody mapped").reason
    assert desk.row_of("repaid in euro")["quickBooksReferenceNumber"] == "ERROR"


@pytest.mark.row("AT-E10", "AT-C11")
def test_a_paused_app_rests_and_a_chosen_report_goes_by_hand(open_desk):
    desk = open_desk("expenses").keep("approved fifteen days ago", "one person with one name")
    desk.enable(mode="review").sync()
    assert (
        desk.of("one person with one name").state,
        desk.quickbooks.select("select * from Bill"),
    ) == ("review", {})
    enabling.change(1, desk.slug, {}, who="kari", mode="auto")
    desk.sync(ids=[f"expense_report:{desk.id('approved fifteen days ago')}"])
    assert desk.of("approved fifteen days ago").state == "posted"


@pytest.mark.row("AT-P1", "AT-P2", "AT-P3", "AT-P4", "AT-P5", "AT-P6", "AT-P7", "AT-P8", "AT-P9")
@pytest.mark.parametrize(
    ("post_as", "kind"), [("purchase_order", "PurchaseOrder"), ("bill", "Bill")]
)
def test_submitted_orders_are_purchase_orders_or_bills(open_desk, post_as, kind):
    desk = open_desk("purchase-orders").enable(
        post_as=post_as, freight_account="80", charge_account="80"
    )
    counts = desk.sync()
    assert (counts["posted"], counts["held"]) == (6, 3)
    made = desk.made("two products for a customer", kind)
    details = [line["ItemBasedExpenseLineDetail"] for line in made["Line"]]
    assert [(one["Qty"], one["CustomerRef"]["name"]) for one in details] == [
        (2, "Bayview Apartments"), (5, "Bayview Apartments"),
    ]  # fmt: skip
    assert desk.row_of("two products for a customer")["externalPONumber"] == made["DocNumber"]
    assert desk.made("with freight", kind)["TotalAmt"] == Decimal("253.50")
    assert "TxnTaxDetail" not in desk.made("tax region set", kind)
    assert "the name is taken in QuickBooks" in desk.of("vendor with the name of a customer").reason
    assert desk.row_of("vendor in another currency")["externalPONumber"] == "ERROR"


@pytest.mark.row("AT-P10")
def test_each_receipt_of_an_order_is_a_bill_under_the_vendors_number(open_desk, quickbooks):
    desk = (
        open_desk("purchase-orders")
        .keep("partly received, two invoices")
        .enable(post_as="bill_per_receipt")
    )
    assert desk.sync()["posted"] == 2
    bills = {
        bill["DocNumber"]: bill["TotalAmt"]
        for bill in quickbooks.select("select * from Bill")["Bill"]
    }
    assert bills == {"ING-501": Decimal("490.50"), "ING-502": Decimal("499.00")}
    assert desk.row_of("partly received, two invoices")["externalPONumber"] in bills


# -- all three -------------------------------------------------------------------------------------------------------


@pytest.mark.row("AT-C1", "AT-C2", "AT-C16")
def test_each_of_the_three_runs_and_rests_on_its_own(open_desk):
    expenses, orders = open_desk("expenses").enable(), open_desk("purchase-orders").enable()
    expenses.books.do("level", lacking=["ExpenseReports"])
    assert "lacks a right to ExpenseReports" in run.sync(expenses.row.id, asked_by="kari").error
    assert orders.sync()["posted"] == 4
    enabling.disable(1, orders.slug, who="kari")
    expenses.books.do("level", lacking=[])
    assert expenses.sync()["posted"] == 8


@pytest.fixture
def sharing(open_desk, invoices):
    """An invoice and an expense report that name one customer, which is new: each app is about to make it."""
    invoices.keep("four decimals").enable().sync()
    for case in invoices.cases("match:"):
        with transaction() as session:
            matching.decide(
                session, invoices.row, case.details["field"], case.details["code"], NEW, who="kari"
            )
    expenses = open_desk("expenses").keep("a customer that QuickBooks has not").enable()
    for desk in (invoices, expenses):
        collect(desk.row.id)
    return invoices, expenses


def customer(quickbooks, desk):
    """What a desk did about the customer, what is to be said of it, and how many of it there are."""
    made = postings(kind="customer", installation_id=desk.row.id)
    found = quickbooks.select("select * from Customer where DisplayName = 'Alder Dental Group'")[
        "Customer"
    ]
    return [one.state for one in made], [case.title for case in desk.cases("posting:")], len(found)


@pytest.mark.row("AT-C8")
def test_of_two_apps_that_share_a_new_customer_the_first_makes_it_and_the_second_takes_it(
    sharing, quickbooks
):
    first, second = sharing
    run.post(first.row.id, asked_by="kari")
    run.post(second.row.id, asked_by="kari")
    assert customer(quickbooks, second) == (["withdrawn"], [], 1)
    assert second.of("a customer that QuickBooks has not").state == "posted"


@pytest.mark.row("AT-C8")
def test_a_customer_in_doubt_with_one_app_and_refused_to_another_holds_neither_up(
    sharing, quickbooks, clock
):
    first, second = sharing
    quickbooks.add_fault("lose_answer", "customer.create")
    run.post(first.row.id, asked_by="kari")
    run.post(second.row.id, asked_by="kari")
    assert customer(quickbooks, second) == (["held"], ["Name already used"], 1)
    clock.advance(400)
    runs = sync_all([second.row, first.row])
    assert [done.counts["posted"] for done in runs] == [0, 1, 1]
    assert customer(quickbooks, second) == (["withdrawn"], [], 1)


def test_what_was_posted_is_told_once(open_desk):
    desk = open_desk("purchase-orders", documents=3).enable()
    desk.sync()
    assert [one.state for one in postings(kind="purchase_order", operation="create")].count(
        "posted"
    ) == 1
    changes = len(desk.stand_in.wsgi.log.entries("PurchaseOrders.change"))
    desk.sync()
    assert len(desk.stand_in.wsgi.log.entries("PurchaseOrders.change")) == changes == 1
    assert dt.date(2026, 3, 2) == desk.of("two products for a customer").document.seen_at.date()
