"""Invoices: the document of each, which ones a poll reads, and what is written back."""

import datetime as dt
from decimal import Decimal

import pytest

from hub import Checkpoint, Company, Gone, NeedsAttention, Refused

COUNTED = Company(country="US", currency="USD", custom_numbers=True)
READY = {"labour and a licence", "a number that is empty text", "fourteen days old"}


@pytest.mark.row("AT-I1")
def test_a_number_that_is_null_and_one_that_is_empty_are_both_none(invoices, poll_cases):
    items, _ = poll_cases(invoices)
    assert {name for name, item in items.items() if item.stage == "ready"} >= READY
    assert "numbered already" not in items


@pytest.mark.row("AT-I1")
def test_the_number_in_quickbooks_is_written_back_and_nothing_else(invoices, source_row):
    document = invoices.case("labour and a licence")
    before = source_row(invoices, "labour and a licence")
    invoices.report(document, "posted", number="1052")
    assert source_row(invoices, "labour and a licence") == {**before, "invoiceNumber": "1052"}
    assert invoices.case("labour and a licence").stage == "update_only"


@pytest.mark.row("AT-I1")
def test_without_a_number_from_quickbooks_the_reason_is_reported(invoices):
    with pytest.raises(Refused, match="Switch custom transaction numbers off"):
        invoices.report(invoices.case("labour and a licence"), "posted")


@pytest.mark.row("AT-C12")
def test_the_window_holds_the_fourteenth_day_and_not_the_fifteenth(invoices, poll_cases):
    items, _ = poll_cases(invoices)
    assert "fourteen days old" in items
    assert "fifteen days old" not in items


@pytest.mark.row("AT-C12")
def test_a_longer_window_brings_what_was_outside(invoices, poll_cases):
    _, cursor = poll_cases(invoices)
    invoices.set(days_back=15)
    assert set(poll_cases(invoices, cursor)[0]) == {"fifteen days old"}


def test_a_poll_brings_a_document_once_and_again_when_its_state_has_changed(
    invoices, poll_cases, change_row
):
    items, cursor = poll_cases(invoices)
    assert len(items) > 20
    assert poll_cases(invoices, cursor)[0] == {}
    change_row(invoices, "labour and a licence", invoiceNumber="ERROR")
    items, cursor = poll_cases(invoices, cursor)
    assert items == {}
    change_row(invoices, "labour and a licence", invoiceNumber=None)
    assert set(poll_cases(invoices, cursor)[0]) == {"labour and a licence"}


def test_an_invoice_that_was_numbered_meanwhile_is_read_again(invoices, poll_cases, change_row):
    _, cursor = poll_cases(invoices)
    change_row(invoices, "labour and a licence", invoiceNumber="77")
    items, cursor = poll_cases(invoices, cursor)
    assert {name: item.stage for name, item in items.items()} == {
        "labour and a licence": "update_only"
    }
    assert poll_cases(invoices, cursor)[0] == {}


def test_a_broken_off_poll_goes_on_where_it_was_committed(open_bench):
    bench = open_bench("invoices", documents=1100, days_back=60)
    places = [item.cursor for item in bench.read() if isinstance(item, Checkpoint)]
    rest = [item for item in bench.read({"": places[0]}) if not isinstance(item, Checkpoint)]
    assert 500 < len(rest) < 700


@pytest.mark.row("AT-I2")
@pytest.mark.parametrize(
    ("numbering", "case", "number"),
    [
        ("autotask_id", "labour and a licence", "4001"),
        ("autotask_number", "numbered already", "1041"),
        ("autotask_number", "labour and a licence", "4001"),
    ],
)
def test_autotasks_own_number_goes_to_quickbooks(open_bench, numbering, case, number, source_row):
    bench = open_bench("invoices", company=COUNTED, numbering=numbering)
    document = bench.case(case)
    assert (document.number, document.stage) == (number, "ready")
    bench.report(document, "posted", number=number)
    assert (source_row(bench, case)["webServiceDate"], bench.case(case).stage) == (
        "2026-03-20T00:00:00Z",
        "update_only",
    )


@pytest.mark.row("AT-I2")
@pytest.mark.parametrize(
    ("numbering", "counted", "word"), [("quickbooks", COUNTED, "off"), ("autotask_id", None, "on")]
)
def test_numbers_from_two_sides_stop_the_run(open_bench, numbering, counted, word):
    bench = open_bench("invoices", company=counted, numbering=numbering)
    with pytest.raises(NeedsAttention, match=f"Custom transaction numbers must be {word}"):
        bench.read()


@pytest.mark.row("AT-I4")
@pytest.mark.parametrize("numbering", ["quickbooks", "autotask_id"])
def test_a_failure_is_marked_and_left_alone_until_the_mark_is_cleared(
    open_bench, numbering, change_row
):
    company = None if numbering == "quickbooks" else COUNTED
    bench = open_bench("invoices", company=company, numbering=numbering)
    bench.report(bench.case("labour and a licence"), "failed", message="QuickBooks refused it.")
    assert bench.case("labour and a licence").stage == "pending"
    change_row(bench, "labour and a licence", invoiceNumber="", webServiceDate=None)
    assert bench.case("labour and a licence").stage == "ready"


@pytest.mark.row("AT-I4")
def test_an_invoice_that_is_held_in_the_hub_is_not_marked(invoices, source_row):
    invoices.report(invoices.case("labour and a licence"), "held", message="Match it.")
    assert source_row(invoices, "labour and a licence")["invoiceNumber"] is None


@pytest.mark.row("AT-I4")
def test_marking_can_be_switched_off(open_bench, source_row):
    bench = open_bench("invoices", mark_errors=False)
    bench.report(bench.case("labour and a licence"), "failed")
    assert source_row(bench, "labour and a licence")["invoiceNumber"] is None


@pytest.mark.row("AT-I5")
def test_three_codes_with_one_external_number_are_one_item_that_bears_it(invoices):
    lines = invoices.case("three codes with one external number").lines
    codes = {line.codes["billing_code"].id: line.codes["billing_code"] for line in lines}
    assert [(code.name, code.create.name, code.create.sku) for code in codes.values()] == [
        ("Labor", "Labor", "Labor")
    ]


@pytest.mark.row("AT-I5")
def test_a_code_without_external_number_is_held_or_found_by_its_name(invoices):
    (line,) = invoices.case("billing code without external number").lines
    assert "it has no External Number" in line.codes["billing_code"].hold
    invoices.set(item_match="name")
    (line,) = invoices.case("billing code without external number").lines
    assert (line.codes["billing_code"].name, line.codes["billing_code"].hold) == (
        "Travel Time",
        None,
    )


@pytest.mark.row("AT-C7")
@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("tilde in the customer's name", "customer"),
        ("tilde in the billing code", "billing_code"),
        ("tilde in the term", "term"),
    ],
)
def test_a_name_with_a_tilde_is_held_and_never_split(invoices, case, field):
    document = invoices.case(case)
    code = document.codes.get(field) or document.lines[0].codes[field]
    assert ("~" in code.name, "contains a tilde" in code.hold) == (True, True)


@pytest.mark.row("AT-I11")
@pytest.mark.parametrize(
    ("tolerance", "lines", "total"), [("0.05", 2, "0"), ("0.01", 2, "0"), ("0", 1, "0")]
)
def test_four_decimals_end_in_cents(open_bench, tolerance, lines, total):
    document = open_bench("invoices", tolerance=tolerance).case("four decimals")
    assert (document.total, document.tax_total, len(document.lines)) == (
        Decimal("52.78"),
        Decimal("11.08"),
        lines,
    )
    assert document.tolerance == Decimal(total)


@pytest.mark.row("AT-I11")
def test_a_rounding_difference_may_be_noted_in_the_memo(open_bench):
    document = open_bench("invoices", difference="note").case("four decimals")
    assert (len(document.lines), document.tolerance) == (1, Decimal("0.01"))
    assert "differs from the sum of the rounded lines by 0.01" in document.memo


@pytest.mark.row("AT-I12")
def test_a_negative_total_is_refused_marked_and_says_what_helps(invoices, source_row):
    document = invoices.case("negative total")
    assert "only as a credit memo" in document.hold
    invoices.report(document, "held")
    assert source_row(invoices, "negative total")["invoiceNumber"] == "ERROR"
    assert "clear its invoice number" in invoices.case("negative total").hold


@pytest.mark.row("AT-I12")
def test_a_negative_total_may_be_a_credit_memo(open_bench):
    document = open_bench("invoices", negative="credit_memo").case("negative total")
    assert (document.kind, document.total, document.hold) == (
        "credit_memo",
        Decimal("100.00"),
        None,
    )
    assert (document.lines[0].amount, document.lines[0].quantity) == (Decimal("100.00"), Decimal(1))


@pytest.mark.row("AT-I13")
def test_a_payment_writes_the_paid_date_once(invoices, source_row):
    document = invoices.case("labour and a licence")
    for day in (19, 20):
        invoices.report(document, "paid", paid_on=dt.date(2026, 3, day))
    assert source_row(invoices, "labour and a licence")["paidDate"] == "2026-03-19T00:00:00Z"


@pytest.mark.row("AT-I13")
def test_a_paid_date_of_autotask_is_never_touched_and_payments_can_be_left_out(
    invoices, source_row
):
    invoices.report(invoices.case("paid in Autotask"), "paid", paid_on=dt.date(2026, 3, 19))
    assert source_row(invoices, "paid in Autotask")["paidDate"] == "2026-01-04T00:00:00.000Z"
    invoices.set(payment_sync=False)
    invoices.report(invoices.case("labour and a licence"), "paid", paid_on=dt.date(2026, 3, 19))
    assert source_row(invoices, "labour and a licence")["paidDate"] is None


@pytest.mark.row("AT-I14")
def test_a_voided_invoice_is_closed_and_one_voided_later_is_reported(
    invoices, poll_cases, change_row
):
    assert invoices.case("voided before it was sent").stage == "closed"
    _, cursor = poll_cases(invoices)
    change_row(invoices, "numbered already", isVoided=True, voidedDate="2026-03-20T10:00:00Z")
    items, _ = poll_cases(invoices, cursor)
    assert items["numbered already"].hold == "Invoice 1041 was voided in Autotask on 2026-03-20."


@pytest.mark.row("AT-I15")
@pytest.mark.parametrize(
    ("on", "case", "to"),
    [
        (False, "labour and a licence", None),
        (True, "labour and a licence", "sam.177@client.example"),
        (True, "customer without a contact", ""),
    ],
)
def test_an_invoice_is_mailed_to_the_contact_where_quickbooks_has_no_address(
    open_bench, on, case, to
):
    assert open_bench("invoices", email_invoices=on).case(case).email_to == to


@pytest.mark.row("AT-I16")
def test_order_number_tax_region_and_comments_are_in_the_memo(open_bench):
    document = open_bench("invoices", order_field="PO Number").case("order number and comments")
    assert (
        document.memo
        == "Order number: PO-8812\nTax region: California\nComments: Second half of the project"
    )
    assert document.custom == {"PO Number": "PO-8812"}


@pytest.mark.row("AT-C9")
def test_the_primary_contact_goes_with_a_new_customer(invoices):
    party = invoices.case("foreign currency").codes["customer"].create
    assert (party.contact, party.email, party.phone) == (
        "Jürgen Weiß",
        "jurgen.183@client.example",
        "555-1183",
    )
    assert party.currency == "EUR"
    bare = invoices.case("customer without a contact").codes["customer"].create
    assert (bare.contact, bare.email, bare.phone) == (None, None, "555-0179")


@pytest.mark.row("AT-I18")
def test_lines_without_billing_code_take_the_item_of_the_settings(invoices):
    line = invoices.case("a line without billing code").lines[0]
    assert "choose an item for them in the settings" in line.codes["billing_code"].hold
    invoices.set(default_item="5")
    assert invoices.case("a line without billing code").lines[0].codes == {"item": "5"}


@pytest.mark.row("AT-I11")
@pytest.mark.parametrize("tax", ["region", "none", "quickbooks"])
def test_a_total_without_its_tax_is_the_same_invoice(open_bench, change_row, tax):
    bench = open_bench("invoices", tax=tax)
    before = bench.case("two rates in one region")
    change_row(bench, "two rates in one region", invoiceTotal=Decimal(200))
    after = bench.case("two rates in one region")
    assert (after.total, after.lines, after.hold) == (before.total, before.lines, None)


@pytest.mark.row("AT-I11")
def test_a_negative_total_without_its_tax_is_a_credit_memo(open_bench, change_row):
    bench = open_bench("invoices", negative="credit_memo")
    id = bench.raw("negative total")["id"]
    (line,) = [row for row in bench.books.rows("BillingItems").values() if row["invoiceID"] == id]
    bench.books.do(
        "put", entity="BillingItems", id=line["id"], fields={"taxDollars": Decimal("-21")}
    )
    change_row(bench, "negative total", invoiceTotal=Decimal("-100"), totalTaxValue=Decimal("-21"))
    document = bench.case("negative total")
    assert (document.kind, document.total, document.tax_total) == ("credit_memo", 121, 21)


@pytest.mark.row("AT-I11")
def test_a_total_that_fits_neither_way_is_held(invoices, change_row):
    change_row(invoices, "two rates in one region", invoiceTotal=Decimal("190"))
    document = invoices.case("two rates in one region")
    lines = sum(line.amount for line in document.lines)
    assert document.total != lines + document.tax_total
    assert document.tolerance == 0


@pytest.mark.row("AT-I10", "AT-I11")
@pytest.mark.parametrize("total", ["624", "600"], ids=["with tax", "without tax"])
def test_an_invoice_whose_lines_are_not_all_shown_is_held_where_quickbooks_works_the_tax_out(
    open_bench, change_row, total
):
    bench = open_bench("invoices", tax="quickbooks")
    case = "taxed in California"
    change_row(bench, case, invoiceTotal=Decimal(total))
    assert bench.case(case).hold is None
    last = max(
        id
        for id, line in bench.books.rows("BillingItems").items()
        if line["invoiceID"] == bench.raw(case)["id"]
    )
    bench.books.do("put", entity="BillingItems", id=last, fields={"invoiceID": None})
    assert "add up to 300.00, and its total in Autotask is" in bench.case(case).hold


@pytest.mark.row("AT-I10")
@pytest.mark.parametrize("taxed", [True, False])
def test_quickbooks_works_out_the_tax_of_the_lines_that_autotask_taxes_or_of_all(open_bench, taxed):
    bench = open_bench("invoices", tax="quickbooks")
    case = "taxed in California"
    if not taxed:
        for id, line in bench.books.rows("BillingItems").items():
            if line["invoiceID"] == bench.raw(case)["id"]:
                fields = {"taxDollars": Decimal(0)}
                bench.books.do("put", entity="BillingItems", id=id, fields=fields)
    lines = bench.case(case).lines
    assert [line.tax and line.tax > 0 for line in lines] == ([0, True] if taxed else [None, None])


@pytest.mark.row("AT-I18")
def test_zero_deductions_and_groups_stay_lines(invoices):
    assert invoices.case("zero total").total == 0
    assert [line.amount for line in invoices.case("a deduction").lines] == [
        Decimal(440),
        Decimal(-440),
    ]
    assert invoices.case("lines in groups").lines[0].description.startswith("Managed services · ")


def test_its_pdf_is_valid(open_bench):
    from hub_autotask import hub_attachment

    bench = open_bench("invoices", attach_pdf=True)
    document = bench.case("labour and a licence")
    about = {"app": bench.app.slug, "site": bench.site, "document": document}
    assert hub_attachment(**about, attachment=document.attachments[0])[:5] == b"%PDF-"


def test_an_invoice_that_autotask_does_not_show_is_gone(invoices):
    assert isinstance(invoices.read(ids=["invoice:99", "invoice:x"])[0], Gone)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-19T02:30:00.000Z", "2026-03-18"),
        ("2026-03-19T00:00:00.000Z", "2026-03-19"),  # a date already, and no moment
        ("2026-04-01T03:59:00.000Z", "2026-03-31"),
        ("2026-04-01T04:00:00.000Z", "2026-04-01"),
        ("2026-01-01T04:59:00.000Z", "2025-12-31"),
        (
            "2026-03-08T04:59:00.000Z",
            "2026-03-07",
        ),  # the night in which the clocks go forward, and the one after it
        ("2026-03-09T03:59:00.000Z", "2026-03-08"),
        ("2026-11-01T03:59:00.000Z", "2026-10-31"),  # the same in autumn
        ("2026-11-02T04:59:00.000Z", "2026-11-01"),
    ],
)
def test_an_invoice_has_the_day_that_it_was_in_the_sources_zone(invoices, moment, day, change_row):
    assert str(invoices.site.zone) == "America/New_York"
    change_row(invoices, "labour and a licence", invoiceDateTime=moment, createDateTime=moment)
    document = invoices.case("labour and a licence")
    assert (str(document.date), str(document.received)) == (day, day)
